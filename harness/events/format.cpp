// SPDX-License-Identifier: MIT
#include "events/format.hpp"

#include "events/names.hpp"
#include "link/mpulab_codes.h"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

/// The contract says in prose what a word holds; the part before the first punctuation is its label.
std::string_view label(std::string_view word) {
    return word.substr(0, word.find_first_of(":(,;"));
}

std::string trimmed(std::string_view text) {
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return std::string(text);
}

std::string quoted(ByteView bytes) {
    std::string out = "\"";
    for (const uint8_t byte : bytes) {
        if (byte >= 0x20 && byte != 0x7f && byte != '"' && byte != '\\') {
            out += static_cast<char>(byte);
        } else {
            out += fmt::format("\\x{:02x}", byte);
        }
    }
    return out + '"';
}

/// A word whose number means something has a name; the others are shown as decimal when small, else hexadecimal.
std::string word(const EventLog& log, uint16_t kind, int index, uint64_t value) {
    if (const std::optional<std::string> shown = shown_word(kind, index, value)) return *shown;
    const bool first = index == 0;
    switch (kind) {
    case MPULAB_KIND_CALL_ENTER:
        return log.module_at(value) ? log.symbol(value) : fmt::format("{}", value);
    case MPULAB_KIND_CALL_LEAVE:
    case MPULAB_KIND_STEP_BEGIN:
    case MPULAB_KIND_STEP_END:
    case MPULAB_KIND_CUE:
        return fmt::format("{}", value);
    case MPULAB_KIND_IRP_DONE:
        return first ? fmt::format("0x{:x}", value) : fmt::format("{}", value);
    case MPULAB_KIND_IRP_MADE:
        if (index == 2) return value == 0 ? "nothing" : correlation_name(value);
        return fmt::format("0x{:x}", value);
    case MPULAB_KIND_OVERRUN:
    case MPULAB_KIND_GUEST_ERROR:
    case MPULAB_KIND_UNMODELLED:
        return fmt::format("0x{:02x}", value);
    case MPULAB_KIND_FAULT:
        if (first) return fault_name(value);
        return value == MPULAB_FAULT_NOTHING ? "nothing"
               : value > 0xff                ? format_time(value)
                                             : fmt::format("0x{:02x}", value);
    case MPULAB_KIND_WIRE_OUT:
        return first ? fmt::format("0x{:02x}", value) : index == 1 ? format_time(value) : fmt::format("{}", value);
    case MPULAB_KIND_REG_READ:
    case MPULAB_KIND_REG_WRITE:
        return index == 1 ? fmt::format("0x{:02x}", value) : fmt::format("{}", value);
    case MPULAB_KIND_NO_DEVICE:
        return fmt::format("0x{:x}", value);
    case MPULAB_KIND_IRQL_WRITTEN:
        return fmt::format("{}", value);
    case MPULAB_KIND_WATCH_IRQL:
        return first ? fmt::format("0x{:x}", value) : fmt::format("{}", value);
    case MPULAB_KIND_RESOURCE:
        return index != 2 ? fmt::format("0x{:x}", value) : fmt::format("{}", value);
    case MPULAB_KIND_WIRE_IN:
    case MPULAB_KIND_LATCH:
        return first ? fmt::format("0x{:02x}", value) : fmt::format("{}", value);
    case MPULAB_KIND_MODULE: // a base shown as "module+0x0" would tell nothing
        return first ? fmt::format("0x{:x}", value) : index == 1 ? fmt::format("{}", value) : log.symbol(value);
    case MPULAB_KIND_REGISTER:
    case MPULAB_KIND_BUGCHECK: // codes and parameters are known by their hexadecimal numbers
    case MPULAB_KIND_BUGCHECK_MORE:
    case MPULAB_KIND_DPC:
    case MPULAB_KIND_FRAME:
        return log.symbol(value);
    default:
        return value < 65536 ? fmt::format("{}", value) : log.symbol(value);
    }
}

} // namespace

std::string format_time(uint64_t ns) {
    return fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
}

std::string format_hex(ByteView bytes, size_t limit) {
    std::string out;
    for (size_t i = 0; i < std::min(limit, bytes.size()); ++i)
        out += fmt::format("{}{:02x}", i ? " " : "", bytes[i]);
    if (bytes.size() > limit) out += fmt::format(" … ({} bytes)", bytes.size());
    return out;
}

std::string format_record(const EventLog& log, const mpulab_record& record) {
    const KindInfo& info = *kind_info(record.kind); // the reader let only known kinds through
    std::string line = fmt::format("{:>8} {:>14} {:<14}", record.seq, format_time(record.time_ns), info.name);
    line += record.unit == MPULAB_NO_UNIT ? "      " : fmt::format(" card{}", record.unit);
    if (record.corr != 0) line += " [" + correlation_name(record.corr) + "]";
    if (holds_text(record.kind)) {
        line += " " + quoted(record_payload(record));
    } else if (holds_bytes(record.kind)) {
        line += " " + format_hex(record_payload(record), MPULAB_RECORD_PAYLOAD);
    } else {
        const uint64_t words[3] = {record.a, record.b, record.c};
        for (int i = 0; i < 3; ++i) {
            if (info.words[i] == "-") continue;
            if (record.kind == MPULAB_KIND_STEP_BEGIN && i == 2 && words[i] == 0)
                continue; // a step that asks no device
            line += fmt::format("  {}={}", trimmed(label(info.words[i])), word(log, record.kind, i, words[i]));
        }
    }
    if (record.irql != 0) line += fmt::format("  irql={}", record.irql);
    if (record.pc != 0) line += "  pc=" + log.symbol(record.pc);
    return line;
}

std::string one_line(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    return text;
}

std::vector<std::string> format_around(const EventLog& log, uint64_t center, size_t count) {
    const auto records = log.records();
    const uint64_t last = std::min<uint64_t>(records.size(), std::max<uint64_t>(center + count - count / 2, count));
    const uint64_t first = last > count ? last - count : 0;
    std::vector<std::string> lines;
    for (uint64_t i = first; i < last; ++i) {
        lines.push_back((i == center ? ">" : " ") + format_record(log, records[i]));
    }
    return lines;
}

} // namespace mpulab
