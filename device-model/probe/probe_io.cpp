// SPDX-License-Identifier: MIT
// The guest's side of the probe: sections in, records and text out. The guest is not to be trusted: it can make guest
// records only, never one that only a card may make, and whatever it writes costs it nothing but its own record.
#include "probe.hpp"

#include "../common/bytes.hpp"
#include "../link/mpulab_codes.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace mpulab {
namespace {

struct KindRules {
    bool known = false;    // a guest may make it
    bool has_text = false; // `count` and MPULAB_RECORD_MORE mean something
};

constexpr std::array<KindRules, 256> make_kind_rules() {
    std::array<KindRules, 256> rules = {};
#define MPULAB_KIND(value, name, text, a, b, c) rules[value].known = (value) >= MPULAB_FIRST_GUEST_KIND;
#include "mpulab_link_kinds.def"
#undef MPULAB_KIND
    for (const uint32_t kind : {MPULAB_KIND_RUN_ENDED, MPULAB_KIND_HOLD, MPULAB_KIND_MARKER, MPULAB_KIND_AWAIT})
        rules[kind].known = true;
    for (const uint32_t kind : {MPULAB_KIND_TEXT, MPULAB_KIND_NAME, MPULAB_KIND_CAPTURED, MPULAB_KIND_RANGE,
                                MPULAB_KIND_ANSWER, MPULAB_KIND_ETW_DATA})
        rules[kind].has_text = true;
    return rules;
}

constexpr std::array<KindRules, 256> kKindRules = make_kind_rules();

mpulab_record guest_record(const mpulab_cause& cause, int64_t now_ns) {
    mpulab_record record = {};
    record.time_ns = static_cast<uint64_t>(now_ns);
    record.pc = cause.pc;
    record.cpu = cause.cpu;
    record.unit = MPULAB_NO_UNIT;
    record.count = 1;
    return record;
}

} // namespace

void Probe::complain(const char* format, ...) {
    if (host_.complain == nullptr) return;
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    host_.complain(host_.opaque, text);
}

void Probe::no_device(uint32_t port, uint32_t size, uint32_t value, bool is_write, const mpulab_cause& cause,
                      int64_t now_ns) {
    mpulab_record made = guest_record(cause, now_ns);
    made.kind = MPULAB_KIND_NO_DEVICE;
    made.a = port;
    made.b = value;
    made.c = size | (is_write ? MPULAB_NO_DEVICE_WRITE : 0);
    record(made);
}

void Probe::irql_written(uint8_t irql, uint8_t before, const mpulab_cause& cause, int64_t now_ns) {
    mpulab_record made = guest_record(cause, now_ns);
    made.kind = MPULAB_KIND_IRQL_WRITTEN;
    made.irql = irql;
    made.a = irql;
    made.b = before;
    record(made);
}

std::span<const uint8_t> Probe::selected_section() const {
    switch (selected_) {
    case MPULAB_SECTION_MACHINE:
        return machine_;
    case MPULAB_SECTION_SCORE:
    case MPULAB_SECTION_OPTIONS:
    case MPULAB_SECTION_CHOICES:
        return plan_.section(selected_, 0);
    case MPULAB_SECTION_SEED:
        return seed_;
    default:
        return {}; // CUES are the cards' business
    }
}

uint32_t Probe::read_data() {
    const auto section = selected_section();
    uint8_t four[4] = {};
    for (uint8_t& byte : four) {
        if (cursor_ < section.size()) byte = section[cursor_++];
    }
    return load_le<uint32_t>(four);
}

uint32_t Probe::read(uint32_t offset, uint32_t size) {
    if (size == 4) {
        switch (offset) {
        case MPULAB_PROBE_PORT_ID:
            return MPULAB_PROBE_ID;
        case MPULAB_PROBE_PORT_SIZE:
            return static_cast<uint32_t>(selected_section().size());
        case MPULAB_PROBE_PORT_DATA:
            return read_data();
        case MPULAB_PROBE_PORT_EVENTS:
            return awaited_.seen;
        default:
            break;
        }
    }
    complain("probe: read of %u bytes at offset 0x%02x; ID, SIZE, DATA and EVENTS are read as dwords", size, offset);
    return UINT32_MAX;
}

mpulab_probe_action Probe::write(uint32_t offset, uint32_t size, uint32_t value, const mpulab_cause& cause,
                                 int64_t now_ns) {
    if (offset == MPULAB_PROBE_PORT_TEXT && size == 1) {
        add_text(static_cast<uint8_t>(value), cause, now_ns);
        return MPULAB_PROBE_NOTHING;
    }
    if (offset == MPULAB_PROBE_PORT_RECORD && size == 4) return take_record(value, cause, now_ns);
    if (offset == MPULAB_PROBE_PORT_SELECT && size == 4) {
        selected_ = value;
        cursor_ = 0;
        return MPULAB_PROBE_NOTHING;
    }
    if (offset == MPULAB_PROBE_PORT_POWER && size == 4) {
        tell_power(value, cause, now_ns);
        return MPULAB_PROBE_NOTHING;
    }
    complain("probe: write of %u bytes (0x%x) at offset 0x%02x; SELECT, RECORD and POWER take dwords, TEXT a byte",
             size, value, offset);
    return MPULAB_PROBE_NOTHING;
}

