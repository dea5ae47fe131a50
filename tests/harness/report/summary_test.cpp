// SPDX-License-Identifier: MIT
// What `play` prints: verdict first, then why and what next, each check, the hash line, the paths.
#include "harness/report/facts.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("a passed run's summary: verdict, a line a check, latency, hash, paths") {
    const std::string text = summary_text(some_facts(), passed_run());
    CHECK_THAT(text, StartsWith("verdict passed: song.mid, 3 events, 9 bytes, 0.8 s of virtual time in 0.25 s\n"));
    CHECK_THAT(text, ContainsSubstring("\n  passed integrity     "));
    CHECK_THAT(text, ContainsSubstring("\n  passed nothing-lost  18 bytes, none lost in the card\n"));
    CHECK_THAT(text, ContainsSubstring("\n  note   driver.sys: mapped whole\n"));
    CHECK_THAT(text,
               ContainsSubstring("\n  ISR latency min 1000 / p50 1000 / p95 4000 / p99 4000 / max 4000 ns (virtual"));
    CHECK_THAT(text, ContainsSubstring("\nevent log sha256: " + std::string(64, 'f') + "\n"));
    CHECK_THAT(text, EndsWith("\n  event log    /out/song-1/events.mpl\n  result       /out/song-1/result.json\n"));
    CHECK(text.find("why") == std::string::npos);
}

TEST_CASE("a failed run's summary says why, what next, and shows the records around the place") {
    const std::string text = summary_text(some_facts(), failed_run());
    CHECK_THAT(text, StartsWith("verdict failed: "));
    CHECK_THAT(text, ContainsSubstring("\n  why   wire: byte 8 of 9 on MIDI OUT differs"));
    CHECK_THAT(text, ContainsSubstring("\n  next  see the records with \"mpulab show RUN\"\n"));
    CHECK_THAT(text, ContainsSubstring("\n    expected 0x00, byte 2 of event 2"));
    CHECK_THAT(text, ContainsSubstring("\n    seen     no more bytes after 8\n"));
    CHECK_THAT(text, ContainsSubstring("\n    at       record "));
    CHECK_THAT(text, ContainsSubstring(" WIRE_OUT       card0"));
}

TEST_CASE("a crash's summary shows the frames and the last records") {
    const std::string text = summary_text(some_facts(), crashed_run());
    CHECK_THAT(text, StartsWith("verdict crash: "));
    CHECK_THAT(text, ContainsSubstring("\n  why   bugcheck 0xd1 DRIVER_IRQL_NOT_LESS_OR_EQUAL (0x10, "));
    CHECK_THAT(text, ContainsSubstring("\n  at    testcard.sys+0x456\n"));
    CHECK_THAT(text, ContainsSubstring("see \"Bug Check 0xD1: DRIVER_IRQL_NOT_LESS_OR_EQUAL\"\n"));
    CHECK_THAT(text, ContainsSubstring("parameter 2: 0x2                IRQL at that time\n"));
    CHECK_THAT(text, ContainsSubstring("RIP     fffff80000100123"));
    CHECK_THAT(text, ContainsSubstring("module   fffff80000100000 + 00008000  testcard.sys\n"));
    CHECK_THAT(text, ContainsSubstring("the last 20 of "));
}

TEST_CASE("a run that recorded nothing has no hash line") {
    RunFacts facts = some_facts();
    facts.event_log_sha256.clear();
    facts.interrupts = {};
    const std::string text = summary_text(facts, bench_trouble(Error("no QEMU", "build it")));
    CHECK_THAT(text, ContainsSubstring("\n  why   no QEMU\n  next  build it\n"));
    CHECK(text.find("sha256") == std::string::npos);
    CHECK(text.find("latency") == std::string::npos);
}

TEST_CASE("no summary carries a control character of the guest's to the terminal") {
    GoodRun good;
    good.log.at(400 * kMs).add(MPULAB_KIND_FINDING, 3, 2, 0).name("a rule\x1b[2J\r\n, \x07");
    const std::string finding = summary_text(some_facts(), good.check(judge));
    CHECK_THAT(finding, ContainsSubstring("V03: a rule [2J  ,  \n"));
    GoodRun imports;
    imports.log.nth(MPULAB_KIND_RUN_ENDED).a = MPULAB_END_MISSING_IMPORT;
    imports.log.at(799 * kMs).add(MPULAB_KIND_IMPORT_MISSING).name("a\x1b!b");
    const std::string missing = summary_text(some_facts(), imports.check(judge));
    for (const std::string& text : {finding, missing, summary_text(some_facts(), garbled_run())}) {
        for (const char c : text) {
            if (c != '\n' && static_cast<unsigned char>(c) < 0x20) FAIL("a control character in: " << text);
        }
    }
}
