// SPDX-License-Identifier: MIT
#include "plan.hpp"

#include "../common/bytes.hpp"

#include <algorithm>
#include <cstring>

namespace mpulab {
namespace {

constexpr size_t kHeaderSize = sizeof(mpulab_plan_header);
constexpr size_t kSectionSize = sizeof(mpulab_plan_section);
constexpr size_t kChoiceSize = sizeof(mpulab_choice);

const char* section_name(uint32_t tag) {
    switch (tag) {
    case MPULAB_SECTION_MACHINE:
        return "MACHINE";
    case MPULAB_SECTION_SCORE:
        return "SCORE";
    case MPULAB_SECTION_OPTIONS:
        return "OPTIONS";
    case MPULAB_SECTION_CUES:
        return "CUES";
    case MPULAB_SECTION_CHOICES:
        return "CHOICES";
    case MPULAB_SECTION_SEED:
        return "SEED";
    default:
        return nullptr;
    }
}

bool check_place(const mpulab_plan_section& section, size_t number, size_t table_end, size_t size, ErrorText& error) {
    const char* name = section_name(section.tag);
    if (section.offset % 8 != 0) {
        return error.say("plan: section %zu (%s): offset %u is no multiple of 8", number, name, section.offset);
    }
    if (section.offset < table_end || section.offset > size || section.size > size - section.offset) {
        return error.say("plan: section %zu (%s): offset %u and size %u do not lie between the table's end (%zu) and "
                         "the plan's (%zu)",
                         number, name, section.offset, section.size, table_end, size);
    }
    return true;
}

bool check_meaning(const mpulab_plan_section& section, size_t number, ErrorText& error) {
    const char* name = section_name(section.tag);
    if (name == nullptr) {
        return error.say("plan: section %zu: tag 0x%08x is unknown; SCORE, OPTIONS, CHOICES and CUES are "
                         "known",
                         number, section.tag);
    }
    if (section.tag == MPULAB_SECTION_MACHINE) {
        return error.say(
            "plan: section %zu (MACHINE): the probe makes it from the devices that are there; leave it out", number);
    }
    if (section.tag == MPULAB_SECTION_SEED) {
        return error.say("plan: section %zu (SEED): the probe makes it from the plan's header; leave it out", number);
    }
    if (section.tag != MPULAB_SECTION_CUES && section.unit != 0) {
        return error.say("plan: section %zu (%s): unit %u; 0 expected", number, name, section.unit);
    }
    if (section.tag == MPULAB_SECTION_OPTIONS && section.size != sizeof(mpulab_guest_options)) {
        return error.say("plan: section %zu (OPTIONS): size %u; %zu expected", number, section.size,
                         sizeof(mpulab_guest_options));
    }
    if (section.tag == MPULAB_SECTION_CHOICES &&
        (section.size % kChoiceSize != 0 || section.size > MPULAB_PLAN_MAX_CHOICES * kChoiceSize)) {
        return error.say("plan: section %zu (CHOICES): size %u; a multiple of %zu, at most %zu, expected", number,
                         section.size, kChoiceSize, MPULAB_PLAN_MAX_CHOICES * kChoiceSize);
    }
    return true;
}

// That a number and its alternative exist is the guest's to say: it has the list.
bool check_choices(std::span<const uint8_t> bytes, size_t number, ErrorText& error) {
    std::vector<uint32_t> seen;
    ByteReader in(bytes.data(), bytes.size());
    for (size_t i = 0; i < bytes.size() / kChoiceSize; ++i) {
        const uint32_t choice = in.get<uint32_t>();
        in.get<uint32_t>();
        if (std::find(seen.begin(), seen.end(), choice) != seen.end()) {
            return error.say("plan: section %zu (CHOICES): choice %u is forced twice", number, choice);
        }
        seen.push_back(choice);
    }
    return true;
}

bool check_against(const mpulab_plan_section& section, size_t number, const mpulab_plan_section& other,
                   size_t other_number, ErrorText& error) {
    const char* name = section_name(section.tag);
    if (section.tag == other.tag && section.unit == other.unit) {
        return error.say("plan: section %zu (%s, unit %u): there is one already, section %zu", number, name,
                         section.unit, other_number);
    }
    const uint64_t end = uint64_t{section.offset} + section.size;
    const uint64_t other_end = uint64_t{other.offset} + other.size;
    if (section.offset < other_end && other.offset < end) {
        return error.say("plan: section %zu (%s): bytes %u to %llu overlap section %zu (%s)", number, name,
                         section.offset, static_cast<unsigned long long>(end), other_number, section_name(other.tag));
    }
    return true;
}

} // namespace

bool Plan::parse(const void* bytes, size_t size, ErrorText& error) {
    if (size < kHeaderSize || size > MPULAB_PLAN_MAX_BYTES) {
        return error.say("plan: %zu bytes; %zu to %u expected", size, kHeaderSize, MPULAB_PLAN_MAX_BYTES);
    }
    ByteReader in(bytes, size);
    if (std::memcmp(in.get_bytes(8), MPULAB_PLAN_MAGIC, 8) != 0) {
        return error.say("plan: does not begin with \"%s\"", MPULAB_PLAN_MAGIC);
    }
    const uint32_t version = in.get<uint32_t>();
    const uint32_t stated_size = in.get<uint32_t>();
    const uint32_t section_count = in.get<uint32_t>();
    const uint32_t reserved = in.get<uint32_t>();
    const uint64_t seed = in.get<uint64_t>();
    if (version != MPULAB_PLAN_VERSION) {
        return error.say("plan: version %u; %u expected (harness and QEMU must be of one build)", version,
                         MPULAB_PLAN_VERSION);
    }
    if (stated_size != size) return error.say("plan: says it has %u bytes, has %zu", stated_size, size);
    if (reserved != 0) return error.say("plan: reserved word is 0x%x; 0 expected", reserved);
    const size_t table_end = kHeaderSize + size_t{section_count} * kSectionSize;
    if (section_count > MPULAB_PLAN_MAX_SECTIONS || table_end > size) {
        return error.say("plan: %u sections; at most %u, and a table inside its %zu bytes, expected", section_count,
                         MPULAB_PLAN_MAX_SECTIONS, size);
    }
    std::vector<mpulab_plan_section> sections;
    for (size_t number = 0; number < section_count; ++number) {
        mpulab_plan_section section = {};
        section.tag = in.get<uint32_t>();
        section.unit = in.get<uint32_t>();
        section.offset = in.get<uint32_t>();
        section.size = in.get<uint32_t>();
        if (!check_meaning(section, number, error)) return false;
        if (!check_place(section, number, table_end, size, error)) return false;
        for (size_t other = 0; other < number; ++other) {
            if (!check_against(section, number, sections[other], other, error)) return false;
        }
        if (section.tag == MPULAB_SECTION_CHOICES &&
            !check_choices({static_cast<const uint8_t*>(bytes) + section.offset, section.size}, number, error)) {
            return false;
        }
        sections.push_back(section);
    }
    const auto* from = static_cast<const uint8_t*>(bytes);
    bytes_.assign(from, from + size);
    sections_ = std::move(sections);
    seed_ = seed;
    return true;
}

std::span<const uint8_t> Plan::section(uint32_t tag, uint32_t unit) const {
    for (const mpulab_plan_section& section : sections_) {
        if (section.tag == tag && section.unit == unit) return {bytes_.data() + section.offset, section.size};
    }
    return {};
}

} // namespace mpulab
