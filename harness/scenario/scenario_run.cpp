// SPDX-License-Identifier: MIT
#include "scenario/scenario_run.hpp"

#include "common/error.hpp"
#include "scenario/ks.hpp"
#include "scenario/proofread_checks.hpp"
#include "scenario/scenario_cues.hpp"
#include "scenario/score_compiler.hpp"

namespace mpulab {
namespace {

/// Any driver with both pins: for reading a scenario before there is one.
SongTargets assumed_targets(uint32_t unit = 0) {
    SongTargets targets;
    targets.render = PinTarget{unit, ks::kCategoryAudio, u"", ks::kRenderPin};
    targets.capture = PinTarget{unit, ks::kCategoryAudio, u"", ks::kCapturePin};
    return targets;
}

} // namespace

void proofread(const Scenario& scenario, std::vector<Complaint>& complaints) {
    SongTargets targets = assumed_targets();
    for (uint32_t unit = 1; unit <= scenario.more_cards.size(); ++unit)
        targets.more.push_back(assumed_targets(unit));
    const size_t before_cues = complaints.size();
    proofread_cues(scenario, complaints);
    const bool cues_fit = complaints.size() == before_cues;
    proofread_checks(scenario, complaints);
    if (!cues_fit) return; // one that does not cannot be written
    const ScenarioRun run = ScoreCompiler(scenario, targets, true, &complaints).compile();
    proofread_captures(scenario, run, complaints);
}

ScenarioRun compile_scenario(const Scenario& scenario, const SongTargets& targets, bool wire) {
    if (!wire && !scenario.cues.empty()) {
        throw NotForPackage("the package has no card that the scenario's cues could act on",
                            "take a package with hardware");
    }
    return ScoreCompiler(scenario, targets, wire, nullptr).compile();
}

} // namespace mpulab
