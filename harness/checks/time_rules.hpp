// SPDX-License-Identifier: MIT
// The rules about time spent at high IRQL (V09, V11, V46), and about lines printed there (V81). Under icount a port
// access costs no more than a nop, so each is charged its card's io-cost on top of the instructions' time. What an
// interrupt that comes in between takes is the interrupt's: a driver cannot keep it away.
#pragma once

#include "checks/rule_desk.hpp"
#include "machine/spec.hpp"

#include <deque>
#include <optional>

namespace mpulab {

class TimeRules {
  public:
    /// `several_cpus`: they take turns, and the virtual clock goes on in those of the others.
    TimeRules(RuleDesk& desk, OpenCalls& calls, bool several_cpus)
        : desk_(desk), calls_(calls), turns_(several_cpus ? kMostTurns : 1) {}

    /// REG_READ or REG_WRITE, of any card.
    void access(const mpulab_record& record);
    /// LOCK_HELD. The guest makes it right when the lock is released.
    void lock_held(const mpulab_record& record);
    void left(const OpenCall& call, const mpulab_record& leave);
    /// TEXT.
    void text(const mpulab_record& record);

  private:
    /// The longest turn is ten of the shortest (machine/spec.hpp): of the time that passes an eleventh at least is a
    /// CPU's own.
    static constexpr uint64_t kMostTurns = kSliceRange + 1;

    struct Access {
        uint64_t time_ns;
        uint64_t charged_ns;
        std::optional<uint64_t> interrupt_began_ns; // of the innermost interrupt routine that it is made in
    };

    struct Interruption {
        uint64_t began_ns = 0;
        uint64_t ended_ns = 0;
    };

    struct Spent {
        uint64_t time_ns = 0; // of its CPU's instructions, at least
        uint64_t accesses = 0;
        uint64_t charged_ns = 0; // for them
        uint64_t all_ns() const { return time_ns + charged_ns; }
    };

    /// Of a CPU's own instructions, at least.
    uint64_t own(uint64_t passed_ns, uint64_t interrupted_ns) const;
    void interrupted(const OpenCall& routine, const mpulab_record& leave);
    void tell(uint32_t rule, const mpulab_record& record, uint64_t limit_ns, const Spent& spent,
              const std::string& who);

    RuleDesk& desk_;
    OpenCalls& calls_;
    uint64_t turns_;
    std::map<uint8_t, std::deque<Access>> accesses_;            // by CPU: the last ones
    std::map<uint8_t, std::deque<Interruption>> interruptions_; // by CPU: the last ones, none within another
    std::vector<uint64_t> lines_;                               // times of the last ones
};

} // namespace mpulab
