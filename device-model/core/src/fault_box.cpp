// SPDX-License-Identifier: MIT
#include "fault_box.hpp"

#include "mpulab_link.h"

#include <algorithm>

namespace mpulab {
namespace {

constexpr uint32_t kHeld[] = {MPULAB_ACTION_DEAD_IRQ, MPULAB_ACTION_HOLD_DSR, MPULAB_ACTION_HOLD_DRR,
                              MPULAB_ACTION_FLOAT_BUS};

} // namespace

bool FaultBox::is_held(uint32_t action) {
    return std::find(std::begin(kHeld), std::end(kHeld), action) != std::end(kHeld);
}

void FaultBox::clear() {
    const bool powered = powered_;
    *this = FaultBox(host_);
    powered_ = powered;
}

void FaultBox::set_power(bool on) {
    powered_ = on;
    ack_was_delayed_ = false;
    pulse_ends_at_ = 0;
    find_next();
}

void FaultBox::put_in_force(uint32_t cue, const mpulab_cue& data, Nanoseconds at) {
    const uint32_t action = data.action;
    const bool line_before = line();
    const bool already = holds(action);
    Fault& fault = faults_[action];
    const Fault before = fault;
    fault = {};
    fault.cue = cue;
    fault.time = static_cast<Nanoseconds>(data.time_ns);
    fault.value = static_cast<uint8_t>(data.value);
    fault.left = data.count;
    if (is_held(action)) {
        fault.at = fault.time == 0 ? kNever : after(at, fault.time);
    } else if (action == MPULAB_ACTION_ADD_IRQ) {
        fault.left = already ? before.left + 1 : 1;
        fault.at = at;
    } else if (action == MPULAB_ACTION_IRQ_STORM) {
        fault.at = at;
    } else if (action == MPULAB_ACTION_DUPLICATE_IRQ && already) {
        fault.at = before.at; // the second of an interrupt that has come already
    }
    in_force_ |= bit(action);
    if (line() != line_before) report(action, MPULAB_FAULT_ACTS, 0, line_before, line(), at);
    find_next();
}

void FaultBox::report(uint32_t action, mpulab_fault_moment moment, uint64_t corr, uint64_t before, uint64_t after,
                      Nanoseconds at) const {
    if (host_.emit == nullptr) return;
    const mpulab_core_event event = {.time_ns = at,
                                     .corr = corr,
                                     .kind = MPULAB_KIND_FAULT,
                                     .a = MPULAB_FAULT(action, moment, faults_[action].cue),
                                     .b = before,
                                     .c = after};
    host_.emit(host_.opaque, &event);
}

bool FaultBox::use(uint32_t action) {
    if (!holds(action)) return false;
    if (--faults_[action].left == 0) in_force_ &= ~bit(action);
    return true;
}

bool FaultBox::pass(Nanoseconds at) {
    bool pulse = false;
    const auto* held = std::find_if(std::begin(kHeld), std::end(kHeld),
                                    [&](uint32_t action) { return holds(action) && faults_[action].at <= at; });
    if (held != std::end(kHeld)) {
        end(*held, at);
    } else {
        pulse = pass_line(at);
    }
    find_next();
    return pulse;
}

// The record tells the line's level with and without the fault, or for a bit its value and that it is held no more.
void FaultBox::end(uint32_t action, Nanoseconds at) {
    const bool of_line = action == MPULAB_ACTION_DEAD_IRQ || action == MPULAB_ACTION_FLOAT_BUS;
    const bool line_before = line();
    in_force_ &= ~bit(action);
    const uint64_t before = of_line ? line_before : faults_[action].value;
    report(action, MPULAB_FAULT_ENDS, 0, before, of_line ? line() : uint64_t{MPULAB_FAULT_NOTHING}, at);
}

void FaultBox::find_next() {
    next_at_ = next_on_line();
    for (const uint32_t action : kHeld) {
        if (holds(action)) next_at_ = std::min(next_at_, faults_[action].at);
    }
}

} // namespace mpulab
