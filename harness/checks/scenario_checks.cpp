// SPDX-License-Identifier: MIT
#include "checks/scenario_checks.hpp"

#include "checks/log_rules.hpp"
#include "checks/named_checks.hpp"
#include "checks/streams.hpp"
#include "events/format.hpp"
#include "events/names.hpp"
#include "scenario/values.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

using Json = nlohmann::json;

class ScenarioChecks {
  public:
    ScenarioChecks(const RunView& view, const Scenario& scenario, const ScenarioRun& run)
        : view_(view), log_(view.log), scenario_(scenario), run_(run) {}

    std::vector<CheckResult> all() {
        const RunView& view = view_;
        std::vector<CheckResult> results = {check_integrity(view), steps(view), findings(view), check_armed(view)};
        for (const Json& check : scenario_.checks) {
            const std::string verb = check.at("verb");
            if (verb == "finding") continue;                                            // judged above
            if (verb == "interrupts" && check.at("interrupts") == kOverSeeds) continue; // no single run's
            if (verb == "wire-equals") results.push_back(wire_equals(check));
            if (verb == "wire-contains") results.push_back(wire_contains(check));
            if (verb == "captured-equals") results.push_back(captured_equals(check));
            if (verb == "nothing-lost") results.push_back(run_.wire ? check_nothing_lost(view) : no_wire(check));
            if (verb == "interrupts") results.push_back(of_card(check, check_interrupt_bounds));
            if (verb == "fifo") results.push_back(of_card(check, check_fifo));
            if (verb == "registers") results.push_back(of_card(check, check_registers));
            if (verb == "callback") results.push_back(check_callback(view, check));
            if (verb == "states") results.push_back(check_states(view, check));
            if (verb == "never" || verb == "count") results.push_back(check_count(log_, check));
            if (verb == "follows") results.push_back(check_follows(log_, check));
        }
        return results;
    }

  private:
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
        const uint64_t all = books.all_findings();
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

    Bytes bytes_of(const Json& check, const char* key, uint32_t unit) const {
        const std::string text = check.at(key);
        const auto of_card = [unit](const std::map<uint32_t, Bytes>& all) {
            const auto found = all.find(unit);
            return found == all.end() ? Bytes{} : found->second;
        };
        if (text == "written") return of_card(run_.written);
        if (text == "injected") return of_card(run_.injected);
        if (text == "nothing") return {};
        return *parse_hex(text);
    }

    CheckResult compare(const Json& check, const ByteStream& stream, const Bytes& wanted, const char* where) {
        const std::string name = name_of_check(check);
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

    /// `all`: the word that stands for all bytes of the scenario that went in.
    CheckResult of_what_went_in(const Json& check, const char* key, std::string_view all, const char* nothing_went_in,
                                uint32_t unit, const ByteStream& came, const char* where) {
        const Bytes wanted = bytes_of(check, key, unit);
        const bool by_word = check.at(key) == "written" || check.at(key) == "injected";
        if (by_word && wanted.empty()) return nothing_seen(name_of_check(check), nothing_went_in);
        CheckResult result = compare(check, came, wanted, where);
        result.all_bytes = check.at(key) == all;
        return result;
    }

    CheckResult no_wire(const Json& check) const {
        return not_applicable(name_of_check(check), "the package has no hardware: there is no wire to look at");
    }

    /// A check that looks at one card.
    template <typename Check> CheckResult of_card(const Json& check, const Check& one) const {
        if (!run_.wire) return no_wire(check);
        return one(RunView{log_, run_.may_fail, check.value("unit", 0u), scenario_.seed}, check);
    }

    CheckResult wire_equals(const Json& check) {
        if (!run_.wire) return no_wire(check);
        const uint32_t unit = check.value("unit", 0u);
        return of_what_went_in(check, "wire-equals", "written", "no step writes a byte to this card's pin", unit,
                               wire_bytes(log_, MPULAB_KIND_WIRE_OUT, unit), "on MIDI OUT");
    }
    CheckResult captured_equals(const Json& check) {
        ScenarioRun::ReadPin pin; // all of them, at card 0
        if (check.contains("of")) pin = run_.read_pins.at(check["of"]);
        const ByteStream came = captured_bytes(log_, pin.steps);
        if (run_.read_pins.empty() && came.bytes.empty())
            return nothing_seen(name_of_check(check), "no step reads from a capture pin");
        return of_what_went_in(check, "captured-equals", "injected",
                               "nothing was injected into this card, or written to it", pin.unit, came,
                               "from the capture pin");
    }

    CheckResult wire_contains(const Json& check) {
        if (!run_.wire) return no_wire(check);
        const ByteStream stream = wire_bytes(log_, MPULAB_KIND_WIRE_OUT, check.value("unit", 0u));
        const Bytes wanted = bytes_of(check, "wire-contains", 0);
        uint64_t seen = 0;
        for (auto at = stream.bytes.begin();; ++at, ++seen) {
            at = std::search(at, stream.bytes.end(), wanted.begin(), wanted.end());
            if (at == stream.bytes.end()) break;
        }
        const std::string found = fmt::format("{} times in {} bytes on MIDI OUT", seen, stream.bytes.size());
        const bool good = check.contains("times") ? seen == check["times"].get<uint64_t>() : seen != 0;
        if (good) return passed(name_of_check(check), stream.bytes.size(), format_hex(wanted) + " " + found);
        return failed(log_, name_of_check(check), stream.bytes.size(), format_hex(wanted) + " came " + found,
                      check.contains("times") ? fmt::format("{} times", check["times"].get<uint64_t>())
                                              : "at least once",
                      found, stream.records.empty() ? std::nullopt : std::optional(stream.records.back()));
    }

    const RunView view_;
    const EventLog& log_;
    const Scenario& scenario_;
    const ScenarioRun& run_;
};

} // namespace

RunView scenario_view(const EventLog& log, const Scenario& scenario, const ScenarioRun& run) {
    RunView view{log, run.may_fail, 0, scenario.seed, scenario.rules_off};
    view.io_costs.ns.push_back(scenario.card.io_cost_ns);
    for (const CardSpec& card : scenario.more_cards)
        view.io_costs.ns.push_back(card.io_cost_ns);
    return view;
}

std::vector<CheckResult> run_scenario_checks(const RunView& view, const Scenario& scenario, const ScenarioRun& run) {
    return ScenarioChecks(view, scenario, run).all();
}

} // namespace mpulab
