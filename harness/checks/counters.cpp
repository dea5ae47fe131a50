// SPDX-License-Identifier: MIT
// Where a driver counts, it counted what happened: the bytes on MIDI OUT, those that the card took from MIDI IN, and
// the interrupts, up to the moment it was asked. A driver that offers no counters is not judged.
#include "checks/counters.hpp"

#include "checks/check.hpp"
#include "events/names.hpp"

#include <algorithm>
#include <cstddef>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint64_t kNotOffered[] = {0xc0000230,  // STATUS_PROPSET_NOT_FOUND
                                    0xc0000225,  // STATUS_NOT_FOUND
                                    0xc0000010,  // STATUS_INVALID_DEVICE_REQUEST
                                    0xc0000002,  // STATUS_NOT_IMPLEMENTED
                                    0xc00000bb}; // STATUS_NOT_SUPPORTED

/// Reads the answer's bytes; false: `wrong` says what is.
bool parse(const Bytes& answer, uint64_t information, DriverCounters& found) {
    constexpr size_t kHead = offsetof(mpulab_counters, version) + sizeof(uint32_t);
    mpulab_counters counters;
    std::memset(&counters, 0xff, sizeof counters); // MPULAB_COUNTER_NONE
    const size_t length = std::min<uint64_t>(answer.size(), information);
    if (length != 0) std::memcpy(&counters, answer.data(), std::min(length, sizeof counters));
    if (length < kHead || counters.size < kHead || counters.size > length) {
        found.wrong =
            fmt::format("its counters are {} bytes of which {} came", length < kHead ? 0 : counters.size, length);
        return false;
    }
    if (counters.version == 0) {
        found.wrong = "its counters are of version 0";
        return false;
    }
    found.counters = counters;
    return true;
}

struct Rule {
    const char* what;
    uint64_t counted;
    const char* where;
    uint64_t seen;
};

struct Seen {
    uint64_t out = 0, in = 0, claimed = 0, unclaimed = 0;
};

/// What the log has; `until`: the record of the moment the driver was asked.
Seen look(const CheckInput& input, uint64_t until) {
    Seen seen;
    for (const mpulab_record& record : input.log.records()) {
        const bool ours = record.unit == input.run.unit;
        if (record.kind == MPULAB_KIND_WIRE_OUT && ours) // the wire may be behind the driver
            seen.out += MPULAB_CORR_SPACE(record.corr) != MPULAB_CORR_OWN_BYTE;
        if (record.seq >= until) continue;
        if (record.kind == MPULAB_KIND_WIRE_IN && ours) seen.in += record.corr != 0;
        if (record.kind == MPULAB_KIND_INTERRUPT) ++(record.b != 0 ? seen.claimed : seen.unclaimed);
    }
    return seen;
}

bool counted(std::initializer_list<uint32_t> values) {
    return std::find(values.begin(), values.end(), MPULAB_COUNTER_NONE) == values.end();
}

} // namespace

DriverCounters driver_counters(const EventLog& log, const SongRun& run) {
    DriverCounters found;
    found.absent = "the run ended before the driver was asked";
    if (run.counters_step == 0) return found;
    const uint64_t corr = MPULAB_CORR(MPULAB_CORR_STEP, run.counters_step);
    Bytes answer;
    for (const mpulab_record& record : log.records()) {
        if (record.corr != corr) continue;
        if (record.kind == MPULAB_KIND_STEP_BEGIN) found.begun = record.seq;
        if (record.kind == MPULAB_KIND_ANSWER) append(answer, record_payload(record));
        if (record.kind != MPULAB_KIND_STEP_END) continue;
        found.record = record.seq;
        found.absent.clear();
        if (std::find(std::begin(kNotOffered), std::end(kNotOffered), record.b) != std::end(kNotOffered)) {
            found.absent = "the driver offers no counters (guest-images/agent/counters.h)";
        } else if (step_failed(record.b)) {
            found.wrong = "it answered " + status_name(record.b);
        } else {
            parse(answer, record.c, found);
        }
        break;
    }
    return found;
}

std::vector<std::pair<std::string, std::optional<uint32_t>>> counter_values(const mpulab_counters& counters) {
    std::vector<std::pair<std::string, std::optional<uint32_t>>> values;
    const auto add = [&values](const char* name, uint32_t value) {
        values.emplace_back(name, value == MPULAB_COUNTER_NONE ? std::nullopt : std::optional(value));
    };
#define MPULAB_COUNTER(name, text) add(#name, counters.name);
#include "agent/counters.def"
#undef MPULAB_COUNTER
    return values;
}

CheckResult check_counters(const CheckInput& input) {
    constexpr const char* kName = "counters";
    const DriverCounters found = driver_counters(input.log, input.run);
    if (!found.absent.empty()) return not_applicable(kName, found.absent);
    if (!found.counters) {
        return failed(input.log, kName, 1, found.wrong, "STATUS_SUCCESS, and a whole mpulab_counters", found.wrong,
                      found.record);
    }
    const mpulab_counters& c = *found.counters;
    std::vector<Rule> rules;
    if (input.run.wire) {
        const Seen seen = look(input, found.begun);
        if (counted({c.bytes_out})) rules.push_back({"bytes_out", c.bytes_out, "bytes on MIDI OUT", seen.out});
        if (counted({c.bytes_in, c.bytes_in_dropped, c.bytes_in_ignored})) {
            rules.push_back({"bytes_in, bytes_in_dropped and bytes_in_ignored",
                             uint64_t{c.bytes_in} + c.bytes_in_dropped + c.bytes_in_ignored,
                             "bytes that the card took from MIDI IN", seen.in});
        }
        if (counted({c.interrupts})) rules.push_back({"interrupts", c.interrupts, "interrupts claimed", seen.claimed});
        if (counted({c.interrupts_spurious}))
            rules.push_back({"interrupts_spurious", c.interrupts_spurious, "interrupts not claimed", seen.unclaimed});
    }
    for (const Rule& rule : rules) {
        if (rule.counted == rule.seen) continue;
        return failed(input.log, kName, rules.size(), fmt::format("the driver's own {} are wrong", rule.what),
                      fmt::format("{}, the {} in the log", rule.seen, rule.where), fmt::format("{}", rule.counted),
                      found.record);
    }
    std::string text;
    uint64_t values = 0;
    for (const auto& [name, value] : counter_values(c)) {
        if (!value) continue;
        ++values;
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, *value);
    }
    if (values == 0) return not_applicable(kName, "the driver's counters have no counter");
    return passed(kName, values, text + (rules.empty() ? "" : "; as the log has them"));
}

} // namespace mpulab
