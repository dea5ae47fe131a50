// SPDX-License-Identifier: MIT
#include "cue_sheet.hpp"

#include "../../common/bytes.hpp"

namespace mpulab {
namespace {

// A year: more is a mistake in the scenario, and sums of two such delays stay far from the end of time.
constexpr uint64_t kMaxDelayNs = 365ull * 24 * 3600 * 1'000'000'000ull;

mpulab_cue read_cue(ByteReader& in) {
    mpulab_cue cue = {};
    cue.trigger = in.get<uint32_t>();
    cue.argument = in.get<uint32_t>();
    cue.delay_ns = in.get<uint64_t>();
    cue.action = in.get<uint32_t>();
    cue.offset = in.get<uint32_t>();
    cue.size = in.get<uint32_t>();
    cue.reserved = in.get<uint32_t>();
    return cue;
}

bool check_cue(const mpulab_cue& cue, size_t number, size_t table_size, size_t section_size, ErrorText& error) {
    if (cue.trigger != MPULAB_TRIGGER_TIME && cue.trigger != MPULAB_TRIGGER_MARKER) {
        return error.say("cue %zu: trigger %u is unknown; 0 (time) and 1 (marker) are known", number, cue.trigger);
    }
    if (cue.action != MPULAB_ACTION_INJECT) {
        return error.say("cue %zu: action %u is unknown; 1 (inject) is known", number, cue.action);
    }
    if (cue.delay_ns > kMaxDelayNs) {
        return error.say("cue %zu: delay of %llu ns; at most a year is allowed", number,
                         static_cast<unsigned long long>(cue.delay_ns));
    }
    if (cue.reserved != 0) return error.say("cue %zu: reserved word is 0x%x; 0 expected", number, cue.reserved);
    if (cue.size == 0) return error.say("cue %zu: injects 0 bytes; at least 1 expected", number);
    if (cue.offset < table_size || cue.offset > section_size || cue.size > section_size - cue.offset) {
        return error.say("cue %zu: its bytes (offset %u, size %u) do not lie between the table's end (%zu) and the "
                         "section's (%zu)",
                         number, cue.offset, cue.size, table_size, section_size);
    }
    return true;
}

} // namespace

bool CueSheet::parse(const void* section, size_t size, ErrorText& error) {
    std::vector<mpulab_cue> cues;
    if (size != 0) {
        constexpr size_t kCueSize = sizeof(mpulab_cue);
        if (size < kCueSize || size > MPULAB_PLAN_MAX_BYTES) {
            return error.say("cues: a section of %zu bytes; %zu to %u expected", size, kCueSize, MPULAB_PLAN_MAX_BYTES);
        }
        ByteReader in(section, size);
        const size_t table_size = read_cue(in).offset;
        if (table_size == 0 || table_size % kCueSize != 0 || table_size > size) {
            return error.say("cue 0: offset %zu; its bytes begin where the table ends, a multiple of %zu inside the "
                             "section's %zu bytes",
                             table_size, kCueSize, size);
        }
        in = ByteReader(section, size);
        cues.reserve(table_size / kCueSize);
        for (size_t number = 0; number < table_size / kCueSize; ++number) {
            cues.push_back(read_cue(in));
            if (!check_cue(cues.back(), number, table_size, size, error)) return false;
        }
    }
    const auto* bytes = static_cast<const uint8_t*>(section);
    section_.assign(bytes, bytes + size);
    cues_ = std::move(cues);
    return true;
}

} // namespace mpulab
