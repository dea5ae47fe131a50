// SPDX-License-Identifier: MIT
// Steps about when: time that passes, marks in the log, the machine saved and put back.
#include "scenario/score_compiler.hpp"

#include "common/error.hpp"
#include "events/names.hpp"
#include "link/mpulab_link.h"
#include "scenario/scenario_cues.hpp"

#include <fmt/format.h>

namespace mpulab {

void ScoreCompiler::wait(const Json& step) {
    score_.delay(step.at("wait").get<uint64_t>());
}

void ScoreCompiler::marker(const Json& step) {
    score_.marker(step.at("marker").get<uint32_t>());
}

/// A wait for an event counts from the begin of the step before it, which may be what makes the card do it; of a wait
/// for another event before it, from its end.
void ScoreCompiler::watch_for(const Json& step) {
    const uint32_t unit = step.value("unit", 0u);
    if (unit >= cards()) return; // wait_event() tells
    const uint32_t number =
        score_.watch_event(first_unit() + unit, kind_by_name(step.at("wait-event").get<std::string>()),
                           step.value("a", MPULAB_EVENT_ANY), step.value("b", MPULAB_EVENT_ANY));
    run_.steps[number] = told_as(step);
}

void ScoreCompiler::wait_event(const Json& step) {
    if (!unit_of(step)) return;
    if (!run_.wire) {
        throw NotForPackage(at_place(step, fmt::format("the package has no card whose {} could be waited for",
                                                       step.at("wait-event").get<std::string>())),
                            "take a package with hardware, or a wait: instead");
    }
    score_.wait_event(step.value("nth", uint64_t{1}), timeout(step));
}

/// The machine stops at the first marker of that number: there must be one.
void ScoreCompiler::snapshot(const Json& step) {
    const auto number = step.at("snapshot").get<uint32_t>();
    if (markers_of(scenario_, number) != 1)
        return complain(step, fmt::format("another step has marker {}, too", number), "a number of its own");
    run_.snapshots.push_back(number);
    score_.marker(number);
}

} // namespace mpulab
