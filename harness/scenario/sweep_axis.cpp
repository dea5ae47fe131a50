// SPDX-License-Identifier: MIT
#include "scenario/sweep_axis.hpp"

#include "common/error.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace mpulab {
namespace {

[[noreturn]] void refuse(const std::string& text, const char* why) {
    throw Error(fmt::format("'{}' is no axis of a sweep: {}", text, why),
                "examples: rx-fifo=1..64  depth=1..64:4  late=0..4ms  msi=on,off", ExitCode::Usage);
}

/// A number at the front of `text`, which it is cut from.
bool take_number(std::string_view& text, uint64_t& number) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc{}) return false;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    return true;
}

} // namespace

SweepAxis parse_sweep_axis(const std::string& text) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) refuse(text, "it has no NAME=");
    SweepAxis axis{text.substr(0, equals), {}};
    std::string_view rest = std::string_view(text).substr(equals + 1);
    if (rest.find("..") == std::string_view::npos) {
        for (size_t begin = 0; begin <= rest.size();) {
            const size_t comma = std::min(rest.find(',', begin), rest.size());
            axis.values.emplace_back(rest.substr(begin, comma - begin));
            if (axis.values.back().empty()) refuse(text, "a value is empty");
            begin = comma + 1;
        }
        return axis;
    }
    uint64_t first = 0;
    uint64_t last = 0;
    uint64_t step = 1;
    if (!take_number(rest, first) || !rest.starts_with("..")) refuse(text, "FROM..TO are whole numbers");
    rest.remove_prefix(2);
    if (!take_number(rest, last)) refuse(text, "FROM..TO are whole numbers");
    const size_t colon = std::min(rest.find(':'), rest.size());
    const std::string unit(rest.substr(0, colon));
    rest.remove_prefix(colon);
    if (!rest.empty()) {
        rest.remove_prefix(1);
        if (!take_number(rest, step) || (!rest.empty() && rest != unit))
            refuse(text, "the step after ':' is a whole number");
    }
    if (first > last) refuse(text, "it counts down");
    if (step == 0 || (last - first) / step >= kMaxSweepValues)
        refuse(text, "it has more than 10,000 values, or a step of 0");
    for (uint64_t value = first; value <= last && value >= first; value += step)
        axis.values.push_back(fmt::format("{}{}", value, unit));
    return axis;
}

} // namespace mpulab
