// SPDX-License-Identifier: MIT
// One walk over the log that keeps what the rules need to know of card and driver at each record. A rule says nothing
// where a fault of the card's (a cue) may be the cause: a false alarm is worse than a breach missed.
#include "checks/log_rules.hpp"

#include "events/format.hpp"
#include "events/names.hpp"
#include "link/mpulab_codes.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <numeric>
#include <set>

namespace mpulab {
namespace {

constexpr uint64_t kData = 0; // register offsets of every card here
constexpr uint64_t kStatus = 1;
constexpr uint64_t kNotReady = 0x40; // DRR of STATUS
constexpr uint64_t kEmpty = 0x80;    // DSR

constexpr uint64_t kLongIsrNs = 50'000, kLongDpcNs = 100'000; // Windows' guidance
constexpr uint64_t kTolerance = 10;          // the bench's own records and nested interrupts are in the times
constexpr uint64_t kIdleWrites = 100;        // V25
constexpr uint64_t kStuckNs = 1'000'000'000; // V77
constexpr size_t kFloodLines = 100;          // V81, within
constexpr uint64_t kFloodNs = 10'000'000;
constexpr uint64_t kRemoveDevice = 0x1b02; // IRP_MJ_PNP << 8 | IRP_MN_REMOVE_DEVICE
constexpr uint64_t kD3 = 3;
constexpr uint64_t kStop = 0, kRun = 3; // KSSTATE

// With several cards a call's card is not known: the rules that tie one to the other say nothing then.
constexpr uint32_t kOfCallsAndCard[] = {12, 13, 14, 25, 77, 78};
constexpr uint32_t kOfCardAlone[] = {34, 35, 36, 37}; // judged for each card

constexpr size_t kMostCalls = 64; // one within the other, of a CPU

bool went_well(const mpulab_record& leave) {
    return static_cast<int32_t>(leave.b) >= 0;
}

/// A call into the driver that has not come back.
struct Call {
    uint64_t callback = 0;
    uint64_t began = 0;
    uint64_t offered = 0; // CALL_ENTER b
    uint64_t stream = 0;  // its number, of those calls that say it
    // InterruptRoutine:
    bool had_cause = false; // the card's line stands, or has risen since the routine before
    uint64_t data_reads = 0;
    uint64_t accesses = 0;
};

class Walk {
  public:
    /// `alone`: the card of view.unit is the only one.
    Walk(const RunView& view, bool alone) : view_(view), alone_(alone) {}

    RuleBooks run() {
        for (const mpulab_record& record : view_.log.records())
            see(record);
        return std::move(books_);
    }

  private:
    void judged(uint32_t rule) {
        if (!view_.off[rule]) ++books_.looks[rule];
    }

    void tell(uint32_t rule, const mpulab_record& record, std::string text, std::string seen, std::string expected) {
        if (view_.off[rule]) return;
        books_.found({rule, record.seq, fmt::format("V{:02}: {}", rule, text), std::move(seen), std::move(expected)});
    }

    /// Where in the driver.
    std::string at(const mpulab_record& record) const {
        return record.pc != 0 ? " at " + view_.log.symbol(record.pc) : "";
    }

    void see(const mpulab_record& record) {
        switch (record.kind) {
        case MPULAB_KIND_CALL_ENTER:
            enter(record);
            break;
        case MPULAB_KIND_CALL_LEAVE:
            leave(record);
            break;
        case MPULAB_KIND_TEXT:
            text(record);
            break;
        case MPULAB_KIND_STREAM_RANGE:
            if (record.c == 0) accepted(record);
            break;
        case MPULAB_KIND_IRP_DONE:
            if (record.a == kRemoveDevice && alone_) removed_ = true; // of which card it is, the record does not say
            break;
        default:
            if (record.unit == view_.unit) card(record);
        }
    }

    // The card.

