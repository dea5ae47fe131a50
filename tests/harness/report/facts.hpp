// SPDX-License-Identifier: MIT
// The facts of a run, and runs of each verdict, for the tests of what is reported.
#pragma once

#include "harness/checks/good_run.hpp"
#include "report/result.hpp"

namespace mpulab::test {

inline RunFacts some_facts() {
    RunFacts facts;
    facts.id = "song-1";
    facts.song = SongFacts{"/music/song.mid", 1, 3, 9, 500 * kMs};
    facts.seed = UINT64_MAX; // no JSON reader may lose its digits
    facts.command = {"mpulab", "play", "song.mid", "--seed", "18446744073709551615"};
    facts.input_sha256 = {{"song", std::string(64, 'a')}, {"driver", std::string(64, '0')}};
    facts.cards = {{{"irq", "5"}, {"iobase", "0x300"}}};
    facts.folder = "/out/song-1";
    facts.artefacts = {{"event log", "events.mpl"}, {"result", "result.json"}};
    facts.event_log_sha256 = std::string(64, 'f');
    facts.image_remarks = {"driver.sys: mapped whole"};
    facts.records = 47;
    facts.virtual_ns = 800 * kMs;
    facts.start_seconds = 0.5;
    facts.run_seconds = 0.25;
    facts.interrupts.taken = facts.interrupts.rises = 2;
    facts.interrupts.latency_ns.add(1'000);
    facts.interrupts.latency_ns.add(4'000);
    facts.interrupts.duration_ns.add(2'000, 2);
    facts.interrupts.bytes.add(1, 2);
    facts.counters = mpulab_counters{sizeof(mpulab_counters), 1, 9, 0, 9, 0, 0, 2, 0, 1, MPULAB_COUNTER_NONE};
    return facts;
}

inline Judgement passed_run() {
    return GoodRun().check(judge);
}

inline Judgement failed_run() {
    GoodRun good;
    good.log.drop(kOut, 8);
    return good.check(judge);
}

inline Judgement crashed_run() {
    GoodRun good;
    good.log.nth(MPULAB_KIND_RUN_ENDED).a = MPULAB_END_BUGCHECK;
    good.log.at(799 * kMs).add(MPULAB_KIND_BUGCHECK, 0xd1, 0x10, 2);
    good.log.add(MPULAB_KIND_BUGCHECK_MORE, 0, kDriver + 0x123, kDriver + 0x456);
    good.log.add(MPULAB_KIND_REGISTER, MPULAB_REGISTER_RIP, kDriver + 0x123);
    good.log.add(MPULAB_KIND_FRAME, kDriver + 0x456, 0x1000);
    return good.check(judge);
}

/// A guest that says what no UTF-8 text can hold.
inline Judgement garbled_run() {
    GoodRun good;
    good.log.nth(MPULAB_KIND_RUN_ENDED).a = MPULAB_END_GUEST_UNFIT;
    good.log.at(799 * kMs).text("broken \xff\xc3 text\n");
    return good.check(judge);
}

/// A finding whose text, and the records around it, are no UTF-8: a character cut in two by the record's end.
inline Judgement garbled_finding() {
    GoodRun good;
    good.log.at(400 * kMs).add(MPULAB_KIND_FINDING, 3, 2, 0).name("\x80 a rule");
    good.log.text("0123456789abcdefghijklmä and more");
    return good.check(judge);
}

} // namespace mpulab::test
