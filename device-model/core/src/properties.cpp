// SPDX-License-Identifier: MIT
#include "properties.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>

namespace mpulab {
namespace {

enum class Kind : uint8_t { Choice, Switch, Number };

struct Row {
    const char* name;
    Kind kind;
    int32_t Settings::*field;
    std::string_view allowed; // Choice, Switch: "a|b"
    int32_t low;
    int32_t high;
    int32_t fallback;
};

constexpr std::string_view kSwitch = "off|on";

// Place of `word` in "a|b|c".
constexpr std::optional<int32_t> place_of(std::string_view word, std::string_view list) {
    for (int32_t place = 0;; ++place) {
        const size_t bar = list.find('|');
        if (list.substr(0, bar) == word) return place;
        if (bar == std::string_view::npos) return std::nullopt;
        list.remove_prefix(bar + 1);
    }
}

constexpr std::string_view word_at(int32_t place, std::string_view list) {
    for (; place > 0; --place)
        list.remove_prefix(list.find('|') + 1);
    return list.substr(0, list.find('|'));
}

constexpr Row kRows[] = {
#define MPULAB_CHOICE(field, name, value, allowed, help)                                                               \
    {name, Kind::Choice, &Settings::field, allowed, 0, 0, *place_of(value, allowed)},
#define MPULAB_SWITCH(field, name, value, help) {name, Kind::Switch, &Settings::field, kSwitch, 0, 1, value},
#define MPULAB_NUMBER(field, name, value, low, high, help) {name, Kind::Number, &Settings::field, {}, low, high, value},
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
};

// Decimal, or hexadecimal after 0x; with a minus sign or without.
std::optional<int64_t> parse_number(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        text.remove_prefix(2);
        base = 16;
    }
    uint32_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value, base);
    if (code != std::errc{} || stop != end) return std::nullopt;
    return negative ? -int64_t{value} : int64_t{value};
}

// "a|b" -> "a nor b" for two, "a, b, c" for more.
bool refuse_word(const mpulab_core_property& property, std::string_view allowed, ErrorText& error) {
    char words[96] = "";
    size_t at = 0;
    const bool two = std::count(allowed.begin(), allowed.end(), '|') == 1;
    for (const char c : allowed) {
        const std::string_view piece = c != '|' ? std::string_view(&c, 1) : two ? " nor " : ", ";
        if (at + piece.size() >= sizeof words) break;
        at += piece.copy(words + at, piece.size());
    }
    words[at] = '\0';
    return error.say("property \"%s\": \"%s\" is %s %s", property.name, property.value, two ? "neither" : "none of",
                     words);
}

bool parse_value(const mpulab_core_property& property, const Row& row, int32_t& into, ErrorText& error) {
    if (row.kind == Kind::Number) {
        const auto number = parse_number(property.value);
        if (!number || *number < row.low || *number > row.high) {
            return error.say("property \"%s\": \"%s\" is no number from %d to %d", property.name, property.value,
                             row.low, row.high);
        }
        into = static_cast<int32_t>(*number);
        return true;
    }
    const auto place = place_of(property.value, row.allowed);
    if (!place) return refuse_word(property, row.kind == Kind::Switch ? "on|off" : row.allowed, error);
    into = *place;
    return true;
}

bool refuse_name(const char* name, ErrorText& error) {
    char names[192] = "";
    size_t at = 0;
    for (const Row& row : kRows) {
        const int more = std::snprintf(names + at, sizeof names - at, "%s%s", at == 0 ? "" : ", ", row.name);
        at = std::min(at + static_cast<size_t>(more), sizeof names - 1);
    }
    return error.say("no property \"%s\"; there are %s", name, names);
}

} // namespace

bool Properties::parse(const mpulab_core_property* properties, size_t count, ErrorText& error) {
    for (const Row& row : kRows)
        settings.*row.field = row.fallback;
    for (size_t i = 0; i < count; ++i) {
        const mpulab_core_property& property = properties[i];
        if (property.name == nullptr || property.value == nullptr) {
            return error.say("property number %zu has no %s", i, property.name == nullptr ? "name" : "value");
        }
        const auto row = std::find_if(std::begin(kRows), std::end(kRows), [&property](const Row& each) {
            return std::string_view(each.name) == property.name;
        });
        if (row == std::end(kRows)) return refuse_name(property.name, error);
        if (!parse_value(property, *row, settings.*row->field, error)) return false;
    }

    static_assert(*place_of("uart-only", "roland|uart-only") == 1 && *place_of("off", "auto|on|off") == 2);
    const bool fast = settings.timing == 1;
    uart_only = settings.profile == 1;
    if (uart_only && settings.midi_clock_out == 1) {
        return error.say("property \"midi-clock-out\": \"on\" needs profile=roland; a uart-only card has no clock");
    }
    midi_clock_out = settings.midi_clock_out == 1 || (settings.midi_clock_out == 0 && !fast && !uart_only);
    timing = fast ? kFast : kAuthentic;
    if (settings.refill_gap >= 0) timing.refill_gap_ns = settings.refill_gap;
    uart_reset_ack = settings.uart_reset_ack != 0;
    version = static_cast<uint16_t>(settings.version);
    status_unused = static_cast<uint8_t>(settings.status_unused);
    tx_fifo_bytes = static_cast<uint32_t>(settings.tx_fifo);
    rx_fifo_bytes = static_cast<uint32_t>(settings.rx_fifo);
    silence_on_reset = settings.silence_on_reset != 0;
    sysex_delay = settings.sysex_delay != 0;
    return true;
}

void Properties::save(ByteWriter& out) const {
    for (const Row& row : kRows)
        out.put(static_cast<uint32_t>(settings.*row.field));
}

bool Properties::check_saved(ByteReader& in, ErrorText& error) const {
    for (const Row& row : kRows) {
        const auto saved = static_cast<int32_t>(in.get<uint32_t>());
        const int32_t here = settings.*row.field;
        if (!in.ok()) return error.say("state: ends inside the card's properties, at %s", row.name);
        if (saved == here) continue;
        const auto words = std::count(row.allowed.begin(), row.allowed.end(), '|') + 1;
        if (row.kind == Kind::Number || saved < 0 || saved >= words) {
            return error.say("state: made by a card with %s %d; this one has %d", row.name, saved, here);
        }
        const std::string_view then = word_at(saved, row.allowed);
        const std::string_view now = word_at(here, row.allowed);
        return error.say("state: made by a card with %s %.*s; this one has %.*s", row.name,
                         static_cast<int>(then.size()), then.data(), static_cast<int>(now.size()), now.data());
    }
    return true;
}

} // namespace mpulab
