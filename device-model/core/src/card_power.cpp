// SPDX-License-Identifier: MIT
// Power: the machine's reset, and the D-states that the guest's bus driver, or a PCI function's registers, ask for.
#include "card.hpp"

#include <algorithm>

namespace mpulab {

// What does not outlive the power: all but the counters, the byte on the wire, and what cues do.
void Card::forget() {
    in_ = HostLatch{};
    out_ = CardLatch{};
    firmware_ = Firmware{};
    tx_.clear();
    rx_.clear();
    tx_gauge_ = LevelGauge{};
    rx_gauge_ = LevelGauge{};
    intelligent_.reset();
    midi_clock_.stop();
}

void Card::start_firmware(Nanoseconds at) {
    start_midi_clock(at, properties_.timing.fetch_ns);
    if (properties_.silence_on_reset) start_silencing(at);
}

void Card::reset(Nanoseconds now) {
    now = clamp(now);
    run_until(now);
    const bool was_uart = firmware_.mode == Mode::Uart;
    if (d_state_ != 0) emit(MPULAB_KIND_POWER, now, 0, 0, d_state_, 0);
    d_state_ = 0;
    forget();
    start_firmware(now);
    cues_.rearm(now);
    cable_.clear();
    faults_.clear();
    faults_.set_power(true);
    if (was_uart) emit(MPULAB_KIND_MODE, now, 0, MPULAB_MODE_INTELLIGENT, MPULAB_MODE_UART, 0);
    update_irq(now);
}

void Card::power(uint32_t d_state, Nanoseconds now) {
    now = clamp(now);
    run_until(now);
    if (d_state > kOff || d_state == d_state_) return;
    const bool was_powered = powered();
    const uint32_t before = d_state_;
    d_state_ = d_state;
    const uint64_t lost =
        powered() ? 0 : uint64_t{tx_.level()} + rx_.level() + (in_.full ? 1 : 0) + (out_.full ? 1 : 0);
    emit(MPULAB_KIND_POWER, now, 0, d_state, before, lost);
    if (powered() == was_powered) return; // D1 and D2 are as D0
    const bool was_uart = firmware_.mode == Mode::Uart;
    forget();
    faults_.set_power(powered());
    if (powered()) start_firmware(now);
    if (was_uart) emit(MPULAB_KIND_MODE, now, 0, MPULAB_MODE_INTELLIGENT, MPULAB_MODE_UART, 0);
    update_irq(now);
    run_until(now);
}

} // namespace mpulab
