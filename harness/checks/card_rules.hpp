// SPDX-License-Identifier: MIT
// The card's side of the rules over the log: interrupts, readiness, power (V12 to V14, V34 to V37).
#pragma once

#include "checks/rule_desk.hpp"

#include <optional>

namespace mpulab {

/// Register offsets and STATUS bits of every card here.
inline constexpr uint64_t kDataOffset = 0, kStatusOffset = 1;
inline constexpr uint64_t kEmpty = 0x80; // DSR
inline constexpr uint64_t kD3 = 3;
/// `a` of IRP_DONE: IRP_MJ_PNP << 8 | IRP_MN_REMOVE_DEVICE or IRP_MN_SURPRISE_REMOVAL.
inline constexpr uint64_t kRemoveDevice = 0x1b02, kSurpriseRemoval = 0x1b17;

/// What the log has shown of the card so far.
struct CardState {
    bool seen = false; // a device without hardware has interrupts of its own making
    bool line = false;
    bool asks = false;  // the line stands, and not by a cue's doing
    bool risen = false; // since the interrupt routine before
    bool uart = false;
    bool line_faulty = false; // a cue has played with the line: from then on it says nothing of the ISR
    bool faulty = false;      // or with what the driver is told of readiness: from then on rules about it say nothing
    uint64_t tx_level = 0;    // bytes that have not begun to leave
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
    void fault(const mpulab_record& record);
    void data_written(const mpulab_record& write);
    void access(const mpulab_record& record);
    void guest_error(const mpulab_record& record);
    bool is_port_class(const mpulab_record& record) const;

    RuleDesk& desk_;
    OpenCalls& calls_;
    bool alone_;
    bool after_fault_ = false;
    bool back_from_d3_ = false;  // and nothing was written to DATA yet
    bool told_of_pull_ = false;  // IRP_MN_SURPRISE_REMOVAL is done
    uint64_t pulled_out_by_ = 0; // correlation id of the step that pulls the card out
    CardState state_;
};

} // namespace mpulab
