// SPDX-License-Identifier: MIT
#include "checks/time_rules.hpp"

#include "link/mpulab_codes.h"

#include <fmt/format.h>

#include <algorithm>

namespace mpulab {
namespace {

// Windows' guidance.
constexpr uint64_t kLongLockNs = 100'000;
struct Routine {
    uint64_t callback;
    uint32_t rule;
    uint64_t limit_ns;
    const char* what;
};
constexpr Routine kRoutines[] = {
    {MPULAB_CALLBACK_InterruptRoutine, 11, 50'000, "the ISR"},
    {MPULAB_CALLBACK_DeferredRoutine, 11, 100'000, "the DPC"},
    {MPULAB_CALLBACK_SynchronizedRoutine, 46, 50'000, "the synchronized routine"},
};

constexpr size_t kMostAccesses = 4'096;      // that a lock is looked up in
constexpr size_t kMostInterruptions = 4'096; // as many
constexpr size_t kFloodLines = 100;          // V81, within
constexpr uint64_t kFloodNs = 10'000'000;

const Routine* routine_of(uint64_t callback) {
    for (const Routine& routine : kRoutines) {
        if (routine.callback == callback) return &routine;
    }
    return nullptr;
}

/// The calls that an event on their CPU belongs to: from the innermost one out to the interrupt routine that came in
/// between, itself included.
template <class Each> void for_innermost(std::vector<OpenCall>& calls, Each each) {
    for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
        each(*call);
        if (call->callback == MPULAB_CALLBACK_InterruptRoutine) return;
    }
}

std::string us(uint64_t ns) {
    return fmt::format("{}.{} us", ns / 1'000, ns % 1'000 / 100);
}

} // namespace

void TimeRules::access(const mpulab_record& record) {
    const uint64_t cost = desk_.view().io_costs.of(record.unit);
    std::optional<uint64_t> interrupt_began_ns;
    for_innermost(calls_[record.cpu], [&](OpenCall& call) {
        ++call.accesses;
        call.charged_ns += cost;
        if (call.callback == MPULAB_CALLBACK_InterruptRoutine) interrupt_began_ns = call.began;
    });
    std::deque<Access>& last = accesses_[record.cpu];
    last.push_back({record.time_ns, cost, interrupt_began_ns});
    if (last.size() > kMostAccesses) last.pop_front(); // so many are over any limit but one of io-cost 0
}

void TimeRules::tell(uint32_t rule, const mpulab_record& record, uint64_t limit_ns, const Spent& spent,
                     const std::string& who) {
    desk_.tell(
        rule, record,
        fmt::format("{} {}: {} of instructions, and {} register accesses charged with {}; {} us at most are meant", who,
                    us(spent.all_ns()), us(spent.time_ns), spent.accesses, us(spent.charged_ns), limit_ns / 1'000),
        fmt::format("{} ns", spent.all_ns()), fmt::format("{} ns", limit_ns));
}

void TimeRules::lock_held(const mpulab_record& record) {
    const uint64_t taken_ns = record.b;
    if (taken_ns > record.time_ns) return; // no guest of ours: its clock is another
    const std::deque<Interruption>& breaks = interruptions_[record.cpu];
    uint64_t interrupted_ns = 0;
    for (auto in = breaks.rbegin(); in != breaks.rend() && in->began_ns >= taken_ns; ++in)
        interrupted_ns += in->ended_ns - in->began_ns;
    const std::deque<Access>& accesses = accesses_[record.cpu];
    Spent spent;
    for (auto access = accesses.rbegin(); access != accesses.rend() && access->time_ns >= taken_ns; ++access) {
        if (access->interrupt_began_ns && *access->interrupt_began_ns >= taken_ns) continue;
        ++spent.accesses;
        spent.charged_ns += access->charged_ns;
    }
    spent.time_ns = own(record.time_ns - taken_ns, interrupted_ns);
    desk_.judged(9);
    if (spent.all_ns() <= kLongLockNs) return;
    const EventLog& log = desk_.view().log;
    tell(9, record, kLongLockNs, spent,
         fmt::format("the lock taken at {} and released at {} was held for", log.symbol(record.a),
                     log.symbol(record.c)));
}

uint64_t TimeRules::own(uint64_t passed_ns, uint64_t interrupted_ns) const {
    return (passed_ns - std::min(passed_ns, interrupted_ns)) / turns_; // a log of no guest of ours may say anything
}

void TimeRules::interrupted(const OpenCall& routine, const mpulab_record& leave) {
    const uint64_t took_ns = leave.time_ns - routine.began;
    for_innermost(calls_[leave.cpu], [&](OpenCall& call) { call.interrupted_ns += took_ns; });
    std::deque<Interruption>& breaks = interruptions_[leave.cpu];
    while (!breaks.empty() && breaks.back().began_ns >= routine.began)
        breaks.pop_back(); // within this one
    breaks.push_back({routine.began, leave.time_ns});
    if (breaks.size() > kMostInterruptions) breaks.pop_front();
}

void TimeRules::left(const OpenCall& call, const mpulab_record& leave) {
    if (call.callback == MPULAB_CALLBACK_InterruptRoutine) interrupted(call, leave);
    const Routine* routine = routine_of(call.callback);
    if (routine == nullptr) return;
    desk_.judged(routine->rule);
    const Spent spent{own(leave.time_ns - call.began, call.interrupted_ns), call.accesses, call.charged_ns};
    if (spent.all_ns() > routine->limit_ns)
        tell(routine->rule, leave, routine->limit_ns, spent,
             fmt::format("{} {} took", routine->what, desk_.view().log.symbol(call.offered)));
}

void TimeRules::text(const mpulab_record& record) {
    if (record.irql < 2 || record.cpu == MPULAB_NO_CPU) return;
    desk_.judged(81);
    if (record.flags & MPULAB_RECORD_MORE) return; // a line's last record counts
    lines_.push_back(record.time_ns);
    if (lines_.size() > kFloodLines) lines_.erase(lines_.begin());
    if (lines_.size() == kFloodLines && record.time_ns - lines_.front() < kFloodNs) {
        desk_.tell(81, record, fmt::format("{} lines printed at DISPATCH_LEVEL or above within 10 ms", kFloodLines),
                   fmt::format("{} lines", kFloodLines), "fewer");
        lines_.clear();
    }
}

} // namespace mpulab
