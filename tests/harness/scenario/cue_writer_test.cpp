// SPDX-License-Identifier: MIT
// The harness' writer of cues against the card's reader.
#include "common/error.hpp"
#include "device-model/test_card.hpp"
#include "scenario/plan.hpp"
#include "scenario/song_run.hpp"

namespace {

mpulab::Song song_of(std::vector<std::pair<uint64_t, mpulab::Bytes>> events) {
    mpulab::Song song;
    for (const auto& [time_ns, bytes] : events) {
        mpulab::SongEvent event;
        event.time_ns = time_ns;
        event.offset = static_cast<uint32_t>(song.wire.size());
        event.size = static_cast<uint32_t>(bytes.size());
        song.events.push_back(event);
        mpulab::append(song.wire, bytes);
    }
    return song;
}

mpulab_cue injection(uint32_t offset, uint32_t size) {
    mpulab_cue cue = {};
    cue.trigger = MPULAB_TRIGGER_TIME;
    cue.first = 1;
    cue.firings = 1;
    cue.action = MPULAB_ACTION_INJECT;
    cue.count = size;
    cue.value = offset;
    return cue;
}

} // namespace

TEST_CASE("the cues of a song are taken by a card and arrive as the song") {
    const auto song = song_of({{0, {0x90, 0x3c, 0x40}}, {0, {0x91, 0x3d, 0x41}}, {5'000'000, {0x80, 0x3c, 0x00}}});
    const auto run = mpulab::compile_song(song, {.lead_ns = 2'000'000});
    TestCard card;
    card.enter_uart();
    REQUIRE(card.set_cues(run.cues));
    mpulab_core_marker(card.core, mpulab::kStartMarker, card.now);
    const int64_t start = card.now;
    card.run_for(20 * kMillisecond);
    mpulab::Bytes arrived;
    for (const auto& event : card.of_kind(MPULAB_KIND_WIRE_IN))
        arrived.push_back(static_cast<uint8_t>(event.a));
    CHECK(arrived == song.wire);
    const auto fired = card.of_kind(MPULAB_KIND_CUE);
    REQUIRE(fired.size() == 2); // events of one time share a cue
    CHECK(fired[0].time_ns == start + 2'000'000);
    CHECK(fired[1].time_ns == start + 7'000'000);
}

TEST_CASE("bytes of cues are moved behind the table, other actions keep their value") {
    mpulab_cue corrupt = injection(0, 1);
    corrupt.action = MPULAB_ACTION_CORRUPT_IN;
    corrupt.value = 0x0f;
    const mpulab::Bytes bytes = {1, 2};
    const auto section = mpulab::write_cues(9, {injection(1, 1), corrupt, injection(0, 1)}, bytes);
    TestCard card;
    card.enter_uart();
    REQUIRE(card.set_cues(section));
    card.run_for(5 * kMillisecond);
    mpulab::Bytes arrived;
    for (const auto& event : card.of_kind(MPULAB_KIND_WIRE_IN))
        arrived.push_back(static_cast<uint8_t>(event.a));
    CHECK(arrived == mpulab::Bytes{2 ^ 0x0f, 1});
}

TEST_CASE("no cues are an empty section, and more than a plan holds are refused with the number") {
    CHECK(mpulab::write_cues(1, {}, {}).empty());
    const std::vector<mpulab_cue> many(MPULAB_PLAN_MAX_BYTES / sizeof(mpulab_cue), injection(0, 1));
    CHECK_THROWS_WITH(mpulab::write_cues(1, many, {}), ContainsSubstring("262144 cues need 16777248 bytes"));
}
