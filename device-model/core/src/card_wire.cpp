// SPDX-License-Identifier: MIT
// The two cables, and the way of a byte from MIDI IN or from the firmware to the host (reference §3.2, §4).
#include "card.hpp"

#include <algorithm>

namespace mpulab {

// One byte's time on MIDI OUT. A fault may change `byte`, or lose it: the wire is silent then. Returns whether it left.
bool Card::transmit(uint8_t& byte, uint64_t corr, Nanoseconds at) {
    happened(MPULAB_TRIGGER_WIRE_OUT, 0, at);
    const Nanoseconds end = after(at, properties_.timing.tx_byte_ns);
    tx_start_at_ = end;
    if (!faults_.let_out_pass(byte, corr, at)) return false;
    emit(MPULAB_KIND_WIRE_OUT, at, corr, byte, static_cast<uint64_t>(end), tx_.level());
    return true;
}

// A Stop or a clock: real-time bytes, which may stand between any two others. While clocks are off their time passes
// all the same.
void Card::send_own(Nanoseconds at) {
    uint8_t byte = midi_clock_.take(at, intelligent_.clock_interval());
    if (byte == MidiClock::kClock && !intelligent_.clocks_run()) return;
    transmit(byte, MPULAB_CORR(MPULAB_CORR_OWN_BYTE, ++own_count_), at);
}

void Card::start_silencing(Nanoseconds at) {
    tx_start_at_ = std::max(tx_start_at_, at); // the byte on the wire is out of the card's hands
    wire_watch_.silence();
}

void Card::silence_next(Nanoseconds at) {
    uint8_t byte = wire_watch_.next_silencing_byte();
    transmit(byte, MPULAB_CORR(MPULAB_CORR_OWN_BYTE, ++own_count_), at);
}

void Card::send_next(Nanoseconds at) {
    NumberedByte entry = tx_.pop();
    const bool sent = transmit(entry.byte, MPULAB_CORR(MPULAB_CORR_TX_BYTE, entry.number), at);
    if (watches_wire_ && sent) {
        const Nanoseconds pause = wire_watch_.see(entry.byte);
        if (properties_.sysex_delay) tx_start_at_ = after(tx_start_at_, pause);
    }
    if (tx_gauge_.after_pop(tx_.level())) emit(MPULAB_KIND_FIFO_LEVEL, at, 0, 0, tx_.level(), tx_.capacity());
    if (in_.full) in_.fetch_at = std::max(in_.fetch_at, at); // it may have waited for this room
}

bool Card::wire_in(uint8_t byte, Nanoseconds now) {
    now = clamp(now);
    run_until(now);
    const bool kept = receive(byte, now);
    run_until(now);
    return kept;
}

// A byte's stop bit has ended. Outside UART mode, and while UART mode is being entered, nobody listens (§2.2, §5.8):
// such a byte has no number, because it is never given to the host.
bool Card::receive(uint8_t byte, Nanoseconds at) {
    happened(MPULAB_TRIGGER_WIRE_IN, 0, at);
    if (!faults_.let_in_pass(byte, at)) return true; // the card's receiver has seen nothing
    if (firmware_.mode != Mode::Uart || at < firmware_.deaf_until) {
        emit(MPULAB_KIND_WIRE_IN, at, 0, byte, rx_.level(), 0);
        return true;
    }
    if (rx_.full()) { // the newest is dropped (§4)
        emit(MPULAB_KIND_WIRE_IN, at, 0, byte, rx_.level(), 0);
        emit(MPULAB_KIND_OVERRUN, at, 0, MPULAB_OVERRUN_RX_FIFO, byte, rx_.capacity());
        return false;
    }
    const NumberedByte entry = {++rx_count_, byte};
    emit(MPULAB_KIND_WIRE_IN, at, MPULAB_CORR(MPULAB_CORR_RX_BYTE, entry.number), byte, rx_.level() + 1, 0);
    queue_for_host(entry, after(at, properties_.timing.rx_latch_ns), at);
    return true;
}

// Only when the RX FIFO has room. `readable_at`: how long the firmware needs for it when nothing is before it.
void Card::queue_for_host(NumberedByte entry, Nanoseconds readable_at, Nanoseconds at) {
    if (rx_.empty()) out_.refill_at = std::max(out_.refill_at, readable_at);
    rx_.push(entry);
    if (rx_gauge_.after_push(rx_.level())) emit(MPULAB_KIND_FIFO_LEVEL, at, 0, 1, rx_.level(), rx_.capacity());
}

void Card::refill(Nanoseconds at) {
    NumberedByte entry = rx_.pop();
    const uint64_t corr = MPULAB_CORR(MPULAB_CORR_RX_BYTE, entry.number);
    const bool kept = faults_.let_host_pass(entry.byte, corr, at);
    if (kept) {
        out_.full = true;
        out_.byte = entry.byte;
        out_.number = entry.number;
        emit(MPULAB_KIND_LATCH, at, corr, entry.byte, rx_.level(), 0);
    }
    if (rx_gauge_.after_pop(rx_.level())) emit(MPULAB_KIND_FIFO_LEVEL, at, 0, 1, rx_.level(), rx_.capacity());
    update_irq(at);
}

} // namespace mpulab
