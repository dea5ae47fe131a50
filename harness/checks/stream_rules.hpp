// SPDX-License-Identifier: MIT
// The streams' side of the rules over the log: what Write took, and what became of it (V25, V77, V78).
#pragma once

#include "checks/card_rules.hpp"

#include <set>

namespace mpulab {

class StreamRules {
  public:
    /// `card`: the state after the record that is being looked at.
    StreamRules(RuleDesk& desk, const CardState& card) : desk_(desk), card_(card) {}

    /// A record of the view's card.
    void card(const mpulab_record& record);
    /// STREAM_RANGE of a Write.
    void accepted(const mpulab_record& record);
    void irp_done(const mpulab_record& record);
    void entered(const OpenCall& call, const mpulab_record& enter);
    void left(const OpenCall& call, const mpulab_record& leave);

  private:
    void ended(uint64_t stream);
    void data_written(const mpulab_record& record);
    void write(const OpenCall& call, const mpulab_record& leave);
    void state(const OpenCall& call, const mpulab_record& leave);
    void forgive() { accepted_ = written_; }
    void check_stuck(const mpulab_record& record, uint64_t stream);

    RuleDesk& desk_;
    const CardState& card_;
    bool rendered_ = false;
    uint64_t accepted_ = 0, written_ = 0, last_write_ = 0, last_accept_ = 0, idle_writes_ = 0;
    std::set<uint64_t> rendering_;               // streams whose bytes were taken and that are not stopped
    std::map<uint64_t, uint64_t> running_since_; // by stream
    std::multiset<uint64_t> in_write_;           // streams whose Write has not come back
    std::set<uint64_t> leaving_;                 // streams that are being told to leave RUN
};

} // namespace mpulab
