// SPDX-License-Identifier: MIT
#include "cue_sheet.hpp"

#include "../../common/bytes.hpp"
#include "../../common/split_mix.h"

#include <cinttypes>
#include <cstring>
#include <utility>

namespace mpulab {
namespace {

constexpr size_t kHeaderSize = sizeof(mpulab_cues_header);
constexpr size_t kCueSize = sizeof(mpulab_cue);

// More is a mistake in the scenario; and the latest firing (a year, a million hours, an hour) stays far from the end of
// time.
constexpr uint64_t kHourNs = 3600ull * 1'000'000'000;
constexpr uint64_t kYearNs = 365ull * 24 * kHourNs;
constexpr uint64_t kMostFirings = 1'000'000;
constexpr uint64_t kLeastTimeStepNs = 1'000;
static_assert(kYearNs + kMostFirings * kHourNs + kHourNs < INT64_MAX / 2);

mpulab_cue read_cue(ByteReader& in) {
    mpulab_cue cue = {};
    cue.trigger = in.get<uint32_t>();
    cue.argument = in.get<uint32_t>();
    cue.first = in.get<uint32_t>();
    cue.firings = in.get<uint32_t>();
    cue.every = in.get<uint64_t>();
    cue.delay_ns = in.get<uint64_t>();
    cue.jitter_ns = in.get<uint64_t>();
    cue.action = in.get<uint32_t>();
    cue.count = in.get<uint32_t>();
    cue.time_ns = in.get<uint64_t>();
    cue.value = in.get<uint32_t>();
    cue.reserved = in.get<uint32_t>();
    return cue;
}

// The checks of one cue; each says which cue, which field, what was seen and what was expected.
class CueCheck {
  public:
    CueCheck(uint32_t number, const mpulab_cue& cue, ErrorText& error) : number_(number), cue_(cue), error_(error) {}

    bool passes() const {
        const CueTrigger* trigger = find_trigger(cue_.trigger);
        if (trigger == nullptr) return unknown("trigger", cue_.trigger, kCueTriggers);
        const CueAction* action = find_action(cue_.action);
        if (action == nullptr) return unknown("action", cue_.action, kCueActions);
        return takes(trigger->name, "argument", cue_.argument, trigger->argument) && repeats(*trigger) &&
               in_range("delay", cue_.delay_ns, 0, kYearNs) && in_range("jitter", cue_.jitter_ns, 0, kHourNs) &&
               takes(action->name, "count", cue_.count, action->count) &&
               takes(action->name, "time", cue_.time_ns, action->time) &&
               takes(action->name, "value", cue_.value, action->value) &&
               in_range("the reserved word", cue_.reserved, 0, 0);
    }

    bool bytes_lie_between(size_t table_end, size_t section_end) const {
        if (cue_.value >= table_end && cue_.value <= section_end && cue_.count <= section_end - cue_.value) return true;
        return error_.say("cue %u: its bytes (value: offset %u, count: %u bytes) do not lie between the table's end "
                          "(%zu) and the section's (%zu)",
                          number_, cue_.value, cue_.count, table_end, section_end);
    }

  private:
    template <typename Entry, size_t N> bool unknown(const char* field, uint32_t seen, const Entry (&table)[N]) const {
        const Entry& last = table[N - 1];
        return error_.say("cue %u: %s %u is unknown; %u (%s) to %u (%s) are known", number_, field, seen,
                          table[0].number, table[0].name, last.number, last.name);
    }

    bool in_range(const char* field, uint64_t seen, uint64_t least, uint64_t most) const {
        if (seen >= least && seen <= most) return true;
        return error_.say("cue %u: %s is %" PRIu64 "; %" PRIu64 " to %" PRIu64 " expected", number_, field, seen, least,
                          most);
    }

    // A field whose bounds stand in the lists of triggers and actions.
    bool takes(const char* owner, const char* field, uint64_t seen, const CueField& bounds) const {
        if (seen >= bounds.least && seen <= bounds.most) return true;
        if (bounds.what[0] == '-') {
            return error_.say("cue %u: %s is %" PRIu64 "; %s uses none: 0 expected", number_, field, seen, owner);
        }
        return error_.say("cue %u: %s is %" PRIu64 "; %s takes %" PRIu64 " to %" PRIu64 " (%s)", number_, field, seen,
                          owner, bounds.least, bounds.most, bounds.what);
    }

