// SPDX-License-Identifier: MIT
// The kernel-streaming facts a score needs. portcls-midi.md §2.8 (KSMUSICFORMAT), §4.2 (pins), §5, appendix A (GUIDs).
#pragma once

#include <array>
#include <cstdint>

namespace mpulab::ks {

/// KSCATEGORY_AUDIO {6994AD04-93EF-11D0-A3CC-00A0C9223196}, as Windows lays a GUID out.
inline constexpr std::array<uint8_t, 16> kCategoryAudio = {0x04, 0xad, 0x94, 0x69, 0xef, 0x93, 0xd0, 0x11,
                                                           0xa3, 0xcc, 0x00, 0xa0, 0xc9, 0x22, 0x31, 0x96};

inline constexpr uint32_t kIoctlProperty = 0x2f0003; // IOCTL_KS_PROPERTY, METHOD_NEITHER
inline constexpr uint32_t kPropertyGet = 1;          // KSPROPERTY_TYPE_GET

/// KSPROPERTY.
struct Property {
    std::array<uint8_t, 16> set;
    uint32_t id;
    uint32_t flags;
};
static_assert(sizeof(Property) == 24);

enum class State : uint32_t { Stop = 0, Acquire = 1, Pause = 2, Run = 3 };

/// Pin numbers of a PortCls MIDI filter, in the order every public UART miniport uses (§4.2). The one place they stand.
inline constexpr uint32_t kRenderPin = 0;
inline constexpr uint32_t kCapturePin = 2;

/// KSMUSICFORMAT, then ByteCount bytes, then zeros up to a multiple of kMusicAlignment.
struct MusicFormat {
    uint32_t time_delta_ms; // first record of a buffer: from PresentationTime; others: from the record before
    uint32_t byte_count;    // without padding
};
static_assert(sizeof(MusicFormat) == 8);
inline constexpr uint32_t kMusicAlignment = 4;

inline constexpr uint64_t kNsPerPresentationUnit = 100; // PresentationTime is in 100 ns

} // namespace mpulab::ks
