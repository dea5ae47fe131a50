// SPDX-License-Identifier: MIT
// One walk over the log that keeps what the rules need to know of card and driver at each record. A rule says nothing
// where a fault of the card's (a cue) may be the cause: a false alarm is worse than a breach missed.
#include "checks/log_rules.hpp"

#include "checks/irql_rules.hpp"
#include "checks/port_rules.hpp"
#include "checks/stream_rules.hpp"
#include "checks/time_rules.hpp"
#include "events/format.hpp"
#include "link/mpulab_codes.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace mpulab {
namespace {

// With several cards a call's card is known by the registers it touches. The rules that tie one to the other by
// anything else say nothing then.
constexpr uint32_t kOfCallsAndCard[] = {13, 25, 77, 78};
constexpr uint32_t kOfOneCard[] = {12, 14, 34, 35, 36, 37}; // judged for each card

constexpr size_t kMostCalls = 64; // one within the other, of a CPU

class Walk {
  public:
    /// `alone`: the card of view.unit is the only one.
    Walk(const RunView& view, bool alone, bool several_cpus)
        : view_(view), desk_(view), card_(desk_, calls_, alone), streams_(desk_, card_.state()),
          times_(desk_, calls_, several_cpus), irql_(desk_, calls_), ports_(desk_) {}

    RuleBooks run() {
        for (const mpulab_record& record : view_.log.records())
            see(record);
        return desk_.take();
    }

  private:
    void see(const mpulab_record& record) {
        switch (record.kind) {
        case MPULAB_KIND_CALL_ENTER:
            enter(record);
            return;
        case MPULAB_KIND_CALL_LEAVE:
            leave(record);
            return;
        case MPULAB_KIND_TEXT:
            times_.text(record);
            return;
        case MPULAB_KIND_LOCK_HELD:
            times_.lock_held(record);
            irql_.lock_held(record);
            return;
        case MPULAB_KIND_IRQL_WRITTEN:
            irql_.written(record);
            return;
        case MPULAB_KIND_STREAM_RANGE:
            if (record.c == 0) streams_.accepted(record);
            return;
        case MPULAB_KIND_STEP_BEGIN:
            card_.step_begun(record);
            return;
        case MPULAB_KIND_STEP_END:
            card_.step_ended(record);
            return;
        case MPULAB_KIND_IRP_DONE:
            card_.irp_done(record);
            streams_.irp_done(record);
            return;
        case MPULAB_KIND_RESOURCE:
            ports_.resource(record);
            return;
        case MPULAB_KIND_NO_DEVICE:
            ports_.no_device(record);
            return;
        case MPULAB_KIND_REG_READ:
        case MPULAB_KIND_REG_WRITE:
            ports_.card_access();
            times_.access(record);
            if (record.unit != view_.unit) count_of_another_card(record);
            break;
        default:
            break;
        }
        if (record.unit != view_.unit) return;
        card_.card(record);
        streams_.card(record);
    }

    void count_of_another_card(const mpulab_record& access) {
        if (std::vector<OpenCall>& calls = calls_[access.cpu]; !calls.empty()) ++calls.back().other_accesses;
    }

    void enter(const mpulab_record& record) {
        OpenCall call;
        call.callback = record.a;
        call.irql = record.irql;
        call.began = record.time_ns;
        call.offered = record.b;
        call.stream = record.a == MPULAB_CALLBACK_StreamRelease ? record.b : record.c;
        card_.entered(call);
        streams_.entered(call, record);
        std::vector<OpenCall>& calls = calls_[record.cpu];
        if (calls.size() == kMostCalls) calls.erase(calls.begin()); // a log of a driver that never comes back
        calls.push_back(call);
    }

    void leave(const mpulab_record& record) {
        std::vector<OpenCall>& calls = calls_[record.cpu];
        // A call that waits leaves its CPU to others: it is not always the last one that comes back.
        const auto found =
            std::find_if(calls.rbegin(), calls.rend(), [&](const OpenCall& call) { return call.callback == record.a; });
        if (found == calls.rend()) return;
        const OpenCall call = *found;
        calls.erase(std::next(found).base());
        times_.left(call, record);
        if (record.a == MPULAB_CALLBACK_InterruptRoutine) card_.interrupt_routine(call, record);
        streams_.left(call, record);
    }

    const RunView& view_;
    RuleDesk desk_;
    OpenCalls calls_;
    CardRules card_;
    StreamRules streams_;
    TimeRules times_;
    IrqlRules irql_;
    PortRules ports_;
};

/// The guest's text of a finding; its id before it is ours to give.
std::string told_text(const RunView& view, size_t index) {
    const std::string id = fmt::format("V{:02}", view.log.records()[index].a);
    std::string text = one_line(view.log.name_after(index));
    if (text.compare(0, id.size() + 1, id + " ") == 0) text.erase(0, id.size() + 1);
    return id + ": " + text;
}

} // namespace

void RuleDesk::tell(uint32_t rule, const mpulab_record& record, const std::string& text, std::string seen,
                    std::string expected) {
    if (view_.off[rule]) return;
    books_.found({rule, record.seq, fmt::format("V{:02}: {}", rule, text), std::move(seen), std::move(expected)});
}

std::string RuleDesk::at(const mpulab_record& record) const {
    return record.pc != 0 ? " at " + view_.log.symbol(record.pc) : "";
}

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
    bool several_cpus = false;
    for (const mpulab_record& record : view.log.records()) {
        if (record.kind == MPULAB_KIND_REG_READ || record.kind == MPULAB_KIND_REG_WRITE) units.insert(record.unit);
        several_cpus |= record.cpu != 0 && record.cpu != MPULAB_NO_CPU;
    }
    if (units.size() < 2) return Walk(view, true, several_cpus).run();
    RuleBooks all;
    for (const uint32_t unit : units) {
        RunView of_unit = view;
        of_unit.unit = unit;
        for (uint32_t rule = 1; rule <= kRules; ++rule) {
            const bool of_card = std::ranges::find(kOfOneCard, rule) != std::end(kOfOneCard);
            const bool of_both = std::ranges::find(kOfCallsAndCard, rule) != std::end(kOfCallsAndCard);
            if (of_both || (!of_card && unit != *units.begin())) of_unit.off[rule] = true;
        }
        all.add(Walk(of_unit, false, several_cpus).run());
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