    bool repeats(const CueTrigger& trigger) const {
        const bool by_time = cue_.trigger == MPULAB_TRIGGER_TIME;
        if (!in_range("first", cue_.first, 1, by_time ? 1 : UINT32_MAX)) return false;
        if (!in_range("firings", cue_.firings, 1, kMostFirings)) return false;
        if (cue_.firings == 1) {
            if (cue_.every == 0) return true;
            return error_.say("cue %u: every is %" PRIu64 "; with one firing 0 expected", number_, cue_.every);
        }
        const uint64_t least = by_time ? kLeastTimeStepNs : 1;
        const uint64_t most = by_time ? kHourNs : UINT32_MAX;
        if (cue_.every < least || cue_.every > most) {
            return error_.say("cue %u: every is %" PRIu64 "; with %u firings of trigger %s %" PRIu64 " to %" PRIu64
                              " expected (%s)",
                              number_, cue_.every, cue_.firings, trigger.name, least, most, by_time ? "ns" : "times");
        }
        if (by_time && cue_.jitter_ns > cue_.every) { // firings keep their order
            return error_.say("cue %u: jitter is %" PRIu64 "; at most every (%" PRIu64 ") expected", number_,
                              cue_.jitter_ns, cue_.every);
        }
        return true;
    }

    uint32_t number_;
    const mpulab_cue& cue_;
    ErrorText& error_;
};

bool check_header(ByteReader& in, size_t size, mpulab_cues_header& header, ErrorText& error) {
    if (size < kHeaderSize || size > MPULAB_PLAN_MAX_BYTES) {
        return error.say("cues: a section of %zu bytes; %zu to %u expected", size, kHeaderSize, MPULAB_PLAN_MAX_BYTES);
    }
    if (std::memcmp(in.get_bytes(sizeof header.magic), MPULAB_CUES_MAGIC, sizeof header.magic) != 0) {
        return error.say("cues: the section does not begin with \"%s\"", MPULAB_CUES_MAGIC);
    }
    header.version = in.get<uint32_t>();
    header.size = in.get<uint32_t>();
    header.cue_count = in.get<uint32_t>();
    header.reserved = in.get<uint32_t>();
    header.seed = in.get<uint64_t>();
    if (header.version != MPULAB_CUES_VERSION) {
        return error.say("cues: version %u; %u expected (harness and QEMU must be of one build)", header.version,
                         MPULAB_CUES_VERSION);
    }
    if (header.size != size) return error.say("cues: the section says it has %u bytes, has %zu", header.size, size);
    if (header.reserved != 0) return error.say("cues: reserved word is 0x%x; 0 expected", header.reserved);
    if (header.cue_count > (size - kHeaderSize) / kCueSize) {
        return error.say("cues: %u cues announced; the section's %zu bytes hold at most %zu", header.cue_count, size,
                         (size - kHeaderSize) / kCueSize);
    }
    return true;
}

} // namespace

bool CueSheet::parse(const void* section, size_t size, ErrorText& error) {
    std::vector<mpulab_cue> cues;
    mpulab_cues_header header = {};
    if (size != 0) {
        ByteReader in(section, size);
        if (!check_header(in, size, header, error)) return false;
        const size_t table_end = kHeaderSize + size_t{header.cue_count} * kCueSize;
        uint64_t firings = 0;
        cues.reserve(header.cue_count);
        for (uint32_t number = 0; number < header.cue_count; ++number) {
            cues.push_back(read_cue(in));
            const mpulab_cue& cue = cues.back();
            const CueCheck check(number, cue, error);
            if (!check.passes()) return false;
            if (cue.action == MPULAB_ACTION_INJECT && !check.bytes_lie_between(table_end, size)) return false;
            firings += cue.firings;
            if (firings > MPULAB_CUES_MAX_FIRINGS) { // room for all of them is kept, so that none is ever lost
                return error.say("cue %u: firings add up to %" PRIu64 " with its %u; at most %u expected", number,
                                 firings, cue.firings, MPULAB_CUES_MAX_FIRINGS);
            }
        }
    }
    const auto* bytes = static_cast<const uint8_t*>(section);
    section_.assign(bytes, bytes + size);
    cues_ = std::move(cues);
    seed_ = header.seed;
    return true;
}

Nanoseconds CueSheet::delay(uint32_t number, uint32_t firing) const {
    const mpulab_cue& cue = cues_[number];
    const auto delay = static_cast<Nanoseconds>(cue.delay_ns);
    if (cue.jitter_ns == 0) return delay;
    const uint64_t lot = mpulab_split_mix_64(mpulab_split_mix_64(seed_) ^ (uint64_t{number} << 32 | firing));
    return delay + static_cast<Nanoseconds>(lot % (cue.jitter_ns + 1));
}

} // namespace mpulab
