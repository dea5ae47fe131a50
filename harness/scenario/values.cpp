// SPDX-License-Identifier: MIT
#include "scenario/values.hpp"

#include <charconv>
#include <fmt/format.h>

namespace mpulab {
namespace {

struct Unit {
    std::string_view name;
    int64_t ns;
};
// The larger ones first: time_text() takes the first that fits.
constexpr Unit kUnits[] = {{"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000},
                           {"ms", 1'000'000},        {"us", 1'000},         {"ns", 1}};

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

} // namespace

std::optional<int64_t> parse_time(std::string_view text) {
    if (text == "0") return 0;
    const size_t unit_at = text.find_first_not_of("0123456789.");
    if (unit_at == 0 || unit_at == std::string_view::npos) return std::nullopt;
    for (const Unit& unit : kUnits) {
        if (text.substr(unit_at) != unit.name) continue;
        const std::string_view number = text.substr(0, unit_at);
        const size_t dot = number.find('.');
        int64_t whole = 0;
        const std::string_view digits = number.substr(0, dot);
        const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
        if (failure != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
        int64_t ns = 0;
        if (__builtin_mul_overflow(whole, unit.ns, &ns)) return std::nullopt;
        if (dot == std::string_view::npos) return ns;
        const std::string_view fraction = number.substr(dot + 1);
        if (fraction.empty() || fraction.find('.') != std::string_view::npos) return std::nullopt;
        int64_t step = unit.ns;
        for (const char digit : fraction) {
            if (step % 10 != 0) return std::nullopt; // finer than a nanosecond
            step /= 10;
            ns += (digit - '0') * step;
        }
        return ns;
    }
    return std::nullopt;
}

std::optional<Bytes> parse_hex(std::string_view text) {
    Bytes bytes;
    for (size_t i = 0; i < text.size();) {
        if (text[i] == ' ' || text[i] == ',' || text[i] == '\n' || text[i] == '\t') {
            ++i;
            continue;
        }
        const int high = hex_digit(text[i]);
        const int low = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        bytes.push_back(static_cast<uint8_t>(high << 4 | low));
        i += 2;
    }
    return bytes;
}

std::optional<int64_t> parse_number(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        text.remove_prefix(2);
        base = 16;
    }
    if (text.starts_with('-')) return std::nullopt;
    int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return negative ? -number : number;
}

std::string time_text(int64_t ns) {
    if (ns == 0) return "0";
    for (const Unit& unit : kUnits) {
        if (ns < unit.ns) continue;
        std::string text = fmt::format("{}", ns / unit.ns);
        int64_t rest = ns % unit.ns;
        std::string fraction;
        for (int64_t step = unit.ns; rest != 0 && step % 10 == 0; rest %= step) {
            step /= 10;
            fraction += static_cast<char>('0' + rest / step);
        }
        if (rest != 0) continue; // minutes and hours have no decimal fractions for it
        if (!fraction.empty()) text += "." + fraction;
        return text + std::string(unit.name);
    }
    return fmt::format("{}ns", ns);
}

} // namespace mpulab
