// SPDX-License-Identifier: MIT
// Faults on what the guest reads and writes, on ACKs, and on bytes on their way.
#include "fault_box.hpp"

#include "mpu401/registers.h"

namespace mpulab {

void FaultBox::miss_access(uint64_t before, uint64_t after, Nanoseconds at) {
    report(MPULAB_ACTION_FLOAT_BUS, MPULAB_FAULT_ACTS, 0, before, after, at);
}

uint8_t FaultBox::seen_status(uint8_t status, Nanoseconds at) {
    const auto hold = [&](uint32_t action, uint8_t flag) {
        if (!holds(action)) return;
        const auto seen = static_cast<uint8_t>(faults_[action].value != 0 ? status | flag : status & ~flag);
        if (seen == status) return;
        report(action, MPULAB_FAULT_ACTS, 0, status, seen, at);
        status = seen;
    };
    hold(MPULAB_ACTION_HOLD_DSR, mpu401::kStatusDsr);
    hold(MPULAB_ACTION_HOLD_DRR, mpu401::kStatusDrr);
    return status;
}

Nanoseconds FaultBox::ack_time(Nanoseconds at) {
    if (ack_was_delayed_) {
        ack_was_delayed_ = false;
        return at;
    }
    if (!use(MPULAB_ACTION_DELAY_ACK)) return at;
    const Nanoseconds later = after(at, faults_[MPULAB_ACTION_DELAY_ACK].time);
    ack_was_delayed_ = true;
    report(MPULAB_ACTION_DELAY_ACK, MPULAB_FAULT_ACTS, 0, static_cast<uint64_t>(at), static_cast<uint64_t>(later), at);
    return later;
}

bool FaultBox::lose(uint32_t action, uint8_t byte, uint64_t corr, Nanoseconds at) {
    if (!use(action)) return false;
    report(action, MPULAB_FAULT_ACTS, corr, byte, MPULAB_FAULT_NOTHING, at);
    return true;
}

void FaultBox::corrupt(uint32_t action, uint8_t& byte, uint64_t corr, Nanoseconds at) {
    if (!use(action)) return;
    const auto wrong = static_cast<uint8_t>(byte ^ faults_[action].value);
    report(action, MPULAB_FAULT_ACTS, corr, byte, wrong, at);
    byte = wrong;
}

bool FaultBox::let_ack_pass(uint8_t& byte, Nanoseconds at) {
    if (lose(MPULAB_ACTION_WITHHOLD_ACK, byte, 0, at)) return false;
    corrupt(MPULAB_ACTION_CORRUPT_ACK, byte, 0, at);
    return true;
}

bool FaultBox::let_out_pass(uint8_t& byte, uint64_t corr, Nanoseconds at) {
    if (lose(MPULAB_ACTION_LOSE_OUT, byte, corr, at)) return false;
    corrupt(MPULAB_ACTION_CORRUPT_OUT, byte, corr, at);
    return true;
}

// The receiver of the card's 6801 tells its program of a byte without a stop bit only through an error flag; the "byte
// received" flag, which MIDI programs wait for, stays clear. So such a byte is discarded.
bool FaultBox::let_in_pass(uint8_t& byte, Nanoseconds at) {
    if (lose(MPULAB_ACTION_FRAMING_ERROR, byte, 0, at) || lose(MPULAB_ACTION_LOSE_IN, byte, 0, at)) return false;
    corrupt(MPULAB_ACTION_CORRUPT_IN, byte, 0, at);
    return true;
}

bool FaultBox::let_host_pass(uint8_t& byte, uint64_t corr, Nanoseconds at) {
    if (lose(MPULAB_ACTION_LOSE_HOST, byte, corr, at)) return false;
    corrupt(MPULAB_ACTION_CORRUPT_HOST, byte, corr, at);
    return true;
}

} // namespace mpulab
