// SPDX-License-Identifier: MIT
#include "scenario/write_packer.hpp"

#include "scenario/ks.hpp"
#include "scenario/song_run.hpp"

#include <algorithm>

namespace mpulab {
namespace {

constexpr uint64_t kNsPerMs = 1'000'000;

} // namespace

void WritePacker::event(uint64_t stream_ns, ByteView bytes) {
    while (!bytes.empty()) {
        const ByteView piece = bytes.first(std::min<size_t>(bytes.size(), kMaxRecordBytes));
        record(stream_ns, piece);
        bytes = bytes.subspan(piece.size());
    }
}

void WritePacker::flush() {
    if (!records_.empty()) score_.write(slot_, presentation_time_, records_, kPendingWrites, timeout_ms_);
    records_.clear();
}

void WritePacker::record(uint64_t stream_ns, ByteView piece) {
    if (!joins(stream_ns, piece.size())) {
        flush();
        presentation_time_ = (stream_ns + ks::kNsPerPresentationUnit / 2) / ks::kNsPerPresentationUnit;
        stamped_ms_ = 0;
    }
    const uint64_t ms = (from_start(stream_ns) + kNsPerMs / 2) / kNsPerMs;
    append_pod(records_, ks::MusicFormat{static_cast<uint32_t>(ms - stamped_ms_), static_cast<uint32_t>(piece.size())});
    append(records_, piece);
    pad(records_, ks::kMusicAlignment);
    stamped_ms_ = ms;
}

bool WritePacker::joins(uint64_t stream_ns, size_t size) const {
    if (records_.empty()) return false;
    if (records_.size() + sizeof(ks::MusicFormat) + size + ks::kMusicAlignment > kMaxIrpBytes) return false;
    const uint64_t distance = from_start(stream_ns);
    if (distance > kMaxIrpSpanNs) return false;
    return (distance + kMaxStampErrorNs) % kNsPerMs <= 2 * kMaxStampErrorNs; // near enough to a whole millisecond
}

/// Distance of an event from the IRP's PresentationTime; 0 where rounding to 100 ns put that behind the event.
uint64_t WritePacker::from_start(uint64_t stream_ns) const {
    const uint64_t start = presentation_time_ * ks::kNsPerPresentationUnit;
    return stream_ns > start ? stream_ns - start : 0;
}

} // namespace mpulab
