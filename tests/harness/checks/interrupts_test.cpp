// SPDX-License-Identifier: MIT
// Interrupts: counted, timed from rise to routine, and none spurious.
#include "checks/interrupts.hpp"

#include "harness/checks/good_run.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

InterruptStatistics statistics(const LogBuilder& log, uint32_t unit = 0) {
    return interrupt_statistics(log.log(), unit);
}

} // namespace

TEST_CASE("interrupts that were all claimed are passed and counted") {
    const CheckResult result = GoodRun().check(check_interrupts);
    CHECK(result.status == CheckStatus::Passed);
    CHECK(result.looked_at == 2);
    CHECK(result.message == "2 taken, 0 spurious");
}

TEST_CASE("one spurious interrupt among good ones is found, with its place") {
    GoodRun good;
    good.log.at(300 * kMs).add(MPULAB_KIND_INTERRUPT, 7, 0);
    const CheckResult result = good.check(check_interrupts);
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.looked_at == 3);
    CHECK(result.message == "1 spurious interrupts beside 2 taken");
    check_place(good, result, MPULAB_KIND_INTERRUPT);
    CHECK(result.time_ns == 300 * kMs);
}

TEST_CASE("an interrupt whose byte the driver had read before the routine ran is not spurious, and is counted") {
    GoodRun good;
    good.log.at(300 * kMs).add(MPULAB_KIND_IRQ, 1, 3).at(301 * kMs).add(MPULAB_KIND_IRQ, 0, 3);
    good.log.at(302 * kMs).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_InterruptRoutine);
    good.log.add(MPULAB_KIND_INTERRUPT, 7, 0);
    const CheckResult result = good.check(check_interrupts);
    CHECK(result.status == CheckStatus::Passed);
    CHECK(result.message == "2 taken, 1 for bytes read before it came, 0 spurious");
}

TEST_CASE("one byte read early excuses one interrupt") {
    GoodRun good;
    good.log.at(300 * kMs).add(MPULAB_KIND_IRQ, 1, 3).at(301 * kMs).add(MPULAB_KIND_IRQ, 0, 3);
    good.log.at(302 * kMs).add(MPULAB_KIND_INTERRUPT, 7, 0);
    good.log.at(303 * kMs).add(MPULAB_KIND_INTERRUPT, 7, 0);
    const CheckResult result = good.check(check_interrupts);
    CHECK(result.message == "1 spurious interrupts beside 2 taken");
    CHECK(result.time_ns == 303 * kMs);
}

TEST_CASE("a run without an interrupt is nothing to look at") {
    GoodRun good;
    good.log.drop_all(MPULAB_KIND_INTERRUPT);
    CHECK(good.check(check_interrupts).status == CheckStatus::Error);
    CHECK(good.check(check_interrupts).message == "nothing to look at: no interrupt was taken");
}

TEST_CASE("latencies are nearest-rank percentiles of rise to routine") {
    GoodRun good;
    good.log = LogBuilder();
    good.log.started(1);
    for (uint64_t i = 1; i <= 200; ++i) // 200, 199, … 1 us
        good.interrupt(i * kMs, (201 - i) * 1000);
    const InterruptStatistics numbers = statistics(good.log);
    CHECK(numbers.taken == 200);
    CHECK(numbers.spurious == 0);
    CHECK(numbers.rises == 200);
    CHECK(numbers.latencies == 200);
    CHECK(numbers.min_ns == 1'000);
    CHECK(numbers.p50_ns == 100'000); // the 100th of 200
    CHECK(numbers.p99_ns == 198'000); // the 198th
    CHECK(numbers.max_ns == 200'000);
}

TEST_CASE("of one interrupt all percentiles are its latency") {
    GoodRun good;
    good.log = LogBuilder();
    good.log.started(1);
    good.interrupt(kMs, 1234);
    const InterruptStatistics numbers = statistics(good.log);
    CHECK(numbers.min_ns == 1234);
    CHECK(numbers.p50_ns == 1234);
    CHECK(numbers.p99_ns == 1234);
    CHECK(numbers.max_ns == 1234);
}

TEST_CASE("a routine that runs without a rise before it has no latency") {
    LogBuilder log;
    log.started(1).at(10).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_InterruptRoutine);
    log.at(20).add(MPULAB_KIND_IRQ, 1, 1).at(25).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_DeferredRoutine);
    const InterruptStatistics numbers = statistics(log);
    CHECK(numbers.rises == 1);
    CHECK(numbers.latencies == 0);
    CHECK(numbers.max_ns == 0);
}

TEST_CASE("another card's line is not this one's") {
    LogBuilder log;
    log.started(1).at(10).add(MPULAB_KIND_IRQ, 1, 1);
    log.last().unit = 1;
    log.at(30).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_InterruptRoutine);
    CHECK(statistics(log, 0).rises == 0);
    CHECK(statistics(log, 0).latencies == 0);
    CHECK(statistics(log, 1).rises == 1);
    CHECK(statistics(log, 1).max_ns == 20);
}
