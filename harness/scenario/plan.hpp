// SPDX-License-Identifier: MIT
// Writes a plan file (device-model/probe/plan.h): everything a machine is handed before its first instruction.
#pragma once

#include "checks/rules.hpp"
#include "common/bytes.hpp"
#include "probe/plan.h"

namespace mpulab {

struct PlanSection {
    uint32_t tag = 0; // MPULAB_SECTION_*
    uint32_t unit = 0;
    Bytes bytes;
};

/// Throws Error when it becomes larger than the probe takes.
Bytes write_plan(uint64_t seed, const std::vector<PlanSection>& sections);

/// A CUES section. `seed` is that of their jitter. An INJECT cue's `value` counts from the start of `bytes` here; no
/// cues: an empty section. Throws Error when it becomes larger than a machine takes.
Bytes write_cues(uint64_t seed, std::vector<mpulab_cue> cues, ByteView bytes);

/// An OPTIONS section. `flags`: MPULAB_OPTION_*. `windows_build`: of the profile the guest shall have; 0: its default.
/// `dpc_delay_ns`: how late each DPC of a driver comes at least; whole microseconds. `rules_off`: rules that the guest
/// keeps quiet about.
PlanSection options_section(uint32_t flags, uint32_t windows_build = 0, uint64_t dpc_delay_ns = 0,
                            const RuleSet& rules_off = {});

} // namespace mpulab
