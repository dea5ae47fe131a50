// SPDX-License-Identifier: MIT
#include "events.hpp"

namespace mpusynth {
namespace {

const GUID kProvider = {0x1c0754a0, 0x8290, 0x4cff, {0x95, 0x0c, 0xf1, 0xb2, 0x1c, 0xa9, 0xe6, 0x3b}};

REGHANDLE g_provider; // 0: none; EtwWrite refuses it and does no harm

} // namespace

void open_events() {
    if (!NT_SUCCESS(EtwRegister(&kProvider, nullptr, nullptr, &g_provider))) g_provider = 0;
}

void close_events() {
    if (g_provider != 0) EtwUnregister(g_provider);
    g_provider = 0;
}

void write_event(Event event, Severity severity, ULONG first, ULONG second, ULONG third, ULONG fourth) {
    EVENT_DESCRIPTOR descriptor = {};
    descriptor.Id = static_cast<USHORT>(event);
    descriptor.Level = static_cast<UCHAR>(severity);
    const ULONG values[] = {first, second, third, fourth};
    EVENT_DATA_DESCRIPTOR data = {};
    data.Ptr = reinterpret_cast<ULONG_PTR>(values);
    data.Size = sizeof values;
    EtwWrite(g_provider, &descriptor, nullptr, 1, &data);
}

} // namespace mpusynth
