// SPDX-License-Identifier: MIT
// A song as score and cues. The steps are those a PortCls client must take (portcls-midi.md §5); what is compiled is
// judged by the agent's own check and by the probe's.
#include "scenario/song_run.hpp"

#include "harness/scenario/score_steps.hpp"
#include "harness/support/songs.hpp"
#include "probe_core.h"
#include "scenario/plan.hpp"
#include "score_check.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr uint64_t kUs = 1'000;
constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kLead = 10 * kMs;

using Words = std::vector<uint32_t>;

Song three_notes() {
    return song_of({{0, "90 3c 40"}, {0, "91 3e 40"}, {500 * kMs, "80 3c 00"}});
}

/// opcode, slot and first argument word of each step.
std::vector<Words> outline(const Bytes& score) {
    std::vector<Words> lines;
    for (const ReadStep& step : steps_of(score)) {
        lines.push_back({step.opcode, step.slot, step.arguments.empty() ? 0 : read_pod<uint32_t>(step.arguments, 0)});
    }
    return lines;
}

std::string agents_opinion(const Bytes& score) {
    const agent::ScoreFault fault = agent::check_score(score.data(), score.size());
    return fault.reason == nullptr ? "good" : "step " + std::to_string(fault.step) + ": " + fault.reason;
}

std::string probes_opinion(const Bytes& plan) {
    const mpulab_probe_host host = {nullptr, [](void*, const void*, size_t) { return true; },
                                    [](void*, uint64_t, void*, size_t) { return false; }, [](void*, const char*) {},
                                    nullptr};
    char error[320] = "";
    mpulab_probe* probe = mpulab_probe_create(&host);
    mpulab_core* card = mpulab_core_create(nullptr, 0, nullptr, error, sizeof error);
    mpulab_machine_device device{};
    device.port_base = 0x330;
    device.port_length = 2;
    const bool good = mpulab_probe_attach(probe, &device, card, error, sizeof error) &&
                      mpulab_probe_set_plan(probe, plan.data(), plan.size(), error, sizeof error) &&
                      mpulab_probe_assemble(probe, error, sizeof error);
    mpulab_probe_detach(probe, card);
    mpulab_core_destroy(card);
    mpulab_probe_destroy(probe);
    return good ? "good" : error;
}

/// A song of odd times and sizes; always the same one.
Song odd_song() {
    Song song;
    uint32_t state = 1;
    const auto draw = [&state](uint32_t below) { // Numerical Recipes' generator
        state = state * 1'664'525 + 1'013'904'223;
        return (state >> 8) % below;
    };
    uint64_t time = 0;
    for (int i = 0; i < 3000; ++i) {
        time += draw(3) == 0 ? 0 : draw(4'000'003);
        Bytes bytes(draw(50) == 0 ? 1 + draw(3000) : 1 + draw(3));
        for (uint8_t& byte : bytes)
            byte = static_cast<uint8_t>(draw(256));
        add_event(song, time, bytes);
    }
    return song;
}

} // namespace

