// SPDX-License-Identifier: MIT
#include "careless.hpp"

#include "module/newer_portcls.hpp"

#include <initializer_list>

namespace {

constexpr ULONG kNameTag = 'maNC';
const GUID kClass = {0x5ad23c10, 0x31f3, 0x4e0c, {0x9b, 0x51, 0x70, 0x11, 0x2c, 0x4d, 0x30, 0x01}};

void names(PDEVICE_OBJECT device, Filter& changed, Filter& freed) {
    static WCHAR changes[] = L"Changes";
    constexpr WCHAR kFreed[] = L"Freed";
    CHECK_EQUAL(PcRegisterSubdevice(device, changes, changed.port), STATUS_SUCCESS);
    changes[1] = L'H';
    auto* name = static_cast<PWSTR>(ExAllocatePoolWithTag(NonPagedPoolNx, sizeof kFreed, kNameTag));
    CHECK(name != nullptr);
    if (!name) return;
    RtlCopyMemory(name, kFreed, sizeof kFreed);
    CHECK_EQUAL(PcRegisterSubdevice(device, name, freed.port), STATUS_SUCCESS);
    ExFreePoolWithTag(name, kNameTag);
}

void unregister(PDEVICE_OBJECT device, PPORT port) {
    IUnregisterSubdevice* subdevices = nullptr;
    CHECK_EQUAL(port->QueryInterface(IID_IUnregisterSubdevice, reinterpret_cast<PVOID*>(&subdevices)), STATUS_SUCCESS);
    if (!subdevices) return;
    CHECK_EQUAL(subdevices->UnregisterSubdevice(device, port), STATUS_SUCCESS);
    subdevices->Release();
}

void connections(PDEVICE_OBJECT device, Filter& here, Filter& there) {
    static WCHAR here_name[] = L"Here", there_name[] = L"There";
    CHECK_EQUAL(PcRegisterSubdevice(device, here_name, here.port), STATUS_SUCCESS);
    CHECK_EQUAL(PcRegisterSubdevice(device, there_name, there.port), STATUS_SUCCESS);
    CHECK_EQUAL(PcRegisterPhysicalConnection(device, here.port, 1, there.port, 0), STATUS_SUCCESS);
    begin("wired_and_gone");
    unregister(device, there.port);
    begin("unwired_and_gone");
    unregister(device, here.port);
}

/** Both are told when the device goes, and when the driver does. */
void left_behind(PDEVICE_OBJECT pdo) {
    UNICODE_STRING link, other, target, name;
    RtlInitUnicodeString(&link, L"\\DosDevices\\CarelessLink");
    RtlInitUnicodeString(&other, L"\\DosDevices\\CarefulLink");
    RtlInitUnicodeString(&target, L"\\Device\\Null");
    CHECK_EQUAL(IoCreateSymbolicLink(&link, &target), STATUS_SUCCESS);
    CHECK_EQUAL(IoCreateSymbolicLink(&other, &target), STATUS_SUCCESS);
    CHECK_EQUAL(IoDeleteSymbolicLink(&other), STATUS_SUCCESS);
    for (const WCHAR* text : {L"left", L"taken"}) {
        UNICODE_STRING reference;
        RtlInitUnicodeString(&reference, text);
        CHECK_EQUAL(IoRegisterDeviceInterface(pdo, &kClass, &reference, &name), STATUS_SUCCESS);
        CHECK_EQUAL(IoSetDeviceInterfaceState(&name, TRUE), STATUS_SUCCESS);
        if (text[0] == L't') CHECK_EQUAL(IoSetDeviceInterfaceState(&name, FALSE), STATUS_SUCCESS);
        RtlFreeUnicodeString(&name);
    }
}

} // namespace

void careless_registrations(PDEVICE_OBJECT device, PDEVICE_OBJECT pdo, PIRP irp, PRESOURCELIST resources) {
    Filter filters[4];
    for (Filter& filter : filters)
        CHECK_EQUAL(filter.make(device, irp, resources), STATUS_SUCCESS);
    connections(device, filters[0], filters[1]);
    names(device, filters[2], filters[3]);
    left_behind(pdo);
    for (Filter& filter : filters)
        if (filter.port) filter.port->Release();
}
