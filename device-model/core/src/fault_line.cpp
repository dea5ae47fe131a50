// SPDX-License-Identifier: MIT
// The interrupt line under faults. What the card itself asserts is one input; the others are: masked (a dropped or
// delayed interrupt), a pulse (one that was added), and dead. A pulse turns the line over for a moment, whatever it
// shows, so that each pulse is exactly one rising edge more, whether the line was low or high.
#include "fault_box.hpp"

#include <algorithm>

namespace mpulab {
namespace {

constexpr Nanoseconds kPulseNs = 1'000;    // long for an 8259, short for a handler
constexpr Nanoseconds kPulseGapNs = 1'000; // after it

constexpr uint32_t kPulses[] = {MPULAB_ACTION_DUPLICATE_IRQ, MPULAB_ACTION_ADD_IRQ, MPULAB_ACTION_IRQ_STORM};

} // namespace

bool FaultBox::line() const {
    if (!powered_) return false;
    if (holds(MPULAB_ACTION_DEAD_IRQ) || holds(MPULAB_ACTION_FLOAT_BUS)) return false;
    return (asserted_ && masked_until_ == 0) != (pulse_ends_at_ != 0);
}

// An interrupt that would have risen now, but for these.
void FaultBox::report_silence(uint64_t corr, Nanoseconds at) const {
    for (const uint32_t action : {MPULAB_ACTION_DEAD_IRQ, MPULAB_ACTION_FLOAT_BUS}) {
        if (holds(action)) return report(action, MPULAB_FAULT_ACTS, corr, 1, 0, at);
    }
}

// One interrupt is dropped, or delayed, or duplicated: the first of these that is in force.
void FaultBox::card_asserts(bool level, uint64_t corr, Nanoseconds at) {
    asserted_ = level;
    if (in_force_ == 0 && masked_until_ == 0) return;
    masked_until_ = 0;
    if (!level) {
        find_next();
        return;
    }
    if (use(MPULAB_ACTION_DROP_IRQ)) {
        masked_until_ = kNever;
        report(MPULAB_ACTION_DROP_IRQ, MPULAB_FAULT_ACTS, corr, 1, 0, at);
    } else if (use(MPULAB_ACTION_DELAY_IRQ)) {
        masked_until_ = after(at, faults_[MPULAB_ACTION_DELAY_IRQ].time);
        report(MPULAB_ACTION_DELAY_IRQ, MPULAB_FAULT_ACTS, corr, static_cast<uint64_t>(at),
               static_cast<uint64_t>(masked_until_), at);
    } else {
        Fault& duplicate = faults_[MPULAB_ACTION_DUPLICATE_IRQ];
        if (holds(MPULAB_ACTION_DUPLICATE_IRQ) && duplicate.left != 0 && duplicate.at == kNever) {
            --duplicate.left;
            duplicate.at = after(at, duplicate.time);
        }
        report_silence(corr, at);
    }
    find_next();
}

Nanoseconds FaultBox::pulse_due(uint32_t action) const {
    return holds(action) ? std::max(faults_[action].at, pulse_free_at_) : kNever;
}

Nanoseconds FaultBox::next_on_line() const {
    Nanoseconds next = kNever;
    if (pulse_ends_at_ != 0) next = pulse_ends_at_;
    if (masked_until_ != 0) next = std::min(next, masked_until_);
    for (const uint32_t action : kPulses)
        next = std::min(next, pulse_due(action));
    return next;
}

bool FaultBox::pass_line(Nanoseconds at) {
    if (pulse_ends_at_ != 0 && pulse_ends_at_ <= at) {
        pulse_ends_at_ = 0;
        return true;
    }
    if (masked_until_ != 0 && masked_until_ <= at) { // the delayed interrupt reaches the line
        masked_until_ = 0;
        report_silence(0, at);
        return false;
    }
    return std::any_of(std::begin(kPulses), std::end(kPulses),
                       [&](uint32_t action) { return begin_pulse(action, at); });
}

bool FaultBox::begin_pulse(uint32_t action, Nanoseconds at) {
    if (pulse_due(action) > at) return false;
    Fault& fault = faults_[action];
    const bool before = line();
    pulse_ends_at_ = after(at, kPulseNs);
    pulse_free_at_ = after(pulse_ends_at_, kPulseGapNs);
    report(action, MPULAB_FAULT_ACTS, 0, before, line(), at);
    if (action == MPULAB_ACTION_DUPLICATE_IRQ) {
        fault.at = kNever; // until the next interrupt that is to come twice
    } else {
        fault.at = after(at, fault.time);
        --fault.left;
    }
    if (fault.left == 0) in_force_ &= ~bit(action);
    return true;
}

} // namespace mpulab