    void card(const mpulab_record& record) {
        card_seen_ = true;
        const bool by_fault = after_fault_; // the record right behind a FAULT shows its effect
        after_fault_ = record.kind == MPULAB_KIND_FAULT;
        switch (record.kind) {
        case MPULAB_KIND_IRQ:
            line_ = record.a != 0;
            asks_ = line_ && !by_fault; // a pulse that a cue adds asks for nothing
            if (asks_) {
                risen_ = true;
                for (auto& [cpu, calls] : calls_)
                    for (Call& call : calls)
                        call.had_cause = true;
            }
            break;
        case MPULAB_KIND_REG_READ:
        case MPULAB_KIND_REG_WRITE:
            access(record);
            break;
        case MPULAB_KIND_MODE:
            uart_ = record.a == MPULAB_MODE_UART;
            if (uart_) after_power_ = false;
            break;
        case MPULAB_KIND_POWER:
            if (record.a == kD3) judged(34);
            if (record.b == kD3) after_power_ = true; // the card is as after power-on; D1 and D2 leave it as it is
            uart_ = uart_ && record.b != kD3;
            break;
        case MPULAB_KIND_FAULT:
            faulty_ = true;
            break;
        case MPULAB_KIND_GUEST_ERROR:
            guest_error(record);
            break;
        case MPULAB_KIND_WIRE_OUT:
            idle_writes_ = 0;
            break;
        default:
            break;
        }
    }

    void access(const mpulab_record& record) {
        if (std::vector<Call>& calls = calls_[record.cpu]; !calls.empty()) {
            ++calls.back().accesses;
            if (record.kind == MPULAB_KIND_REG_READ && record.a == kData) ++calls.back().data_reads;
        }
        if (removed_) {
            tell(34, record, fmt::format("the card is touched after REMOVE_DEVICE{}", at(record)), "a register access",
                 "none");
        }
        if (record.kind == MPULAB_KIND_REG_READ) {
            if (record.a == kStatus) status_ = record.b;
            if (record.a == kData) {
                if (streamed_ && !after_power_) judged(36);
                if (status_) *status_ |= kEmpty; // it says nothing about the next byte
            }
            return;
        }
        judged(35);
        if (record.a != kData) return;
        idle_writes_ = 0;
        if (after_power_) {
            judged(37);
            tell(37, record, fmt::format("a byte is written after D3 while the card is not in UART mode{}", at(record)),
                 "intelligent mode", "UART mode");
        }
        if (uart_) {
            ++written_;
            last_write_ = record.time_ns;
            if (rendered_) judged(78);
            if (rendered_ && rendering_.empty()) {
                tell(78, record,
                     fmt::format("a byte is written after the last render stream has stopped{}", at(record)),
                     fmt::format("0x{:02x}", record.b), "silence");
            }
        }
    }

    void guest_error(const mpulab_record& record) {
        switch (record.a) {
        case MPULAB_GUEST_READ_EMPTY:
            // Handshakes read at their own risk; so does a driver that was shown a byte which a fault then took.
            if (streamed_ && !after_power_ && !faulty_ && (!status_ || (*status_ & kEmpty) != 0))
                tell(36, record,
                     fmt::format("DATA is read though STATUS did not say that there is a byte{}", at(record)),
                     "DSR = 1", "DSR = 0");
            break;
        case MPULAB_GUEST_WRITE_NOT_READY:
            if (!faulty_)
                tell(35, record,
                     fmt::format("{} is written while the card is not ready{}", record.b == kData ? "DATA" : "COMMAND",
                                 at(record)),
                     "DRR = 1", "DRR = 0");
            break;
        case MPULAB_GUEST_READ_UNPOWERED:
        case MPULAB_GUEST_WRITE_UNPOWERED:
            tell(34, record, fmt::format("the card is touched in D3{}", at(record)), "a register access", "none");
            break;
        default:
            break;
        }
    }

    // The driver's calls.

    void enter(const mpulab_record& record) {
        Call call;
        call.callback = record.a;
        call.began = record.time_ns;
        call.offered = record.b;
        call.stream = record.a == MPULAB_CALLBACK_StreamRelease ? record.b : record.c;
        call.had_cause = asks_ || risen_;
        std::vector<Call>& calls = calls_[record.cpu];
        if (calls.size() == kMostCalls) calls.erase(calls.begin()); // a log of a driver that never comes back
        calls.push_back(call);
        if (record.a == MPULAB_CALLBACK_AddDevice || record.a == MPULAB_CALLBACK_StartDevice) removed_ = false;
        if (record.a == MPULAB_CALLBACK_NewStream) streamed_ = true;
        if (record.a == MPULAB_CALLBACK_SetState && record.b < kRun) check_stuck(record, call.stream);
    }

