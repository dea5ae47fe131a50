// SPDX-License-Identifier: MIT
// Save and load of the faults in force. What a cue says is taken from the sheet again; only what has become of it since
// stands in a state.
#include "fault_box.hpp"

#include <algorithm>

namespace mpulab {

void FaultBox::save(ByteWriter& out) const {
    out.put(in_force_);
    for (uint32_t action = 0; action < kCueNumberLimit; ++action) {
        if (!holds(action)) continue;
        out.put(faults_[action].cue);
        out.put(faults_[action].left);
        out.put_time(faults_[action].at);
    }
    out.put_bool(ack_was_delayed_);
    out.put_time(masked_until_);
    out.put_time(pulse_ends_at_);
    out.put_time(pulse_free_at_);
}

bool FaultBox::load(ByteReader& in, const CueSheet& sheet, const std::vector<uint32_t>& fired, bool asserted,
                    ErrorText& error) {
    in_force_ = in.get<uint32_t>();
    for (uint32_t action = 0; action < kCueNumberLimit; ++action) {
        if (holds(action) && !load_fault(in, sheet, fired, action, error)) return false;
    }
    asserted_ = asserted;
    ack_was_delayed_ = in.get_bool();
    masked_until_ = in.get_time();
    pulse_ends_at_ = in.get_time();
    pulse_free_at_ = in.get_time();
    if (!in.ok()) return error.say("state: ends, or holds an impossible value, before byte %zu", in.position());
    if (masked_until_ != 0 && !asserted) return error.say("state: an interrupt is masked, but none is asserted");
    if (pulse_free_at_ < pulse_ends_at_) return error.say("state: a pulse may begin before the last one has ended");
    find_next();
    return true;
}

bool FaultBox::load_fault(ByteReader& in, const CueSheet& sheet, const std::vector<uint32_t>& fired, uint32_t action,
                          ErrorText& error) {
    const CueAction* known = find_action(action);
    if (known == nullptr || action == MPULAB_ACTION_INJECT) {
        return error.say("state: action %u is in force, which is no fault", action);
    }
    Fault& fault = faults_[action];
    fault.cue = in.get<uint32_t>();
    fault.left = in.get<uint32_t>();
    fault.at = in.get_time();
    if (!in.ok() || fault.cue >= sheet.count() || sheet.cue(fault.cue).action != action || fired[fault.cue] == 0) {
        return error.say("state: %s is in force by cue %u, which has done no such thing", known->name, fault.cue);
    }
    const mpulab_cue& cue = sheet.cue(fault.cue);
    fault.time = static_cast<Nanoseconds>(cue.time_ns);
    fault.value = static_cast<uint8_t>(cue.value);

    uint64_t most_left = cue.count;
    if (action == MPULAB_ACTION_ADD_IRQ) { // they add up
        for (uint32_t number = 0; number < sheet.count(); ++number)
            most_left += sheet.cue(number).action == action ? fired[number] : 0;
    }
    const bool second_is_due = action == MPULAB_ACTION_DUPLICATE_IRQ && fault.at != kNever;
    const uint32_t least_left = is_held(action) || second_is_due ? 0 : 1;
    if (fault.left < least_left || fault.left > most_left) {
        return error.say("state: %s by cue %u will act %u times yet; %u to %llu expected", known->name, fault.cue,
                         fault.left, least_left, static_cast<unsigned long long>(most_left));
    }
    const bool pulses = action == MPULAB_ACTION_ADD_IRQ || action == MPULAB_ACTION_IRQ_STORM || second_is_due;
    const bool has_time = pulses || (is_held(action) && fault.time != 0);
    if (has_time == (fault.at == kNever)) {
        return error.say("state: %s by cue %u %s", known->name, fault.cue,
                         has_time ? "has no next moment" : "has a next moment, and needs none");
    }
    return true;
}

} // namespace mpulab