mpulab_probe_action Probe::take_record(uint32_t address, const mpulab_cause& cause, int64_t now_ns) {
    uint8_t bytes[sizeof(mpulab_guest_record)];
    if (!host_.read_memory(host_.opaque, address, bytes, sizeof bytes)) {
        complain("probe: record at 0x%08x refused: its %zu bytes do not lie in RAM", address, sizeof bytes);
        return MPULAB_PROBE_NOTHING;
    }
    ByteReader in(bytes, sizeof bytes);
    mpulab_record made = guest_record(cause, now_ns);
    const uint8_t kind = in.get<uint8_t>();
    made.kind = kind;
    made.irql = in.get<uint8_t>();
    const uint8_t count = in.get<uint8_t>();
    made.flags = in.get<uint8_t>();
    const uint32_t reserved = in.get<uint32_t>();
    made.corr = in.get<uint64_t>();
    made.a = in.get<uint64_t>();
    made.b = in.get<uint64_t>();
    made.c = in.get<uint64_t>();
    if (!kKindRules[kind].known) {
        complain("probe: record kind %u refused; a guest makes kinds 64 and up, RUN_ENDED, HOLD, MARKER, AWAIT", kind);
        return MPULAB_PROBE_NOTHING;
    }
    const bool has_text = kKindRules[kind].has_text;
    if ((has_text && count > MPULAB_RECORD_PAYLOAD) || (made.flags & ~(has_text ? MPULAB_RECORD_MORE : 0u)) != 0 ||
        reserved != 0) {
        complain("probe: record of kind %u refused: count %u, flags 0x%x, reserved 0x%x", kind, count, made.flags,
                 reserved);
        return MPULAB_PROBE_NOTHING;
    }
    if (has_text) made.count = count;

    if (kind == MPULAB_KIND_RUN_ENDED || kind == MPULAB_KIND_HOLD) flush_text(now_ns);
    record(made);
    switch (kind) {
    case MPULAB_KIND_RUN_ENDED:
        ended_ = true;
        link_.flush();
        return MPULAB_PROBE_END;
    case MPULAB_KIND_HOLD:
        link_.flush();
        return MPULAB_PROBE_HOLD;
    case MPULAB_KIND_PHASE:
        link_.flush(); // a milestone, a handful a run: whoever watches sees it when it is reached
        if (made.a == MPULAB_PHASE_DRIVER_LOADED && host_.driver_loaded != nullptr) host_.driver_loaded(host_.opaque);
        return stop_at_ != 0 && made.a == stop_at_ ? MPULAB_PROBE_HOLD : MPULAB_PROBE_NOTHING;
    case MPULAB_KIND_MARKER:
        start_marker(made.a, now_ns);
        if (stop_at_marker_ == 0 || made.a != stop_at_marker_) return MPULAB_PROBE_NOTHING;
        link_.flush();
        return MPULAB_PROBE_HOLD;
    case MPULAB_KIND_AWAIT:
        awaited_ = {made.a, made.b, made.c, 0};
        return MPULAB_PROBE_NOTHING;
    case MPULAB_KIND_WATCH_IRQL:
        watched_ = {made.a, made.b};
        return MPULAB_PROBE_NOTHING;
    default:
        return MPULAB_PROBE_NOTHING;
    }
}

void Probe::count_event(uint8_t unit, const mpulab_core_event& event) {
    if (awaited_.kind_of_unit != MPULAB_AWAIT(unit, event.kind)) return;
    if (awaited_.a != MPULAB_EVENT_ANY && awaited_.a != event.a) return;
    if (awaited_.b != MPULAB_EVENT_ANY && awaited_.b != event.b) return;
    if (awaited_.seen != UINT32_MAX) ++awaited_.seen;
}

void Probe::tell_power(uint32_t value, const mpulab_cause& cause, int64_t now_ns) {
    const uint32_t unit = value & 0xff;
    const uint32_t d_state = value >> 8;
    const auto card = std::find_if(cards_.begin(), cards_.end(),
                                   [unit](const AttachedCard& each) { return each.device.unit == unit; });
    if (card == cards_.end() || d_state > 3) {
        return complain("probe: power 0x%x refused: card %u to D%u; a card of this machine, and D0 to D3, expected",
                        value, unit, d_state);
    }
    if (card->device.bus != MPULAB_BUS_ISA) {
        return complain("probe: power 0x%x refused: card %u is on PCI, and has registers for it", value, unit);
    }
    power_cause_ = &cause;
    mpulab_core_power(card->core, d_state, now_ns);
    power_cause_ = nullptr;
}

void Probe::start_marker(uint64_t number, int64_t now_ns) {
    if (number > UINT32_MAX) return; // no cue can wait for it
    for (const AttachedCard& card : cards_)
        mpulab_core_marker(card.core, static_cast<uint32_t>(number), now_ns);
}

void Probe::add_text(uint8_t byte, const mpulab_cause& cause, int64_t now_ns) {
    TextChunker& text = texts_[cause.cpu];
    if (!text.add(byte)) return;
    mpulab_record made = guest_record(cause, now_ns);
    text.take(made, false);
    record(made);
}

// Half lines go out before the machine stops: nobody may come back to end them.
void Probe::flush_text(int64_t now_ns) {
    for (size_t cpu = 0; cpu < kCpus; ++cpu) {
        TextChunker& text = texts_[cpu];
        if (text.empty()) continue;
        mpulab_record made = guest_record({.pc = 0, .cpu = static_cast<uint8_t>(cpu)}, now_ns);
        text.take(made, true);
        record(made);
    }
}

void Probe::reset() {
    selected_ = 0;
    cursor_ = 0;
    texts_.fill(TextChunker{});
    awaited_ = {};
    watched_ = {};
}

} // namespace mpulab
