// SPDX-License-Identifier: MIT
#include "checks/scenario_checks.hpp"

#include "checks/interrupts.hpp"
#include "checks/log_rules.hpp"
#include "checks/record_match.hpp"
#include "checks/streams.hpp"
#include "events/format.hpp"
#include "events/names.hpp"
#include "scenario/values.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace mpulab {
namespace {

using Json = nlohmann::json;

class ScenarioChecks {
  public:
    ScenarioChecks(const EventLog& log, const Scenario& scenario, const ScenarioRun& run)
        : log_(log), scenario_(scenario), run_(run) {}

    std::vector<CheckResult> all() {
        const RunView view{log_, run_.may_fail, 0, scenario_.seed, scenario_.rules_off};
        std::vector<CheckResult> results = {check_integrity(view), steps(view), findings(view)};
        for (const Json& check : scenario_.checks) {
            const std::string verb = check.at("verb");
            if (verb == "finding") continue; // judged above
            if (verb == "wire-equals") results.push_back(wire_equals(check));
            if (verb == "wire-contains") results.push_back(wire_contains(check));
            if (verb == "captured-equals") results.push_back(captured_equals(check));
            if (verb == "nothing-lost") results.push_back(run_.wire ? check_nothing_lost(view) : no_wire(check));
            if (verb == "interrupts") results.push_back(interrupts(check));
            if (verb == "never" || verb == "count") results.push_back(count(check));
            if (verb == "follows") results.push_back(follows(check));
        }
        return results;
    }

  private:
    /// Where the check stands, for its name: "wire-equals:12".
    static std::string name_of(const Json& check) {
        return fmt::format("{}:{}", check.at("verb").get<std::string>(), check.at(kPlaceKey)[0].get<int>());
    }

    CheckResult steps(const RunView& view) {
        CheckResult result = check_steps(view);
        const auto name_step = [&](const mpulab_record& record) {
            const auto found = run_.steps.find(MPULAB_CORR_NUMBER(record.corr));
            return found == run_.steps.end() ? std::string() : found->second;
        };
        if (result.status == CheckStatus::Failed && result.record)
            result.message = fmt::format("{}: {}", name_step(log_.records()[*result.record]), result.message);
        if (result.status != CheckStatus::Passed) return result;
        for (const mpulab_record& record : log_.records()) {
            if (record.kind != MPULAB_KIND_STEP_END) continue;
            const auto found = run_.expected.find(MPULAB_CORR_NUMBER(record.corr));
            if (found == run_.expected.end()) continue;
            const auto [step, status] = found->second;
            if (static_cast<uint32_t>(record.b) == status) continue;
            return failed(log_, "steps", result.looked_at, fmt::format("{} ended with another status", step),
                          status_name(status), status_name(record.b), record.seq);
        }
        return result;
    }

    /// Findings are failures, but for the rules that the scenario wants reported.
    CheckResult findings(const RunView& view) {
        std::set<uint64_t> wanted;
        for (const Json& check : scenario_.checks)
            if (check.at("verb") == "finding") wanted.insert(check.at("finding").get<uint64_t>());
        if (wanted.empty()) return check_findings(view);
        const RuleBooks books = judge_rules(view);
        const uint64_t all = std::accumulate(books.findings.begin(), books.findings.end(), uint64_t{0});
        for (const RuleFinding& finding : books.told) {
            if (!wanted.contains(finding.rule))
                return failed(log_, "findings", all, finding.text, "only the findings that the scenario names",
                              "another one", finding.record);
        }
        for (const uint64_t rule : wanted) {
            if (books.findings[rule] == 0)
                return failed(log_, "findings", all, fmt::format("V{:02} was not reported", rule),
                              fmt::format("a finding of V{:02}", rule), "none", std::nullopt);
        }
        return passed("findings", all, fmt::format("{} findings, all of them asked for", all));
    }

    Bytes bytes_of(const Json& check, const char* key) const {
        const std::string text = check.at(key);
        if (text == "written") return run_.written;
        if (text == "injected") return run_.injected;
        if (text == "nothing") return {};
        return *parse_hex(text);
    }

