// SPDX-License-Identifier: MIT
// Interrupts: some were taken, none was spurious: taken by the kernel, claimed by no routine, and no fault of the
// card's. An edge stays latched when the driver reads the byte before the routine runs, as one may do under the
// interrupt's lock (reference portcls-midi §2.2: the ACK in CallSynchronizedRoutine) or in the routine's own loop: that
// one is excused.
#include "checks/interrupts.hpp"

#include "checks/check.hpp"
#include "core/include/mpu401/register_map.h"

#include <deque>
#include <fmt/format.h>
#include <map>
#include <set>
#include <vector>

namespace mpulab {
namespace {

bool is_routine(const mpulab_record& record, uint16_t kind) {
    return record.kind == kind && record.a == MPULAB_CALLBACK_InterruptRoutine;
}

bool is_access(const mpulab_record& record) {
    return record.kind == MPULAB_KIND_REG_READ || record.kind == MPULAB_KIND_REG_WRITE;
}

/// Calls of the driver's InterruptRoutine that have not returned, by processor: a higher interrupt's is inside another.
class OpenCalls {
  public:
    struct Call {
        uint64_t begun_ns = 0;
        uint64_t vector = 0;
        uint64_t bytes = 0; // reads of DATA so far
        uint64_t accesses = 0;
    };

    void enter(const mpulab_record& record) { calls_[record.cpu].push_back({record.time_ns, record.c}); }
    /// nullptr: none is open there.
    Call* innermost(uint8_t cpu) {
        std::vector<Call>& open = calls_[cpu];
        return open.empty() ? nullptr : &open.back();
    }
    void leave(uint8_t cpu) { calls_[cpu].pop_back(); }

  private:
    std::map<uint8_t, std::vector<Call>> calls_;
};

/// Which cards' registers the routines of each vector touch.
class VectorOwners {
  public:
    explicit VectorOwners(const EventLog& log) {
        OpenCalls open;
        for (const mpulab_record& record : log.records()) {
            if (is_routine(record, MPULAB_KIND_CALL_ENTER)) open.enter(record);
            const bool leaves = is_routine(record, MPULAB_KIND_CALL_LEAVE);
            if (!leaves && !is_access(record)) continue;
            OpenCalls::Call* call = open.innermost(record.cpu);
            if (call == nullptr) continue;
            if (leaves) {
                open.leave(record.cpu);
            } else {
                units_[call->vector].insert(record.unit);
            }
        }
    }
    bool may_be_of(uint64_t vector, uint32_t unit) const {
        const auto found = units_.find(vector);
        return found == units_.end() || found->second.contains(unit);
    }

  private:
    std::map<uint64_t, std::set<uint32_t>> units_;
};

/// One pass over a log.
class Counter {
  public:
    Counter(const EventLog& log, uint32_t unit, uint64_t io_cost_ns)
        : owners_(log), unit_(unit), io_cost_ns_(io_cost_ns) {}

    void record(const mpulab_record& record) {
        switch (record.kind) {
        case MPULAB_KIND_INTERRUPT:
            if (owners_.may_be_of(record.a, unit_)) interrupt(record);
            break;
        case MPULAB_KIND_IRQ:
            if (record.unit == unit_) line(record);
            break;
        case MPULAB_KIND_REG_READ:
        case MPULAB_KIND_REG_WRITE:
            access(record);
            break;
        case MPULAB_KIND_CALL_ENTER:
            if (is_routine(record, MPULAB_KIND_CALL_ENTER)) enter(record);
            break;
        case MPULAB_KIND_CALL_LEAVE:
            if (is_routine(record, MPULAB_KIND_CALL_LEAVE)) leave(record);
            break;
        default:
            break;
        }
    }

    void ended(const mpulab_record& last) { met(last); }

    InterruptStatistics numbers;

  private:
    void interrupt(const mpulab_record& record) {
        if (record.b != 0) {
            ++numbers.taken;
            return;
        }
        if (excused_) {
            ++numbers.polled;
        } else if (++numbers.spurious == 1) {
            numbers.first_spurious = record.seq;
        }
        excused_ = false; // one rise excuses one interrupt
    }

    void line(const mpulab_record& record) {
        if (record.a == 0) {
            excused_ = excused_ || risen_.has_value();
            met(record); // somebody took the byte by polling: no routine answers this rise
            return;
        }
        ++numbers.rises;
        if (!risen_) risen_ = record.time_ns;
    }

