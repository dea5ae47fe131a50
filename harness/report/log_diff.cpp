// SPDX-License-Identifier: MIT
#include "report/log_diff.hpp"

#include "events/names.hpp"
#include "link/mpulab_link.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <functional>
#include <map>

namespace mpulab {
namespace {

/// What of a record is compared; nothing: the view leaves it out.
using Key = std::function<std::optional<std::string>(const EventLog&, const mpulab_record&)>;

std::string exact(const EventLog&, const mpulab_record& record) {
    return std::string(reinterpret_cast<const char*>(&record), sizeof record);
}

std::string module_of(const EventLog& log, uint64_t address) {
    const Module* module = log.module_at(address);
    return module != nullptr ? module->name : "";
}

/// A payload word: of an address only whose it is; where it lies is a matter of how things were built.
std::string word(const EventLog& log, uint64_t value) {
    constexpr uint64_t kKernelSpace = 0xffff'8000'0000'0000;
    if (value < kKernelSpace || value >= static_cast<uint64_t>(INT32_MIN)) return fmt::format("{:x}", value);
    return "@" + module_of(log, value);
}

std::optional<std::string> placeless(const EventLog& log, const mpulab_record& record) {
    if (record.kind == MPULAB_KIND_MODULE) return "module";
    const bool timed = record.kind == MPULAB_KIND_WIRE_OUT; // its `b` is a time
    if (record.kind == MPULAB_KIND_RUN_STARTED) return "started";
    return fmt::format("{} {} {} {} {} {} {} {}", record.kind, record.cpu, record.unit, record.irql, record.count,
                       word(log, record.a), timed ? "" : word(log, record.b), word(log, record.c)) +
           module_of(log, record.pc);
}

std::optional<std::string> access(const EventLog&, const mpulab_record& record) {
    if (record.kind != MPULAB_KIND_REG_READ && record.kind != MPULAB_KIND_REG_WRITE) return std::nullopt;
    return fmt::format("{} {} {} {} {}", record.kind, record.unit, record.count, record.a, record.b);
}

std::optional<std::string> out_byte(const EventLog&, const mpulab_record& record) {
    if (record.kind != MPULAB_KIND_WIRE_OUT) return std::nullopt;
    return fmt::format("{} {}", record.unit, record.a);
}

std::optional<std::string> captured(const EventLog&, const mpulab_record& record) {
    if (record.kind != MPULAB_KIND_CAPTURED) return std::nullopt;
    const Bytes bytes = record_payload(record);
    return std::string(bytes.begin(), bytes.end());
}

LogView view(const char* name, const char* what, const EventLog& a, const EventLog& b, const Key& key) {
    LogView result{name, what, 0, 0, std::nullopt};
    const auto next = [&key](const EventLog& log, size_t& at, std::optional<std::string>& found) {
        for (found.reset(); at < log.records().size(); ++at) {
            if ((found = key(log, log.records()[at]))) return;
        }
    };
    size_t at_a = 0;
    size_t at_b = 0;
    std::optional<std::string> key_a;
    std::optional<std::string> key_b;
    for (;; ++at_a, ++at_b) {
        next(a, at_a, key_a);
        next(b, at_b, key_b);
        if (!result.difference && key_a != key_b) {
            result.difference.emplace();
            result.difference->element = result.a;
            if (key_a) result.difference->a = at_a;
            if (key_b) result.difference->b = at_b;
        }
        if (!key_a && !key_b) return result;
        result.a += key_a.has_value();
        result.b += key_b.has_value();
    }
}

} // namespace

LogView compare_records(const EventLog& a, const EventLog& b) {
    return view("records", "byte for byte", a, b, exact);
}

std::vector<LogView> compare_logs(const EventLog& a, const EventLog& b) {
    return {
        compare_records(a, b),
        view("behaviour", "records without times, addresses and what modules are like", a, b, placeless),
        view("register trace", "accesses to the card: register and value", a, b, access),
        view("MIDI OUT", "bytes on the cable", a, b, out_byte),
        view("MIDI IN", "bytes that clients got", a, b, captured),
    };
}

std::vector<std::string> compare_counts(const EventLog& a, const EventLog& b) {
    std::map<uint16_t, std::pair<size_t, size_t>> counts;
    for (const mpulab_record& record : a.records())
        ++counts[record.kind].first;
    for (const mpulab_record& record : b.records())
        ++counts[record.kind].second;
    std::vector<std::string> lines;
    for (const auto& [kind, count] : counts) {
        if (count.first == count.second) continue;
        const auto* info = kind_info(kind);
        lines.push_back(fmt::format("{} {} / {}", info != nullptr ? info->name : "?", count.first, count.second));
    }
    return lines;
}

} // namespace mpulab
