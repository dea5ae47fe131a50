// SPDX-License-Identifier: MIT
#include "report/crash.hpp"

#include "events/format.hpp"
#include "events/names.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

namespace mpulab {
namespace {

constexpr size_t kMaxFrames = 64;
constexpr size_t kMaxRegisters = 128;

std::string hex(uint64_t value) {
    return fmt::format("0x{:x}", value);
}

} // namespace

CrashReport read_crash(const EventLog& log) {
    CrashReport crash;
    bool seen = false;
    for (const mpulab_record& record : log.records()) {
        switch (record.kind) {
        case MPULAB_KIND_BUGCHECK: {
            seen = true;
            crash.code = record.a;
            crash.parameters[0] = record.b;
            crash.parameters[1] = record.c;
            const uint64_t first = record.seq > kCrashEvents ? record.seq - kCrashEvents : 0;
            for (uint64_t i = first; i < record.seq; ++i)
                crash.events.push_back(format_record(log, log.records()[i]));
            break;
        }
        case MPULAB_KIND_BUGCHECK_MORE:
            crash.parameters[2] = record.a;
            crash.parameters[3] = record.b;
            crash.caller = log.symbol(record.c);
            break;
        case MPULAB_KIND_REGISTER:
            if (crash.registers.size() < kMaxRegisters) crash.registers.emplace_back(register_name(record.a), record.b);
            break;
        case MPULAB_KIND_FRAME:
            // Stacks are also reported without a bugcheck (a call that hangs).
            if (seen && crash.frames.size() < kMaxFrames)
                crash.frames.push_back({record.a, one_line(log.symbol(record.a)), {}, record.c == 1});
            break;
        default:
            break;
        }
    }
    crash.words = describe_bugcheck(crash.code, crash.parameters);
    crash.modules = log.modules();
    return crash;
}

std::string crash_text(const CrashReport& crash, size_t events) {
    std::string text = fmt::format("  bugcheck 0x{:x} {}: {}\n    see \"{}\"\n", crash.code, crash.words.name,
                                   crash.words.meaning, crash.words.page);
    const auto out = std::back_inserter(text);
    for (int i = 0; i < 4; ++i) {
        if (crash.words.parameters[i].empty() && crash.parameters[i] == 0) continue;
        fmt::format_to(out, "    parameter {}: {:<18} {}\n", i + 1, hex(crash.parameters[i]),
                       crash.words.parameters[i]);
    }
    if (!crash.text.empty()) fmt::format_to(out, "  said     {}\n", crash.text);
    for (const CodePlace& frame : crash.frames)
        fmt::format_to(out, "  at    {}\n", frame.text());
    for (size_t i = 0; i < crash.registers.size(); ++i)
        fmt::format_to(out, "{}{:<7} {:016x}", i % 3 == 0 ? (i == 0 ? "  registers\n    " : "\n    ") : "  ",
                       crash.registers[i].first, crash.registers[i].second);
    if (!crash.registers.empty()) text += '\n';
    for (const Module& module : crash.modules)
        fmt::format_to(out, "  module   {:016x} + {:08x}  {}\n", module.base, module.size, one_line(module.name));
    for (const std::string& line : crash.symbols)
        fmt::format_to(out, "  symbols  {}\n", line);
    const size_t shown = std::min(events, crash.events.size());
    if (shown != 0) fmt::format_to(out, "  the last {} of {} events before it:\n", shown, crash.events.size());
    for (size_t i = crash.events.size() - shown; i < crash.events.size(); ++i)
        fmt::format_to(out, "    {}\n", crash.events[i]);
    return text;
}

nlohmann::ordered_json crash_json(const CrashReport& crash) {
    using Json = nlohmann::ordered_json;
    Json parameters = Json::array();
    Json meanings = Json::array();
    for (int i = 0; i < 4; ++i) {
        parameters.push_back(hex(crash.parameters[i]));
        meanings.push_back(crash.words.parameters[i]);
    }
    Json frames = Json::array();
    for (const CodePlace& frame : crash.frames)
        frames.push_back(place_json(frame));
    Json registers = Json::object();
    for (const auto& [name, value] : crash.registers)
        registers[name] = hex(value);
    Json modules = Json::array();
    for (const Module& module : crash.modules)
        modules.push_back({{"name", module.name}, {"base", hex(module.base)}, {"size", module.size}});
    return {{"code", hex(crash.code)},
            {"name", crash.words.name},
            {"page", crash.words.page},
            {"meaning", crash.words.meaning},
            {"parameters", std::move(parameters)},
            {"parameter_meanings", std::move(meanings)},
            {"caller", crash.caller},
            {"text", crash.text},
            {"frames", std::move(frames)},
            {"registers", std::move(registers)},
            {"modules", std::move(modules)},
            {"symbols", crash.symbols},
            {"events", crash.events}};
}

} // namespace mpulab