    void met(const mpulab_record& record) {
        if (risen_ && record.time_ns - *risen_ > numbers.unserviced_ns) {
            numbers.unserviced_ns = record.time_ns - *risen_;
            numbers.unserviced_at = record.seq;
        }
        risen_.reset();
    }

    void access(const mpulab_record& record) {
        OpenCalls::Call* call = open_.innermost(record.cpu);
        if (call == nullptr) return;
        ++call->accesses;
        if (record.kind == MPULAB_KIND_REG_READ && record.unit == unit_ && record.a == mpu401::kDataPort) ++call->bytes;
    }

    void enter(const mpulab_record& record) {
        open_.enter(record);
        if (!risen_ || !owners_.may_be_of(record.c, unit_)) return;
        const uint64_t latency = record.time_ns - *risen_;
        met(record);
        if (numbers.latency_ns.count() == 0 || latency > numbers.latency_ns.max()) numbers.slowest = record.seq;
        numbers.latency_ns.add(latency);
    }

    void leave(const mpulab_record& record) {
        const OpenCalls::Call* call = open_.innermost(record.cpu);
        if (call == nullptr) return;
        if (owners_.may_be_of(call->vector, unit_)) {
            const uint64_t duration = record.time_ns - call->begun_ns;
            if (numbers.duration_ns.count() == 0 || duration > numbers.duration_ns.max()) numbers.longest = record.seq;
            numbers.duration_ns.add(duration);
            numbers.accesses.add(call->accesses);
            numbers.charged_ns.add(duration + call->accesses * io_cost_ns_);
            if (record.b == 0) numbers.bytes.add(call->bytes); // STATUS_SUCCESS: it was its interrupt
        }
        open_.leave(record.cpu);
    }

    VectorOwners owners_;
    uint32_t unit_;
    uint64_t io_cost_ns_;
    OpenCalls open_;
    std::optional<uint64_t> risen_; // time of the first rise that no routine has answered yet
    bool excused_ = false;          // a byte was read between its rise and the routine
};

} // namespace

void InterruptStatistics::add(const InterruptStatistics& other) {
    taken += other.taken;
    polled += other.polled;
    spurious += other.spurious;
    rises += other.rises;
    latency_ns.add(other.latency_ns);
    duration_ns.add(other.duration_ns);
    accesses.add(other.accesses);
    charged_ns.add(other.charged_ns);
    bytes.add(other.bytes);
    unserviced_ns = std::max(unserviced_ns, other.unserviced_ns);
}

InterruptStatistics interrupt_statistics(const EventLog& log, uint32_t unit, uint64_t io_cost_ns) {
    Counter counter(log, unit, io_cost_ns);
    for (const mpulab_record& record : log.records())
        counter.record(record);
    if (!log.records().empty()) counter.ended(log.records().back());
    return counter.numbers;
}

uint64_t densest_interrupts(const EventLog& log, uint32_t unit, uint64_t within_ns, uint64_t& last) {
    const VectorOwners owners(log);
    std::deque<uint64_t> window; // times
    uint64_t most = 0;
    for (const mpulab_record& record : log.records()) {
        if (record.kind != MPULAB_KIND_INTERRUPT || !owners.may_be_of(record.a, unit)) continue;
        window.push_back(record.time_ns);
        while (record.time_ns - window.front() > within_ns)
            window.pop_front();
        if (window.size() <= most) continue;
        most = window.size();
        last = record.seq;
    }
    return most;
}

CheckResult check_interrupts(const RunView& view) {
    constexpr const char* kName = "interrupts";
    const InterruptStatistics numbers = interrupt_statistics(view.log, view.unit);
    if (numbers.spurious != 0) {
        return failed(view.log, kName, numbers.taken + numbers.polled + numbers.spurious,
                      fmt::format("{} spurious interrupts beside {} taken", numbers.spurious, numbers.taken),
                      "every interrupt claimed by an ISR", "one that none claimed, though no byte was read before it",
                      numbers.first_spurious);
    }
    if (numbers.taken == 0) return nothing_seen(kName, "no interrupt was taken");
    const std::string polled =
        numbers.polled == 0 ? "" : fmt::format("{} for bytes read before it came, ", numbers.polled);
    return passed(kName, numbers.taken, fmt::format("{} taken, {}0 spurious", numbers.taken, polled));
}

} // namespace mpulab
