// SPDX-License-Identifier: MIT
// What the firmware does with the bytes it takes from the host (reference §2).
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
    if (firmware_.mode != Mode::Uart) {
        intelligent_.data(taken.byte); // no ACK
        return;
    }
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
    } else if (!properties_.uart_only) { // that one knows no others: no ACK, no effect (§1.2, §6)
        execute_intelligent(command, at);
    }
}

// Each of the other 254 has its ACK, even an undefined one (§2.1).
void Card::execute_intelligent(uint8_t command, Nanoseconds at) {
    if (mpu401::command_range(command).function == mpu401::Function::NotYet) {
        emit(MPULAB_KIND_UNMODELLED, at, 0, command, 0, 0);
    }
    acknowledge_at(after(at, properties_.timing.ack_ns), intelligent_.command(command));
}

void Card::execute_reset(Nanoseconds at) {
    const bool uart = firmware_.mode == Mode::Uart;
    if (uart) {
        clear_fifos(at); // the byte in the latch and the one on the wire survive (§2.3)
        set_mode(Mode::Intelligent, at);
    }
    intelligent_.reset();
    start_midi_clock(at, 0);
    if (properties_.silence_on_reset) start_silencing(at);
    if (!uart || properties_.uart_reset_ack) acknowledge_at(after(at, properties_.timing.ack_ns));
    const Nanoseconds busy = uart ? properties_.timing.uart_reset_busy_ns : properties_.timing.reset_busy_ns;
    firmware_.ready_at = std::max(firmware_.ready_at, after(at, busy));
}

// `at` the moment RESET is taken, or power-on, which comes before the same work by the time a byte takes to be fetched.
void Card::start_midi_clock(Nanoseconds at, Nanoseconds before_it) {
    if (properties_.midi_clock_out) midi_clock_.start(after(at, properties_.timing.stop_ns + before_it));
}

void Card::enter_uart(Nanoseconds at) {
    set_mode(Mode::Uart, at);
    midi_clock_.stop(); // the box sends nothing by itself in UART mode (§2.4)
    acknowledge_at(after(at, properties_.timing.enter_uart_ack_ns));
    firmware_.ready_at = std::max(firmware_.ready_at, after(at, properties_.timing.enter_uart_busy_ns));
    firmware_.deaf_until = firmware_.ready_at;
}

// The firmware takes nothing more until its ACK is out, so one place for a pending ACK is enough.
void Card::acknowledge_at(Nanoseconds at, IntelligentMode::Answer answer) {
    firmware_.ack_pending = true;
    firmware_.ack_at = at;
    firmware_.answer = answer;
    firmware_.ready_at = std::max(firmware_.ready_at, at);
}

void Card::acknowledge(Nanoseconds at) {
    if (const Nanoseconds later = faults_.ack_time(at); later != at) {
        acknowledge_at(later, firmware_.answer);
        return;
    }
    firmware_.ack_pending = false;
    uint8_t ack = mpu401::kAck;
    if (faults_.let_ack_pass(ack, at)) give_to_host(ack, false, at);
    if (firmware_.answer.has_reply) give_to_host(firmware_.answer.reply, true, at);
}

void Card::give_to_host(uint8_t byte, bool reply, Nanoseconds at) {
    if (rx_.full()) { // a host that has left that many bytes unread loses this one, visibly
        emit(MPULAB_KIND_OVERRUN, at, 0, MPULAB_OVERRUN_RX_FIFO, byte, rx_.capacity());
        return;
    }
    queue_for_host({++rx_count_, byte, reply}, at, at);
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
