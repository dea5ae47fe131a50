// SPDX-License-Identifier: MIT
// Two logs: the first difference, at each strictness.
#include "report/log_diff.hpp"

#include "harness/support/log_builder.hpp"
#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

EventLog run(uint64_t seed, uint64_t later, const Bytes& out) {
    LogBuilder log;
    log.started(seed).at(10 + later).text("a line\n").at(20 + later).wire_out(20 + later, out);
    log.at(10'000'000).ended();
    return log.log();
}

const LogView& view(const std::vector<LogView>& views, const std::string& name) {
    return *std::find_if(views.begin(), views.end(), [&](const LogView& one) { return one.name == name; });
}

} // namespace

TEST_CASE("a log and itself have no difference at any strictness") {
    const EventLog log = run(1, 0, {0x90, 0x3c, 0x40});
    for (const LogView& one : compare_logs(log, log)) {
        CHECK_FALSE(one.difference);
        CHECK(one.a == one.b);
    }
    CHECK(compare_counts(log, log).empty());
}

TEST_CASE("runs that differ in time and seed alone behave the same") {
    const EventLog a = run(1, 0, {0x90, 0x3c, 0x40});
    const EventLog b = run(2, 5, {0x90, 0x3c, 0x40});
    const auto views = compare_logs(a, b);
    REQUIRE(view(views, "records").difference);
    CHECK(view(views, "records").difference->element == 0);
    CHECK_FALSE(view(views, "behaviour").difference);
    CHECK_FALSE(view(views, "MIDI OUT").difference);
}

TEST_CASE("the first byte that differs is named, and the end of the shorter log") {
    const EventLog a = run(1, 0, {0x90, 0x3c, 0x40});
    const auto other = compare_logs(a, run(1, 0, {0x90, 0x3d, 0x40}));
    REQUIRE(view(other, "MIDI OUT").difference);
    CHECK(view(other, "MIDI OUT").difference->element == 1);
    const EventLog longer = run(1, 0, {0x90, 0x3c, 0x40, 0x80});
    const auto views = compare_logs(a, longer);
    const LogView& out = view(views, "MIDI OUT");
    CHECK(out.a == 3);
    CHECK(out.b == 4);
    REQUIRE(out.difference);
    CHECK(out.difference->element == 3);
    CHECK_FALSE(out.difference->a);
    CHECK(longer.records()[*out.difference->b].a == 0x80);
    CHECK(compare_counts(a, longer) == std::vector<std::string>{"WIRE_OUT 3 / 4"});
}
