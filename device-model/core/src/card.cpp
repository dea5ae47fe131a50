// SPDX-License-Identifier: MIT
#include "card.hpp"

#include <algorithm>

namespace mpulab {

Card::Card(const Properties& properties, const mpulab_core_host& host)
    : properties_(properties), host_(host), intelligent_(properties.version),
      watches_wire_(properties.silence_on_reset || properties.sysex_delay), tx_(properties.tx_fifo_bytes),
      rx_(properties.rx_fifo_bytes), faults_(host) {
    start_midi_clock(0, properties_.timing.fetch_ns);
}

void Card::emit(uint16_t kind, Nanoseconds at, uint64_t corr, uint64_t a, uint64_t b, uint64_t c) {
    if (host_.emit == nullptr) return;
    const mpulab_core_event event = {.time_ns = at, .corr = corr, .kind = kind, .a = a, .b = b, .c = c};
    host_.emit(host_.opaque, &event);
}

Nanoseconds Card::clamp(Nanoseconds now) {
    return std::max(now, clock_);
}

void Card::advance(Nanoseconds now) {
    run_until(clamp(now));
}

Nanoseconds Card::next_event() const {
    if (due_ == kUnknown) due_ = next_happening().at;
    return due_;
}

// Bounded: each round uses up a queued byte, a pending ACK, an armed cue, a moment of a fault or wire time.
void Card::run_until(Nanoseconds now) {
    due_ = kUnknown;
    for (Next next = next_happening(); next.at <= now && next.what != Happening::Nothing; next = next_happening()) {
        clock_ = next.at;
        switch (next.what) {
        case Happening::FaultPasses: {
            const bool pulse = faults_.pass(next.at);
            report_line(pulse ? 0 : latch_corr(), next.at);
            break;
        }
        case Happening::Acknowledge:
            acknowledge(next.at);
            break;
        case Happening::Fetch:
            fetch(next.at);
            break;
        case Happening::OwnByte:
            send_own(next.at);
            break;
        case Happening::Silencing:
            silence_next(next.at);
            break;
        case Happening::WireOut:
            send_next(next.at);
            break;
        case Happening::Refill:
            refill(next.at);
            break;
        case Happening::CueFires:
            fire_cue(next.at);
            break;
        case Happening::ByteArrives:
            receive(cable_.arrive(cues_.sheet()), next.at);
            break;
        case Happening::Nothing:
            break;
        }
    }
    clock_ = now;
}

// The earliest; of several at one moment, the first in the order below.
Card::Next Card::next_happening() const {
    Next next = {Happening::Nothing, kNever};
    const auto consider = [&next](Happening what, Nanoseconds at) {
        if (at < next.at) next = {what, at};
    };
    consider(Happening::FaultPasses, faults_.next());
    if (firmware_.ack_pending) consider(Happening::Acknowledge, firmware_.ack_at);
    if (may_fetch()) consider(Happening::Fetch, std::max(in_.fetch_at, firmware_.ready_at));
    if (midi_clock_.next() != kNever) consider(Happening::OwnByte, std::max(midi_clock_.next(), tx_start_at_));
    if (wire_watch_.silencing() && powered()) {
        consider(Happening::Silencing, tx_start_at_); // the host's bytes wait: both are whole messages
    } else if (!tx_.empty()) {
        consider(Happening::WireOut, tx_start_at_);
    }
    if (!rx_.empty() && !out_.full) consider(Happening::Refill, out_.refill_at);
    consider(Happening::CueFires, cues_.next_fire());
    consider(Happening::ByteArrives, cable_.next_arrival());
    return next;
}

// The one place where the card's own level, DSR, goes to the line.
void Card::update_irq(Nanoseconds at) {
    if (out_.full != faults_.asserted()) {
        if (out_.full) happened(MPULAB_TRIGGER_IRQ, 0, at);
        faults_.card_asserts(out_.full, latch_corr(), at);
    }
    report_line(latch_corr(), at);
}

// The one place where the line is reported. The record belongs to the byte in the latch: the one that has become
// readable, or the one that was just read; a pulse that a cue made belongs to none.
void Card::report_line(uint64_t corr, Nanoseconds at) {
    if (irq() == line_) return;
    line_ = irq();
    if (line_) ++line_rises_;
    emit(MPULAB_KIND_IRQ, at, corr, line_ ? 1 : 0, line_rises_, 0);
}

} // namespace mpulab
