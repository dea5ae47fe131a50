// SPDX-License-Identifier: MIT
// KSSTATE in single steps.
#include "portcls/state_walk.hpp"

#include <support/catch.hpp>

#include <vector>

namespace {

constexpr uint32_t kStop = 0, kPause = 2, kRun = 3;
constexpr int32_t kFailure = -1;

struct Stream {
    std::vector<uint32_t> steps;
    std::vector<uint32_t> failing;
    uint32_t state = kStop;
    int32_t go(uint32_t target) {
        return portcls::walk_state(state, target, [this](uint32_t next) {
            steps.push_back(next);
            for (uint32_t bad : failing)
                if (bad == next) return kFailure;
            return 0;
        });
    }
};

} // namespace

TEST_CASE("a client that jumps from STOP to RUN gets the steps between, and back") {
    Stream stream;
    CHECK(stream.go(kRun) == 0);
    CHECK(stream.go(kStop) == 0);
    CHECK(stream.steps == std::vector<uint32_t>{1, 2, 3, 2, 1, 0});
    CHECK(stream.state == kStop);
}

TEST_CASE("setting the state that is set calls nothing") {
    Stream stream;
    stream.go(kPause);
    stream.steps.clear();
    CHECK(stream.go(kPause) == 0);
    CHECK(stream.steps.empty());
}

TEST_CASE("a failure on the way up walks back to where it began and is returned") {
    Stream stream;
    stream.failing = {kRun};
    CHECK(stream.go(kRun) == kFailure);
    CHECK(stream.steps == std::vector<uint32_t>{1, 2, 3, 1, 0});
    CHECK(stream.state == kStop);
}

TEST_CASE("a failure of one step up leaves the state") {
    Stream stream;
    stream.go(kPause);
    stream.failing = {kRun};
    stream.steps.clear();
    CHECK(stream.go(kRun) == kFailure);
    CHECK(stream.steps == std::vector<uint32_t>{3});
    CHECK(stream.state == kPause);
}

TEST_CASE("failures on the way down are not honoured") {
    Stream stream;
    stream.go(kRun);
    stream.failing = {0, 1, 2};
    CHECK(stream.go(kStop) == 0);
    CHECK(stream.state == kStop);
}
