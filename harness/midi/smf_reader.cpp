// SPDX-License-Identifier: MIT
#include "midi/smf_reader.hpp"

#include "common/error.hpp"
#include "midi/tempo_map.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint8_t kSysEx = 0xf0;
constexpr uint8_t kEscape = 0xf7;
constexpr uint8_t kMeta = 0xff;
constexpr uint8_t kMetaEndOfTrack = 0x2f;
constexpr uint8_t kMetaTempo = 0x51;

/// A reading position inside [begin, end) of the file; every step is checked against the end.
class Cursor {
  public:
    Cursor(ByteView file, size_t begin, size_t end, std::string_view name)
        : file_(file), name_(name), at_(begin), end_(end) {}

    size_t at() const { return at_; }
    size_t left() const { return end_ - at_; }
    bool done() const { return at_ == end_; }

    [[noreturn]] void fail(size_t at, const std::string& detail, std::string next) const {
        throw Error(fmt::format("cannot play {}: {} (byte {})", name_, detail, at), std::move(next));
    }

    ByteView take(uint64_t count, const char* what) {
        if (count > left()) {
            fail(at_, fmt::format("{} needs {} bytes, {} are left", what, count, left()),
                 "the file is truncated or damaged: get a whole copy");
        }
        const ByteView bytes = file_.subspan(at_, static_cast<size_t>(count));
        at_ += static_cast<size_t>(count);
        return bytes;
    }
    uint8_t byte(const char* what) { return take(1, what)[0]; }
    uint32_t big_endian(size_t bytes, const char* what) {
        uint32_t value = 0;
        for (const uint8_t part : take(bytes, what))
            value = value << 8 | part;
        return value;
    }
    uint8_t peek() const { return file_[at_]; }

    /// A variable-length quantity: at most four bytes, as the standard says.
    uint32_t quantity(const char* what) {
        const size_t start = at_;
        uint32_t value = 0;
        for (int i = 0; i < 4; ++i) {
            const uint8_t part = byte(what);
            value = value << 7 | (part & 0x7fu);
            if (part < 0x80) return value;
        }
        fail(start, fmt::format("{} is longer than four bytes", what), "the file is damaged: get another copy");
    }

  private:
    ByteView file_;
    std::string_view name_;
    size_t at_;
    size_t end_;
};

size_t channel_data_bytes(uint8_t status) {
    const uint8_t type = status & 0xf0;
    return type == 0xc0 || type == 0xd0 ? 1 : 2;
}

Division read_division(Cursor& in) {
    const size_t at = in.at();
    const uint32_t raw = in.big_endian(2, "the division");
    Division division;
    if (!(raw & 0x8000)) {
        division.ticks_per_quarter = raw;
        if (raw == 0) in.fail(at, "division is 0 ticks per quarter note", "the file is damaged: save it again");
        return division;
    }
    const int rate = 256 - static_cast<int>(raw >> 8);
    division.ticks_per_frame = raw & 0xff;
    if (rate == 29) { // 30 drop-frame: 29.97 frames a second
        division.frame_rate = 30'000;
        division.frame_scale = 1'001;
    } else if (rate == 24 || rate == 25 || rate == 30) {
        division.frame_rate = static_cast<uint32_t>(rate);
    } else {
        in.fail(at, fmt::format("SMPTE division of {} frames a second; 24, 25, 29 and 30 exist", rate),
                "the file is damaged: save it again");
    }
    if (division.ticks_per_frame == 0) {
        in.fail(at, "SMPTE division of 0 ticks per frame", "the file is damaged: save it again");
    }
    return division;
}

/// Everything the tracks hold, before it is put in order.
struct Collected {
    struct Event {
        uint64_t tick;
        uint32_t track;
        uint32_t offset; // in `bytes`
        uint32_t size;
    };
    struct Tempo {
        uint64_t tick;
        uint32_t us_per_quarter;
    };
    Bytes bytes;
    std::vector<Event> events;
    std::vector<Tempo> tempos;
    std::vector<std::string> notes;
};