    CheckResult compare(const Json& check, const ByteStream& stream, const Bytes& wanted, const char* where) {
        const std::string name = name_of(check);
        const auto [theirs, ours] =
            std::mismatch(stream.bytes.begin(), stream.bytes.end(), wanted.begin(), wanted.end());
        if (theirs == stream.bytes.end() && ours == wanted.end()) {
            // That nothing came is something seen: the whole log was.
            const uint64_t looked_at = wanted.empty() ? log_.records().size() : wanted.size();
            return passed(name, looked_at, fmt::format("{} bytes {}, as wanted", wanted.size(), where));
        }
        const auto at = static_cast<size_t>(ours - wanted.begin());
        std::optional<uint64_t> record;
        if (!stream.records.empty()) record = stream.records[std::min(at, stream.records.size() - 1)];
        return failed(log_, name, at,
                      fmt::format("byte {} {} differs ({} came, {} were expected)", at, where, stream.bytes.size(),
                                  wanted.size()),
                      ours == wanted.end() ? "no more bytes" : format_hex(ByteView(wanted).subspan(at), 16),
                      theirs == stream.bytes.end() ? "no more bytes"
                                                   : format_hex(ByteView(stream.bytes).subspan(at), 16),
                      record);
    }

    CheckResult no_wire(const Json& check) const {
        return not_applicable(name_of(check), "the package has no hardware: there is no wire to look at");
    }

    CheckResult wire_equals(const Json& check) {
        if (!run_.wire) return no_wire(check);
        return compare(check, wire_bytes(log_, MPULAB_KIND_WIRE_OUT, check.value("unit", 0u)),
                       bytes_of(check, "wire-equals"), "on MIDI OUT");
    }
    CheckResult captured_equals(const Json& check) {
        return compare(check, captured_bytes(log_), bytes_of(check, "captured-equals"), "from the capture pin");
    }

    CheckResult wire_contains(const Json& check) {
        if (!run_.wire) return no_wire(check);
        const ByteStream stream = wire_bytes(log_, MPULAB_KIND_WIRE_OUT, check.value("unit", 0u));
        const Bytes wanted = bytes_of(check, "wire-contains");
        uint64_t seen = 0;
        for (auto at = stream.bytes.begin();; ++at, ++seen) {
            at = std::search(at, stream.bytes.end(), wanted.begin(), wanted.end());
            if (at == stream.bytes.end()) break;
        }
        const std::string found = fmt::format("{} times in {} bytes on MIDI OUT", seen, stream.bytes.size());
        const bool good = check.contains("times") ? seen == check["times"].get<uint64_t>() : seen != 0;
        if (good) return passed(name_of(check), stream.bytes.size(), format_hex(wanted) + " " + found);
        return failed(log_, name_of(check), stream.bytes.size(), format_hex(wanted) + " came " + found,
                      check.contains("times") ? fmt::format("{} times", check["times"].get<uint64_t>())
                                              : "at least once",
                      found, stream.records.empty() ? std::nullopt : std::optional(stream.records.back()));
    }

    CheckResult interrupts(const Json& check) {
        if (!run_.wire) return no_wire(check);
        const RunView view{log_, run_.may_fail, check.value("unit", 0u), scenario_.seed};
        CheckResult result = check_interrupts(view);
        result.name = name_of(check);
        const InterruptStatistics numbers = interrupt_statistics(log_, view.unit);
        if (result.status == CheckStatus::Failed) return result;
        const auto bound = [&](const char* key, uint64_t seen, bool at_most, const char* what, bool is_time) {
            if (!check.contains(key) || result.status == CheckStatus::Failed) return;
            const uint64_t limit = check[key].get<uint64_t>();
            if (at_most ? seen <= limit : seen >= limit) return;
            const auto text = [is_time](uint64_t n) {
                return is_time ? time_text(static_cast<int64_t>(n)) : fmt::format("{}", n);
            };
            result = failed(log_, name_of(check), numbers.taken, fmt::format("{} is {}", what, text(seen)),
                            fmt::format("at {} {}", at_most ? "most" : "least", text(limit)), text(seen), std::nullopt);
        };
        if (check.contains("at-most") && numbers.taken == 0) // to see none is what was asked for
            result = passed(name_of(check), log_.records().size(), "no interrupt was taken");
        bound("at-least", numbers.taken, false, "the number of interrupts taken", false);
        bound("at-most", numbers.taken, true, "the number of interrupts taken", false);
        bound("latency-p99", numbers.p99_ns, true, "the 99th percentile of latencies", true);
        bound("latency-max", numbers.max_ns, true, "the worst latency", true);
        return result;
    }

