// SPDX-License-Identifier: MIT
// wire.hpp describes the DDK's structures: the compiler says so.
#include "ddk.hpp"
#include "wire.hpp"

static_assert(sizeof(wire::Guid) == sizeof(GUID) && sizeof(wire::DataFormat) == sizeof(KSDATAFORMAT));
static_assert(sizeof(wire::PinConnect) == sizeof(KSPIN_CONNECT) && sizeof(wire::Identifier) == sizeof(KSIDENTIFIER));
static_assert(sizeof(wire::MusicFormat) == sizeof(KSMUSICFORMAT));
static_assert(offsetof(wire::PinConnect, pin_id) == offsetof(KSPIN_CONNECT, PinId));
static_assert(offsetof(wire::PinConnect, priority_class) == offsetof(KSPIN_CONNECT, Priority));
static_assert(offsetof(wire::DataFormat, major) == offsetof(KSDATAFORMAT, MajorFormat));
static_assert(offsetof(wire::DataFormat, specifier) == offsetof(KSDATAFORMAT, Specifier));
static_assert(sizeof(wire::StreamHeader) == sizeof(KSSTREAM_HEADER));
static_assert(offsetof(wire::StreamHeader, time) == offsetof(KSSTREAM_HEADER, PresentationTime));
static_assert(offsetof(wire::StreamHeader, frame_extent) == offsetof(KSSTREAM_HEADER, FrameExtent));
static_assert(offsetof(wire::StreamHeader, data_used) == offsetof(KSSTREAM_HEADER, DataUsed));
static_assert(offsetof(wire::StreamHeader, data) == offsetof(KSSTREAM_HEADER, Data));
