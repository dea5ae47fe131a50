// SPDX-License-Identifier: MIT
#include "cli/play_choices.hpp"

#include "cli/run_folder.hpp"
#include "common/files.hpp"
#include "machine/runtime_dir.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace mpulab {
namespace {

/// One more run, as a plain process: the same run gives the same log whoever starts it.
Judgement play_once_more(const PlayOptions& options, const Prepared& p, const std::vector<mpulab_choice>& choices,
                         const std::filesystem::path& folder) {
    create_folders(folder);
    MachineSpec spec = p.spec;
    spec.plan = folder / "plan.bin";
    write_file(spec.plan, plan_of(options, p, choices));
    const RuntimeDir runtime = RuntimeDir::create(RuntimeDir::default_base());
    spec.initrd = runtime.without_space(spec.initrd);
    const PlainRunOutcome outcome = run_plainly({spec, folder / kEventLogName, watchdog_limits(false)});
    if (outcome.trouble && outcome.trouble->code() == ExitCode::Interrupted) throw *outcome.trouble;
    if (outcome.trouble) return bench_trouble(*outcome.trouble);
    const EventLog log = EventLog::open(folder / kEventLogName);
    return judge({log, p.song, p.run, p.facts.seed, p.rules_off, nullptr, io_costs_of(p.spec.cards)});
}

} // namespace

void play_alternatives(const PlayOptions& options, Prepared& p, Judgement& judgement) {
    size_t reruns = 0, green = 0, left_out = 0;
    std::string first_red;
    Verdict worst = judgement.verdict;
    for (ChoiceFacts& varied : p.facts.choices) {
        if (varied.taken < varied.alternatives.size()) {
            varied.alternatives[varied.taken].verdict = verdict_name(judgement.verdict);
            varied.alternatives[varied.taken].reason = judgement.reason;
        }
        for (size_t i = 0; i < varied.alternatives.size(); ++i) {
            if (i == varied.taken) continue;
            if (reruns == kMaxReruns) {
                ++left_out;
                continue;
            }
            ++reruns;
            std::vector<mpulab_choice> choices = p.forced;
            for (const ChoiceFacts& other : p.facts.choices) {
                const auto alternative = static_cast<uint32_t>(&other == &varied ? i : other.taken);
                const auto old = std::find_if(choices.begin(), choices.end(),
                                              [&](const mpulab_choice& c) { return c.number == other.number; });
                if (old != choices.end()) {
                    old->alternative = alternative;
                } else {
                    choices.push_back({other.number, alternative});
                }
            }
            const Judgement other =
                play_once_more(options, p, choices, p.facts.folder / fmt::format("choice-{}-{}", varied.name, i));
            varied.alternatives[i].verdict = verdict_name(other.verdict);
            varied.alternatives[i].reason = other.reason;
            if (other.verdict == Verdict::Passed) {
                ++green;
            } else if (first_red.empty()) {
                first_red = fmt::format("{}={} ({}): {}: {}", varied.name, i, varied.alternatives[i].text,
                                        verdict_name(other.verdict), other.reason);
                worst = other.verdict == Verdict::Error ? Verdict::Error : Verdict::Failed;
            }
        }
    }
    if (left_out != 0)
        spdlog::warn("{} alternatives beyond {} are not run: their verdict is null", left_out, kMaxReruns);
    if (judgement.verdict == Verdict::Passed && !first_red.empty()) {
        judgement.verdict = worst;
        judgement.reason = fmt::format("green on {} of {} answers where Windows is undocumented; red first on {}",
                                       green + 1, reruns + 1, first_red);
        judgement.next = "play it with --choice; see that run with \"mpulab show\" of its folder in the run's";
    }
}

} // namespace mpulab
