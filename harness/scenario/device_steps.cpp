// SPDX-License-Identifier: MIT
// Steps beside streaming: any device by its name, IOCTLs, and what the PnP and the power manager ask.
#include "scenario/score_compiler.hpp"

#include "common/split_mix.h"
#include "common/utf16.hpp"
#include "scenario/format.hpp"
#include "scenario/values.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint64_t kNsPer100 = 100;

} // namespace

void ScoreCompiler::open_device(const Json& step) {
    const std::u16string name = utf16(step.at("open-device").get<std::string>());
    if (name.size() * sizeof(char16_t) > MPULAB_SCORE_MAX_NAME_BYTES) {
        return complain(step, "the device's name is too long",
                        fmt::format("at most {} characters", MPULAB_SCORE_MAX_NAME_BYTES / sizeof(char16_t)));
    }
    if (!take_name(step, step.at("as"))) return;
    const auto slot = free_slot(step);
    if (!slot) return;
    score_.open_device(*slot, name, timeout(step));
    handles_[step.at("as")] = {*slot, Handle::Kind::Device, 0, 0, 0, false, lenient()};
}

void ScoreCompiler::device(const Json& step) {
    const std::string word = step.at("device");
    uint32_t request = 0;
#define MPULAB_DEVICE_REQUEST(number, NAME, text, argument)                                                            \
    if (scenario_word(#NAME) == word) request = number;
#include "agent/score_requests.def"
#undef MPULAB_DEVICE_REQUEST
    uint32_t argument = step.value("argument", 0u);
    const bool power = request == MPULAB_DEVICE_QUERY_POWER || request == MPULAB_DEVICE_SET_POWER;
    if (power && argument > 3) return complain(step, "there is no such D-state", "argument: 0 to 3");
    if (request == MPULAB_DEVICE_SLEEP && (argument < 1 || argument > 5))
        return complain(step, "there is no such S-state to go to", "argument: 1 to 5");
    if (power || request == MPULAB_DEVICE_SLEEP) ++argument; // PowerDeviceD0 and PowerSystemWorking are 1
    const uint32_t unit = step.value("unit", 0u);
    if (request == MPULAB_DEVICE_START)
        argument =
            step.value("elsewhere", false) ? MPULAB_DEVICE_ELSEWHERE : first_unit() + step.value("argument", unit);
    if (request == MPULAB_DEVICE_REMOVE || request == MPULAB_DEVICE_SURPRISE_REMOVE) gone_.insert(unit);
    if (step.contains("pend")) return begin_device(step, unit, request, argument);
    for (const char* key : {"after", "spread"}) {
        if (step.contains(key))
            return complain(step, fmt::format("{} stands without pend", key), "pend: a name for the request, too");
    }
    if (request == MPULAB_DEVICE_ADD) gone_.erase(unit);
    score_.device(first_unit() + unit, request, argument, timeout(step));
}

/// When it is made is drawn by the run's seed, another for each step.
void ScoreCompiler::begin_device(const Json& step, uint32_t unit, uint32_t request, uint32_t argument) {
    const std::string name = step.at("pend");
    if (jobs_.contains(name))
        return complain(step, fmt::format("'{}' is under way already", name), "another name, or wait-device before");
    uint32_t number = 0;
    while (std::any_of(jobs_.begin(), jobs_.end(), [&](const auto& job) { return job.second.number == number; }))
        ++number;
    if (number == MPULAB_SCORE_JOBS) {
        return complain(step, fmt::format("more than {} device requests are under way at once", MPULAB_SCORE_JOBS),
                        "wait-device for some of them before");
    }
    uint64_t later = step.value("after", uint64_t{0});
    if (const auto spread = step.value("spread", uint64_t{0}); spread != 0)
        later += mpulab_split_mix_64(scenario_.seed + score_.steps() * MPULAB_GOLDEN) % (spread + 1);
    jobs_[name] = {number, unit, request};
    score_.begin_device(first_unit() + unit, request, argument, number, later / kNsPer100 * kNsPer100, timeout(step));
}

void ScoreCompiler::wait_device(const Json& step) {
    const std::string name = step.at("wait-device");
    const auto found = jobs_.find(name);
    if (found == jobs_.end()) {
        return complain(step, fmt::format("no device request named '{}' is under way here", name),
                        "a device step with pend: of that name before it");
    }
    const Job job = found->second;
    jobs_.erase(found);
    score_.wait_device(job.number, timeout(step));
    if (job.request == MPULAB_DEVICE_ADD) gone_.erase(job.unit); // it may be away as long as it has not been waited for
}

void ScoreCompiler::remove(const Json& step) {
    const auto unit = step.at("remove").get<uint32_t>();
    score_.remove_device(first_unit() + unit, timeout(step));
    gone_.insert(unit);
}

void ScoreCompiler::ioctl(const Json& step) {
    const Handle* handle = any_handle(step, step.at("to"));
    if (handle == nullptr) return;
    const Bytes fill = *parse_hex(step.value("fill", ""));
    const uint32_t output = step.value("output", static_cast<uint32_t>(fill.size()));
    if (fill.size() > output) return complain(step, "fill is longer than output", "at most output bytes");
    score_.ioctl(handle->slot, step.at("ioctl").get<uint32_t>(), *parse_hex(step.value("input", "")), output, fill,
                 step.value("pend", false), timeout(step));
}

void ScoreCompiler::wait_ioctls(const Json& step) {
    const Handle* handle = any_handle(step, step.at("wait-ioctls"));
    if (handle != nullptr) score_.wait_ioctls(handle->slot, timeout(step));
}

void ScoreCompiler::cancel(const Json& step) {
    const Handle* handle = any_handle(step, step.at("cancel"));
    if (handle != nullptr) score_.cancel_io(handle->slot, timeout(step));
}

} // namespace mpulab
