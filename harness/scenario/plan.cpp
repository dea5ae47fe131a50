// SPDX-License-Identifier: MIT
#include "scenario/plan.hpp"

#include "common/error.hpp"
#include <fmt/format.h>

namespace mpulab {

Bytes write_plan(uint64_t seed, const std::vector<PlanSection>& sections) {
    uint64_t total = sizeof(mpulab_plan_header) + sections.size() * sizeof(mpulab_plan_section);
    for (const PlanSection& section : sections)
        total += (section.bytes.size() + 7) / 8 * 8;
    if (total > MPULAB_PLAN_MAX_BYTES || sections.size() > MPULAB_PLAN_MAX_SECTIONS) {
        throw Error(fmt::format("the run's plan has {} bytes in {} sections, a machine takes {} in {}", total,
                                sections.size(), MPULAB_PLAN_MAX_BYTES, MPULAB_PLAN_MAX_SECTIONS),
                    "cut the song into parts");
    }
    mpulab_plan_header header{};
    std::memcpy(header.magic, MPULAB_PLAN_MAGIC, sizeof header.magic);
    header.version = MPULAB_PLAN_VERSION;
    header.size = static_cast<uint32_t>(total);
    header.section_count = static_cast<uint32_t>(sections.size());
    header.seed = seed;

    Bytes plan;
    plan.reserve(total);
    append_pod(plan, header);
    auto offset = static_cast<uint32_t>(sizeof header + sections.size() * sizeof(mpulab_plan_section));
    for (const PlanSection& section : sections) {
        const auto size = static_cast<uint32_t>(section.bytes.size());
        append_pod(plan, mpulab_plan_section{section.tag, section.unit, offset, size});
        offset += (size + 7) / 8 * 8;
    }
    for (const PlanSection& section : sections) {
        append(plan, section.bytes);
        pad(plan, 8);
    }
    return plan;
}

Bytes write_cues(uint64_t seed, std::vector<mpulab_cue> cues, ByteView bytes) {
    if (cues.empty()) return {};
    const uint64_t table_end = sizeof(mpulab_cues_header) + cues.size() * sizeof(mpulab_cue);
    const uint64_t size = table_end + bytes.size();
    if (size > MPULAB_PLAN_MAX_BYTES) {
        throw Error(fmt::format("{} cues need {} bytes, a machine takes {}", cues.size(), size, MPULAB_PLAN_MAX_BYTES),
                    "cut the song into parts");
    }
    mpulab_cues_header header{};
    std::memcpy(header.magic, MPULAB_CUES_MAGIC, sizeof header.magic);
    header.version = MPULAB_CUES_VERSION;
    header.size = static_cast<uint32_t>(size);
    header.cue_count = static_cast<uint32_t>(cues.size());
    header.seed = seed;

    Bytes section;
    section.reserve(size);
    append_pod(section, header);
    for (mpulab_cue& cue : cues) {
        if (cue.action == MPULAB_ACTION_INJECT) cue.value += static_cast<uint32_t>(table_end);
        append_pod(section, cue);
    }
    append(section, bytes);
    return section;
}

PlanSection options_section(uint32_t flags, uint32_t windows_build, uint64_t dpc_delay_ns, const RuleSet& rules_off) {
    mpulab_guest_options options{};
    options.flags = flags;
    options.windows_build = windows_build;
    options.dpc_delay_us = static_cast<uint32_t>(dpc_delay_ns / 1'000);
    static_assert(kRules < 32 * std::size(mpulab_guest_options{}.rules_off));
    for (uint32_t rule = 1; rule <= kRules; ++rule)
        options.rules_off[rule / 32] |= uint32_t{rules_off[rule]} << rule % 32;
    PlanSection section{MPULAB_SECTION_OPTIONS, 0, {}};
    append_pod(section.bytes, options);
    return section;
}

} // namespace mpulab
