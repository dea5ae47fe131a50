// SPDX-License-Identifier: MIT
// From an event log to a verdict: every way a run can end, which failure outweighs which, and the exit codes.
#include "report/verdict.hpp"

#include "harness/checks/good_run.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

/// The good run, ended otherwise.
GoodRun ended(uint64_t code, uint64_t detail = 0) {
    GoodRun good;
    good.log.nth(MPULAB_KIND_RUN_ENDED).a = code;
    good.log.nth(MPULAB_KIND_RUN_ENDED).b = detail;
    return good;
}

Judgement judged(const GoodRun& run) {
    const Judgement judgement = run.check(judge);
    if (judgement.verdict == Verdict::Passed) {
        CHECK(judgement.reason.empty());
        CHECK(judgement.next.empty());
    } else {
        CHECK_FALSE(judgement.reason.empty());
        CHECK_FALSE(judgement.next.empty());
        CHECK(judgement.reason.find('\n') == std::string::npos);
    }
    return judgement;
}

/// The good run without its end, as a log is that stops early.
Judgement judged_without_end(const GoodRun& run) {
    auto records = run.log.records();
    records.pop_back();
    const EventLog log = EventLog::from_bytes(LogBuilder::bytes_of(records));
    return judge({log, run.song, run.run, run.seed});
}

void add_bugcheck(GoodRun& good) {
    good.log.at(799 * kMs).add(MPULAB_KIND_BUGCHECK, 0xd1, 0x10, 2);
    good.log.add(MPULAB_KIND_BUGCHECK_MORE, 0, kDriver + 0x123, kDriver + 0x456);
    good.log.add(MPULAB_KIND_FRAME, kDriver + 0x456, 0x1000).add(MPULAB_KIND_FRAME, 0x1234, 0x1040);
}

std::vector<std::string> names_of(const Judgement& judgement) {
    std::vector<std::string> names;
    for (const CheckResult& check : judgement.checks)
        names.push_back(check.name);
    return names;
}

} // namespace

TEST_CASE("a verdict has one name and one exit code") {
    const std::tuple<Verdict, const char*, int> table[] = {{Verdict::Passed, "passed", 0},
                                                           {Verdict::Failed, "failed", 1},
                                                           {Verdict::Error, "error", 2},
                                                           {Verdict::Crash, "crash", 3}};
    for (const auto& [verdict, name, code] : table) {
        CHECK(verdict_name(verdict) == name);
        CHECK(static_cast<int>(exit_code(verdict)) == code);
    }
}

TEST_CASE("a good run is passed, by every check that applies") {
    const Judgement judgement = judged(GoodRun());
    CHECK(judgement.verdict == Verdict::Passed);
    using Names = std::vector<std::string>;
    CHECK(names_of(judgement) == Names{"integrity", "steps", "wire", "times", "injected", "captured", "interrupts",
                                       "nothing-lost", "findings", "armed"});
    for (const CheckResult& check : judgement.checks)
        CHECK(check.looked_at > 0);
    GoodRun only_out;
    only_out.run.capture = false;
    CHECK(names_of(judged(only_out)) ==
          Names{"integrity", "steps", "wire", "times", "nothing-lost", "findings", "armed"});
}

TEST_CASE("a check that failed makes the run failed, and says why") {
    GoodRun good;
    good.log.drop(kOut, 8);
    const Judgement judgement = judged(good);
    CHECK(judgement.verdict == Verdict::Failed);
    CHECK_THAT(judgement.reason, StartsWith("wire: byte 8 of 9 on MIDI OUT differs"));
}

TEST_CASE("a check with nothing to look at makes the run an error, never passed") {
    GoodRun good;
    good.log.drop_all(MPULAB_KIND_CAPTURED);
    const Judgement judgement = judged(good);
    CHECK(judgement.verdict == Verdict::Error);
    CHECK_THAT(judgement.reason, StartsWith("captured: nothing to look at"));
}

TEST_CASE("a failure outweighs checks that had nothing to look at") {
    GoodRun good;
    good.log.drop_all(kOut).drop_all(MPULAB_KIND_INTERRUPT);
    good.log.nth(MPULAB_KIND_STEP_END, 2).b = 0xc0000001;
    CHECK(judged(good).verdict == Verdict::Failed);
    CHECK_THAT(judged(good).reason, StartsWith("steps: step 3 (CLOSE) failed"));
}

TEST_CASE("an unsound log is an error, whatever failed in it") {
    GoodRun good;
    good.log.drop(kOut, 8);
    good.log.nth(MPULAB_KIND_RUN_STARTED).a = 43;
    CHECK(judged(good).verdict == Verdict::Error);
    CHECK_THAT(judged(good).reason, StartsWith("integrity: the machine ran with seed 43"));
    good.log.nth(MPULAB_KIND_RUN_ENDED).a = MPULAB_END_STEP_FAILED;
    CHECK(judged(good).verdict == Verdict::Error);
}

