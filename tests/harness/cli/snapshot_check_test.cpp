// SPDX-License-Identifier: MIT
// What the check "snapshots" makes of a run and of the same run without its snapshots.
#include "cli/snapshot_check.hpp"

#include "harness/support/log_builder.hpp"
#include "harness/support/temp_dir.hpp"
#include "harness/support/text.hpp"
#include "link/log_writer.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

/// A run with a marker in it, and a byte behind that.
Bytes run_with(uint8_t byte) {
    LogBuilder log;
    log.started(7).at(10).add(MPULAB_KIND_MARKER, 5).at(20).wire_out(20, {byte}).at(1'000).ended();
    return log.bytes();
}

Judgement judged(Verdict before, const Bytes& with, const Bytes& without, size_t taken) {
    const TempDir dir;
    Judgement judgement;
    judgement.verdict = before;
    judgement.reason = "as before";
    PlainRunOutcome snapshots;
    snapshots.sha256 = sha256_hex(with);
    snapshots.snapshots = taken;
    PlainRunOutcome plain;
    plain.sha256 = sha256_hex(without);
    judge_snapshots(judgement, EventLog::from_bytes(with), {5}, snapshots, plain, dir.file("other.mpl", without));
    return judgement;
}

} // namespace

TEST_CASE("a run that is the same without its snapshots keeps its verdict, and says how many were taken") {
    for (const Verdict verdict : {Verdict::Passed, Verdict::Failed}) {
        const Judgement judgement = judged(verdict, run_with(0x90), run_with(0x90), 1);
        CHECK(judgement.verdict == verdict);
        CHECK(judgement.reason == "as before");
        CHECK(judgement.checks.at(0).name == "snapshots");
        CHECK(judgement.checks.at(0).status == CheckStatus::Passed);
        CHECK(judgement.checks.at(0).looked_at == 1);
    }
}

TEST_CASE("a run that goes another way after a snapshot is an error, whatever the driver seems to have done") {
    for (const Verdict verdict : {Verdict::Passed, Verdict::Failed}) {
        const Judgement judgement = judged(verdict, run_with(0x91), run_with(0x90), 1);
        CHECK(judgement.verdict == Verdict::Error);
        CHECK(judgement.reason == "snapshots: the run went another way after the snapshot at marker 5");
        CHECK_THAT(judgement.next, ContainsSubstring("mpulab diff"));
        const CheckResult& check = judgement.checks.at(0);
        CHECK(check.status == CheckStatus::Error);
        CHECK_THAT(check.expected, ContainsSubstring("byte=0x90"));
        CHECK_THAT(check.seen, ContainsSubstring("byte=0x91"));
        CHECK(check.record == 2);
    }
}

TEST_CASE("a snapshot that was never taken is no pass, and does not hide a failure") {
    const Judgement green = judged(Verdict::Passed, run_with(0x90), run_with(0x90), 0);
    CHECK(green.verdict == Verdict::Error);
    CHECK(green.reason == "snapshots: nothing to look at: the run ended before the snapshot at marker 5");
    CHECK(judged(Verdict::Failed, run_with(0x90), run_with(0x90), 0).verdict == Verdict::Failed);
}
