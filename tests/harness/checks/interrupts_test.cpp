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
    CHECK(numbers.latency_ns.count() == 200);
    CHECK(numbers.latency_ns.min() == 1'000);
    CHECK(numbers.latency_ns.percentile(50) == 100'000); // the 100th of 200
    CHECK(numbers.latency_ns.percentile(95) == 190'000); // the 190th
    CHECK(numbers.latency_ns.percentile(99) == 198'000); // the 198th
    CHECK(numbers.latency_ns.max() == 200'000);
    CHECK(good.log.records().at(numbers.slowest).time_ns == kMs + 200'000);
}

TEST_CASE("a routine that runs without a rise before it has no latency") {
    LogBuilder log;
    log.started(1).at(10).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_InterruptRoutine);
    log.at(20).add(MPULAB_KIND_IRQ, 1, 1).at(25).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_DeferredRoutine);
    const InterruptStatistics numbers = statistics(log);
    CHECK(numbers.rises == 1);
    CHECK(numbers.latency_ns.count() == 0);
    CHECK(numbers.latency_ns.max() == 0);
}

TEST_CASE("another card's line is not this one's") {
    LogBuilder log;
    log.started(1).at(10).add(MPULAB_KIND_IRQ, 1, 1);
    log.last().unit = 1;
    log.at(30).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_InterruptRoutine);
    CHECK(statistics(log, 0).rises == 0);
    CHECK(statistics(log, 0).latency_ns.count() == 0);
    CHECK(statistics(log, 1).rises == 1);
    CHECK(statistics(log, 1).latency_ns.max() == 20);
}

namespace {

/// A call of the routine for `vector` that reads `bytes` of card `unit` and takes `took` ns.
void service(LogBuilder& log, uint64_t at, uint64_t vector, uint8_t unit, unsigned bytes, uint64_t took,
             uint64_t status = 0) {
    log.at(at).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_InterruptRoutine, kDriver, vector);
    for (unsigned i = 0; i < bytes; ++i) {
        log.add(MPULAB_KIND_REG_READ, 0, 0x90);
        log.last().unit = unit;
    }
    log.at(at + took).add(MPULAB_KIND_CALL_LEAVE, MPULAB_CALLBACK_InterruptRoutine, status);
    log.add(MPULAB_KIND_INTERRUPT, vector, status == 0 ? 1 : 0);
}

} // namespace

TEST_CASE("a routine's duration is from entry to return, its bytes are the reads of DATA between") {
    LogBuilder log;
    log.started(1).at(1).add(MPULAB_KIND_REG_READ, 0, 0xfe); // polled: in no routine
    service(log, 1'000, 7, 0, 1, 500);
    service(log, 5'000, 7, 0, 3, 900);
    service(log, 9'000, 7, 0, 0, 100, 0xc00000bb); // not its interrupt: no bytes are asked of it
    const InterruptStatistics numbers = statistics(log);
    CHECK(numbers.duration_ns.count() == 3);
    CHECK(numbers.duration_ns.min() == 100);
    CHECK(numbers.duration_ns.max() == 900);
    CHECK(log.records().at(numbers.longest).time_ns == 5'900);
    CHECK(numbers.bytes.count() == 2);
    CHECK(numbers.bytes.min() == 1);
    CHECK(numbers.bytes.max() == 3);
}

TEST_CASE("a routine inside another of a higher interrupt takes nothing of it") {
    LogBuilder log;
    log.started(1).at(100).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_InterruptRoutine, kDriver, 7);
    service(log, 200, 8, 0, 2, 50);
    log.at(400).add(MPULAB_KIND_REG_READ, 0, 0x90);
    log.at(500).add(MPULAB_KIND_CALL_LEAVE, MPULAB_CALLBACK_InterruptRoutine, 0);
    const InterruptStatistics numbers = statistics(log);
    CHECK(numbers.duration_ns.min() == 50);
    CHECK(numbers.duration_ns.max() == 400);
    CHECK(numbers.bytes.min() == 1);
    CHECK(numbers.bytes.max() == 2);
}

TEST_CASE("a return without a call, and a call that never returns, are not counted") {
    LogBuilder log;
    log.started(1).at(5).add(MPULAB_KIND_CALL_LEAVE, MPULAB_CALLBACK_InterruptRoutine, 0);
    log.at(9).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_InterruptRoutine, kDriver, 7);
    CHECK(statistics(log).duration_ns.count() == 0);
}

TEST_CASE("interrupts whose routines touch only another card are the other card's") {
    LogBuilder log;
    log.started(1).at(900).add(MPULAB_KIND_IRQ, 1, 1);
    service(log, 1'000, 7, 0, 1, 500);
    service(log, 5'000, 9, 1, 1, 600);
    CHECK(statistics(log, 0).taken == 1);
    CHECK(statistics(log, 0).duration_ns.max() == 500);
    CHECK(statistics(log, 1).taken == 1);
    CHECK(statistics(log, 1).duration_ns.max() == 600);
    CHECK(statistics(log, 0).latency_ns.max() == 100);
    CHECK(statistics(log, 1).latency_ns.count() == 0);
}

TEST_CASE("the densest stretch is found wherever it lies, with its last interrupt") {
    LogBuilder log;
    log.started(1);
    for (const uint64_t at : {10u, 500u, 510u, 520u, 2'000u, 2'015u})
        log.at(at).add(MPULAB_KIND_INTERRUPT, 7, at == 510 ? 0 : 1); // what none claims is a storm's, too
    const EventLog built = log.log();
    uint64_t last = 0;
    CHECK(densest_interrupts(built, 0, 20, last) == 3);
    CHECK(built.records()[last].time_ns == 520);
    CHECK(densest_interrupts(built, 0, 19, last) == 2);
    CHECK(densest_interrupts(built, 0, 10'000, last) == 6);
}

TEST_CASE("numbers of two runs together are those of all their interrupts") {
    LogBuilder one, other;
    service(one.started(1), 100, 7, 0, 1, 10);
    service(other.started(2), 100, 7, 0, 2, 30);
    InterruptStatistics all = statistics(one);
    all.add(statistics(other));
    CHECK(all.taken == 2);
    CHECK(all.duration_ns.count() == 2);
    CHECK(all.duration_ns.percentile(50) == 10);
    CHECK(all.duration_ns.max() == 30);
    CHECK(all.bytes.max() == 2);
}
