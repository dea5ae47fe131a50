// SPDX-License-Identifier: MIT
// states: the order in which a stream of the driver was set to its states.
#include "harness/checks/judged.hpp"

#include <fmt/format.h>

using namespace mpulab;
using namespace mpulab::test;

namespace {

struct Set {
    uint64_t stream, state, status = 0;
};

Judged judged(const std::vector<Set>& calls) {
    Judged run;
    run.before_the_end([&](LogBuilder& log) {
        uint64_t at = 850 * kMs;
        for (const Set& call : calls) {
            const uint64_t corr = MPULAB_CORR(MPULAB_CORR_STREAM, call.stream);
            log.at(at).add(MPULAB_KIND_CALL_ENTER, MPULAB_CALLBACK_SetState, call.state, call.stream, corr);
            log.at(at + 1'000).add(MPULAB_KIND_CALL_LEAVE, MPULAB_CALLBACK_SetState, call.status, 0, corr);
            at += 10'000;
        }
    });
    return run;
}

CheckResult of_stream(uint64_t stream, const std::string& states) {
    return judged({{7, 1}, {7, 2}, {8, 1}, {7, 3, 0xc0000001}, {7, 3}, {8, 0}, {7, 0}})
        .one(fmt::format("  - states: [{}]\n    stream: {}\n", states, stream));
}

} // namespace

TEST_CASE("a stream's states are looked at apart from another's, and what the driver refused is left out") {
    CHECK(of_stream(7, "acquire, pause, run, stop").status == CheckStatus::Passed);
    CHECK(of_stream(7, "acquire, pause, run, stop").looked_at == 4);
    CHECK(of_stream(8, "acquire, stop").status == CheckStatus::Passed);
}

TEST_CASE("a state that differs is shown at its call") {
    const CheckResult wrong = of_stream(7, "acquire, run, stop");
    CHECK(wrong.status == CheckStatus::Failed);
    CHECK(wrong.message == "state 2 of stream 7 differs (4 were set, 3 were expected)");
    CHECK(wrong.expected == "run");
    CHECK(wrong.seen == "pause");
    CHECK(wrong.time_ns == 850 * kMs + 10'000);
}

TEST_CASE("a state too many and one too few are failures") {
    CHECK(of_stream(8, "acquire").seen == "stop");
    CHECK(of_stream(8, "acquire").expected == "no more states");
    CHECK(of_stream(8, "acquire, stop, acquire").seen == "no more states");
}

TEST_CASE("a stream that nobody sets to a state is nothing to look at") {
    CHECK(of_stream(9, "run").status == CheckStatus::Error);
}

TEST_CASE("a word that is no state, and an empty list, are refused with their place") {
    for (const char* states : {"[run, halt]", "[]", "run"}) {
        std::vector<Complaint> complaints;
        parse_scenarios(fmt::format("scenario: x\nsteps:\n  - wait: 1ms\nchecks:\n  - states: {}\n", states), "a.yaml",
                        {}, complaints);
        INFO(states);
        REQUIRE(complaints.size() == 1);
        CHECK_THAT(complaints[0].text(), ContainsSubstring("a.yaml:5:"));
    }
}
