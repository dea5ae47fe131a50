// SPDX-License-Identifier: MIT
#include "properties.hpp"

#include <charconv>
#include <optional>
#include <string_view>

namespace mpulab {
namespace {

constexpr uint32_t kMaxFifoBytes = 65'536;
constexpr uint32_t kMaxRefillGapNs = 1'000'000;

// Decimal, or hexadecimal after 0x.
std::optional<uint64_t> parse_number(std::string_view text) {
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        text.remove_prefix(2);
        base = 16;
    }
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data(), end, value, base);
    if (code != std::errc{} || stop != end) return std::nullopt;
    return value;
}

bool parse_range(const mpulab_core_property& property, uint32_t low, uint32_t high, uint32_t& into, ErrorText& error) {
    const auto number = parse_number(property.value);
    if (!number || *number < low || *number > high) {
        return error.say("property \"%s\": \"%s\" is no number from %u to %u", property.name, property.value, low,
                         high);
    }
    into = static_cast<uint32_t>(*number);
    return true;
}

bool parse_switch(const mpulab_core_property& property, bool& into, ErrorText& error) {
    const std::string_view value = property.value;
    if (value != "on" && value != "off") {
        return error.say("property \"%s\": \"%s\" is neither on nor off", property.name, property.value);
    }
    into = value == "on";
    return true;
}

} // namespace

bool Properties::parse(const mpulab_core_property* properties, size_t count, ErrorText& error) {
    std::optional<uint32_t> refill_gap_ns; // overrules the timing, whichever comes first
    for (size_t i = 0; i < count; ++i) {
        const mpulab_core_property& property = properties[i];
        if (property.name == nullptr || property.value == nullptr) {
            return error.say("property number %zu has no %s", i, property.name == nullptr ? "name" : "value");
        }
        const std::string_view name = property.name;
        const std::string_view value = property.value;
        uint32_t number = 0;
        if (name == "timing") {
            if (value != "authentic" && value != "fast") {
                return error.say("property \"timing\": \"%s\" is neither authentic nor fast", property.value);
            }
            timing_kind = value == "fast" ? TimingKind::Fast : TimingKind::Authentic;
        } else if (name == "uart-reset-ack") {
            if (!parse_switch(property, uart_reset_ack, error)) return false;
        } else if (name == "status-unused") {
            if (!parse_range(property, 0, mpu401::kStatusUnusedMask, number, error)) return false;
            status_unused = static_cast<uint8_t>(number);
        } else if (name == "tx-fifo") {
            if (!parse_range(property, 1, kMaxFifoBytes, tx_fifo_bytes, error)) return false;
        } else if (name == "rx-fifo") {
            if (!parse_range(property, 1, kMaxFifoBytes, rx_fifo_bytes, error)) return false;
        } else if (name == "refill-gap") {
            if (!parse_range(property, 0, kMaxRefillGapNs, number, error)) return false;
            refill_gap_ns = number;
        } else {
            return error.say("no property \"%s\"; there are timing, uart-reset-ack, status-unused, tx-fifo, rx-fifo, "
                             "refill-gap",
                             property.name);
        }
    }
    timing = timing_kind == TimingKind::Fast ? kFast : kAuthentic;
    if (refill_gap_ns) timing.refill_gap_ns = *refill_gap_ns;
    return true;
}

} // namespace mpulab
