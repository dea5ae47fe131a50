// SPDX-License-Identifier: MIT
// fifo: how full a FIFO became, and what found no room.
#include "harness/checks/judged.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

Judged with_level(uint64_t fifo, uint64_t level) {
    Judged judged;
    judged.before_the_end([&](LogBuilder& log) { log.at(850 * kMs).add(MPULAB_KIND_FIFO_LEVEL, fifo, level, 64); });
    return judged;
}

Judged with_overrun(uint64_t place) {
    Judged judged;
    judged.before_the_end([&](LogBuilder& log) { log.at(850 * kMs).add(MPULAB_KIND_OVERRUN, place, 0x90, 1); });
    return judged;
}

} // namespace

TEST_CASE("the highest level is that of all records that tell one, of the FIFO that was asked for") {
    CHECK(status_of("  - fifo: rx\n    at-most: 1\n") == CheckStatus::Passed); // WIRE_IN tells 1
    const CheckResult result = with_level(1, 5).one("  - fifo: rx\n    at-most: 4\n");
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.message == "the highest level of the RX FIFO is 5");
    CHECK(result.time_ns == 850 * kMs);
    CHECK(with_level(0, 5).one("  - fifo: rx\n    at-most: 4\n").status == CheckStatus::Passed);
    CHECK(with_level(0, 5).one("  - fifo: tx\n    at-most: 4\n").status == CheckStatus::Failed);
    CHECK(with_level(0, 5).one("  - fifo: tx\n    at-least: 5\n").status == CheckStatus::Passed);
    CHECK(with_level(0, 5).one("  - fifo: tx\n    at-least: 6\n").status == CheckStatus::Failed);
}

TEST_CASE("a byte that found no room fails it, unless so many are allowed, and only before its FIFO") {
    CHECK(with_overrun(MPULAB_OVERRUN_RX_FIFO).one("  - fifo: rx\n").status == CheckStatus::Failed);
    CHECK(with_overrun(MPULAB_OVERRUN_RX_FIFO).one("  - fifo: rx\n    overruns: 1\n").status == CheckStatus::Passed);
    CHECK(with_overrun(MPULAB_OVERRUN_RX_FIFO).one("  - fifo: tx\n").status == CheckStatus::Passed);
    const CheckResult result = with_overrun(MPULAB_OVERRUN_HOST_LATCH).one("  - fifo: tx\n");
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.message == "1 bytes found no room before the TX FIFO");
    CHECK(result.time_ns == 850 * kMs);
}

TEST_CASE("a FIFO that no byte went through, or another card's, is nothing to look at") {
    Judged judged;
    judged.good.log.drop_all(MPULAB_KIND_WIRE_IN);
    CHECK(judged.one("  - fifo: rx\n    at-most: 9\n").status == CheckStatus::Error);
    CHECK(status_of("  - fifo: rx\n    unit: 1\n") == CheckStatus::Error);
}
