// SPDX-License-Identifier: MIT
// The MIDI reader against any bytes. A song it takes is in order and without a gap, and what is compiled from it passes
// the agent's own check.
#include "common/error.hpp"
#include "midi/smf_reader.hpp"
#include "scenario/song_run.hpp"
#include "score_check.hpp"
#include "synth/message_parser.hpp"

#include <cstdlib>

namespace {

void check(bool condition) {
    if (!condition) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace mpulab;
    Song song;
    try {
        song = read_smf({data, size}, "fuzz.mid");
    } catch (const Error& error) {
        check(!error.next().empty());
        return 0;
    }
    check(!song.events.empty() && song.wire.size() <= 2 * size);
    uint32_t offset = 0;
    uint64_t time = 0;
    MessageParser parser;
    for (const SongEvent& event : song.events) {
        check(event.offset == offset && event.size > 0 && event.time_ns >= time && event.time_ns <= kMaxSongNs);
        offset += event.size;
        time = event.time_ns;
        for (const uint8_t byte : song.bytes_of(event)) {
            if (const auto message = parser.feed(byte)) check(!message->empty() && (*message)[0] >= 0x80);
        }
    }
    check(offset == song.wire.size());
    const SongRun run = compile_song(song, {});
    check(agent::check_score(run.score.data(), run.score.size()).reason == nullptr);
    return 0;
}
