// SPDX-License-Identifier: MIT
// registers: each rule over accesses that keep it and accesses that break it.
#include "harness/checks/judged.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr uint64_t kNothing = 0xbf; // STATUS: no byte for the host; ready
constexpr uint64_t kByte = 0x3f;    // STATUS: a byte waits; ready
constexpr uint64_t kBusy = 0xff;    // STATUS: no byte; not ready

/// A run with these accesses: kind, offset, value.
struct Access {
    uint16_t kind;
    uint64_t offset, value;
};
constexpr uint16_t kRead = MPULAB_KIND_REG_READ;
constexpr uint16_t kWrite = MPULAB_KIND_REG_WRITE;

Judged with(const std::vector<Access>& accesses) {
    Judged judged;
    judged.before_the_end([&](LogBuilder& log) {
        log.at(850 * kMs).add(MPULAB_KIND_MARKER, 1);
        for (const Access& access : accesses)
            log.at(851 * kMs).add(access.kind, access.offset, access.value);
    });
    return judged;
}

CheckStatus judged(const std::string& rule, const std::vector<Access>& accesses) {
    return with(accesses).one("  - registers: " + rule + "\n").status;
}

} // namespace

TEST_CASE("what the card calls an error breaks the rule against it, and no other") {
    const std::vector<Access> all = {{kRead, 0, 0x90}, {kWrite, 0, 0x90}};
    const auto with_error = [&](uint64_t what) {
        auto accesses = all;
        accesses.push_back({MPULAB_KIND_GUEST_ERROR, what, 0});
        return accesses;
    };
    for (const char* rule : {"never-read-empty", "never-write-busy", "never-unpowered"})
        CHECK(judged(rule, all) == CheckStatus::Passed);
    CHECK(judged("never-read-empty", with_error(MPULAB_GUEST_READ_EMPTY)) == CheckStatus::Failed);
    CHECK(judged("never-write-busy", with_error(MPULAB_GUEST_READ_EMPTY)) == CheckStatus::Passed);
    CHECK(judged("never-write-busy", with_error(MPULAB_GUEST_WRITE_NOT_READY)) == CheckStatus::Failed);
    CHECK(judged("never-unpowered", with_error(MPULAB_GUEST_WRITE_UNPOWERED)) == CheckStatus::Failed);
    CHECK(judged("never-unpowered", with_error(MPULAB_GUEST_READ_UNPOWERED)) == CheckStatus::Failed);
}

TEST_CASE("a driver asks before it reads: one STATUS that told of a byte, one read of DATA") {
    CHECK(judged("ask-before-read", {{kRead, 1, kByte}, {kRead, 0, 0x90}}) == CheckStatus::Passed);
    CHECK(judged("ask-before-read", {{kRead, 1, kNothing}, {kRead, 0, 0x90}}) == CheckStatus::Failed);
    CHECK(judged("ask-before-read", {{kRead, 0, 0x90}}) == CheckStatus::Failed);
    CHECK(judged("ask-before-read", {{kRead, 1, kByte}, {kRead, 1, kNothing}, {kRead, 0, 0x90}}) ==
          CheckStatus::Failed);
    const CheckResult twice =
        with({{kRead, 1, kByte}, {kRead, 0, 0x90}, {kRead, 0, 0x3c}}).one("  - registers: ask-before-read\n");
    CHECK(twice.status == CheckStatus::Failed);
    CHECK(twice.message == "1 of 2 accesses break the rule");
    CHECK_THAT(twice.expected, StartsWith("each read of DATA comes after a read of STATUS"));
    CHECK(twice.record);
}

TEST_CASE("a driver asks before it writes, DATA and COMMAND alike") {
    CHECK(judged("ask-before-write", {{kRead, 1, kNothing}, {kWrite, 1, 0x3f}}) == CheckStatus::Passed);
    CHECK(judged("ask-before-write", {{kRead, 1, kNothing}, {kWrite, 0, 0x90}, {kWrite, 0, 0x3c}}) ==
          CheckStatus::Failed);
    CHECK(judged("ask-before-write", {{kRead, 1, kBusy}, {kWrite, 1, 0x3f}}) == CheckStatus::Failed);
}

TEST_CASE("what was asked before a marker still counts after it, what was broken before it does not") {
    Judged judged;
    judged.before_the_end([](LogBuilder& log) {
        log.at(850 * kMs).add(kRead, 0, 0x90).add(kRead, 1, kByte).add(MPULAB_KIND_MARKER, 1).add(kRead, 0, 0x90);
    });
    CHECK(judged.one("  - registers: ask-before-read\n    after-marker: 1\n").status == CheckStatus::Passed);
    CHECK(judged.one("  - registers: ask-before-read\n").status == CheckStatus::Failed);
}

TEST_CASE("a run without such an access is nothing to look at") {
    for (const char* rule :
         {"never-read-empty", "never-write-busy", "never-unpowered", "ask-before-read", "ask-before-write"})
        CHECK(status_of(std::string("  - registers: ") + rule + "\n") == CheckStatus::Error);
    CHECK(judged("never-write-busy", {{kRead, 0, 0x90}}) == CheckStatus::Error);
    CHECK(with({{kRead, 0, 0x90}}).one("  - registers: never-read-empty\n    before-marker: 1\n").status ==
          CheckStatus::Error);
}
