// SPDX-License-Identifier: MIT
// Each event's first byte starts within 1.1 ms (virtual) of its time, or of when the wire would have had room for it,
// had the event before gone out in one piece: so a driver that stalls inside a long event is late for the one behind
// it. Event time = RUN of the render pin + lead + time in the song.
#include "checks/check.hpp"
#include "events/format.hpp"
#include "scenario/song_run.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {

CheckResult check_wire_times(const CheckInput& input) {
    constexpr const char* kName = "times";
    const auto run_time = render_run_time(input);
    if (!run_time) return nothing_seen(kName, "the render pin never ran");

    const uint64_t song_zero = *run_time + input.run.lead_ns;
    uint64_t byte = 0;         // number of the byte on the wire
    size_t next = 0;           // event whose first byte comes next
    uint64_t wire_free = 0;    // a stall inside the event before is forgiven up to the same millisecond
    uint64_t in_one_piece = 0; // the end of the event before, had it not stalled at all
    uint64_t worst = 0;
    for (const mpulab_record& record : input.log.records()) {
        if (record.kind != MPULAB_KIND_WIRE_OUT || record.unit != input.run.unit) continue;
        const bool own = MPULAB_CORR_SPACE(record.corr) == MPULAB_CORR_OWN_BYTE; // Stop and clocks fill the wire too
        if (!own && next < input.song.events.size() && byte == input.song.events[next].offset) {
            const uint64_t due = std::max(song_zero + input.song.events[next].time_ns, wire_free);
            const uint64_t off = record.time_ns > due ? record.time_ns - due : due - record.time_ns;
            if (off > kMaxLatenessNs) {
                return failed(
                    input.log, kName, next + 1,
                    fmt::format("event {} is {} us {}", next, off / 1000, record.time_ns > due ? "late" : "early"),
                    fmt::format("{} s, within {} us", format_time(due), kMaxLatenessNs / 1000),
                    fmt::format("{} s", format_time(record.time_ns)), record.seq);
            }
            worst = std::max(worst, off);
            in_one_piece = record.time_ns + input.song.events[next].size * kWireByteNs;
            ++next;
        }
        if (own) in_one_piece += kWireByteNs;
        wire_free = std::min(record.b, in_one_piece + kMaxLatenessNs); // record.b: the end of its stop bit
        byte += own ? 0 : 1;
    }
    if (next == 0) return nothing_seen(kName, "no event of the song went out");
    return passed(kName, next, fmt::format("{} events, the worst {} us off", next, (worst + 500) / 1000));
}

} // namespace mpulab
