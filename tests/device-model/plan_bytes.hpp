// SPDX-License-Identifier: MIT
// Plans and cue sections as bytes, written here by hand from plan.h: right ones, to be bent by tests.
#pragma once

#include "plan.h"

#include <cstdint>
#include <cstring>
#include <vector>

using Bytes = std::vector<uint8_t>;

template <typename T> void append(Bytes& to, const T& value) {
    const auto* from = reinterpret_cast<const uint8_t*>(&value);
    to.insert(to.end(), from, from + sizeof value);
}

inline mpulab_cue inject(uint32_t trigger, uint32_t argument, uint64_t delay_ns, uint32_t size) {
    return {trigger, argument, delay_ns, MPULAB_ACTION_INJECT, 0, size, 0};
}

// Lays the cues' bytes behind their table, in order.
inline Bytes cue_section(std::vector<mpulab_cue> cues, const Bytes& bytes) {
    Bytes section;
    auto offset = static_cast<uint32_t>(cues.size() * sizeof(mpulab_cue));
    for (mpulab_cue& cue : cues) {
        cue.offset = offset;
        offset += cue.size;
        append(section, cue);
    }
    section.insert(section.end(), bytes.begin(), bytes.end());
    return section;
}

struct SectionBytes {
    uint32_t tag;
    uint32_t unit;
    Bytes bytes;
};

inline Bytes plan_bytes(const std::vector<SectionBytes>& sections, uint64_t seed = 1) {
    Bytes table;
    Bytes body;
    const auto begin =
        static_cast<uint32_t>(sizeof(mpulab_plan_header) + sections.size() * sizeof(mpulab_plan_section));
    for (const SectionBytes& section : sections) {
        append(table, mpulab_plan_section{section.tag, section.unit, begin + static_cast<uint32_t>(body.size()),
                                          static_cast<uint32_t>(section.bytes.size())});
        body.insert(body.end(), section.bytes.begin(), section.bytes.end());
        body.resize((body.size() + 7) / 8 * 8);
    }
    mpulab_plan_header header = {};
    std::memcpy(header.magic, MPULAB_PLAN_MAGIC, sizeof header.magic);
    header.version = MPULAB_PLAN_VERSION;
    header.size = begin + static_cast<uint32_t>(body.size());
    header.section_count = static_cast<uint32_t>(sections.size());
    header.seed = seed;
    Bytes plan;
    append(plan, header);
    plan.insert(plan.end(), table.begin(), table.end());
    plan.insert(plan.end(), body.begin(), body.end());
    return plan;
}