    /// The records a check looks at: from after-marker to before-marker, where it names them.
    std::span<const mpulab_record> between_markers(const Json& check) const {
        const auto records = log_.records();
        const auto marker = [&](const char* key, size_t from) {
            const uint64_t number = check[key].get<uint64_t>();
            while (from < records.size() && !(records[from].kind == MPULAB_KIND_MARKER && records[from].a == number))
                ++from;
            return from;
        };
        const size_t begin = check.contains("after-marker") ? marker("after-marker", 0) : 0;
        const size_t end = check.contains("before-marker") ? marker("before-marker", begin) : records.size();
        return records.subspan(begin, end - begin);
    }

    CheckResult count(const Json& check) {
        const bool never = check.at("verb") == "never";
        const RecordMatch match(check, check.at("verb").get<std::string>());
        const auto records = between_markers(check);
        uint64_t seen = 0;
        const uint64_t looked_at = records.size();
        std::optional<uint64_t> first;
        for (const mpulab_record& record : records) {
            if (!match(record)) continue;
            ++seen;
            if (!first) first = record.seq;
        }
        if (looked_at == 0) return nothing_seen(name_of(check), "no record lies between the markers");
        const bool bounded = check.contains("exactly") || check.contains("at-least") || check.contains("at-most");
        const uint64_t least =
            never ? 0 : check.value("exactly", check.value("at-least", bounded ? uint64_t{0} : uint64_t{1}));
        const uint64_t most = never ? 0 : check.value("exactly", check.value("at-most", UINT64_MAX));
        const std::string text = fmt::format("{} of {}", seen, match.text());
        if (seen >= least && seen <= most) return passed(name_of(check), looked_at, text);
        const std::string wanted = most == UINT64_MAX ? fmt::format("at least {}", least)
                                   : least == most    ? fmt::format("{}", least)
                                                      : fmt::format("{} to {}", least, most);
        return failed(log_, name_of(check), looked_at, text, wanted, fmt::format("{}", seen), first);
    }

    CheckResult follows(const Json& check) {
        const RecordMatch later(check, "follows");
        const RecordMatch earlier(check, "each", "each-");
        const uint64_t within = check.at("within").get<uint64_t>();
        const auto records = between_markers(check);
        uint64_t looked_at = 0;
        uint64_t worst = 0;
        for (size_t i = 0; i < records.size(); ++i) {
            if (!earlier(records[i])) continue;
            ++looked_at;
            size_t k = i + 1;
            while (k < records.size() && records[k].time_ns - records[i].time_ns <= within && !later(records[k]))
                ++k;
            if (k == records.size() || !later(records[k]) || records[k].time_ns - records[i].time_ns > within) {
                return failed(log_, name_of(check), looked_at, fmt::format("{} was not followed", earlier.text()),
                              fmt::format("{} within {}", later.text(), time_text(static_cast<int64_t>(within))),
                              "none", records[i].seq);
            }
            worst = std::max(worst, records[k].time_ns - records[i].time_ns);
        }
        if (looked_at == 0) return nothing_seen(name_of(check), "there is no " + earlier.text());
        return passed(name_of(check), looked_at,
                      fmt::format("{} after each of {} {}, the last of them after {}", later.text(), looked_at,
                                  earlier.text(), time_text(static_cast<int64_t>(worst))));
    }

    const EventLog& log_;
    const Scenario& scenario_;
    const ScenarioRun& run_;
};

} // namespace

std::vector<CheckResult> run_scenario_checks(const EventLog& log, const Scenario& scenario, const ScenarioRun& run) {
    return ScenarioChecks(log, scenario, run).all();
}

} // namespace mpulab
