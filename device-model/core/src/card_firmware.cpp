// SPDX-License-Identifier: MIT
// What the firmware does with the bytes it takes from the host (reference §2). Intelligent mode's own commands get
// their place in execute().
#include "card.hpp"

#include <algorithm>

namespace mpulab {

// A MIDI byte stays in the latch while the TX FIFO has no room; a command never waits for that.
bool Card::may_fetch() const {
    if (!in_.full) return false;
    return in_.command || firmware_.mode != Mode::Uart || !tx_.full();
}

void Card::fetch(Nanoseconds at) {
    const HostLatch taken = in_;
    in_.full = false;
    if (taken.command) {
        execute(taken.byte, at);
        return;
    }
    if (firmware_.mode != Mode::Uart) return; // no parameter, request or WSD is outstanding: discarded (§5.1)
    if (tx_.empty()) tx_start_at_ = std::max(tx_start_at_, at);
    tx_.push({taken.number, taken.byte});
    if (tx_gauge_.after_push(tx_.level())) emit(MPULAB_KIND_FIFO_LEVEL, at, 0, 0, tx_.level(), tx_.capacity());
}

void Card::execute(uint8_t command, Nanoseconds at) {
    if (command == mpu401::kCommandReset) {
        execute_reset(at);
    } else if (firmware_.mode == Mode::Uart) {
        return; // no ACK, no effect, no interrupt (§2.1)
    } else if (command == mpu401::kCommandEnterUart) {
        enter_uart(at);
    } else {
        acknowledge_at(after(at, properties_.timing.ack_ns)); // each of the other 254, even an undefined one (§2.1)
    }
}

void Card::execute_reset(Nanoseconds at) {
    const bool uart = firmware_.mode == Mode::Uart;
    if (uart) {
        clear_fifos(at); // the byte in the latch and the one on the wire survive (§2.3)
        set_mode(Mode::Intelligent, at);
    }
    if (!uart || properties_.uart_reset_ack) acknowledge_at(after(at, properties_.timing.ack_ns));
    const Nanoseconds busy = uart ? properties_.timing.uart_reset_busy_ns : properties_.timing.reset_busy_ns;
    firmware_.ready_at = std::max(firmware_.ready_at, after(at, busy));
}

void Card::enter_uart(Nanoseconds at) {
    set_mode(Mode::Uart, at);
    acknowledge_at(after(at, properties_.timing.enter_uart_ack_ns));
    firmware_.ready_at = std::max(firmware_.ready_at, after(at, properties_.timing.enter_uart_busy_ns));
    firmware_.deaf_until = firmware_.ready_at;
}

// The firmware takes nothing more until its ACK is out, so one place for a pending ACK is enough.
void Card::acknowledge_at(Nanoseconds at) {
    firmware_.ack_pending = true;
    firmware_.ack_at = at;
    firmware_.ready_at = std::max(firmware_.ready_at, at);
}

void Card::acknowledge(Nanoseconds at) {
    if (const Nanoseconds later = faults_.ack_time(at); later != at) {
        acknowledge_at(later);
        return;
    }
    firmware_.ack_pending = false;
    uint8_t ack = mpu401::kAck;
    if (!faults_.let_ack_pass(ack, at)) return;
    if (rx_.full()) { // a host that has left that many ACKs unread loses this one, visibly
        emit(MPULAB_KIND_OVERRUN, at, 0, MPULAB_OVERRUN_RX_FIFO, ack, rx_.capacity());
        return;
    }
    queue_for_host({++rx_count_, ack}, at, at);
}

void Card::set_mode(Mode mode, Nanoseconds at) {
    emit(MPULAB_KIND_MODE, at, 0, static_cast<uint64_t>(mode), static_cast<uint64_t>(firmware_.mode), 0);
    firmware_.mode = mode;
    happened(MPULAB_TRIGGER_MODE, static_cast<uint32_t>(mode), at);
}

void Card::clear_fifos(Nanoseconds at) {
    if (!tx_.empty()) emit(MPULAB_KIND_FIFO_LEVEL, at, 0, 0, 0, tx_.capacity());
    if (!rx_.empty()) emit(MPULAB_KIND_FIFO_LEVEL, at, 0, 1, 0, rx_.capacity());
    tx_.clear();
    rx_.clear();
    tx_gauge_.was_deep = false;
    rx_gauge_.was_deep = false;
}

} // namespace mpulab