TEST_CASE("a score that stopped at a failed step is failed, with the step and the guest's last words") {
    GoodRun good = ended(MPULAB_END_STEP_FAILED, 0xc00000b5);
    good.log.at(798 * kMs).step(4, MPULAB_OP_OPEN_PIN, 0xc00000b5).text("agent.sys: step 4 failed\n");
    CHECK(judged(good).verdict == Verdict::Failed);
    CHECK(judged(good).reason == "step 4 (OPEN_PIN) gave 0xc00000b5 STATUS_IO_TIMEOUT: agent.sys: step 4 failed");
}

TEST_CASE("a score that stopped at a wait that timed out names that wait") {
    GoodRun good = ended(MPULAB_END_STEP_FAILED, 0x102);
    good.log.at(798 * kMs).step(4, MPULAB_OP_WAIT_CAPTURED, 0x102);
    CHECK(judged(good).verdict == Verdict::Failed);
    CHECK(judged(good).reason == "step 4 (WAIT_CAPTURED) gave 0x00000102 STATUS_TIMEOUT");
}

TEST_CASE("a rule broken or a byte lost is told before what followed from it") {
    GoodRun broken = ended(MPULAB_END_STEP_FAILED, 0x102);
    broken.log.at(700 * kMs).add(MPULAB_KIND_FINDING, 31, 1, 0).name("Read never returns 0");
    broken.log.at(798 * kMs).step(4, MPULAB_OP_WAIT_CAPTURED, 0x102);
    CHECK(judged(broken).reason ==
          "findings: V31: Read never returns 0; then step 4 (WAIT_CAPTURED) gave 0x00000102 STATUS_TIMEOUT");
    GoodRun lost;
    lost.log.nth(MPULAB_KIND_STEP_END, 2).b = 0xc0000001;
    lost.log.at(300 * kMs).add(MPULAB_KIND_OVERRUN, MPULAB_OVERRUN_RX_FIFO, 0x45, 64);
    CHECK_THAT(judged(lost).reason, StartsWith("nothing-lost: 1 bytes were lost"));
}

TEST_CASE("a driver that does not start and broke a rule before is told with the rule") {
    GoodRun good = ended(MPULAB_END_DRIVER_REFUSED, 0xc0000182);
    good.log.at(700 * kMs).add(MPULAB_KIND_FINDING, 42, 1, 0).name("Disconnect was never called");
    CHECK(judged(good).verdict == Verdict::Error);
    CHECK_THAT(judged(good).reason, EndsWith("; it broke V42: Disconnect was never called"));
}

TEST_CASE("a bugcheck is a crash, with code, parameters, caller and frames as module and offset") {
    GoodRun good = ended(MPULAB_END_BUGCHECK);
    add_bugcheck(good);
    const Judgement judgement = judged(good);
    CHECK(judgement.verdict == Verdict::Crash);
    CHECK(judgement.reason ==
          "bugcheck 0xd1 DRIVER_IRQL_NOT_LESS_OR_EQUAL (0x10, 0x2, 0x0, 0xfffff80000100123) from testcard.sys+0x456");
    CHECK_THAT(judgement.next, ContainsSubstring("--gdb"));
    REQUIRE(judgement.crash);
    CHECK(judgement.crash->code == 0xd1);
    CHECK(judgement.crash->parameters[3] == kDriver + 0x123);
    REQUIRE(judgement.crash->frames.size() == 2);
    CHECK(judgement.crash->frames[0].place == "testcard.sys+0x456");
    CHECK(judgement.crash->frames[1].text() == "0x1234");
    CHECK(judgement.crash->words.page == "Bug Check 0xD1: DRIVER_IRQL_NOT_LESS_OR_EQUAL");
    CHECK_FALSE(judgement.crash->events.empty());
    CHECK(judgement.crash->events.size() <= kCrashEvents);
    CHECK(judgement.checks.empty());
}

TEST_CASE("a log that stops early is an error, unless the guest had crashed") {
    GoodRun good;
    const Judgement early = judged_without_end(good);
    CHECK(early.verdict == Verdict::Error);
    CHECK_THAT(early.reason, ContainsSubstring("without RUN_ENDED"));
    add_bugcheck(good);
    const Judgement crash = judged_without_end(good);
    CHECK(crash.verdict == Verdict::Crash);
    CHECK_THAT(crash.reason, StartsWith("bugcheck 0xd1"));
}

TEST_CASE("a frame of a crash says whether it is the instruction itself") {
    GoodRun good = ended(MPULAB_END_BUGCHECK);
    good.log.at(799 * kMs).add(MPULAB_KIND_BUGCHECK, 0x7e, 1, 2);
    good.log.add(MPULAB_KIND_FRAME, kDriver + 0x456, 0x1000, 1).add(MPULAB_KIND_FRAME, kDriver + 0x789, 0x1040);
    const Judgement judgement = judged(good);
    const auto& frames = judgement.crash->frames;
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].exact);
    CHECK_FALSE(frames[1].exact);
}

