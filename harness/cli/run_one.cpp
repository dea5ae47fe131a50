// SPDX-License-Identifier: MIT
#include "cli/run_one.hpp"

#include "checks/scenario_checks.hpp"
#include "cli/first_look.hpp"
#include "cli/play_inputs.hpp"
#include "cli/profile.hpp"
#include "cli/run_folder.hpp"
#include "cli/snapshot_check.hpp"
#include "common/file_hash.hpp"
#include "common/files.hpp"
#include "common/gzip.hpp"
#include "common/split_mix.h"
#include "link/log_writer.hpp"
#include "machine/runtime_dir.hpp"
#include "scenario/scenario_cues.hpp"
#include "scenario/scenario_run.hpp"

#include <fmt/format.h>
#include <future>
#include <mutex>
#include <spdlog/spdlog.h>

namespace mpulab {

namespace fs = std::filesystem;

/// A package in a machine, ready to be run; and what the driver showed there.
struct LookedAt {
    Guest guest;
    MachineSpec spec; // with its card
    RunFacts facts;   // of the machine; QEMU alone takes a tenth of a second to hash
    fs::path archive; // the modules, as a file that the runs' folders share
    std::optional<FirstLook> look;
};

class LookCache {
  public:
    /// The first caller makes it, others wait for that. Throws what making it threw, to each of them.
    std::shared_ptr<const LookedAt> get(const std::string& key, const std::function<LookedAt()>& make) {
        std::promise<std::shared_ptr<const LookedAt>> promise;
        std::shared_future<std::shared_ptr<const LookedAt>> future;
        bool mine = false;
        {
            const std::lock_guard lock(mutex_);
            auto [entry, fresh] = entries_.try_emplace(key);
            if (fresh) entry->second = promise.get_future().share();
            mine = fresh;
            future = entry->second;
        }
        if (mine) {
            try {
                promise.set_value(std::make_shared<const LookedAt>(make()));
            } catch (...) {
                promise.set_exception(std::current_exception());
            }
        }
        return future.get();
    }

