// SPDX-License-Identifier: MIT
// A run in which all is well, to be bent by tests. The song's three events leave on MIDI OUT at their times, arrive on
// MIDI IN, raise the interrupt, and come out of the capture pin.
#pragma once

#include "agent/score.h"
#include "checks/check.hpp"
#include "harness/support/log_builder.hpp"
#include "harness/support/songs.hpp"

namespace mpulab::test {

inline constexpr uint64_t kMs = 1'000'000;
inline constexpr uint64_t kRunStep = 2;
inline constexpr uint64_t kRunNs = 100 * kMs;          // 0 of the stream clock
inline constexpr uint64_t kSongNs = kRunNs + 10 * kMs; // 0 of the song
inline constexpr uint64_t kByteNs = LogBuilder::kByteNs;
inline constexpr uint64_t kDriver = 0xfffff80000100000;

struct GoodRun {
    uint64_t seed = 42;
    Song song = song_of({{0, "90 3c 40"}, {0, "91 3e 41"}, {500 * kMs, "80 3c 00"}});
    SongRun run;
    LogBuilder log;

    GoodRun() {
        run.capture = true;
        run.render_run_step = kRunStep;
        run.lead_ns = 10 * kMs;
        log.started(seed).at(kMs).self_tested().module("testcard.sys", kDriver, 0x8000);
        log.at(50 * kMs).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_DriverEntry);
        log.add(MPULAB_KIND_CALL_LEAVE, MPULAB_CALLBACK_DriverEntry, 0);
        log.step(1, MPULAB_OP_OPEN_FILTER).begin_step(2, MPULAB_OP_SET_STATE);
        log.at(kRunNs).end_step(2, MPULAB_OP_SET_STATE);
        for (const auto& [start, text] :
             {std::pair<uint64_t, const char*>{kSongNs, "90 3c 40 91 3e 41"}, {kSongNs + 500 * kMs, "80 3c 00"}}) {
            const Bytes bytes = hex(text);
            log.wire_out(start, bytes).wire_in(start, bytes);
            interrupt(start + bytes.size() * kByteNs, 2'000);
            log.at(start + bytes.size() * kByteNs + 10'000).captured(bytes);
        }
        log.at(800 * kMs).step(3, MPULAB_OP_CLOSE).ended();
    }

    /// The line rises; the routine is entered `latency_ns` later, claims it, and the line falls.
    void interrupt(uint64_t rise_ns, uint64_t latency_ns, uint64_t claimed = 1) {
        log.at(rise_ns).add(MPULAB_KIND_IRQ, 1, 1);
        log.at(rise_ns + latency_ns).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_InterruptRoutine, kDriver, 7);
        log.add(MPULAB_KIND_IRQ, 0, 1).add(MPULAB_KIND_CALL_LEAVE, MPULAB_CALLBACK_InterruptRoutine, 0);
        log.add(MPULAB_KIND_INTERRUPT, 7, claimed);
    }

    template <typename Check> auto check(Check one) const {
        const EventLog built = log.log();
        return one(CheckInput{built, song, run, seed});
    }
};

inline constexpr uint16_t kOut = MPULAB_KIND_WIRE_OUT;
inline constexpr uint16_t kIn = MPULAB_KIND_WIRE_IN;

/// A failed check says where: its record is of `kind`, and stands, marked, among those around it.
inline void check_place(const GoodRun& good, const CheckResult& result, uint16_t kind) {
    if (!result.record || !result.time_ns) throw std::logic_error("a failed check without a place: " + result.message);
    const auto records = good.log.records();
    const mpulab_record& record = records.at(*result.record);
    if (record.kind != kind) throw std::logic_error("the place is a record of another kind");
    if (record.time_ns != *result.time_ns) throw std::logic_error("record and time are of two places");
    if (std::none_of(result.around.begin(), result.around.end(), [](const auto& line) { return line[0] == '>'; })) {
        throw std::logic_error("the place is not marked among the records around it");
    }
}

} // namespace mpulab::test