TEST_CASE("a crash report has at most 64 frames, and one without its second half says what it can") {
    GoodRun good = ended(MPULAB_END_BUGCHECK);
    good.log.at(799 * kMs).add(MPULAB_KIND_BUGCHECK, 0x1e, 1, 2);
    for (uint64_t i = 0; i < 100; ++i)
        good.log.add(MPULAB_KIND_FRAME, i, i);
    CHECK(judged(good).reason ==
          "bugcheck 0x1e KMODE_EXCEPTION_NOT_HANDLED (0x1, 0x2, 0x0, 0x0) from an unknown place");
    CHECK(judged(good).crash->frames.size() == 64);
}

TEST_CASE("a driver that does not start, what nanont lacks and what the bench got wrong are errors") {
    const std::tuple<uint64_t, Verdict, const char*> table[] = {
        {MPULAB_END_DRIVER_REFUSED, Verdict::Error,
         "the driver did not start, 0xc0000182 STATUS_DEVICE_CONFIGURATION_ERROR from DriverEntry: why"},
        {MPULAB_END_SCORE_REFUSED, Verdict::Error, "the agent refused the score: why"},
        {MPULAB_END_BAD_IMAGE, Verdict::Error,
         "a module is no loadable PE image, 0xc0000182 STATUS_DEVICE_CONFIGURATION_ERROR: why"},
        {MPULAB_END_GUEST_UNFIT, Verdict::Error, "nanont cannot go on: why"},
        {99, Verdict::Error, "the run ended with the unknown code 99"}};
    for (const auto& [code, verdict, reason] : table) {
        GoodRun good = ended(code, 0xc0000182);
        good.log.at(799 * kMs).text("why\r\n");
        CHECK(judged(good).verdict == verdict);
        CHECK(judged(good).reason == reason);
        CHECK(judged(good).checks.empty());
    }
}

TEST_CASE("missing imports are an error that lists them, a hundred at most") {
    GoodRun good = ended(MPULAB_END_MISSING_IMPORT);
    good.log.at(799 * kMs).add(MPULAB_KIND_IMPORT_MISSING).name("portcls.sys!PcNewDmaChannel");
    good.log.add(MPULAB_KIND_IMPORT_MISSING).name("ntoskrnl.exe!ExRaiseStatus");
    const Judgement judgement = judged(good);
    CHECK(judgement.verdict == Verdict::Error);
    CHECK(judgement.reason ==
          "nanont lacks imports of the driver: portcls.sys!PcNewDmaChannel, ntoskrnl.exe!ExRaiseStatus");
    for (int i = 0; i < 200; ++i)
        good.log.add(MPULAB_KIND_IMPORT_MISSING).name("x!y");
    CHECK(judged(good).reason.size() < 1000);
}

TEST_CASE("the guest's last words are its last line, put together, and on one line whatever is in it") {
    const auto words = [](auto add_text) {
        GoodRun good = ended(MPULAB_END_GUEST_UNFIT);
        good.log.at(799 * kMs);
        add_text(good.log);
        return judged(good).reason;
    };
    CHECK(words([](LogBuilder& log) { log.text("an older line\n").text("a last line of more than one record\n"); }) ==
          "nanont cannot go on: a last line of more than one record");
    CHECK(words([](LogBuilder& log) { log.text("two\nlines\x1b[2J\n"); }) == "nanont cannot go on: two lines [2J");
    CHECK(words([](LogBuilder&) {}) == "nanont cannot go on");
}

TEST_CASE("a run the bench could not bring to its end is an error with the bench's own words") {
    const Judgement judgement = bench_trouble(Error("no QEMU", "build it"));
    CHECK(judgement.verdict == Verdict::Error);
    CHECK(judgement.reason == "no QEMU");
    CHECK(judgement.next == "build it");
    CHECK(judgement.checks.empty());
    CHECK_FALSE(judgement.crash);
}

TEST_CASE("a log without a record is an error") {
    const GoodRun good;
    const EventLog log = EventLog::from_bytes(link_header());
    CHECK(judge({log, good.song, good.run, good.seed}).verdict == Verdict::Error);
}

TEST_CASE("a next step names the run it speaks of") {
    CHECK(with_run("see the records with \"mpulab show RUN\"", "out/x-1") ==
          "see the records with \"mpulab show out/x-1\"");
    CHECK(with_run("see \"mpulab show RUN --kind IRQ\"", "out/x-1") == "see \"mpulab show out/x-1 --kind IRQ\"");
    CHECK(with_run("RUN again", "out/x-1") == "RUN again");
}
