// SPDX-License-Identifier: MIT
// The guest's accesses (reference §1).
#include "card.hpp"

#include <algorithm>

namespace mpulab {

uint8_t Card::status() const {
    uint8_t value = properties_.status_unused;
    if (!out_.full) value |= mpu401::kStatusDsr;
    if (in_.full) value |= mpu401::kStatusDrr;
    return value;
}

bool Card::poll(uint32_t offset, Nanoseconds now, uint8_t& value) {
    if (offset != mpu401::kStatusPort || now >= due_ || now < clock_ || tells_accesses_) return false;
    if (needs_care(MPULAB_TRIGGER_READ)) return false;
    clock_ = now;
    value = status();
    return true;
}

uint8_t Card::read(uint32_t offset, Nanoseconds now) {
    now = clamp(now);
    if (now < due_) { // polled, and told
        clock_ = now;
    } else {
        run_until(now);
    }
    if (needs_care(MPULAB_TRIGGER_READ)) [[unlikely]]
        return read_with_care(offset, now);
    if (offset == mpu401::kDataPort) {
        const uint8_t value = read_data(now);
        run_until(now); // with a refill gap of 0 the next byte is there at once
        return value;
    }
    return offset == mpu401::kStatusPort ? read_status(status(), now) : mpu401::kFloatingBus;
}

uint8_t Card::read_status(uint8_t value, Nanoseconds now) {
    emit_access(MPULAB_KIND_REG_READ, now, 0, mpu401::kStatusPort, value, rx_.level());
    return value;
}

uint8_t Card::read_data(Nanoseconds now) {
    const uint8_t value = out_.byte;
    if (!out_.full) { // stale byte: no pop, no edge (reference §1.3); Linux relies on it
        emit_access(MPULAB_KIND_REG_READ, now, 0, mpu401::kDataPort, value, rx_.level());
        if (!faults_.promises_a_byte()) {
            emit(MPULAB_KIND_GUEST_ERROR, now, 0, MPULAB_GUEST_READ_EMPTY, mpu401::kDataPort, value);
        }
        return value;
    }
    emit_access(MPULAB_KIND_REG_READ, now, MPULAB_CORR(MPULAB_CORR_RX_BYTE, out_.number), mpu401::kDataPort, value,
                rx_.level());
    out_.full = false;
    const bool reply = !rx_.empty() && rx_.front().reply;
    const Nanoseconds gap = reply ? std::max(properties_.timing.reply_ns, properties_.timing.refill_gap_ns)
                                  : properties_.timing.refill_gap_ns;
    out_.refill_at = std::max(out_.refill_at, after(now, gap));
    update_irq(now);
    return value;
}

void Card::write(uint32_t offset, uint8_t value, Nanoseconds now) {
    now = clamp(now);
    run_until(now);
    if (offset != mpu401::kDataPort && offset != mpu401::kCommandPort) return;
    if (needs_care(MPULAB_TRIGGER_WRITE) && write_is_missed(offset, value, now)) [[unlikely]]
        return;
    const HostLatch before = in_;
    const bool midi = offset == mpu401::kDataPort && firmware_.mode == Mode::Uart;
    in_.full = true;
    in_.command = offset == mpu401::kCommandPort;
    in_.byte = value;
    in_.number = midi ? ++tx_count_ : 0;
    in_.fetch_at = after(now, midi ? properties_.timing.uart_fetch_ns : properties_.timing.fetch_ns);

    const uint64_t corr = midi ? MPULAB_CORR(MPULAB_CORR_TX_BYTE, in_.number) : 0;
    emit_access(MPULAB_KIND_REG_WRITE, now, corr, offset, value, tx_.level());
    if (before.full) { // overwritten, byte and flag (reference §1.4)
        if (!faults_.promises_room()) {
            emit(MPULAB_KIND_GUEST_ERROR, now, corr, MPULAB_GUEST_WRITE_NOT_READY, offset, value);
        }
        const uint64_t lost = before.number == 0 ? 0 : MPULAB_CORR(MPULAB_CORR_TX_BYTE, before.number);
        emit(MPULAB_KIND_OVERRUN, now, lost, MPULAB_OVERRUN_HOST_LATCH, before.byte, 1);
    }
}

} // namespace mpulab
