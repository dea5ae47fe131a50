// SPDX-License-Identifier: MIT
#include "report/result.hpp"

#include "checks/bounds.hpp"
#include "common/json_text.hpp"
#include "events/format.hpp"

#include <fmt/format.h>

namespace mpulab {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownEvents = 20; // of a crash, on the terminal; the report in the run's folder has more

const char* status_word(CheckStatus status) {
    switch (status) {
    case CheckStatus::Passed:
        return "passed";
    case CheckStatus::Failed:
        return "failed";
    case CheckStatus::Error:
        return "error";
    case CheckStatus::NotApplicable:
        return "n/a";
    }
    return "error";
}

void lines(std::string& out, const std::vector<std::string>& text) {
    for (const std::string& line : text)
        out += "    " + line + "\n";
}

Json places_json(const std::vector<CodePlace>& places) {
    Json json = Json::array();
    for (const CodePlace& place : places)
        json.push_back(place_json(place));
    return json;
}

} // namespace

Json check_json(const CheckResult& check) {
    Json json = {{"name", check.name},
                 {"status", status_word(check.status)},
                 {"looked_at", check.looked_at},
                 {"message", check.message}};
    if (check.status == CheckStatus::Failed) {
        json["expected"] = check.expected;
        json["seen"] = check.seen;
    }
    if (check.record) json["record"] = *check.record;
    if (check.time_ns) json["time_ns"] = *check.time_ns;
    if (!check.places.empty()) json["places"] = places_json(check.places);
    if (!check.around.empty()) json["around"] = check.around;
    return json;
}

std::string check_text(const CheckResult& check) {
    std::string out = fmt::format("  {:<6} {:<13} {}\n", status_word(check.status), check.name, check.message);
    if (check.status != CheckStatus::Failed) return out;
    out += fmt::format("    expected {}\n    seen     {}\n", check.expected, check.seen);
    for (const CodePlace& place : check.places)
        out += fmt::format("    in       {}\n", place.text());
    if (check.record) {
        out += fmt::format("    at       record {}, {} s; the records around it:\n", *check.record,
                           format_time(*check.time_ns));
    }
    lines(out, check.around);
    return out;
}

namespace {

Json distribution_json(const Distribution& seen) {
    return {{"count", seen.count()},      {"min", seen.min()},          {"p50", seen.percentile(50)},
            {"p95", seen.percentile(95)}, {"p99", seen.percentile(99)}, {"max", seen.max()}};
}

} // namespace

Json interrupts_json(const InterruptStatistics& numbers) {
    Json json = {{"taken", numbers.taken},
                 {"polled", numbers.polled},
                 {"spurious", numbers.spurious},
                 {"line_rises", numbers.rises}};
    const auto add = [&json](const char* name, const Distribution& seen) {
        if (seen.count() != 0) json[name] = distribution_json(seen);
    };
    add("isr_latency_ns", numbers.latency_ns);
    add("isr_duration_ns", numbers.duration_ns);
    add("isr_accesses", numbers.accesses);
    add("isr_charged_ns", numbers.charged_ns);
    add("bytes_per_interrupt", numbers.bytes);
    return json;
}

std::string interrupts_text(const InterruptStatistics& numbers) {
    std::string text;
    const auto add = [&text](const char* what, const Distribution& seen, const char* unit) {
        if (seen.count() != 0) text += fmt::format("  {} {}\n", what, percentiles_text(seen, unit));
    };
    add("ISR latency", numbers.latency_ns, " ns (virtual: instructions, not microseconds of a PC)");
    add("ISR duration", numbers.duration_ns, " ns");
    add("ISR accesses", numbers.accesses, "");
    add("ISR charged", numbers.charged_ns, " ns (duration, and the io-cost of its accesses)");
    return text;
}

namespace {

Json counters_json(const mpulab_counters& counters) {
    Json json = Json::object();
    for (const auto& [name, value] : counter_values(counters))
        json[name] = value ? Json(*value) : Json(nullptr);
    return json;
}

Json verifier_json(const RunFacts& facts) {
    Json json = {{"switches", facts.verifier}, {"rules", Json::array()}};
    for (const RuleState& state : facts.rules) {
        json["rules"].push_back({{"rule", fmt::format("V{:02}", state.rule)},
                                 {"state", rule_status_word(state.status)},
                                 {"opportunities", state.opportunities},
                                 {"findings", state.findings}});
    }
    json["findings"] = Json::array();
    for (const RuleFinding& finding : facts.findings) {
        json["findings"].push_back({{"rule", fmt::format("V{:02}", finding.rule)},
                                    {"record", finding.record},
                                    {"text", finding.text},
                                    {"expected", finding.expected},
                                    {"seen", finding.seen},
                                    {"places", places_json(finding.places)}});
    }
    return json;
}

} // namespace

