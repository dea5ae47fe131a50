// SPDX-License-Identifier: MIT
// Any text as a scenario: it is refused with places, or it compiles to a score that the agent takes.
#include "scenario/scenario_run.hpp"

#include "common/error.hpp"
#include "score_check.hpp"

#include <cstdlib>

using namespace mpulab;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::vector<Complaint> complaints;
    const auto scenarios =
        parse_scenarios({reinterpret_cast<const char*>(data), size}, "/nonexistent/a.yaml", {}, complaints);
    if (!complaints.empty()) return 0;
    for (const Scenario& scenario : scenarios) {
        SongTargets targets;
        targets.render = PinTarget{};
        targets.capture = PinTarget{0, ks::kCategoryAudio, u"", 2};
        try {
            const ScenarioRun run = compile_scenario(scenario, targets, true);
            if (agent::check_score(run.score.data(), run.score.size()).reason != nullptr) std::abort();
        } catch (const Error&) { // too large for a score or plan
        }
    }
    return 0;
}