class TrackReader {
  public:
    TrackReader(Cursor in, uint32_t track, Collected& out) : in_(in), track_(track), out_(out) {}

    void read() {
        while (!in_.done()) {
            tick_ += in_.quantity("a delta time"); // < 2^28 a step, < 2^24 steps: cannot overflow
            if (event()) {
                if (!in_.done()) {
                    out_.notes.push_back(
                        fmt::format("track {}: {} bytes after its end are not played", track_, in_.left()));
                }
                return;
            }
        }
        out_.notes.push_back(fmt::format("track {} has no End of Track", track_));
    }

  private:
    /// One event; true: it was End of Track.
    bool event() {
        const size_t at = in_.at();
        if (in_.done()) in_.fail(at, "a track ends after a delta time", "the file is truncated: get a whole copy");
        uint8_t status = in_.peek();
        if (status >= 0x80) {
            in_.byte("a status");
        } else if (running_ != 0) {
            status = running_;
        } else {
            in_.fail(at, fmt::format("data byte 0x{:02x} where an event must begin", status),
                     "the file is damaged: get another copy");
        }
        if (status == kMeta) return meta();
        if (status == kSysEx || status == kEscape) {
            system(status);
        } else if (status > kSysEx) {
            in_.fail(at, fmt::format("status 0x{:02x} cannot stand alone in a file, only inside an F7 event", status),
                     "the file is damaged: save it again");
        } else {
            channel(status);
        }
        return false;
    }

    void channel(uint8_t status) {
        running_ = status;
        const size_t at = in_.at();
        const ByteView data = in_.take(channel_data_bytes(status), "a channel event");
        for (const uint8_t value : data) {
            if (value >= 0x80) {
                in_.fail(at, fmt::format("data byte 0x{:02x} of status 0x{:02x}; 00 to 7f are data", value, status),
                         "the file is damaged: get another copy");
            }
        }
        const uint8_t message[3] = {status, data[0], data.back()};
        emit(ByteView(message, 1 + data.size()));
    }

    void system(uint8_t status) {
        running_ = 0;
        const size_t at = in_.at();
        const uint32_t length = in_.quantity("a SysEx length");
        if (length > in_.left()) {
            in_.fail(at, fmt::format("a SysEx event claims {} bytes, {} are left in its track", length, in_.left()),
                     "the file is truncated or damaged: get a whole copy");
        }
        const ByteView payload = in_.take(length, "a SysEx event");
        if (status == kEscape && payload.empty()) return; // nothing to send
        begin();
        if (status == kSysEx) out_.bytes.push_back(kSysEx);
        append(out_.bytes, payload);
        end();
    }

    /// Meta events do not end running status here: files that rely on it exist, and every player takes them so.
    bool meta() {
        const size_t at = in_.at();
        const uint8_t type = in_.byte("a meta event");
        const uint32_t length = in_.quantity("a meta event's length");
        const ByteView data = in_.take(length, "a meta event");
        if (type == kMetaTempo) {
            if (length != 3) {
                in_.fail(at, fmt::format("a tempo event of {} bytes; it has 3", length),
                         "the file is damaged: save it again");
            }
            const uint32_t tempo = static_cast<uint32_t>(data[0]) << 16 | static_cast<uint32_t>(data[1]) << 8 | data[2];
            if (tempo == 0) in_.fail(at, "a tempo of 0 us per quarter note", "the file is damaged: save it again");
            out_.tempos.push_back({tick_, tempo});
        }
        return type == kMetaEndOfTrack;
    }

    void begin() {
        if (out_.events.size() == kMaxSongEvents) {
            in_.fail(in_.at(), fmt::format("more than {} events", kMaxSongEvents), "cut the song into parts");
        }
        out_.events.push_back({tick_, track_, static_cast<uint32_t>(out_.bytes.size()), 0});
    }
    void end() { out_.events.back().size = static_cast<uint32_t>(out_.bytes.size()) - out_.events.back().offset; }
    void emit(ByteView message) {
        begin();
        append(out_.bytes, message);
        end();
    }