  private:
    std::mutex mutex_;
    std::map<std::string, std::shared_future<std::shared_ptr<const LookedAt>>> entries_;
};

std::shared_ptr<LookCache> make_look_cache() {
    return std::make_shared<LookCache>();
}

namespace {

constexpr size_t kMaxPackedBytes = size_t{4} << 30; // of a log that shall be packed

/// Whether a step opens a pin of what the driver registered when it started, and not of what it was asked for later.
bool opens_what_is_found(const Scenario& scenario) {
    return std::any_of(scenario.steps.begin(), scenario.steps.end(),
                       [](const auto& step) { return step.at("verb") == "open" && !step.contains("of"); });
}

PackageChoice package_of(const RunOptions& options, const Scenario& scenario) {
    PackageChoice choice = options.package;
    if (!scenario.package.empty()) {
        choice.package = scenario.package;
        choice.driver.clear();
    }
    choice.target = find_profile(scenario.profile.empty() ? options.profile : scenario.profile);
    return choice;
}

std::string look_key(const PackageChoice& choice, const Scenario& scenario) {
    std::string key =
        fmt::format("{}\n{}\n{}\n{}", choice.package.string(), choice.driver.string(), choice.id, choice.target.text());
    const auto add_card = [&key](const CardSpec& card) {
        key += "\n" + card.device;
        for (const auto& [name, value] : card.properties)
            key += fmt::format("\n{}={}", name, value);
        key += fmt::format("\n{} ns", card.io_cost_ns);
    };
    add_card(scenario.card);
    for (const CardSpec& card : scenario.more_cards)
        add_card(card);
    for (const std::string& word : scenario.choices)
        key += "\n" + word;
    return key + fmt::format("\n{}\n{}\n{}\n{}", scenario.cpus, scenario.slice, scenario.dpc_delay_ns,
                             verifier_text(scenario.rules_off));
}

/// The modules' archive below `out`, by its content. Runs link to it: a thousand of them need no gigabyte.
fs::path keep_archive(const fs::path& out, const Bytes& archive) {
    const fs::path path = fs::absolute(out) / ".modules" / (sha256_hex(archive) + ".cpio");
    std::error_code ignored;
    if (fs::file_size(path, ignored) == archive.size() && !ignored) return path;
    create_folders(path.parent_path());
    write_whole_file(path, archive);
    return path;
}

LookedAt look_at(const RunOptions& options, const PackageChoice& choice, const Scenario& scenario,
                 const std::vector<PlanSection>& sections) {
    LookedAt result;
    result.spec = find_machine_parts();
    result.spec.cpus = scenario.cpus;
    result.spec.slice = scenario.slice;
    result.guest = make_guest_on_card(choice, scenario.card, result.spec, scenario.more_cards);
    result.look.emplace(look_at_driver(result.guest, result.spec, sections, watchdog_limits(false)));
    result.facts = machine_facts(result.guest, result.spec, choice.target.text());
    result.archive = keep_archive(options.out, result.guest.archive);
    return result;
}

/// Puts the modules' archive into a run's folder: a link, not a copy, where the file system has links.
void share_archive(const LookedAt& machine, const fs::path& to) {
    std::error_code failure;
    fs::create_hard_link(machine.archive, to, failure);
    if (!failure) return;
    write_file(to, machine.guest.archive);
    // Some ten thousand runs share a file at most: the next ones share a new one.
    if (failure == std::errc::too_many_links) write_whole_file(machine.archive, machine.guest.archive);
}

/// The slot's worker, made anew when it has none for this machine, or one that is beyond use.
Worker& worker_for(WorkerSlot& slot, const std::string& machine, const MachineSpec& spec) {
    if (slot.worker && slot.machine == machine && slot.worker->usable()) return *slot.worker;
    slot.worker.reset();
    slot.machine = machine; // also if that fails: the machine's other runs are still the caller's
    slot.worker = slot.pool->make(spec);
    return *slot.worker;
}

PlainRunOutcome run_warm(Worker& worker, const MachineSpec& spec, const std::vector<mpulab_choice>& forced,
                         const ScenarioRun& run, const fs::path& log, const std::vector<uint32_t>& snapshots,
                         RunFacts& facts) {
    CueReach reach;
    for (const auto& [unit, section] : run.cues)
        reach.add(cue_reach(section));
    WarmRun request;
    request.plan = spec.plan;
    request.log = log;
    request.snapshots = snapshots;
    request.counted = reach.kinds;
    request.first_cue_ns = reach.first_ns;
    request.watchdog = watchdog_limits(false);
    request.alternative = [&](uint32_t number, uint32_t alternatives) {
        for (const mpulab_choice& choice : forced) {
            if (choice.number == number) return choice.alternative;
        }
        return mpulab_drawn_alternative(spec.seed, number, alternatives);
    };
    const PlainRunOutcome outcome = worker.run(request);
    keep_xml(facts, worker.xml());
    return outcome;
}

/// Of a run with snapshots in the middle: how it ended without them.
using Reference = std::optional<PlainRunOutcome>;

/// Runs the compiled scenario; the event log is in the run's folder. What it is does not depend on `slot`.
PlainRunOutcome run_machine(const RunOptions& options, WorkerSlot* slot, const LookedAt& machine,
                            const Scenario& scenario, const std::vector<mpulab_choice>& forced, const ScenarioRun& run,
                            std::vector<PlanSection> sections, RunFacts& facts, Reference& without) {
    sections.insert(sections.begin(), {MPULAB_SECTION_SCORE, 0, run.score});
    for (const auto& [unit, section] : run.cues)
        sections.push_back({MPULAB_SECTION_CUES, unit, section});
    const Bytes plan = write_plan(scenario.seed, sections);
    facts.input_sha256["plan"] = sha256_hex(plan);
    facts.input_sha256["scenario"] = file_sha256(scenario.file, "scenario");
    MachineSpec spec = machine.spec;
    spec.seed = scenario.seed;
    spec.plan = facts.folder / "plan.bin";
    spec.initrd = facts.folder / "modules.cpio";
    write_file(spec.plan, plan);
    share_archive(machine, spec.initrd);
    keep_command(facts, spec);
    const auto make = [&](const char* log, const std::vector<uint32_t>& snapshots) {
        if (slot != nullptr) {
            MachineSpec shared = spec; // a worker outlives the run's folder
            shared.initrd = machine.archive;
            return run_warm(worker_for(*slot, machine_key(options, scenario), shared), spec, forced, run,
                            facts.folder / log, snapshots, facts);
        }
        const RuntimeDir runtime = RuntimeDir::create(RuntimeDir::default_base());
        MachineSpec own = spec;
        own.initrd = runtime.without_space(spec.initrd);
        return run_plainly({own, facts.folder / log, watchdog_limits(false), snapshots});
    };
    if (!run.snapshots.empty()) without = make(kReferenceLog, {});
    return make(kEventLogName, run.snapshots);
}

void take_known_issue(const Scenario& scenario, Judgement& judgement) {
    if (!scenario.known_issue) return;
    const std::string issue = fmt::format("{} ({})", scenario.known_issue->reason, scenario.known_issue->reference);
    if (judgement.verdict == Verdict::Failed || judgement.verdict == Verdict::Crash) {
        judgement.verdict = Verdict::KnownIssue;
        judgement.reason = fmt::format("known issue: {}: {}", issue, judgement.reason);
    } else if (judgement.verdict == Verdict::Passed) {
        judgement.verdict = Verdict::Error;
        judgement.reason = "it passed, though it has a known issue: " + issue;
        judgement.next = "take known-issue out of the scenario";
    }
}

/// With its red cues a scenario has to fail.
void expect_red(Judgement& judgement) {
    if (judgement.verdict == Verdict::Failed || judgement.verdict == Verdict::Crash) {
        judgement.verdict = Verdict::Passed;
        judgement.reason = "turned red: " + judgement.reason;
    } else if (judgement.verdict == Verdict::Passed) {
        judgement.verdict = Verdict::Error;
        judgement.reason = "its red cues do not turn it red";
        judgement.next = "make its checks see what they do, or take other cues";
    }
}

/// The log as gzip packs it, in place of the file, which is there until the other is whole; its hash stays that of the
/// records.
void compress_log(RunFacts& facts) {
    const fs::path plain = facts.folder / kEventLogName;
    std::error_code ignored;
    if (!fs::is_regular_file(plain, ignored)) return;
    try {
        write_whole_file(facts.folder / kPackedLogName, gzip(read_file(plain, kMaxPackedBytes, "event log")));
    } catch (const Error& error) { // no reason to lose a finished run
        spdlog::warn("the event log stays as it is: {}", error.what());
        return;
    }
    fs::remove(plain, ignored);
    facts.artefacts["event log"] = kPackedLogName;
}

void run_and_judge(const RunOptions& options, const Scenario& scenario, LookCache& looks, WorkerSlot* slot,
                   RunOutcome& result) {
    RunFacts& facts = result.facts;
    const PackageChoice choice = package_of(options, scenario);
    const std::vector<mpulab_choice> forced = parse_choices(scenario.choices);
    std::vector<PlanSection> sections = {
        options_section(0, choice.target.build, scenario.dpc_delay_ns, scenario.rules_off)};
    if (!forced.empty()) sections.push_back(choices_section(forced));
    const auto machine =
        looks.get(look_key(choice, scenario), [&] { return look_at(options, choice, scenario, sections); });

    const auto scenario_facts = std::move(facts.scenario);
    const fs::path folder = facts.folder;
    facts = machine->facts;
    facts.seed = scenario.seed;
    facts.scenario = scenario_facts;
    facts.folder = folder;
    facts.id = folder.filename().string();
    facts.command = options.command;
    facts.verifier = verifier_text(scenario.rules_off);

    const fs::path log_path = folder / kEventLogName;
    ScenarioRun run;
    PlainRunOutcome outcome;
    Reference without;
    std::optional<Error> trouble;
    if (machine->look->started) {
        const auto& offers = machine->look->offers;
        const size_t cards = 1 + scenario.more_cards.size();
        run = compile_scenario(scenario,
                               opens_what_is_found(scenario) ? choose_targets(offers, cards) : find_targets(offers),
                               machine->guest.package.has_hardware());
        outcome = run_machine(options, slot, *machine, scenario, forced, run, sections, facts, without);
        trouble = outcome.trouble;
        facts.event_log_sha256 = outcome.sha256;
        facts.records = outcome.records;
        facts.run_seconds = outcome.seconds;
    } else { // the driver did not start: what the first look recorded is the run
        write_file(log_path, machine->look->log_bytes);
        trouble = machine->look->outcome.trouble;
        facts.event_log_sha256 = machine->look->outcome.sha256;
        facts.records = machine->look->outcome.records;
    }
    facts.artefacts["event log"] = kEventLogName;
    std::error_code ignored;
    if (trouble && fs::file_size(log_path, ignored) < sizeof(mpulab_link_header)) {
        result.judgement = bench_trouble(*trouble);
        return;
    }
    const EventLog log = EventLog::open(log_path);
    const SymbolPath symbols{{machine->guest.package.driver.parent_path(), machine->guest.modules}, MPULAB_SOURCE_TREE};
    note_log(facts, log, machine->spec, 0, forced);
    if (trouble) {
        result.judgement = bench_trouble(*trouble);
    } else {
        RunView view = scenario_view(log, scenario, run);
        const RuleBooks books = judge_rules(view);
        view.books = &books;
        result.judgement = judge_by(log, [&] { return run_scenario_checks(view, scenario, run); });
        facts.rules = rule_states(view, result.judgement.checks);
        keep_findings(facts, result.judgement, books, log, symbols, machine->guest.package.driver);
        if (without) judge_snapshots(result.judgement, log, run.snapshots, outcome, *without, folder / kReferenceLog);
    }
    if (without && without->sha256 == outcome.sha256) {
        fs::remove(folder / kReferenceLog, ignored);
    } else if (without) {
        facts.artefacts["without snapshots"] = kReferenceLog;
    }
    if (options.red) {
        expect_red(result.judgement);
    } else {
        take_known_issue(scenario, result.judgement);
    }
    keep_crash(facts, result.judgement, symbols, machine->guest.package.driver);
}

} // namespace

std::string machine_key(const RunOptions& options, const Scenario& scenario) {
    return look_key(package_of(options, scenario), scenario);
}

RunOutcome run_scenario(const RunOptions& options, const Scenario& scenario, LookCache& looks, WorkerSlot* slot) {
    RunOutcome result;
    RunFacts& facts = result.facts;
    ScenarioFacts about{scenario.file, scenario.name, scenario.title, scenario.tags, scenario.parameters, ""};
    if (scenario.known_issue)
        about.known_issue = fmt::format("{} ({})", scenario.known_issue->reason, scenario.known_issue->reference);
    facts.scenario = std::move(about);
    facts.seed = scenario.seed;
    facts.command = options.command;
    try {
        facts.folder = make_run_folder(options.out, scenario.name);
        facts.id = facts.folder.filename().string();
        run_and_judge(options, scenario, looks, slot, result);
        if (options.compress) compress_log(facts);
        result.judgement.next = with_run(result.judgement.next, facts.folder.string());
        result.document = keep_result(facts, result.judgement);
    } catch (const NotForPackage& why) {
        result.judgement.verdict = Verdict::NotApplicable;
        result.judgement.reason = why.what();
        result.document = keep_result(facts, result.judgement);
    } catch (const Error& error) {
        result.judgement = bench_trouble(error);
        result.document = result_text(result_document(facts, result.judgement));
    } catch (const std::exception& error) { // one run's, not all runs' end
        result.judgement =
            bench_trouble(Error(fmt::format("unexpected: {}", error.what()), "report this as a bug of mpulab"));
        result.document = result_text(result_document(facts, result.judgement));
    }
    return result;
}

} // namespace mpulab
