// SPDX-License-Identifier: MIT
// The stream headers of IOCTL_KS_WRITE_STREAM and IOCTL_KS_READ_STREAM, checked before anything is locked or queued.
// Facts: reference portcls-midi.md §5.5. Pure.
#pragma once

#include "module/wire.hpp"

namespace ks {

inline constexpr uint32_t kMaxStreamHeaders = 64;     /* in one IRP */
inline constexpr uint32_t kMaxFrameExtent = 1u << 20; /* bytes behind one header */
enum class StreamDirection { Write, Read };

enum class StreamHeaderError {
    None,
    NoHeader,       /* the buffer is empty */
    NotAMultiple,   /* its length is no multiple of the header */
    TooMany,        /* more than kMaxStreamHeaders */
    WrongSize,      /* header.Size is not its own size */
    UsedPastExtent, /* DataUsed > FrameExtent */
    ExtentTooLarge, /* FrameExtent > kMaxFrameExtent */
    NoData,         /* Data is NULL although there are bytes */
};

/** Checks `bytes` of headers of `header_size` each; `failed` gets the index of the header that is wrong. */
inline StreamHeaderError check_stream_headers(const uint8_t* headers, uint32_t bytes, uint32_t header_size,
                                              StreamDirection direction, uint32_t& failed) {
    failed = 0;
    if (bytes == 0) return StreamHeaderError::NoHeader;
    if (header_size < sizeof(wire::StreamHeader) || bytes % header_size != 0) return StreamHeaderError::NotAMultiple;
    uint32_t count = bytes / header_size;
    if (count > kMaxStreamHeaders) return StreamHeaderError::TooMany;
    for (failed = 0; failed < count; ++failed) {
        auto header = wire::load<wire::StreamHeader>(headers + failed * header_size);
        if (header.size != header_size) return StreamHeaderError::WrongSize;
        if (header.frame_extent > kMaxFrameExtent) return StreamHeaderError::ExtentTooLarge;
        if (header.data_used > header.frame_extent) return StreamHeaderError::UsedPastExtent;
        uint32_t locked = direction == StreamDirection::Write ? header.data_used : header.frame_extent;
        if (locked != 0 && header.data == 0) return StreamHeaderError::NoData;
    }
    failed = 0;
    return StreamHeaderError::None;
}

constexpr const char* describe(StreamHeaderError error) {
    switch (error) {
    case StreamHeaderError::None:
        return "none";
    case StreamHeaderError::NoHeader:
        return "no stream header";
    case StreamHeaderError::NotAMultiple:
        return "length is no multiple of the header's size";
    case StreamHeaderError::TooMany:
        return "more than 64 headers";
    case StreamHeaderError::WrongSize:
        return "KSSTREAM_HEADER.Size is not the header's size";
    case StreamHeaderError::UsedPastExtent:
        return "DataUsed is larger than FrameExtent";
    case StreamHeaderError::ExtentTooLarge:
        return "FrameExtent is larger than 1 MiB";
    case StreamHeaderError::NoData:
        return "Data is NULL";
    }
    return "?";
}

} // namespace ks
