// SPDX-License-Identifier: MIT
// Three times the same rule at three places: these bytes and no others, in this order.
//   wire      MIDI OUT carried exactly the song
//   injected  MIDI IN carried exactly the song (the bench did its part)
//   captured  completed reads of the capture pin gave the client exactly the song
#include "checks/check.hpp"
#include "checks/streams.hpp"
#include "events/format.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

/// The event of the song that byte `offset` belongs to.
std::string song_place(const Song& song, uint64_t offset) {
    if (offset >= song.wire.size()) return "after the song's last byte";
    const auto event = std::prev(std::upper_bound(song.events.begin(), song.events.end(), offset,
                                                  [](uint64_t at, const SongEvent& e) { return at < e.offset; }));
    return fmt::format("byte {} of event {} (track {}, tick {}: {})", offset - event->offset,
                       event - song.events.begin(), event->track, event->tick, format_hex(song.bytes_of(*event), 8));
}

CheckResult compare(const CheckInput& input, const char* name, const char* where, const ByteStream& stream) {
    const Bytes& song = input.song.wire;
    if (stream.bytes.empty()) return nothing_seen(name, fmt::format("no byte came {}", where));
    const auto [theirs, ours] = std::mismatch(stream.bytes.begin(), stream.bytes.end(), song.begin(), song.end());
    const auto at = static_cast<uint64_t>(ours - song.begin());
    if (theirs == stream.bytes.end() && ours == song.end()) {
        return passed(name, song.size(), fmt::format("{} bytes {}, equal to the file's", song.size(), where));
    }
    const bool too_few = theirs == stream.bytes.end();
    const bool too_many = ours == song.end();
    const std::string expected =
        too_many ? "no more bytes" : fmt::format("0x{:02x}, {}", *ours, song_place(input.song, at));
    const std::string seen =
        too_few ? fmt::format("no more bytes after {}", stream.bytes.size()) : fmt::format("0x{:02x}", *theirs);
    const uint64_t record = stream.records[std::min<size_t>(at, stream.records.size() - 1)];
    return failed(input.log, name, at,
                  fmt::format("byte {} of {} {} differs ({} came, {} were expected)", at, song.size(), where,
                              stream.bytes.size(), song.size()),
                  expected, seen, record);
}

} // namespace

CheckResult check_wire_bytes(const CheckInput& input) {
    CheckResult result =
        compare(input, "wire", "on MIDI OUT", wire_bytes(input.log, MPULAB_KIND_WIRE_OUT, input.run.unit));
    result.all_bytes = true;
    return result;
}

CheckResult check_injected(const CheckInput& input) {
    CheckResult result =
        compare(input, "injected", "on MIDI IN", wire_bytes(input.log, MPULAB_KIND_WIRE_IN, input.run.unit));
    if (result.status == CheckStatus::Failed) result.status = CheckStatus::Error; // the card's cues are the bench's own
    return result;
}

CheckResult check_captured(const CheckInput& input) {
    const ByteStream stream = captured_bytes(input.log);
    if (stream.bytes.empty() && !input.run.wire) {
        return not_applicable("captured", "the package has no hardware, and its driver gave none of the song back");
    }
    CheckResult result = compare(input, "captured", "from the capture pin", stream);
    result.all_bytes = true;
    return result;
}

} // namespace mpulab
