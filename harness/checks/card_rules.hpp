// SPDX-License-Identifier: MIT
// The card's side of the rules over the log: interrupts, readiness, power (V12 to V14, V34 to V37).
#pragma once

#include "checks/rule_desk.hpp"

#include <optional>

namespace mpulab {

/// Register offsets and STATUS bits of every card here.
inline constexpr uint64_t kDataOffset = 0, kStatusOffset = 1;
inline constexpr uint64_t kNotReady = 0x40; // DRR
inline constexpr uint64_t kEmpty = 0x80;    // DSR

/// What the log has shown of the card so far.
struct CardState {
    bool seen = false; // a device without hardware has interrupts of its own making
    bool line = false;
    bool asks = false;  // the line stands, and not by a cue's doing
    bool risen = false; // since the interrupt routine before
    bool uart = false;
    bool faulty = false;      // a cue has spoilt something: from then on rules about readiness say nothing
    bool after_power = false; // D0 again, and not yet in UART mode
    bool removed = false;
    bool pulled_out = false;        // the card is gone, and nobody has told the driver yet
    bool streamed = false;          // NewStream was called
    std::optional<uint64_t> status; // as the driver read it last
};

class CardRules {
  public:
    /// `alone`: the view's card is the only one.
    CardRules(RuleDesk& desk, OpenCalls& calls, bool alone) : desk_(desk), calls_(calls), alone_(alone) {}

    const CardState& state() const { return state_; }

    /// A record of the view's card.
    void card(const mpulab_record& record);
    /// A step of the score begins, or is done; steps may overlap.
    void step_begun(const mpulab_record& record);
    void step_ended(const mpulab_record& record);
    void irp_done(const mpulab_record& record);
    void entered(OpenCall& call);
    void interrupt_routine(const OpenCall& call, const mpulab_record& leave);

  private:
    void line(const mpulab_record& record, bool by_fault);
    void access(const mpulab_record& record);
    void guest_error(const mpulab_record& record);

    RuleDesk& desk_;
    OpenCalls& calls_;
    bool alone_;
    bool after_fault_ = false;
    uint64_t pulled_out_by_ = 0; // correlation id of the step that pulls the card out
    CardState state_;
};

} // namespace mpulab
