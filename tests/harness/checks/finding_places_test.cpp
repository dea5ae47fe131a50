// SPDX-License-Identifier: MIT
// Which places of the code a finding has: those its text names, and the stack it was told on.
#include "checks/finding_places.hpp"

#include "harness/support/log_builder.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr uint64_t kDriver = 0xfffff80000100000, kKernel = 0xfffff80000000000;

/// A log with the driver and the kernel, and a FINDING with `text` in the end.
LogBuilder told(const std::string& text) {
    LogBuilder log;
    log.started(1).module("ntoskrnl.exe", kKernel, 0x8000).module("mini.sys", kDriver, 0x8000);
    return log.add(MPULAB_KIND_FINDING, 10, 1, 0).name(text);
}

std::vector<CodePlace> places(const LogBuilder& builder) {
    const EventLog log = builder.log();
    RuleFinding finding;
    for (size_t i = 0; i < log.records().size(); ++i) {
        if (log.records()[i].kind != MPULAB_KIND_FINDING) continue;
        finding.record = i;
        finding.text = log.name_after(i);
        break;
    }
    return find_places(finding, log, "mini.sys");
}

} // namespace

TEST_CASE("the places that a finding's text names are its places, in the order of the text") {
    const auto found =
        places(told("V08 a lock is taken at mini.sys+0x1234 while the one taken at mini.sys+0x20 is held"));
    REQUIRE(found.size() == 2);
    CHECK(found[0].address == kDriver + 0x1234);
    CHECK(found[0].place == "mini.sys+0x1234");
    CHECK(found[1].address == kDriver + 0x20);
    CHECK(!found[0].exact);
}

TEST_CASE("a place that a text names twice is one, and what lies in no module is none") {
    CHECK(places(told("V08 mini.sys+0x10 and mini.sys+0x10")).size() == 1);
    CHECK(places(told("V10 at 0xfffff80000100010, which is in no module")).empty());
    CHECK(places(told("V10 at mini.sys+0x8000, behind its end")).empty());
    CHECK(places(told("V10 at mini.sys+0xg and other.sys+0x10")).empty());
    CHECK(places(told("V10 at mini.sys+0x")).empty());
}

TEST_CASE("what stands behind the word routine is where a function begins, not where a call returns to") {
    const auto found = places(told("V07 routine mini.sys+0x100 returned with a lock held, taken at mini.sys+0x140"));
    REQUIRE(found.size() == 2);
    CHECK(found[0].exact);
    CHECK(!found[1].exact);
}

TEST_CASE("the access that broke a rule is the place itself") {
    LogBuilder log = told("V35: DATA is written while DRR is 1 at mini.sys+0x30");
    log.nth(MPULAB_KIND_FINDING).pc = kDriver + 0x30;
    CHECK(places(log).at(0).exact);
}

TEST_CASE("the innermost frame of the driver on a finding's stack is a place of it") {
    LogBuilder log = told("V21 QueryInterface failed and left a pointer");
    log.add(MPULAB_KIND_FRAME, kKernel + 1)
        .add(MPULAB_KIND_FRAME, kDriver + 0x77)
        .add(MPULAB_KIND_FRAME, kDriver + 0x88);
    const auto found = places(log);
    REQUIRE(found.size() == 1);
    CHECK(found[0].place == "mini.sys+0x77");
    CHECK(!found[0].exact);
}

TEST_CASE("a frame behind an interrupt, of another CPU, or of another finding is no place of it") {
    LogBuilder interrupted = told("V21 …");
    interrupted.add(MPULAB_KIND_FRAME, kKernel + 1).add(MPULAB_KIND_FRAME, kDriver + 0x77, 0, 1);
    CHECK(places(interrupted).empty());
    LogBuilder elsewhere = told("V21 …");
    elsewhere.add(MPULAB_KIND_FRAME, kDriver + 0x77).last().cpu = 1;
    CHECK(places(elsewhere).empty());
    LogBuilder later = told("V21 …");
    later.add(MPULAB_KIND_FINDING, 22).name("V22 …").add(MPULAB_KIND_FRAME, kDriver + 0x77);
    CHECK(places(later).empty());
}

TEST_CASE("an interrupt's records between a finding and its stack do not hide the stack") {
    LogBuilder log = told("V21 …");
    log.add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_InterruptRoutine).last().irql = 9;
    log.add(MPULAB_KIND_FRAME, kDriver + 0x77);
    CHECK(places(log).size() == 1);
}

TEST_CASE("a rule that stops the run has its place from the bugcheck's stack, exact where the processor raised it") {
    LogBuilder fault = told("V64 …");
    fault.add(MPULAB_KIND_BUGCHECK, 0xd1).add(MPULAB_KIND_BUGCHECK_MORE).add(MPULAB_KIND_REGISTER);
    fault.add(MPULAB_KIND_FRAME, kDriver + 0x77, 0x1000, 1);
    CHECK(places(fault).at(0).exact);
    LogBuilder call = told("V51 …");
    call.add(MPULAB_KIND_BUGCHECK, 0xc2).add(MPULAB_KIND_FRAME, kDriver + 0x77);
    CHECK(!places(call).at(0).exact);
}
