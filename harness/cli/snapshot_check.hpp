// SPDX-License-Identifier: MIT
// Whether a run noticed the snapshots in the middle of it: its event log must be that of the run without them.
#pragma once

#include "machine/plain_run.hpp"
#include "report/verdict.hpp"

namespace mpulab {

inline constexpr const char* kReferenceLog = "without-snapshots.mpl"; // in the run's folder, while it is of interest

/// Adds the check "snapshots" to what the run was judged by. A difference is the bench's or the card's, and whatever
/// the other checks say of the driver then is not to be believed. `log`: of the run with its snapshots, at `markers`;
/// `without`: how the run without them ended, `reference` its log.
void judge_snapshots(Judgement& judgement, const EventLog& log, const std::vector<uint32_t>& markers,
                     const PlainRunOutcome& with, const PlainRunOutcome& without,
                     const std::filesystem::path& reference);

} // namespace mpulab
