// SPDX-License-Identifier: MIT
// A score's bytes, as guest-images/agent/score.h lays them out; read here field by field at offsets counted by hand.
#include "scenario/score_builder.hpp"

#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr size_t kFirstStep = 24; // behind the score's header

uint16_t u16(const Bytes& score, size_t at) {
    return read_pod<uint16_t>(score, at);
}
uint32_t u32(const Bytes& score, size_t at) {
    return read_pod<uint32_t>(score, at);
}
uint64_t u64(const Bytes& score, size_t at) {
    return read_pod<uint64_t>(score, at);
}

/// opcode, slot, size, flags, timeout of the step at `at`.
std::vector<uint32_t> head(const Bytes& score, size_t at) {
    return {u16(score, at), u16(score, at + 2), u32(score, at + 4), u32(score, at + 8), u32(score, at + 12)};
}

using Head = std::vector<uint32_t>;

} // namespace

TEST_CASE("a score without a step is its header: magic, version 1, no step, 24 bytes") {
    const Bytes score = ScoreBuilder().finish();
    CHECK(score == hex("4d 50 4c 42 53 43 4f 52  01 00 00 00  00 00 00 00  18 00 00 00  00 00 00 00"));
}

TEST_CASE("steps are numbered from 1 and counted, with the size of the whole, in the header") {
    ScoreBuilder builder;
    CHECK(builder.marker(5) == 1);
    CHECK(builder.close(3, 100) == 2);
    CHECK(builder.steps() == 2);
    const Bytes score = builder.finish();
    CHECK(u32(score, 12) == 2);
    CHECK(u32(score, 16) == score.size());
    CHECK(builder.size() == score.size());
    CHECK(score.size() == kFirstStep + (16 + 8) + 16);
    CHECK(head(score, kFirstStep) == Head{10, 0, 8, 0, 0});
    CHECK(u64(score, kFirstStep + 16) == 5); // number, then the reserved word
    CHECK(head(score, kFirstStep + 24) == Head{11, 3, 0, 0, 100});
}

TEST_CASE("open filter holds unit, category and reference string, zero-terminated") {
    ScoreBuilder builder;
    builder.open_filter(2, 7, ks::kCategoryAudio, u"Wave0", 5000);
    const Bytes score = builder.finish();
    CHECK(head(score, kFirstStep) == Head{1, 2, 88, 0, 5000});
    const size_t at = kFirstStep + 16;
    CHECK(u32(score, at) == 7);
    // KSCATEGORY_AUDIO 6994AD04-93EF-11D0-A3CC-00A0C9223196: the first three fields little-endian
    CHECK(Bytes(score.begin() + 44, score.begin() + 60) == hex("04 ad 94 69 ef 93 d0 11 a3 cc 00 a0 c9 22 31 96"));
    CHECK(Bytes(score.begin() + 60, score.begin() + 72) == hex("57 00 61 00 76 00 65 00 30 00 00 00"));
    CHECK(score.size() == at + 88);
}

TEST_CASE("a reference string fills at most 31 characters, its zero must fit") {
    ScoreBuilder builder;
    CHECK_NOTHROW(builder.open_filter(0, 0, ks::kCategoryAudio, std::u16string(31, u'x'), 1));
    CHECK_THROWS_AS(builder.open_filter(0, 0, ks::kCategoryAudio, std::u16string(32, u'x'), 1), std::logic_error);
    CHECK(builder.steps() == 1);
    const Bytes score = builder.finish();
    CHECK(u16(score, kFirstStep + 16 + 20 + 30 * 2) == u'x');
    CHECK(u16(score, kFirstStep + 16 + 20 + 31 * 2) == 0);
}

TEST_CASE("open pin names the filter's slot and the pin") {
    ScoreBuilder builder;
    builder.open_pin(1, 4, 2, 777);
    const Bytes score = builder.finish();
    CHECK(head(score, kFirstStep) == Head{2, 1, 8, 0, 777});
    CHECK(u16(score, kFirstStep + 16) == 4);
    CHECK(u16(score, kFirstStep + 18) == 0);
    CHECK(u32(score, kFirstStep + 20) == 2);
}

TEST_CASE("set state carries KSSTATE's numbers: STOP 0, ACQUIRE 1, PAUSE 2, RUN 3") {
    const std::pair<ks::State, uint64_t> states[] = {
        {ks::State::Stop, 0}, {ks::State::Acquire, 1}, {ks::State::Pause, 2}, {ks::State::Run, 3}};
    for (const auto& [state, number] : states) {
        ScoreBuilder builder;
        builder.set_state(1, state, 9);
        const Bytes score = builder.finish();
        CHECK(head(score, kFirstStep) == Head{3, 1, 8, 0, 9});
        CHECK(u64(score, kFirstStep + 16) == number);
    }
}

TEST_CASE("a write holds its time, its records and how many may be pending, zeros fill up to eight bytes") {
    ScoreBuilder builder;
    const Bytes records = hex("05 00 00 00 03 00 00 00 90 3c 40 00");
    builder.write(1, 0x123456789a, records, 16, 60'000);
    builder.marker(1);
    const Bytes score = builder.finish();
    CHECK(head(score, kFirstStep) == Head{4, 1, 28, 0, 60'000}); // the size without the padding
    CHECK(u64(score, kFirstStep + 16) == 0x123456789a);
    CHECK(u32(score, kFirstStep + 24) == 12);
    CHECK(u32(score, kFirstStep + 28) == 16);
    CHECK(Bytes(score.begin() + 56, score.begin() + 68) == records);
    CHECK(u32(score, 68) == 0);
    CHECK(head(score, 72)[0] == 10);
}

TEST_CASE("the waiting and reading steps carry what score.h gives them") {
    ScoreBuilder builder;
    builder.wait_writes(1, 11);
    builder.read_start(2, 2056, 4);
    builder.wait_captured(2, uint64_t{1} << 40, 12);
    builder.read_stop(2, 13);
    const Bytes score = builder.finish();
    CHECK(head(score, 24) == Head{5, 1, 0, 0, 11});
    CHECK(head(score, 40) == Head{6, 2, 8, 0, 0});
    CHECK(u32(score, 56) == 2056);
    CHECK(u32(score, 60) == 4);
    CHECK(head(score, 64) == Head{7, 2, 8, 0, 12});
    CHECK(u64(score, 80) == uint64_t{1} << 40);
    CHECK(head(score, 88) == Head{8, 2, 0, 0, 13});
    CHECK(score.size() == 104);
}

TEST_CASE("a score can be finished, gone on with and finished again") {
    ScoreBuilder builder;
    builder.marker(1);
    const Bytes first = builder.finish();
    builder.marker(2);
    const Bytes second = builder.finish();
    CHECK(u32(first, 12) == 1);
    CHECK(u32(second, 12) == 2);
    CHECK(Bytes(second.begin() + 24, second.begin() + 48) == Bytes(first.begin() + 24, first.end()));
}
