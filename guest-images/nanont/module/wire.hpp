// SPDX-License-Identifier: MIT
// The few kernel-streaming structures that cross a trust boundary, in fixed-width types: pure code parses them with
// these, on the host too. module/wire_layout.cpp asserts that the DDK's own structures have the same layout.
// Facts: reference portcls-midi.md §5.3, §5.5, appendix B.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace wire {

struct Guid {
    uint32_t data1;
    uint16_t data2, data3;
    uint8_t data4[8];

    friend constexpr bool operator==(const Guid& a, const Guid& b) {
        if (a.data1 != b.data1 || a.data2 != b.data2 || a.data3 != b.data3) return false;
        for (int i = 0; i < 8; ++i)
            if (a.data4[i] != b.data4[i]) return false;
        return true;
    }
};

inline constexpr Guid kWildcard{};
inline constexpr Guid kTypeMusic{0xE725D360, 0x62CC, 0x11CF, {0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00}};
inline constexpr Guid kSubtypeMidi{0x1D262760, 0xE957, 0x11CF, {0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00}};
inline constexpr Guid kSpecifierNone{0x0F6417D6, 0xC318, 0x11D0, {0xA4, 0x3F, 0x00, 0xA0, 0xC9, 0x22, 0x31, 0x96}};
inline constexpr Guid kInterfaceStandard{0x1A8766A0, 0x62CE, 0x11CF, {0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00}};
inline constexpr Guid kMediumStandard{0x4747B320, 0x62CE, 0x11CF, {0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00}};

/** KSDATAFORMAT and the head of every KSDATARANGE. */
struct DataFormat {
    uint32_t format_size; /* of the whole structure, this head included */
    uint32_t flags;
    uint32_t sample_size;
    uint32_t reserved;
    Guid major, sub, specifier;
};
static_assert(sizeof(DataFormat) == 0x40);

struct Identifier {
    Guid set;
    uint32_t id, flags;
};
static_assert(sizeof(Identifier) == 0x18);

/** KSPIN_CONNECT of 64-bit Windows; a DataFormat follows. */
struct PinConnect {
    Identifier pin_interface;
    Identifier medium;
    uint32_t pin_id;
    uint32_t padding;
    uint64_t pin_to_handle;
    uint32_t priority_class, priority_sub_class;
};
static_assert(sizeof(PinConnect) == 0x48);

/** KSSTREAM_HEADER of 64-bit Windows. */
struct StreamHeader {
    uint32_t size; /* of this structure */
    uint32_t type_specific_flags;
    int64_t time; /* KSTIME: time * numerator / denominator in 100 ns */
    uint32_t numerator, denominator;
    int64_t duration;
    uint32_t frame_extent; /* room at data, in bytes */
    uint32_t data_used;    /* bytes of it that hold data */
    uint64_t data;
    uint32_t options_flags;
    uint32_t padding;
};
static_assert(sizeof(StreamHeader) == 0x38);

/** KSMUSICFORMAT: head of each record of a MIDI stream buffer; byte_count bytes follow, padded to 4. */
struct MusicFormat {
    uint32_t time_delta_ms;
    uint32_t byte_count;
};
static_assert(sizeof(MusicFormat) == 8);

/** Unaligned, aliasing-safe read of a plain structure. The caller has checked that the bytes are there. */
template <class T> T load(const void* bytes) {
    T value;
    __builtin_memcpy(&value, bytes, sizeof value);
    return value;
}

} // namespace wire
