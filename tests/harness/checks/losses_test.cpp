// SPDX-License-Identifier: MIT
// Bytes lost in the card, and rules broken in the guest.
#include "harness/checks/good_run.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("a card that lost nothing is passed with the bytes that crossed the wire") {
    const CheckResult result = GoodRun().check(check_nothing_lost);
    CHECK(result.status == CheckStatus::Passed);
    CHECK(result.looked_at == 18); // nine out, nine in
}

TEST_CASE("a byte lost in the RX FIFO or in the host's latch is found, with its place and value") {
    for (const auto& [place, name] : {std::pair<uint64_t, const char*>{MPULAB_OVERRUN_RX_FIFO, "RX FIFO"},
                                      {MPULAB_OVERRUN_HOST_LATCH, "host latch"}}) {
        GoodRun good;
        good.log.at(300 * kMs).add(MPULAB_KIND_OVERRUN, place, 0x45, 64).add(MPULAB_KIND_OVERRUN, 0, 0x46, 1);
        const CheckResult result = good.check(check_nothing_lost);
        CHECK(result.status == CheckStatus::Failed);
        CHECK(result.message == "2 bytes were lost, the first in the " + std::string(name));
        CHECK(result.seen == "byte 0x45 lost");
        check_place(good, result, MPULAB_KIND_OVERRUN);
    }
}

TEST_CASE("a byte that came in before the card listened is lost, and the driver's doing") {
    GoodRun good;
    good.log.nth(kIn, 0).corr = 0;
    good.log.nth(kIn, 1).corr = 0;
    const CheckResult result = good.check(check_nothing_lost);
    CHECK(result.status == CheckStatus::Failed);
    CHECK_THAT(result.message, StartsWith("2 bytes came to MIDI IN while the card did not listen"));
    CHECK_THAT(result.seen, StartsWith("byte 0x90 not taken at "));
    check_place(good, result, kIn);
}

TEST_CASE("a wire that carried nothing is nothing to look at") {
    GoodRun good;
    good.log.drop_all(kOut).drop_all(kIn);
    CHECK(good.check(check_nothing_lost).status == CheckStatus::Error);
    CHECK_THAT(good.check(check_nothing_lost).message, StartsWith("nothing to look at"));
}

TEST_CASE("a driver that broke no rule is passed with how often it was called") {
    const CheckResult result = GoodRun().check(check_findings);
    CHECK(result.status == CheckStatus::Passed);
    CHECK(result.looked_at == 3);
}

TEST_CASE("a finding is shown with its rule, its text and both values") {
    GoodRun good;
    good.log.at(400 * kMs).add(MPULAB_KIND_FINDING, 3, 2, 0).name("a wait at DISPATCH_LEVEL or above");
    good.log.add(MPULAB_KIND_FINDING, 84, 1, 1).name("another");
    const CheckResult result = good.check(check_findings);
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.message == "V03: a wait at DISPATCH_LEVEL or above");
    CHECK(result.expected == "0");
    CHECK(result.seen == "2 (2 findings in all)");
    check_place(good, result, MPULAB_KIND_FINDING);
}

TEST_CASE("a finding without a text is a finding") {
    GoodRun good;
    good.log.at(400 * kMs).add(MPULAB_KIND_FINDING, 12);
    CHECK(good.check(check_findings).status == CheckStatus::Failed);
    CHECK(good.check(check_findings).message == "V12: ");
}

TEST_CASE("a driver that was never called is nothing to look at") {
    GoodRun good;
    good.log.drop_all(MPULAB_KIND_CALL_ENTER);
    CHECK(good.check(check_findings).status == CheckStatus::Error);
    CHECK(good.check(check_findings).message == "nothing to look at: the driver was never called");
}
