// SPDX-License-Identifier: MIT
// interrupts: each bound is kept by a run that keeps it, and broken by one that does not, with its place.
#include "harness/checks/judged.hpp"

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("interrupts must be claimed, as many as asked for, and as soon") {
    CHECK(status_of(
              "  - interrupts: claimed\n    at-least: 2\n    at-most: 2\n    latency-p50: 2us\n    latency-p95: 2us\n"
              "    latency-p99: 2us\n    latency-max: 2us\n") == CheckStatus::Passed);
    CHECK(status_of("  - interrupts: claimed\n    at-least: 3\n") == CheckStatus::Failed);
    CHECK(status_of("  - interrupts: claimed\n    at-most: 1\n") == CheckStatus::Failed);
    CHECK(status_of("  - interrupts: claimed\n    latency-max: 1us\n") == CheckStatus::Failed);
    Judged spurious;
    spurious.before_the_end([](LogBuilder& log) { log.at(900 * kMs).add(MPULAB_KIND_INTERRUPT, 7, 0); });
    CHECK(spurious.one("  - interrupts: claimed\n").status != CheckStatus::Passed);
    Judged none;
    none.good.log.drop_all(MPULAB_KIND_INTERRUPT);
    CHECK(none.one("  - interrupts: claimed\n").status == CheckStatus::Error);
    CHECK(none.one("  - interrupts: claimed\n    at-most: 0\n").status == CheckStatus::Passed);
}

namespace {

/// Three calls of the routine more: of 1, 2 and 3 bytes, 1, 2 and 3 us long, the last two 10 us apart.
Judged three_more() {
    Judged judged;
    judged.before_the_end([](LogBuilder& log) {
        uint64_t bytes = 0;
        for (const uint64_t at : {800 * kMs, 810 * kMs, 810 * kMs + 10'000}) {
            log.at(at).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_InterruptRoutine, kDriver, 7);
            ++bytes;
            for (uint64_t i = 0; i < bytes; ++i)
                log.add(MPULAB_KIND_REG_READ, 0, 0x90);
            log.at(at + bytes * 1'000).add(MPULAB_KIND_CALL_LEAVE, MPULAB_CALLBACK_InterruptRoutine, 0);
            log.add(MPULAB_KIND_INTERRUPT, 7, 1);
        }
    });
    return judged;
}

} // namespace

TEST_CASE("durations of the routine are bounded by percentile, and a broken bound shows the longest call") {
    const Judged judged = three_more();
    CHECK(judged.one("  - interrupts: claimed\n    duration-max: 3us\n    duration-p50: 1us\n").status ==
          CheckStatus::Passed);
    const CheckResult result = judged.one("  - interrupts: claimed\n    duration-p99: 2us\n");
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.message == "percentile 99 of duration is 3us");
    CHECK(result.expected == "at most 2us");
    CHECK(result.time_ns == 810 * kMs + 13'000);
    CHECK(result.around.size() > 1);
}

TEST_CASE("bytes that each interrupt brought are bounded below and above") {
    const Judged judged = three_more();
    CHECK(judged.one("  - interrupts: claimed\n    bytes-most: 3\n").status == CheckStatus::Passed);
    CHECK(judged.one("  - interrupts: claimed\n    bytes-most: 2\n").status == CheckStatus::Failed);
    CHECK(judged.one("  - interrupts: claimed\n    bytes-least: 1\n").status == CheckStatus::Failed); // GoodRun's: 0
}

TEST_CASE("a rise that nobody comes for is unserviced until a read, a routine or the log's end") {
    const auto rise = [](uint64_t at_ns, std::optional<uint64_t> fall_ns) {
        Judged judged;
        judged.before_the_end([&](LogBuilder& log) {
            log.at(at_ns).add(MPULAB_KIND_IRQ, 1);
            if (fall_ns) log.at(*fall_ns).add(MPULAB_KIND_IRQ, 0);
            log.at(900 * kMs);
        });
        return judged;
    };
    const std::string within = "  - interrupts: claimed\n    unserviced: 5ms\n";
    CHECK(rise(850 * kMs, 855 * kMs).one(within).status == CheckStatus::Passed);
    const CheckResult late = rise(850 * kMs, 855 * kMs + 1).one(within);
    CHECK(late.status == CheckStatus::Failed);
    CHECK(late.message == "the longest that a rise of the line stood unserviced is 5.000001ms");
    CHECK(late.time_ns == 855 * kMs + 1);
    CHECK(rise(850 * kMs, std::nullopt).one(within).status == CheckStatus::Failed); // dead for good
    CHECK(rise(896 * kMs, std::nullopt).one(within).status == CheckStatus::Passed);
}

TEST_CASE("unserviced where the line never rose is an error, not a pass") {
    Judged judged;
    judged.good.log.drop_all(MPULAB_KIND_IRQ);
    CHECK(judged.one("  - interrupts: claimed\n    unserviced: 1s\n").status == CheckStatus::Error);
}

TEST_CASE("a storm is more interrupts within a stretch than allowed") {
    const Judged judged = three_more();
    CHECK(judged.one("  - interrupts: claimed\n    storm: 2\n    within: 1ms\n").status == CheckStatus::Passed);
    const CheckResult result = judged.one("  - interrupts: claimed\n    storm: 1\n    within: 1ms\n");
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.message == "the most interrupts within 1ms is 2");
    CHECK(result.time_ns == 810 * kMs + 13'000);
    CHECK(judged.one("  - interrupts: claimed\n    storm: 1\n    within: 5us\n").status == CheckStatus::Passed);
}

TEST_CASE("a bound on latencies or durations of a run without any is an error, not a pass") {
    Judged judged;
    judged.good.log.drop_all(MPULAB_KIND_CALL_ENTER);
    CHECK(judged.one("  - interrupts: claimed\n").status == CheckStatus::Passed);
    for (const char* key : {"latency-max: 1s", "duration-p50: 1s", "bytes-most: 9"})
        CHECK(judged.one(std::string("  - interrupts: claimed\n    ") + key + "\n").status == CheckStatus::Error);
}

TEST_CASE("what was measured is told when all bounds are kept") {
    CHECK_THAT(
        three_more().one("  - interrupts: claimed\n").message,
        ContainsSubstring("; latency min 2000 / p50 2000 / p95 2000 / p99 2000 / max 2000 ns; duration min 0 /"));
}
