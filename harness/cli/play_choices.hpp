// SPDX-License-Identifier: MIT
// The answers a run depended on, and what becomes of it with the others.
#pragma once

#include "cli/play_inputs.hpp"
#include "report/verdict.hpp"

namespace mpulab {

inline constexpr size_t kMaxReruns = 256; // for all choices of a run together

/// Plays the run of `p` once more for every other alternative of each of its choices, the rest held as the run took
/// them, and writes the verdicts into `p.facts.choices`. Each rerun leaves its event log in a folder
/// "choice-<name>-<number>" of the run's. A driver that is green on only some answers makes `judgement` red, with the
/// reason.
void play_alternatives(const PlayOptions& options, Prepared& p, Judgement& judgement);

} // namespace mpulab
