// SPDX-License-Identifier: MIT
// Steps about when: time that passes, marks in the log, the machine saved and put back.
#include "scenario/score_compiler.hpp"

#include "scenario/scenario_cues.hpp"

#include <fmt/format.h>

namespace mpulab {
void ScoreCompiler::wait(const Json& step) { score_.delay(step.at("wait").get<uint64_t>()); }

void ScoreCompiler::marker(const Json& step) { score_.marker(step.at("marker").get<uint32_t>()); }

/// The machine stops at the first marker of that number: there must be one.
void ScoreCompiler::snapshot(const Json& step) {
    const auto number = step.at("snapshot").get<uint32_t>();
    if (markers_of(scenario_, number) != 1)
        return complain(step, fmt::format("another step has marker {}, too", number), "a number of its own");
    run_.snapshots.push_back(number);
    score_.marker(number);
}

} // namespace mpulab
