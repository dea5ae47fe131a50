// SPDX-License-Identifier: MIT
#include "automation.hpp"

#include "../support/ranges.hpp"

NTSTATUS Object::open_filter() {
    PWSTR list = nullptr;
    NTSTATUS status = IoGetDeviceInterfaces(&audio_category, g_pdo, 0, &list);
    if (!NT_SUCCESS(status)) return status;
    status = open(list, GENERIC_READ | GENERIC_WRITE);
    ExFreePool(list);
    return status;
}

NTSTATUS Object::open_pin(const Object& filter) {
    struct {
        KSPIN_CONNECT connect;
        KSDATAFORMAT format;
    } asked{};
    asked.connect.Interface = {{{{STATIC_KSINTERFACESETID_Standard}, KSINTERFACE_STANDARD_STREAMING, 0}}};
    asked.connect.Medium = {{{{STATIC_KSMEDIUMSETID_Standard}, KSMEDIUM_STANDARD_DEVIO, 0}}};
    asked.connect.PinId = kRender;
    asked.format.FormatSize = sizeof asked.format;
    asked.format.MajorFormat = midi_range.DataRange.MajorFormat;
    asked.format.SubFormat = midi_range.DataRange.SubFormat;
    asked.format.Specifier = midi_range.DataRange.Specifier;
    NTSTATUS status = KsCreatePin(filter.handle, &asked.connect, GENERIC_WRITE, &handle);
    return NT_SUCCESS(status) ? find_file() : status;
}

Signal::Signal() {
    ZwCreateEvent(&handle, EVENT_ALL_ACCESS, nullptr, SynchronizationEvent, FALSE);
}

bool Signal::take(LONGLONG milliseconds) {
    LARGE_INTEGER patience;
    patience.QuadPart = -10'000 * milliseconds;
    return ZwWaitForSingleObject(handle, FALSE, &patience) == STATUS_SUCCESS;
}

NTSTATUS get_pin(Object& object, ULONG property, ULONG pin, void* out, ULONG room, ULONG in_size) {
    KSP_PIN asked{};
    asked.Property.Set = {STATIC_KSPROPSETID_Pin};
    asked.Property.Id = property;
    asked.Property.Flags = KSPROPERTY_TYPE_GET;
    asked.PinId = pin;
    return object.send(IOCTL_KS_PROPERTY, &asked, in_size, out, room);
}

NTSTATUS get_topology(Object& object, ULONG property, ULONG node, void* out, ULONG room, ULONG in_size) {
    KSP_NODE asked{};
    asked.Property.Set = {STATIC_KSPROPSETID_Topology};
    asked.Property.Id = property;
    asked.Property.Flags = KSPROPERTY_TYPE_GET;
    asked.NodeId = node;
    return object.send(IOCTL_KS_PROPERTY, &asked, in_size, out, room);
}
