// SPDX-License-Identifier: MIT
// A score taken apart again, and the KSMUSICFORMAT records in its writes: score.h and portcls-midi.md §2.8, by hand.
#pragma once

#include "common/bytes.hpp"

#include <stdexcept>
#include <vector>

namespace mpulab::test {

struct ReadStep {
    uint16_t opcode = 0;
    uint16_t slot = 0;
    uint32_t timeout_ms = 0;
    Bytes arguments;
};

inline std::vector<ReadStep> steps_of(const Bytes& score) {
    std::vector<ReadStep> steps;
    for (size_t at = 24; at < score.size();) {
        const auto size = read_pod<uint32_t>(score, at + 4);
        const auto begin = score.begin() + static_cast<ptrdiff_t>(at) + 16;
        steps.push_back({read_pod<uint16_t>(score, at), read_pod<uint16_t>(score, at + 2),
                         read_pod<uint32_t>(score, at + 12), Bytes(begin, begin + static_cast<ptrdiff_t>(size))});
        at += 16 + (size + 7) / 8 * 8;
    }
    return steps;
}

struct MusicRecord {
    uint64_t stream_ns = 0; // PresentationTime plus all deltas of its IRP up to its own
    Bytes bytes;
};

/// One IOCTL_KS_WRITE_STREAM.
struct ReadWrite {
    uint64_t presentation_ns = 0;
    uint32_t data_used = 0;
    uint32_t max_pending = 0;
    std::vector<MusicRecord> records;
};

inline ReadWrite write_of(const ReadStep& step) {
    const Bytes& all = step.arguments;
    ReadWrite write;
    write.presentation_ns = read_pod<uint64_t>(all, 0) * 100;
    write.data_used = read_pod<uint32_t>(all, 8);
    write.max_pending = read_pod<uint32_t>(all, 12);
    if (all.size() != 16 + write.data_used) throw std::logic_error("records_size is not what follows");
    uint64_t now = write.presentation_ns;
    for (size_t at = 16; at < all.size();) {
        now += uint64_t{read_pod<uint32_t>(all, at)} * 1'000'000;
        const auto count = read_pod<uint32_t>(all, at + 4);
        const auto begin = all.begin() + static_cast<ptrdiff_t>(at) + 8;
        if (at + 8 + count > all.size()) throw std::logic_error("ByteCount past the end of the write");
        write.records.push_back({now, Bytes(begin, begin + static_cast<ptrdiff_t>(count))});
        at += 8 + (count + 3) / 4 * 4;
    }
    return write;
}

inline std::vector<ReadWrite> writes_of(const Bytes& score) {
    std::vector<ReadWrite> writes;
    for (const ReadStep& step : steps_of(score)) {
        if (step.opcode == 4) writes.push_back(write_of(step));
    }
    return writes;
}

} // namespace mpulab::test
