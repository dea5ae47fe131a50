// SPDX-License-Identifier: MIT
#include "checks/time_rules.hpp"

#include "link/mpulab_codes.h"

#include <fmt/format.h>

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

constexpr size_t kMostAccesses = 4'096; // that a lock is looked up in
constexpr size_t kFloodLines = 100;     // V81, within
constexpr uint64_t kFloodNs = 10'000'000;

const Routine* routine_of(uint64_t callback) {
    for (const Routine& routine : kRoutines) {
        if (routine.callback == callback) return &routine;
    }
    return nullptr;
}

std::string us(uint64_t ns) {
    return fmt::format("{}.{} us", ns / 1'000, ns % 1'000 / 100);
}

} // namespace

void TimeRules::access(const mpulab_record& record) {
    const uint64_t cost = desk_.view().io_costs.of(record.unit);
    for (OpenCall& call : calls_[record.cpu]) {
        ++call.accesses;
        call.charged_ns += cost;
    }
    std::deque<Access>& last = accesses_[record.cpu];
    last.push_back({record.time_ns, cost});
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
    Spent spent{(record.time_ns - taken_ns) / turns_};
    const std::deque<Access>& last = accesses_[record.cpu];
    for (auto access = last.rbegin(); access != last.rend() && access->time_ns >= taken_ns; ++access) {
        ++spent.accesses;
        spent.charged_ns += access->charged_ns;
    }
    desk_.judged(9);
    if (spent.all_ns() <= kLongLockNs) return;
    const EventLog& log = desk_.view().log;
    tell(9, record, kLongLockNs, spent,
         fmt::format("the lock taken at {} and released at {} was held for", log.symbol(record.a),
                     log.symbol(record.c)));
}

void TimeRules::left(const OpenCall& call, const mpulab_record& leave) {
    const Routine* routine = routine_of(call.callback);
    if (routine == nullptr) return;
    desk_.judged(routine->rule);
    const Spent spent{(leave.time_ns - call.began) / turns_, call.accesses, call.charged_ns};
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