TEST_CASE("a song is played in the order PortCls wants: capture listens first, then render runs, then the writes") {
    const SongRun run = compile_song(three_notes(), {});
    const std::vector<Words> expected = {
        {1, 0, 0},                    // open the filter of card 0
        {2, 1, 0},         {2, 2, 0}, // render pin, capture pin of the filter in slot 0
        {3, 2, 1},         {3, 2, 2},          {6, 2, 2056}, {3, 2, 3},  // capture: ACQUIRE, PAUSE, reads pending, RUN
        {3, 1, 1},         {3, 1, 2},          {3, 1, 3},                // render: ACQUIRE, PAUSE, RUN
        {10, 0, 1},                                                      // the marker the cues wait for
        {4, 1, 100'000},   {4, 1, 5'100'000},                            // 10 ms and 510 ms, in 100 ns
        {5, 1, 0},         {7, 2, 9},                                    // all written, nine bytes captured
        {3, 1, 2},         {3, 1, 1},          {3, 1, 0},    {11, 1, 0}, // render: PAUSE, ACQUIRE, STOP, close
        {3, 2, 2},         {8, 2, 0},          {3, 2, 1},    {3, 2, 0},
        {11, 2, 0},                            // capture: the same, its reads cancelled
        {15, 0, 0x2f0003},                     // the driver's counters, if it has any
        {11, 0, 0},        {9, 0, 82'560'000}, // 258 bytes on the wire: the card's FIFO is empty when the device goes
        {12, 0, 0}};                           // QUERY_REMOVE, REMOVE, unload
    CHECK(outline(run.score) == expected);
    CHECK(run.render_run_step == 10);
    CHECK(run.counters_step == 25);
    CHECK(run.may_fail == std::set<uint64_t>{25});
    CHECK(run.capture);
    CHECK(run.lead_ns == kLead);
    const auto steps = steps_of(run.score);
    CHECK(read_pod<uint32_t>(steps[1].arguments, 4) == 0); // MIDI render is pin 0,
    CHECK(read_pod<uint32_t>(steps[2].arguments, 4) == 2); // capture pin 2 of a UART miniport (§4.2)
}

TEST_CASE("without capture nothing is injected and no capture pin is opened") {
    const SongRun run = compile_song(three_notes(), {.unit = 0, .capture = false});
    CHECK(run.cues.empty());
    CHECK_FALSE(run.capture);
    for (const ReadStep& step : steps_of(run.score)) {
        CHECK(step.slot != 2);
        CHECK(step.opcode != 6);
        CHECK(step.opcode != 7);
    }
    CHECK(run.render_run_step == 5);
    CHECK(agents_opinion(run.score) == "good");
}

TEST_CASE("the card's number goes into the filter that is opened") {
    SongRunOptions options;
    options.unit = 3;
    options.render_pin->unit = 3; // the filter of the card's device
    options.capture = false;
    const SongRun run = compile_song(three_notes(), options);
    CHECK(run.unit == 3);
    CHECK(outline(run.score)[0] == Words{1, 0, 3});
}

TEST_CASE("every step that waits has a bound, those for the song the song's length too") {
    Song song = three_notes();
    song.events.back().time_ns = 3'600'000 * kMs;
    for (const ReadStep& step : steps_of(compile_song(song, {}).score)) {
        if (step.opcode == 6 || step.opcode == 9 || step.opcode == 10)
            continue; // these wait for nothing, or for time alone
        CHECK(step.timeout_ms >= 1000);
        if (step.opcode == 4 || step.opcode == 5 || step.opcode == 7) CHECK(step.timeout_ms >= 3'600'000);
    }
}

TEST_CASE("events near a whole millisecond from an IRP's time share it, others begin one") {
    const Song song = song_of({{0, "90 01 40"}, {5 * kMs, "90 02 40"}, {5'100 * kUs, "90 03 40"}, {5'600 * kUs, "f8"}});
    const auto writes = writes_of(compile_song(song, {}).score);
    REQUIRE(writes.size() == 2);
    REQUIRE(writes[0].records.size() == 3);
    CHECK(writes[0].presentation_ns == 10 * kMs);
    CHECK(writes[0].records[0].stream_ns == 10 * kMs);
    CHECK(writes[0].records[1].stream_ns == 15 * kMs);
    CHECK(writes[0].records[2].stream_ns == 15 * kMs);
    CHECK(writes[0].records[2].bytes == hex("90 03 40"));
    CHECK(writes[0].data_used == 3 * (8 + 4)); // padded: what real clients set DataUsed to
    CHECK(writes[1].presentation_ns == 15'600 * kUs);
    CHECK(writes[1].records[0].bytes == hex("f8"));
}

TEST_CASE("a long SysEx goes out in records of 256 bytes at one time, IRPs hold at most 1024") {
    Song song;
    add_event(song, 0, Bytes(2000, 0x55));
    const auto writes = writes_of(compile_song(song, {}).score);
    std::vector<size_t> sizes;
    for (const ReadWrite& write : writes) {
        CHECK(write.presentation_ns == kLead);
        CHECK(write.data_used <= 1024);
        for (const MusicRecord& record : write.records) {
            CHECK(record.stream_ns == kLead);
            sizes.push_back(record.bytes.size());
        }
    }
    CHECK(sizes == std::vector<size_t>{256, 256, 256, 256, 256, 256, 256, 208});
}

TEST_CASE("whatever the song, the writes carry its bytes in order and each event within 0.25 ms of its time") {
    const Song song = odd_song();
    const SongRun run = compile_song(song, {});
    Bytes bytes;
    std::vector<uint64_t> stamps; // of each byte
    uint64_t before = 0;
    for (const ReadWrite& write : writes_of(run.score)) {
        if (write.data_used > 1024 || write.max_pending < 1 || write.max_pending > 16) FAIL("bounds of a write");
        if (write.records.back().stream_ns - write.presentation_ns > 50 * kMs) FAIL("a write spans over 50 ms");
        if (write.presentation_ns < before) FAIL("writes run backwards");
        before = write.presentation_ns;
        for (const MusicRecord& record : write.records) {
            if (record.bytes.empty() || record.bytes.size() > 256) FAIL("size of a record");
            append(bytes, record.bytes);
            stamps.insert(stamps.end(), record.bytes.size(), record.stream_ns);
        }
    }
    CHECK(bytes == song.wire);
    uint64_t worst = 0;
    for (const SongEvent& event : song.events) {
        const uint64_t due = kLead + event.time_ns;
        for (uint32_t i = 0; i < event.size; ++i) {
            const uint64_t stamp = stamps[event.offset + i];
            worst = std::max(worst, stamp > due ? stamp - due : due - stamp);
        }
    }
    CHECK(worst <= 250'000 + 100);
}

TEST_CASE("the cues inject the song at the same times after the marker, events of one time in one cue") {
    const SongRun run = compile_song(three_notes(), {});
    // The header: version, size, count, 0, seed. Then twice: trigger MARKER, its number, the first time it comes, one
    // firing; every 0, delay, jitter 0; action INJECT, size, time 0, offset, value 0. And then the bytes.
    CHECK(run.cues ==
          hex("4d 50 4c 42 43 55 45 53  01 00 00 00 a9 00 00 00 02 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00"
              "01 00 00 00 01 00 00 00 01 00 00 00 01 00 00 00  00 00 00 00 00 00 00 00  80 96 98 00 00 00 00 00"
              "00 00 00 00 00 00 00 00  01 00 00 00 06 00 00 00  00 00 00 00 00 00 00 00  a0 00 00 00 00 00 00 00"
              "01 00 00 00 01 00 00 00 01 00 00 00 01 00 00 00  00 00 00 00 00 00 00 00  80 fb 65 1e 00 00 00 00"
              "00 00 00 00 00 00 00 00  01 00 00 00 03 00 00 00  00 00 00 00 00 00 00 00  a6 00 00 00 00 00 00 00"
              "90 3c 40 91 3e 40 80 3c 00"));
}

TEST_CASE("what is compiled from an odd song passes the agent's check and the probe's") {
    const SongRun run = compile_song(odd_song(), {});
    CHECK(agents_opinion(run.score) == "good");
    CHECK(probes_opinion(write_plan(7, {{0x524f4353, 0, run.score}, {0x53455543, 0, run.cues}, options_section(1)})) ==
          "good");
}

TEST_CASE("a song of more steps than an agent takes is refused with both numbers") {
    Song song;
    song.wire.assign(1'000'000, 0xf8);
    for (uint32_t i = 0; i < 1'000'000; ++i) // half a millisecond off each time: no two share an IRP
        song.events.push_back({i * uint64_t{1'500'000}, i, 0, i, 1});
    const std::string text = refusal([&] { compile_song(song, {}); });
    CHECK_THAT(text, ContainsSubstring("at most 1000000 can be played; next: cut the song into parts"));
}
