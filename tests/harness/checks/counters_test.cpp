// SPDX-License-Identifier: MIT
// What a driver says it counted, held against the log.
#include "checks/counters.hpp"
#include "harness/checks/good_run.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr uint32_t kAskStep = 4;

mpulab_counters right() {
    mpulab_counters counters{};
    counters.size = sizeof counters;
    counters.version = 1;
    counters.bytes_out = 9;
    counters.bytes_in = 9;
    counters.interrupts = 2;
    counters.resets = 1;
    return counters;
}

Bytes bytes_of(const mpulab_counters& counters) {
    Bytes bytes;
    append_pod(bytes, counters);
    return bytes;
}

/// A good run whose last step but one asked the driver, and what it brought back.
GoodRun asked(Bytes answer, uint64_t status = 0) {
    GoodRun good;
    good.run.counters_step = kAskStep;
    good.run.may_fail = {kAskStep};
    const uint64_t length = answer.size();
    answer.resize(256);
    good.log.drop_all(MPULAB_KIND_RUN_ENDED);
    good.log.at(801 * kMs).begin_step(kAskStep, MPULAB_OP_IOCTL);
    good.log.data(MPULAB_KIND_ANSWER, {reinterpret_cast<const char*>(answer.data()), answer.size()},
                  MPULAB_CORR(MPULAB_CORR_STEP, kAskStep));
    good.log.add(MPULAB_KIND_STEP_END, MPULAB_OP_IOCTL, status, length, MPULAB_CORR(MPULAB_CORR_STEP, kAskStep));
    good.log.ended();
    return good;
}

CheckResult judged(const Bytes& answer, uint64_t status = 0) {
    return asked(answer, status).check(check_counters);
}

} // namespace

TEST_CASE("counters that are the log's are passed, and shown") {
    const CheckResult result = judged(bytes_of(right()));
    CHECK(result.status == CheckStatus::Passed);
    CHECK_THAT(result.message, ContainsSubstring("bytes_out 9, ") && ContainsSubstring("resets 1"));
    CHECK(asked(bytes_of(right())).check(run_checks).back().name == "counters");
}

TEST_CASE("a driver without the property is not judged") {
    for (const uint64_t status : {0xc0000230, 0xc0000225, 0xc0000010, 0xc0000002, 0xc00000bb})
        CHECK(judged({}, status).status == CheckStatus::NotApplicable);
    GoodRun never = asked(bytes_of(right()));
    never.log.drop(MPULAB_KIND_STEP_END, 3);
    CHECK(never.check(check_counters).status == CheckStatus::NotApplicable);
}

TEST_CASE("each counter that is not the log's fails the run and names both numbers") {
    const std::tuple<uint32_t mpulab_counters::*, const char*, const char*> cases[] = {
        {&mpulab_counters::bytes_out, "bytes_out", "MIDI OUT"},
        {&mpulab_counters::bytes_in, "bytes_in", "MIDI IN"},
        {&mpulab_counters::bytes_in_dropped, "bytes_in_dropped", "MIDI IN"},
        {&mpulab_counters::bytes_in_ignored, "bytes_in_ignored", "MIDI IN"},
        {&mpulab_counters::interrupts, "interrupts", "claimed"},
        {&mpulab_counters::interrupts_spurious, "interrupts_spurious", "not claimed"}};
    for (const auto& [member, name, place] : cases) {
        mpulab_counters counters = right();
        counters.*member += 1;
        const CheckResult result = judged(bytes_of(counters));
        CHECK(result.status == CheckStatus::Failed);
        CHECK_THAT(result.message, ContainsSubstring(name));
        CHECK_THAT(result.expected, ContainsSubstring(place));
        CHECK_FALSE(result.seen.empty());
        CHECK(result.record.has_value());
    }
}

TEST_CASE("what a driver does not count is not held against it") {
    mpulab_counters counters = right();
    counters.bytes_out = counters.interrupts = MPULAB_COUNTER_NONE;
    CHECK(judged(bytes_of(counters)).status == CheckStatus::Passed);
    const auto values = counter_values(counters);
    CHECK(values.front().first == "bytes_out");
    CHECK_FALSE(values.front().second.has_value());
    std::memset(&counters, 0xff, sizeof counters);
    counters.size = sizeof counters;
    CHECK(judged(bytes_of(counters)).status == CheckStatus::NotApplicable);
}

TEST_CASE("an older driver's shorter counters and a newer one's longer ones are read as far as both know them") {
    Bytes longer = bytes_of(right());
    longer.resize(longer.size() + 8, 0x55);
    longer[0] = static_cast<uint8_t>(longer.size());
    longer[4] = 2;
    CHECK(judged(longer).status == CheckStatus::Passed);
    Bytes shorter = bytes_of(right());
    shorter.resize(8 + 3 * 4);
    shorter[0] = static_cast<uint8_t>(shorter.size());
    const CheckResult result = judged(shorter);
    CHECK(result.status == CheckStatus::Passed);
    CHECK(result.looked_at == 3);
}

TEST_CASE("an answer that is no counters, or a failure that does not say there are none, fails") {
    mpulab_counters counters = right();
    for (const uint32_t size : {0u, 7u, 257u, 0xffffffffu}) {
        counters.size = size;
        CHECK(judged(bytes_of(counters)).status == CheckStatus::Failed);
    }
    counters = right();
    counters.version = 0;
    CHECK(judged(bytes_of(counters)).status == CheckStatus::Failed);
    CHECK(judged({1, 2, 3}).status == CheckStatus::Failed);
    CHECK(judged({}).status == CheckStatus::Failed);
    const CheckResult refused = judged({}, 0xc0000023);
    CHECK(refused.status == CheckStatus::Failed);
    CHECK_THAT(refused.seen, ContainsSubstring("STATUS_BUFFER_TOO_SMALL"));
}

TEST_CASE("without a wire there is nothing to hold them against, and they are shown") {
    GoodRun good = asked(bytes_of(right()));
    good.run.wire = false;
    good.log.drop_all(kOut);
    CHECK(good.check(check_counters).status == CheckStatus::Passed);
}
