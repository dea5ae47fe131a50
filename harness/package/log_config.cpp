// SPDX-License-Identifier: MIT
#include "package/log_config.hpp"

#include "common/error.hpp"
#include "common/text.hpp"
#include "package/inf_text.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint32_t kLastPort = 0xffff;
constexpr uint32_t kLastIrq = 15;
// What no card of this machine can have unless it says so itself: timer, keyboard, the cascade, the clock, ACPI's SCI,
// the coprocessor.
constexpr uint32_t kTaken[] = {0, 1, 2, 8, 9, 13};

bool is_free(uint32_t line) {
    return std::ranges::find(kTaken, line) == std::end(kTaken);
}

std::string free_lines() {
    std::string list;
    for (uint32_t line = 0; line <= kLastIrq; ++line) {
        if (is_free(line)) list += fmt::format("{}{}", list.empty() ? "" : ", ", line);
    }
    return list;
}

/// A card's ports: `size` of them from a multiple (by `mask`) within first..last. Interrupts: every number of
/// first..last.
struct Range {
    uint32_t first = 0, last = 0;
    uint32_t size = 0;
    uint32_t mask = kLastPort;

    /// Where the range is put; nothing: it cannot begin at `wanted`.
    std::optional<uint32_t> place(std::optional<uint32_t> wanted) const {
        const uint32_t aligned = (first + (~mask & kLastPort)) & mask;
        const uint32_t at = wanted.value_or(aligned);
        if (at < first || at + size - 1 > last || (at & ~mask & kLastPort) != 0) return std::nullopt;
        return at;
    }
};

bool read_number(std::string_view digits, int base, uint32_t limit, uint32_t& value) {
    const auto number = parse_number(digits, base);
    if (!number || *number > limit) return false;
    value = static_cast<uint32_t>(*number);
    return true;
}

/// "5" or "330-331".
bool read_span(std::string_view text, int base, uint32_t limit, Range& range) {
    const size_t dash = text.find('-');
    const std::string_view last = dash == std::string_view::npos ? text : text.substr(dash + 1);
    return read_number(text.substr(0, dash), base, limit, range.first) && read_number(last, base, limit, range.last) &&
           range.first <= range.last;
}

/// A kind of lines with numbers or ranges of them.
struct Kind {
    std::string_view key;
    int base;
    uint32_t limit;
};
constexpr Kind kPorts = {"IOConfig", 16, kLastPort};
constexpr Kind kIrqs = {"IRQConfig", 10, kLastIrq};

/// One of IOConfig's "330-331" and "2@300-33f%fffe", in hexadecimal, or of IRQConfig's "5", in decimal. What stands
/// behind ( (how the card decodes) is passed over.
Range read_range(const InfLogConfig& config, const std::string& line, std::string_view text, const Kind& kind) {
    const std::string shown(text);
    text = text.substr(0, text.find('('));
    Range range;
    bool good = true;
    if (const size_t at = text.find('@'); at != std::string_view::npos) {
        good = read_number(text.substr(0, at), kind.base, kind.limit, range.size) && range.size != 0;
        text.remove_prefix(at + 1);
        if (const size_t percent = text.find('%'); percent != std::string_view::npos) {
            good &= read_number(text.substr(percent + 1), kind.base, kind.limit, range.mask);
            text = text.substr(0, percent);
        }
    }
    good = good && read_span(text, kind.base, kind.limit, range);
    if (range.size == 0) range.size = range.last - range.first + 1;
    if (!good) {
        throw Error(fmt::format("[{}] {}: '{}' is neither a number nor a range up to {:#x}",
                                inf_excerpt(config.section), inf_excerpt(line), inf_excerpt(shown), kind.limit),
                    "IOConfig = 330-331 in hexadecimal, IRQConfig = 5,7 in decimal");
    }
    return range;
}

