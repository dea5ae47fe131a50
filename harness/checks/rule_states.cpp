// SPDX-License-Identifier: MIT
#include "checks/rule_states.hpp"

#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint32_t kBytesOut = 27, kParsedOut = 28, kBytesIn = 29;

bool begins_with(const std::string& text, std::string_view what) {
    return text.compare(0, what.size(), what) == 0;
}

/// Bytes that a driver which parses MIDI is apt to spoil: data under running status, real-time bytes inside SysEx.
uint64_t delicate_bytes(const RunView& view) {
    uint64_t count = 0;
    bool sysex = false;
    unsigned left = 0; // data bytes that the status still wants
    unsigned length = 0;
    for (const mpulab_record& record : view.log.records()) {
        if (record.kind != MPULAB_KIND_WIRE_OUT || record.unit != view.unit) continue;
        const auto byte = static_cast<uint8_t>(record.a);
        if (byte >= 0xf8) {
            count += sysex;
        } else if (byte >= 0xf0) {
            sysex = byte == 0xf0;
            length = left = 0;
        } else if (byte >= 0x80) {
            sysex = false;
            length = left = (byte & 0xe0) == 0xc0 ? 1 : 2;
        } else if (!sysex && length != 0) {
            if (left == 0) {
                ++count;
                left = length;
            }
            --left;
        }
    }
    return count;
}

/// A rule that is a check of the run: bytes compared, and whether they were the same.
void take_check(RuleBooks& books, uint32_t rule, const CheckResult& check, uint64_t looked_at) {
    books.looks[rule] += looked_at;
    books.findings[rule] += check.status == CheckStatus::Failed;
}

void take_checks(RuleBooks& books, const RunView& view, const std::vector<CheckResult>& checks) {
    for (const CheckResult& check : checks) {
        if (!check.all_bytes || (check.status != CheckStatus::Passed && check.status != CheckStatus::Failed)) continue;
        if (check.name == "wire" || begins_with(check.name, "wire-equals")) {
            take_check(books, kBytesOut, check, check.looked_at);
            if (const uint64_t delicate = delicate_bytes(view)) take_check(books, kParsedOut, check, delicate);
        }
        if (check.name == "captured" || begins_with(check.name, "captured-equals"))
            take_check(books, kBytesIn, check, check.looked_at);
    }
}

void append_list(std::string& out, const std::vector<RuleState>& states, RuleStatus status, const char* what,
                 bool named) {
    size_t count = 0;
    std::string names;
    for (const RuleState& state : states) {
        if (state.status != status) continue;
        ++count;
        names += fmt::format("{}V{:02}", names.empty() ? "" : ", ", state.rule);
    }
    if (count != 0) out += fmt::format("; {} {}{}{}", count, what, named ? ": " : "", named ? names : "");
}

} // namespace

std::vector<RuleState> rule_states(const RunView& view, const std::vector<CheckResult>& checks) {
    RuleBooks books = judge_rules(view);
    take_checks(books, view, checks);
    std::vector<RuleState> states;
    for (const RuleInfo& rule : known_rules()) {
        RuleState state{rule.number, RuleStatus::NotCovered, books.looks[rule.number], books.findings[rule.number]};
        if (view.off[rule.number]) {
            state = {rule.number, RuleStatus::Off, 0, 0};
        } else if (state.findings != 0) {
            state.status = RuleStatus::Fired;
            state.opportunities = std::max(state.opportunities, state.findings);
        } else if (rule.has_checker()) {
            state.status = state.opportunities != 0 ? RuleStatus::Passed : RuleStatus::NotExercised;
        }
        states.push_back(state);
    }
    return states;
}

std::string_view rule_status_word(RuleStatus status) {
    switch (status) {
    case RuleStatus::Passed:
        return "passed";
    case RuleStatus::Fired:
        return "fired";
    case RuleStatus::NotExercised:
        return "not-exercised";
    case RuleStatus::Off:
        return "off";
    case RuleStatus::NotCovered:
        return "not-covered";
    }
    return "not-covered";
}

std::string rule_summary(const std::vector<RuleState>& states) {
    uint64_t exercised = 0, findings = 0;
    for (const RuleState& state : states) {
        exercised += state.status == RuleStatus::Passed || state.status == RuleStatus::Fired;
        findings += state.findings;
    }
    std::string out = fmt::format("{} rules exercised, {} findings", exercised, findings);
    append_list(out, states, RuleStatus::Fired, "fired", true);
    append_list(out, states, RuleStatus::NotExercised, "never exercised", true);
    append_list(out, states, RuleStatus::Off, "off", true);
    append_list(out, states, RuleStatus::NotCovered, "not covered (\"mpulab rules\" says why)", false);
    return out;
}

} // namespace mpulab
