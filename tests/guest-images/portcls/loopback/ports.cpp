// SPDX-License-Identifier: MIT
// The table of ports: made and taken away while the device runs.
#include "loopback.hpp"

namespace loopback {
namespace {

struct Port {
    PPORT port; // nullptr: free
    ULONG number;
};

FAST_MUTEX g_mutex;
PDEVICE_OBJECT g_adapter;
Port g_ports[kMostPorts];

class Guard {
  public:
    Guard() {
        KeEnterCriticalRegion(); // what is done inside needs PASSIVE_LEVEL: the mutex may not raise
        ExAcquireFastMutexUnsafe(&g_mutex);
    }
    ~Guard() {
        ExReleaseFastMutexUnsafe(&g_mutex);
        KeLeaveCriticalRegion();
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
};

/// The name of a port's subdevice: PortCls wants it for as long as the device object lives, so each number has its own.
PWSTR name_of(ULONG number) {
    constexpr ULONG kDigits = 8, kNumbers = 100;
    static WCHAR names[kNumbers][sizeof(L"Loopback\0\0") / sizeof(WCHAR)]; // room for two digits
    WCHAR* name = names[number];
    RtlCopyMemory(name, L"Loopback", kDigits * sizeof(WCHAR));
    if (number > 9) name[kDigits] = static_cast<WCHAR>(L'0' + number / 10);
    name[number > 9 ? kDigits + 1 : kDigits] = static_cast<WCHAR>(L'0' + number % 10);
    return name;
}

NTSTATUS make(ULONG number, PIRP irp, PRESOURCELIST resources, PPORT& made) {
    NTSTATUS status = PcNewPort(&made, CLSID_PortMidi);
    if (!NT_SUCCESS(status)) return status;
    PUNKNOWN miniport = new_loopback_miniport(number);
    status = STATUS_INSUFFICIENT_RESOURCES;
    if (miniport) {
        status = made->Init(g_adapter, irp, miniport, nullptr, resources);
        miniport->Release();
    }
    if (NT_SUCCESS(status)) status = PcRegisterSubdevice(g_adapter, name_of(number), made);
    if (!NT_SUCCESS(status)) {
        made->Release();
        made = nullptr;
    }
    return status;
}

/// The port object may live on, in handles that are open.
void take_away(Port& port) {
    PUNREGISTERSUBDEVICE unregister;
    if (NT_SUCCESS(port.port->QueryInterface(IID_IUnregisterSubdevice, reinterpret_cast<PVOID*>(&unregister)))) {
        unregister->UnregisterSubdevice(g_adapter, port.port);
        unregister->Release();
    }
    port.port->Release();
    port.port = nullptr;
}

Port* find(ULONG number) {
    for (Port& port : g_ports)
        if (port.port && port.number == number) return &port;
    return nullptr;
}

} // namespace

void init_ports() {
    ExInitializeFastMutex(&g_mutex);
}

void set_adapter(PDEVICE_OBJECT adapter) {
    {
        const Guard guard;
        if (!adapter) {
            for (Port& port : g_ports)
                if (port.port) take_away(port);
        }
        g_adapter = adapter;
    }
    tell_change();
}

NTSTATUS add_port(ULONG number, PIRP irp, PRESOURCELIST resources) {
    if (number > 99) return STATUS_INVALID_PARAMETER;
    {
        const Guard guard;
        if (!g_adapter) return STATUS_DEVICE_NOT_CONNECTED;
        if (find(number)) return STATUS_OBJECT_NAME_COLLISION;
        Port* free = nullptr;
        for (Port& port : g_ports)
            if (!port.port) free = &port;
        if (!free) return STATUS_INSUFFICIENT_RESOURCES;
        const NTSTATUS status = make(number, irp, resources, free->port);
        if (!NT_SUCCESS(status)) return status;
        free->number = number;
    }
    tell_change();
    return STATUS_SUCCESS;
}

NTSTATUS remove_port(ULONG number) {
    {
        const Guard guard;
        Port* port = find(number);
        if (!port) return STATUS_NOT_FOUND;
        take_away(*port);
    }
    tell_change();
    return STATUS_SUCCESS;
}

ULONG list_ports(ULONG (&numbers)[kMostPorts]) {
    const Guard guard;
    ULONG count = 0;
    for (const Port& port : g_ports)
        if (port.port) numbers[count++] = port.number;
    return count;
}

} // namespace loopback
