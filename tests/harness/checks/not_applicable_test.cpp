// SPDX-License-Identifier: MIT
// Packages without hardware, and drivers with one direction: what they give a check nothing to look at is not
// applicable, neither passed nor failed.
#include "harness/checks/good_run.hpp"
#include "report/verdict.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

/// A run without a wire, whose driver gave its bytes back, or not.
GoodRun without_wire(bool echo) {
    GoodRun good;
    good.run.wire = false;
    for (const uint16_t kind : {uint16_t{MPULAB_KIND_WIRE_OUT}, uint16_t{MPULAB_KIND_WIRE_IN},
                                uint16_t{MPULAB_KIND_INTERRUPT}, uint16_t{MPULAB_KIND_IRQ}})
        good.log.drop_all(kind);
    if (!echo) good.log.drop_all(MPULAB_KIND_CAPTURED);
    return good;
}

CheckStatus status_of(const Judgement& judgement, const std::string& name) {
    for (const CheckResult& check : judgement.checks) {
        if (check.name == name) return check.status;
    }
    throw std::logic_error("no check " + name);
}

} // namespace

TEST_CASE("without hardware all that needs the wire is not applicable, and the rest is judged") {
    const Judgement judgement = without_wire(true).check(judge);
    CHECK(judgement.verdict == Verdict::Passed);
    for (const char* name : {"wire", "times", "injected", "interrupts", "nothing-lost"})
        CHECK(status_of(judgement, name) == CheckStatus::NotApplicable);
    for (const char* name : {"integrity", "steps", "captured", "findings"})
        CHECK(status_of(judgement, name) == CheckStatus::Passed);
}

TEST_CASE("a driver without hardware need not give the song back, but if it does it is the song") {
    CHECK(status_of(without_wire(false).check(judge), "captured") == CheckStatus::NotApplicable);
    GoodRun wrong = without_wire(true);
    wrong.log.nth(MPULAB_KIND_CAPTURED).a ^= 1;
    CHECK(wrong.check(judge).verdict == Verdict::Failed);
}

TEST_CASE("a step that may fail and does is no failure, any other is") {
    GoodRun good = without_wire(true);
    good.log.nth(MPULAB_KIND_STEP_END, 2).b = 0x102;
    CHECK(good.check(judge).verdict == Verdict::Failed);
    good.run.may_fail = {3};
    CHECK(good.check(judge).verdict == Verdict::Passed);
}

TEST_CASE("a card without an interrupt gives the interrupts check nothing to judge, and the rest is judged") {
    GoodRun good;
    good.run.interrupt = false;
    good.log.drop_all(MPULAB_KIND_INTERRUPT);
    const Judgement judgement = good.check(judge);
    INFO(judgement.reason);
    CHECK(judgement.verdict == Verdict::Passed);
    CHECK(status_of(judgement, "interrupts") == CheckStatus::NotApplicable);
    for (const char* name : {"wire", "injected", "captured", "nothing-lost"})
        CHECK(status_of(judgement, name) == CheckStatus::Passed);
}

TEST_CASE("a driver that only captures has nothing on MIDI OUT to be judged") {
    GoodRun good;
    good.run.render = false;
    good.log.drop_all(MPULAB_KIND_WIRE_OUT);
    const Judgement judgement = good.check(judge);
    CHECK(judgement.verdict == Verdict::Passed);
    CHECK(status_of(judgement, "wire") == CheckStatus::NotApplicable);
    CHECK(status_of(judgement, "injected") == CheckStatus::Passed);
}
