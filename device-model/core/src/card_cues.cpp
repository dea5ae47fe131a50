// SPDX-License-Identifier: MIT
// Where the card tells its cues what happens, and what they do to it (CUES.md). A cue without delay acts on the very
// event that it waits for, so an event is told before it has any effect.
#include "card.hpp"

#include <utility>

namespace mpulab {

bool Card::set_cues(const void* section, size_t size, ErrorText& error) {
    CueSheet sheet;
    if (!sheet.parse(section, size, error)) return false;
    due_ = kUnknown;
    cable_.prepare(sheet);
    cues_.set_sheet(std::move(sheet), clock_);
    faults_.clear();
    faults_.card_asserts(out_.full, latch_corr(), clock_); // no news to the cues: it has risen before
    report_line(latch_corr(), clock_);
    return true;
}

void Card::marker(uint32_t number, Nanoseconds now) {
    now = clamp(now);
    run_until(now);
    happened(MPULAB_TRIGGER_MARKER, number, now);
    run_until(now);
}

void Card::tell_cues(uint32_t trigger, uint32_t argument, Nanoseconds at) {
    cues_.happened(trigger, argument, at);
    while (cues_.next_fire() <= at)
        fire_cue(at);
}

void Card::fire_cue(Nanoseconds at) {
    const uint32_t number = cues_.fire();
    const mpulab_cue& cue = cues_.sheet().cue(number);
    emit(MPULAB_KIND_CUE, at, 0, number, cue.trigger, cue.action);
    if (cue.action == MPULAB_ACTION_INJECT) {
        cable_.send(number, at);
    } else {
        faults_.put_in_force(number, cue, at);
        report_line(latch_corr(), at);
    }
}

uint8_t Card::read_with_care(uint32_t offset, Nanoseconds now) {
    uint8_t value = mpu401::kFloatingBus;
    if (offset >= mpu401::kPortCount) return value;
    happened(MPULAB_TRIGGER_READ, offset, now);
    if (!powered()) {
        emit_access(MPULAB_KIND_REG_READ, now, 0, offset, value, 0);
        emit(MPULAB_KIND_GUEST_ERROR, now, 0, MPULAB_GUEST_READ_UNPOWERED, offset, value);
    } else if (faults_.off_bus()) {
        faults_.miss_access(offset == mpu401::kDataPort ? out_.byte : status(), value, now);
        emit_access(MPULAB_KIND_REG_READ, now, 0, offset, value, rx_.level());
    } else if (offset == mpu401::kDataPort) {
        value = read_data(now);
    } else {
        value = read_status(faults_.seen_status(status(), now), now);
    }
    run_until(now); // what the cues have begun
    return value;
}

// true: the card has no power, or is off the bus.
bool Card::write_is_missed(uint32_t offset, uint8_t value, Nanoseconds now) {
    happened(MPULAB_TRIGGER_WRITE, offset, now);
    const bool missed = !powered() || faults_.off_bus();
    if (!powered()) {
        emit_access(MPULAB_KIND_REG_WRITE, now, 0, offset, value, 0);
        emit(MPULAB_KIND_GUEST_ERROR, now, 0, MPULAB_GUEST_WRITE_UNPOWERED, offset, value);
    } else if (missed) {
        faults_.miss_access(value, MPULAB_FAULT_NOTHING, now);
        emit_access(MPULAB_KIND_REG_WRITE, now, 0, offset, value, tx_.level());
    }
    run_until(now); // what the cues have begun
    return missed;
}

} // namespace mpulab