Json result_document(const RunFacts& facts, const Judgement& judgement) {
    Json json;
    json["mpulab_result"] = kResultVersion;
    json["id"] = facts.id;
    json["verdict"] = verdict_name(judgement.verdict);
    json["reason"] = judgement.reason;
    json["next"] = judgement.next;
    json["seed"] = facts.seed;
    json["event_log_sha256"] = facts.event_log_sha256.empty() ? Json(nullptr) : Json(facts.event_log_sha256);
    json["command"] = facts.command;
    json["song"] = nullptr;
    if (facts.song) {
        json["song"] = {{"path", facts.song->path.string()},
                        {"format", facts.song->format},
                        {"events", facts.song->events},
                        {"bytes", facts.song->bytes},
                        {"length_ns", facts.song->length_ns}};
    }
    json["scenario"] = nullptr;
    if (facts.scenario) {
        json["scenario"] = {{"path", facts.scenario->path.string()},    {"name", facts.scenario->name},
                            {"title", facts.scenario->title},           {"tags", facts.scenario->tags},
                            {"parameters", facts.scenario->parameters}, {"known_issue", facts.scenario->known_issue}};
    }
    json["package"] = {{"name", facts.package.name},
                       {"inf", facts.package.inf.empty() ? Json(nullptr) : Json(facts.package.inf)},
                       {"driver", facts.package.driver},
                       {"hardware_id", facts.package.hardware_id},
                       {"version", facts.package.version},
                       {"hardware", facts.package.hardware},
                       {"notes", facts.package.notes},
                       {"image_remarks", facts.image_remarks}};
    json["windows"] = facts.windows;
    json["choices"] = Json::array();
    for (const ChoiceFacts& choice : facts.choices) {
        Json alternatives = Json::array();
        for (const ChoiceFacts::Alternative& alternative : choice.alternatives) {
            alternatives.push_back(
                {{"text", alternative.text},
                 {"verdict", alternative.verdict.empty() ? Json(nullptr) : Json(alternative.verdict)},
                 {"reason", alternative.reason}});
        }
        json["choices"].push_back({{"number", choice.number},
                                   {"name", choice.name},
                                   {"what", choice.what},
                                   {"taken", choice.taken},
                                   {"forced", choice.forced},
                                   {"alternatives", std::move(alternatives)}});
    }
    json["cards"] = facts.cards;
    json["inputs_sha256"] = facts.input_sha256;
    json["records"] = facts.records;
    json["virtual_ns"] = facts.virtual_ns;
    json["host_seconds"] = {{"start", facts.start_seconds}, {"run", facts.run_seconds}};
    json["interrupts"] = interrupts_json(facts.interrupts);
    json["counters"] = facts.counters ? counters_json(*facts.counters) : Json(nullptr);
    json["guest_errors"] = facts.guest_errors;
    json["verifier"] = verifier_json(facts);
    json["checks"] = Json::array();
    for (const CheckResult& check : judgement.checks)
        json["checks"].push_back(check_json(check));
    json["crash"] = judgement.crash ? crash_json(*judgement.crash) : Json(nullptr);
    json["folder"] = facts.folder.string();
    json["artefacts"] = facts.artefacts;
    return json;
}

std::string result_text(const Json& document) {
    return json_text(document) + "\n";
}

std::string summary_text(const RunFacts& facts, const Judgement& judgement) {
    std::string what;
    if (facts.song) {
        what = fmt::format("{}, {} events, {} bytes", facts.song->path.filename().string(), facts.song->events,
                           facts.song->bytes);
    } else if (facts.scenario) {
        what = fmt::format("{}: {}", facts.scenario->name, facts.scenario->title);
    }
    std::string out =
        fmt::format("verdict {}: {}, {:.1f} s of virtual time in {:.2f} s\n", verdict_name(judgement.verdict), what,
                    static_cast<double>(facts.virtual_ns) / 1e9, facts.run_seconds);
    if (judgement.verdict != Verdict::Passed) {
        out += fmt::format("  why   {}\n  next  {}\n", judgement.reason, judgement.next);
    }
    if (judgement.crash) out += crash_text(*judgement.crash, kShownEvents);
    for (const CheckResult& check : judgement.checks)
        out += check_text(check);
    for (const std::string& remark : facts.image_remarks)
        out += fmt::format("  note   {}\n", remark);
    if (!facts.rules.empty()) out += fmt::format("  verifier: {}\n", rule_summary(facts.rules));
    for (const ChoiceFacts& choice : facts.choices) {
        if (choice.taken < choice.alternatives.size()) {
            out += fmt::format("  choice {}: {}{} ({})\n", choice.name, choice.alternatives[choice.taken].text,
                               choice.forced ? ", forced" : "", choice.what);
        }
        for (size_t i = 0; i < choice.alternatives.size(); ++i) {
            const ChoiceFacts::Alternative& other = choice.alternatives[i];
            if (i == choice.taken || other.verdict.empty()) continue;
            out += fmt::format("    {:<6} {}={} {}{}\n", other.verdict, choice.name, i, other.text,
                               other.reason.empty() ? "" : ": " + other.reason);
        }
    }
    out += interrupts_text(facts.interrupts);
    if (!facts.event_log_sha256.empty()) out += fmt::format("event log sha256: {}\n", facts.event_log_sha256);
    for (const auto& [artefact, file] : facts.artefacts) {
        out += fmt::format("  {:<12} {}\n", artefact, (facts.folder / file).string());
    }
    return out;
}

} // namespace mpulab
