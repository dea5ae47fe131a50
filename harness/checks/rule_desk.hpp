// SPDX-License-Identifier: MIT
// Where the rules over the log write down what they looked at and what they found, and the calls that they share.
#pragma once

#include "checks/log_rules.hpp"

#include <map>

namespace mpulab {

/// The books of one walk, and the view they are of.
class RuleDesk {
  public:
    explicit RuleDesk(const RunView& view) : view_(view) {}

    void judged(uint32_t rule) {
        if (!view_.off[rule]) ++books_.looks[rule];
    }
    void tell(uint32_t rule, const mpulab_record& record, const std::string& text, std::string seen,
              std::string expected);
    /// " at driver.sys+0x1234": where in the driver a record of the card comes from; empty: it does not say.
    std::string at(const mpulab_record& record) const;

    const RunView& view() const { return view_; }
    RuleBooks take() { return std::move(books_); }

  private:
    const RunView& view_;
    RuleBooks books_;
};

/// A call into the driver that has not come back.
struct OpenCall {
    uint64_t callback = 0;
    uint8_t irql = 0;            // it was called at
    uint64_t began = 0;          // ns
    uint64_t offered = 0;        // CALL_ENTER b
    uint64_t stream = 0;         // its number, of those calls that say it
    uint64_t accesses = 0;       // to cards' registers, those of calls within this one included, of interrupts not
    uint64_t charged_ns = 0;     // for them
    uint64_t interrupted_ns = 0; // by interrupt routines that came in between
    // InterruptRoutine:
    bool had_cause = false; // the card's line stands, or has risen since the routine before
    uint64_t data_reads = 0;
    uint64_t own_accesses = 0;   // to the view's card
    uint64_t other_accesses = 0; // to others
};

/// By CPU, one within the other.
using OpenCalls = std::map<uint8_t, std::vector<OpenCall>>;

inline bool went_well(const mpulab_record& leave) {
    return static_cast<int32_t>(leave.b) >= 0;
}

} // namespace mpulab
