// SPDX-License-Identifier: MIT
// The faults that cues have put in force, and what they do to the card's line, STATUS, ACKs and bytes. The card asks at
// fixed points (each named in card_*.cpp) and does what the answer says; every answer that is not the plain one makes
// a FAULT record first, so that a planted fault can always be told from a real one.
//
// One fault of each action is in force at a time: a cue that fires meanwhile takes the place of the one before, except
// that interrupts added by ADD_IRQ add up. No fault in force costs the card one test of a word that is 0.
#pragma once

#include "../../common/bytes.hpp"
#include "cue_sheet.hpp"
#include "mpulab_codes.h"
#include "mpulab_core.h"

#include <array>

namespace mpulab {

class FaultBox {
  public:
    explicit FaultBox(const mpulab_core_host& host) : host_(host) {}

    // fault_box.cpp
    void clear(); // no fault, the card's own line low; the power as it was
    // Without power the line is low, whatever is in force. What a pulse has begun meanwhile is over when it is back.
    void set_power(bool on);
    void put_in_force(uint32_t cue, const mpulab_cue& data, Nanoseconds at);
    // Bit n: action n is in force.
    uint32_t in_force() const { return in_force_; }
    // When next something begins or ends by itself.
    Nanoseconds next() const { return next_at_; }
    // Lets the first such thing happen. true: it was an edge that belongs to no byte. Only when next() has come.
    bool pass(Nanoseconds at);

    // fault_line.cpp: the interrupt line
    // The line's level: a function of what the card itself asserts and of the faults in force, and of nothing else.
    bool line() const;
    bool asserted() const { return asserted_; }
    // The card's own level has changed; `corr` is that of the byte it belongs to.
    void card_asserts(bool level, uint64_t corr, Nanoseconds at);

    // fault_bytes.cpp: accesses, ACKs, bytes
    bool off_bus() const { return holds(MPULAB_ACTION_FLOAT_BUS); }
    // An access that the card never saw: the value it would have given, or taken, and what became of it.
    void miss_access(uint64_t before, uint64_t after, Nanoseconds at);
    // The value STATUS reads as, when the card's own is `status`.
    uint8_t seen_status(uint8_t status, Nanoseconds at);
    // STATUS has told the guest that it may: what follows is no mistake of the guest.
    bool promises_a_byte() const { return promises(MPULAB_ACTION_HOLD_DSR); }
    bool promises_room() const { return promises(MPULAB_ACTION_HOLD_DRR); }
    // An ACK is due now: now, or the later moment it comes at instead.
    Nanoseconds ack_time(Nanoseconds at);
    // The ways of a byte. It may come back changed; false: it is lost.
    bool let_ack_pass(uint8_t& byte, Nanoseconds at);
    bool let_out_pass(uint8_t& byte, uint64_t corr, Nanoseconds at);
    bool let_in_pass(uint8_t& byte, Nanoseconds at);
    bool let_host_pass(uint8_t& byte, uint64_t corr, Nanoseconds at);

    // fault_state.cpp
    void save(ByteWriter& out) const;
    // `fired`: how often each cue has; `asserted`: the card's own level. false: `error` says what is impossible; the
    // box must be dropped.
    bool load(ByteReader& in, const CueSheet& sheet, const std::vector<uint32_t>& fired, bool asserted,
              ErrorText& error);

  private:
    struct Fault {
        uint32_t cue = 0;        // that put it in force
        Nanoseconds time = 0;    // of that cue
        uint8_t value = 0;       // of that cue
        uint32_t left = 0;       // of the counted ones: how often it acts yet
        Nanoseconds at = kNever; // when it ends, or when its next pulse is due
    };

    static constexpr uint32_t bit(uint32_t action) { return 1u << action; }
    bool holds(uint32_t action) const { return (in_force_ & bit(action)) != 0; }
    bool promises(uint32_t action) const { return holds(action) && faults_[action].value == 0; }
    void report(uint32_t action, mpulab_fault_moment moment, uint64_t corr, uint64_t before, uint64_t after,
                Nanoseconds at) const;
    // Uses a counted fault up by one; false: it is not in force.
    bool use(uint32_t action);
    bool lose(uint32_t action, uint8_t byte, uint64_t corr, Nanoseconds at);
    void corrupt(uint32_t action, uint8_t& byte, uint64_t corr, Nanoseconds at);
    static bool is_held(uint32_t action); // from a moment to another
    void end(uint32_t action, Nanoseconds at);
    void find_next();
    // fault_line.cpp
    void report_silence(uint64_t corr, Nanoseconds at) const;
    bool pass_line(Nanoseconds at);
    bool begin_pulse(uint32_t action, Nanoseconds at);
    Nanoseconds next_on_line() const;
    Nanoseconds pulse_due(uint32_t action) const;
    // fault_state.cpp
    bool load_fault(ByteReader& in, const CueSheet& sheet, const std::vector<uint32_t>& fired, uint32_t action,
                    ErrorText& error);

    mpulab_core_host host_;
    uint32_t in_force_ = 0;
    std::array<Fault, kCueNumberLimit> faults_;
    Nanoseconds next_at_ = kNever;
    bool ack_was_delayed_ = false; // the one that is pending: it is not delayed twice

    bool powered_ = true;           // not saved: the card says
    bool asserted_ = false;         // what the card itself asserts
    Nanoseconds masked_until_ = 0;  // 0: not; that assertion does not reach the line before this, kNever: at all
    Nanoseconds pulse_ends_at_ = 0; // 0: none; the line is turned over until then, which adds one rising edge
    Nanoseconds pulse_free_at_ = 0; // the next pulse begins no sooner
};

} // namespace mpulab
