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

// Fields of a cue other than its two kinds; what is left out is as in a cue that happens once, at its trigger.
struct CueFields {
    uint32_t argument = 0;
    uint32_t first = 1;
    uint32_t firings = 1;
    uint64_t every = 0;
    uint64_t delay_ns = 0;
    uint64_t jitter_ns = 0;
    uint32_t count = 0;
    uint64_t time_ns = 0;
    uint32_t value = 0;
};

inline mpulab_cue cue(uint32_t trigger, uint32_t action, const CueFields& fields = {}) {
    return {trigger,          fields.argument, fields.first, fields.firings, fields.every, fields.delay_ns,
            fields.jitter_ns, action,          fields.count, fields.time_ns, fields.value, 0};
}

inline mpulab_cue inject(uint32_t trigger, uint32_t argument, uint64_t delay_ns, uint32_t size) {
    return cue(trigger, MPULAB_ACTION_INJECT, {.argument = argument, .delay_ns = delay_ns, .count = size});
}

// Lays the bytes of INJECT cues behind the table, in order.
inline Bytes cue_section(std::vector<mpulab_cue> cues, const Bytes& bytes = {}, uint64_t seed = 1) {
    auto offset = static_cast<uint32_t>(sizeof(mpulab_cues_header) + cues.size() * sizeof(mpulab_cue));
    mpulab_cues_header header = {};
    std::memcpy(header.magic, MPULAB_CUES_MAGIC, sizeof header.magic);
    header.version = MPULAB_CUES_VERSION;
    header.size = offset + static_cast<uint32_t>(bytes.size());
    header.cue_count = static_cast<uint32_t>(cues.size());
    header.seed = seed;
    Bytes section;
    append(section, header);
    for (mpulab_cue& entry : cues) {
        if (entry.action == MPULAB_ACTION_INJECT) {
            entry.value = offset;
            offset += entry.count;
        }
        append(section, entry);
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