/// The ranges of all lines of that kind.
std::vector<Range> ranges_of(const InfLogConfig& config, const Kind& kind) {
    std::vector<Range> ranges;
    for (const std::string& line : config.lines) {
        const size_t equals = line.find('=');
        if (!equal_ignoring_ascii_case(line.substr(0, equals), kind.key)) continue;
        for (size_t at = equals + 1; at <= line.size();) {
            const size_t comma = std::min(line.find(',', at), line.size());
            if (comma != at) {
                std::string_view text = std::string_view(line).substr(at, comma - at);
                const size_t flag = text.find(':');
                // "S:5": shareable, then the number
                if (flag != std::string_view::npos && flag <= 2 && !text.empty() && (text[0] < '0' || text[0] > '9'))
                    text.remove_prefix(flag + 1);
                ranges.push_back(read_range(config, line, text, kind));
            }
            at = comma + 1;
        }
    }
    return ranges;
}

// "INF LogConfig Directive": what ConfigPriority may be.
constexpr const char* kPriorities[] = {"DESIRED", "NORMAL", "SUBOPTIMAL", "HARDRECONFIG", "HARDWIRED",
                                       "RESTART", "REBOOT", "POWEROFF",   "DISABLED"};

bool is_priority(const std::string& value) {
    return std::ranges::any_of(kPriorities, [&](const char* name) { return equal_ignoring_ascii_case(value, name); });
}

InfLogConfig with_line(InfLogConfig config, const InfLine& line) {
    std::string text = line.key + "=";
    for (size_t i = 0; i < line.values.size(); ++i)
        text += (i ? "," : "") + line.values[i];
    config.lines.push_back(std::move(text));
    return config;
}

} // namespace

InfLogConfig read_log_config(const InfSection& section) {
    InfLogConfig config{section.name, {}};
    for (const InfLine& line : section.lines)
        config = with_line(std::move(config), line);
    return config;
}

std::vector<InfFinding> lint_log_config(const InfSection& section) {
    std::vector<InfFinding> found;
    size_t priorities = 0;
    for (const InfLine& line : section.lines) {
        if (equal_ignoring_ascii_case(line.key, "ConfigPriority")) {
            if (++priorities == 2)
                found.push_back(
                    {line.number, fmt::format("a second ConfigPriority in [{}]", inf_excerpt(section.name)), "one"});
            if (!is_priority(line.value(0)))
                found.push_back({line.number, fmt::format("ConfigPriority {}", inf_excerpt(line.value(0))),
                                 fmt::format("{}", fmt::join(kPriorities, ", "))});
        }
        try {
            const InfLogConfig alone = with_line({section.name, {}}, line);
            ranges_of(alone, kPorts);
            ranges_of(alone, kIrqs);
        } catch (const Error& error) {
            found.push_back({line.number, error.what(), error.next()});
        }
    }
    if (priorities == 0)
        found.push_back(
            {section.number, fmt::format("no ConfigPriority in [{}]", inf_excerpt(section.name)), "one, as NORMAL"});
    return found;
}

AssignedResources choose_log_config(const std::vector<InfLogConfig>& configs, std::optional<uint32_t> port,
                                    std::optional<uint32_t> irq) {
    std::string offers;
    bool only_taken = false; // ports were found, and no interrupt
    for (const InfLogConfig& config : configs) {
        const std::vector<Range> ports = ranges_of(config, kPorts);
        const std::vector<Range> irqs = ranges_of(config, kIrqs);
        offers += fmt::format("{}[{}]", offers.empty() ? "" : ", ", inf_excerpt(config.section));
        std::optional<uint32_t> at;
        uint32_t size = 0;
        for (const Range& range : ports) {
            at = range.place(port);
            size = range.size;
            if (at) break;
        }
        if (!at) continue;
        AssignedResources assigned{config.section, *at, *at + size - 1, std::nullopt};
        if (irqs.empty()) return assigned;
        for (const Range& offer : irqs) {
            for (uint32_t line = offer.first; line <= offer.last; ++line) {
                if (irq ? line != *irq : !is_free(line)) continue;
                assigned.irq = line;
                return assigned;
            }
        }
        only_taken = !irq;
    }
    std::string interrupt;
    if (irq) interrupt = fmt::format(" with interrupt {}", *irq);
    if (only_taken) interrupt = fmt::format(" with an interrupt that this machine has for a card ({})", free_lines());
    throw Error(fmt::format("none of the INF's LogConfig sections ({}) offers {}{}", offers,
                            port ? fmt::format("ports from {:#x}", *port) : "a port range", interrupt),
                "--card iobase=…,irq=… sets the card as the INF has it");
}

} // namespace mpulab