    Cursor in_;
    uint32_t track_;
    Collected& out_;
    uint64_t tick_ = 0;
    uint8_t running_ = 0;
};

/// By tick, then track, then place in the file (the tracks were read in that order, so a stable sort by tick does it).
Song in_order(Collected& all, Division division, const Cursor& in) {
    const auto by_tick = [](const auto& a, const auto& b) { return a.tick < b.tick; };
    std::stable_sort(all.events.begin(), all.events.end(), by_tick);
    std::stable_sort(all.tempos.begin(), all.tempos.end(), by_tick);
    std::vector<TempoChange> changes;
    changes.reserve(all.tempos.size());
    for (const auto& tempo : all.tempos)
        changes.push_back({tempo.tick, tempo.us_per_quarter});
    TempoMap times(division, std::move(changes));

    Song song;
    song.wire.reserve(all.bytes.size());
    song.events.reserve(all.events.size());
    for (const auto& event : all.events) {
        const uint64_t time = times.time_ns(event.tick);
        if (time > kMaxSongNs) {
            in.fail(in.at(),
                    fmt::format("the event at tick {} comes {} s after the start, at most {} s are played", event.tick,
                                time / 1'000'000'000, kMaxSongNs / 1'000'000'000),
                    "check its tempo and delta times, or cut the song");
        }
        song.events.push_back({time, event.tick, event.track, static_cast<uint32_t>(song.wire.size()), event.size});
        append(song.wire, ByteView(all.bytes).subspan(event.offset, event.size));
    }
    return song;
}

} // namespace

Song read_smf(ByteView file, std::string_view name) {
    Cursor in(file, 0, file.size(), name);
    if (file.size() > kMaxSmfBytes) {
        in.fail(0, fmt::format("{} bytes, at most {} are read", file.size(), kMaxSmfBytes), "cut the song into parts");
    }
    constexpr uint32_t kHeaderTag = 0x4d546864; // "MThd"
    constexpr uint32_t kTrackTag = 0x4d54726b;  // "MTrk"
    if (file.size() < 4 || in.big_endian(4, "the header") != kHeaderTag) {
        in.fail(0, "not a Standard MIDI File: it does not begin with \"MThd\"", "name a .mid file");
    }
    const uint32_t header_size = in.big_endian(4, "the header");
    if (header_size < 6)
        in.fail(4, fmt::format("header of {} bytes, it has 6 or more", header_size), "get another copy");
    const size_t header_end = in.at();
    const uint32_t format = in.big_endian(2, "the format");
    const uint32_t tracks = in.big_endian(2, "the number of tracks");
    const Division division = read_division(in);
    in.take(header_size - 6, "the header");
    if (format > 1) {
        in.fail(header_end, fmt::format("SMF format {}; formats 0 and 1 are played", format),
                "save it as format 0 or 1");
    }

    Collected all;
    for (uint32_t track = 0; track < tracks;) {
        if (in.done()) {
            in.fail(in.at(), fmt::format("the header promises {} tracks, the file holds {}", tracks, track),
                    "the file is truncated: get a whole copy");
        }
        const uint32_t tag = in.big_endian(4, "a chunk's name");
        const uint32_t size = in.big_endian(4, "a chunk's length");
        const size_t begin = in.at();
        in.take(size, tag == kTrackTag ? "a track" : "a chunk");
        if (tag != kTrackTag) continue; // the standard: pass over chunks one does not know
        TrackReader(Cursor(file, begin, in.at(), name), track, all).read();
        ++track;
    }
    if (!in.done()) all.notes.push_back(fmt::format("{} bytes after the last track are not played", in.left()));
    if (all.events.empty()) {
        in.fail(in.at(), "it holds no event that goes over the wire", "name a file with notes in it");
    }
    Song song = in_order(all, division, in);
    song.format = format;
    song.tracks = tracks;
    song.notes = std::move(all.notes);
    return song;
}

} // namespace mpulab