    void leave(const mpulab_record& record) {
        std::vector<Call>& calls = calls_[record.cpu];
        // A call that waits leaves its CPU to others: it is not always the last one that comes back.
        const auto found =
            std::find_if(calls.rbegin(), calls.rend(), [&](const Call& call) { return call.callback == record.a; });
        if (found == calls.rend()) return;
        const Call call = *found;
        calls.erase(std::next(found).base());
        if (record.a == MPULAB_CALLBACK_InterruptRoutine) interrupt_routine(call, record);
        if (record.a == MPULAB_CALLBACK_DeferredRoutine) too_long(11, call, record, kLongDpcNs, "a DPC");
        if (record.a == MPULAB_CALLBACK_SynchronizedRoutine)
            too_long(46, call, record, kLongIsrNs, "a synchronized routine");
        if (record.a == MPULAB_CALLBACK_Write) write(call, record);
        if (record.a == MPULAB_CALLBACK_SetState) state(call, record);
        if (record.a == MPULAB_CALLBACK_StreamRelease) rendering_.erase(call.stream);
    }

    void too_long(uint32_t rule, const Call& call, const mpulab_record& record, uint64_t limit, const char* what) {
        judged(rule);
        const uint64_t time = record.time_ns - call.began;
        if (time > limit * kTolerance) {
            tell(rule, record,
                 fmt::format("{} took {} us; it is meant for {} us at most", what, time / 1000, limit / 1000),
                 fmt::format("{} ns", time), fmt::format("{} ns", limit));
        }
    }

    void interrupt_routine(const Call& call, const mpulab_record& record) {
        too_long(11, call, record, kLongIsrNs, "an ISR");
        const bool claims = static_cast<uint32_t>(record.b) == 0;
        if (!claims) judged(14);
        if (claims && card_seen_) judged(12);
        if (claims) judged(13);
        if (claims && card_seen_ && !call.had_cause && call.data_reads == 0) {
            tell(12, record, "an ISR claims an interrupt that its card had not asked for, and read nothing", "claimed",
                 "denied");
        }
        if (claims && line_ && call.accesses == 0 && !faulty_) {
            tell(13, record, "an ISR claims the interrupt and never touches the card, whose line still stands",
                 "line high", "line low");
        }
        if (!claims && call.data_reads != 0) {
            tell(14, record, fmt::format("an ISR read {} bytes and denies the interrupt", call.data_reads), "denied",
                 "claimed");
        }
        risen_ = false;
    }

    // Streams.

    void write(const Call& call, const mpulab_record& record) {
        if (went_well(record) && record.c != 0) {
            rendered_ = true;
            rendering_.insert(call.stream);
        }
        judged(25);
        const bool busy = !status_ || (*status_ & kNotReady) != 0 || faulty_;
        if (!went_well(record) || record.c != 0 || call.offered == 0 || busy) {
            idle_writes_ = 0;
        } else if (++idle_writes_ == kIdleWrites) {
            tell(
                25, record,
                fmt::format("{} Writes in a row took nothing, though the card is ready and sends nothing", kIdleWrites),
                "0 bytes", "at least 1");
        }
    }

    void accepted(const mpulab_record& record) {
        accepted_ += record.b;
        last_accept_ = record.time_ns;
    }

    void state(const Call& call, const mpulab_record& record) {
        if (!went_well(record)) return;
        if (call.offered == kRun) running_since_[call.stream] = record.time_ns;
        if (call.offered == kStop) rendering_.erase(call.stream);
    }

    /// A stream leaves RUN: what was taken a second ago must have left.
    void check_stuck(const mpulab_record& record, uint64_t stream) {
        const auto running = running_since_.find(stream);
        if (running == running_since_.end() || !rendering_.contains(stream)) return;
        judged(77);
        const uint64_t since = std::max({last_write_, last_accept_, running->second});
        if (accepted_ > written_ && record.time_ns - since > kStuckNs && !faulty_) {
            tell(77, record,
                 fmt::format("{} of {} bytes that Write took never reached the card, and nothing has moved for {} ms",
                             accepted_ - written_, accepted_, (record.time_ns - since) / 1'000'000),
                 fmt::format("{} bytes written", written_), fmt::format("{}", accepted_));
        }
        running_since_.erase(running);
    }

    void text(const mpulab_record& record) {
        if (record.irql < 2 || record.cpu == MPULAB_NO_CPU) return;
        judged(81);
        if (record.flags & MPULAB_RECORD_MORE) return; // a line's last record counts
        lines_.push_back(record.time_ns);
        if (lines_.size() > kFloodLines) lines_.erase(lines_.begin());
        if (lines_.size() == kFloodLines && record.time_ns - lines_.front() < kFloodNs) {
            tell(81, record, fmt::format("{} lines printed at DISPATCH_LEVEL or above within 10 ms", kFloodLines),
                 fmt::format("{} lines", kFloodLines), "fewer");
            lines_.clear();
        }
    }

    const RunView& view_;
    bool alone_;
    RuleBooks books_;
    std::map<uint8_t, std::vector<Call>> calls_; // by CPU
    bool after_fault_ = false;
    bool card_seen_ = false; // a device without hardware has interrupts of its own making
    bool line_ = false, asks_ = false, risen_ = false, uart_ = false;
    bool faulty_ = false;      // a cue has spoilt something: from then on rules about the card's readiness say nothing
    bool after_power_ = false; // D0 again, and not yet in UART mode
    bool removed_ = false, streamed_ = false, rendered_ = false;
    std::optional<uint64_t> status_; // as the driver read it last
    uint64_t accepted_ = 0, written_ = 0, last_write_ = 0, last_accept_ = 0, idle_writes_ = 0;
    std::set<uint64_t> rendering_;               // streams whose bytes were taken and that are not stopped
    std::map<uint64_t, uint64_t> running_since_; // by stream
    std::vector<uint64_t> lines_;                // times of the last ones
};

/// The guest's text of a finding; its id before it is ours to give.
std::string told_text(const RunView& view, size_t index) {
    const std::string id = fmt::format("V{:02}", view.log.records()[index].a);
    std::string text = one_line(view.log.name_after(index));
    if (text.compare(0, id.size() + 1, id + " ") == 0) text.erase(0, id.size() + 1);
    return id + ": " + text;
}

} // namespace

uint64_t RuleBooks::all_findings() const {
    return std::accumulate(findings.begin(), findings.end(), uint64_t{0});
}

void RuleBooks::add(RuleBooks more) {
    for (size_t rule = 0; rule < looks.size(); ++rule) {
        looks[rule] += more.looks[rule];
        findings[rule] += more.findings[rule];
    }
    std::move(more.told.begin(), more.told.end(), std::back_inserter(told));
}

void RuleBooks::found(RuleFinding finding) {
    if (++findings[finding.rule] <= kMostTold) told.push_back(std::move(finding));
}

RuleBooks judge_log_rules(const RunView& view) {
    std::set<uint32_t> units;
    for (const mpulab_record& record : view.log.records())
        if (record.kind == MPULAB_KIND_REG_READ || record.kind == MPULAB_KIND_REG_WRITE) units.insert(record.unit);
    if (units.size() < 2) return Walk(view, true).run();
    RuleBooks all;
    for (const uint32_t unit : units) {
        RunView of_unit = view;
        of_unit.unit = unit;
        for (uint32_t rule = 1; rule <= kRules; ++rule) {
            const bool of_card = std::ranges::find(kOfCardAlone, rule) != std::end(kOfCardAlone);
            const bool of_both = std::ranges::find(kOfCallsAndCard, rule) != std::end(kOfCallsAndCard);
            if (of_both || (!of_card && unit != *units.begin())) of_unit.off[rule] = true;
        }
        all.add(Walk(of_unit, false).run());
    }
    return all;
}

RuleBooks judge_rules(const RunView& view) {
    if (view.books != nullptr) return *view.books;
    RuleBooks books = judge_log_rules(view);
    const auto records = view.log.records();
    for (size_t i = 0; i < records.size(); ++i) {
        const mpulab_record& record = records[i];
        if (record.kind == MPULAB_KIND_FINDING && record.a <= kRules) {
            books.found({static_cast<uint32_t>(record.a), record.seq, told_text(view, i), fmt::format("{}", record.b),
                         fmt::format("{}", record.c)});
        }
        if (record.kind == MPULAB_KIND_RULE_COUNT && record.a <= kRules) books.looks[record.a] += record.b;
    }
    std::stable_sort(books.told.begin(), books.told.end(),
                     [](const RuleFinding& a, const RuleFinding& b) { return a.record < b.record; });
    return books;
}

} // namespace mpulab
