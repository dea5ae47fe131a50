// SPDX-License-Identifier: MIT
// Physical connections: which pin is wired to which, inside an adapter or to a filter of another one, told to clients
// as KSPROPERTY_PIN_PHYSICALCONNECTION (reference portcls-midi.md §1.2 g, §5.2).
#include "adapter.hpp"

#include <initializer_list>

namespace portcls {
namespace {

using End = PhysicalConnection::End;

bool same(const End& end, ISubdevice* port, const ConnectionEnd& asked) {
    if (end.pin != asked.pin || end.port != port) return false;
    return port || RtlEqualUnicodeString(&end.external, asked.external, TRUE);
}

void free_connection(PhysicalConnection* connection) {
    for (End* end : {&connection->from, &connection->to})
        if (end->external.Buffer) ExFreePoolWithTag(end->external.Buffer, kObjectTag.value);
    ExFreePoolWithTag(connection, kObjectTag.value);
}

/** Fills one end. STATUS_INVALID_PARAMETER: no registered port of this adapter, no such pin, an empty name. The
 * adapter's lock is held. */
NTSTATUS resolve(Adapter& adapter, const ConnectionEnd& asked, End& end) {
    end.pin = asked.pin;
    if (asked.port) {
        auto port = query<ISubdevice>(asked.port, IID_ISubdevice);
        if (!port || !find_subdevice(adapter, port.get())) return STATUS_INVALID_PARAMETER;
        if (asked.pin >= port->description().pin_count()) return STATUS_INVALID_PARAMETER;
        end.port = port.get();
        return STATUS_SUCCESS;
    }
    if (asked.external->Length == 0 || !asked.external->Buffer) return STATUS_INVALID_PARAMETER;
    end.external.Buffer = static_cast<PWCH>(allocate_zeroed(asked.external->Length, kObjectTag.value));
    if (!end.external.Buffer) return STATUS_INSUFFICIENT_RESOURCES;
    end.external.Length = end.external.MaximumLength = asked.external->Length;
    RtlCopyMemory(end.external.Buffer, asked.external->Buffer, asked.external->Length);
    return STATUS_SUCCESS;
}

NTSTATUS register_connection(PDEVICE_OBJECT device, const char* function, const ConnectionEnd& from,
                             const ConnectionEnd& to) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || (!from.port && !from.external) || (!to.port && !to.external)) return STATUS_INVALID_PARAMETER;
    auto* connection = static_cast<PhysicalConnection*>(allocate_zeroed(sizeof(PhysicalConnection), kObjectTag.value));
    if (!connection) return STATUS_INSUFFICIENT_RESOURCES;
    ControlGuard guard(adapter->lock);
    NTSTATUS status = resolve(*adapter, from, connection->from);
    if (NT_SUCCESS(status)) status = resolve(*adapter, to, connection->to);
    if (!NT_SUCCESS(status)) {
        DbgPrint("portcls.sys: %s: pins %u and %u: an end is no pin of a registered subdevice, or has no name\n",
                 function, from.pin, to.pin);
        free_connection(connection);
        return status;
    }
    InsertTailList(&adapter->connections, &connection->link);
    return STATUS_SUCCESS;
}

/** The other filter's symbolic link and pin as KSPIN_PHYSICALCONNECTION. */
NTSTATUS answer(const UNICODE_STRING& link, ULONG pin, PIRP irp, PVOID data) {
    ULONG needed = FIELD_OFFSET(KSPIN_PHYSICALCONNECTION, SymbolicLinkName) + link.Length + sizeof(WCHAR);
    ULONG room = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
    irp->IoStatus.Information = room == 0 || room >= needed ? needed : 0;
    if (room == 0) return STATUS_BUFFER_OVERFLOW;
    if (room < needed) return STATUS_BUFFER_TOO_SMALL;
    auto* answer = static_cast<KSPIN_PHYSICALCONNECTION*>(data);
    answer->Size = needed;
    answer->Pin = pin;
    RtlCopyMemory(answer->SymbolicLinkName, link.Buffer, link.Length);
    answer->SymbolicLinkName[link.Length / sizeof(WCHAR)] = 0;
    return STATUS_SUCCESS;
}

} // namespace

ULONG drop_connections(Adapter& adapter, ISubdevice* port) {
    ULONG dropped = 0;
    for (LIST_ENTRY* at = adapter.connections.Flink; at != &adapter.connections;) {
        auto* connection = CONTAINING_RECORD(at, PhysicalConnection, link);
        at = at->Flink;
        if (connection->from.port == port || connection->to.port == port) {
            RemoveEntryList(&connection->link);
            free_connection(connection);
            ++dropped;
        }
    }
    return dropped;
}

NTSTATUS unregister_connection(Adapter& adapter, const ConnectionEnd& from, const ConnectionEnd& to) {
    ComPtr<ISubdevice> source, sink;
    if (from.port) source = query<ISubdevice>(from.port, IID_ISubdevice);
    if (to.port) sink = query<ISubdevice>(to.port, IID_ISubdevice);
    if ((from.port && !source) || (to.port && !sink)) return STATUS_INVALID_PARAMETER;
    ControlGuard guard(adapter.lock);
    for (LIST_ENTRY* at = adapter.connections.Flink; at != &adapter.connections; at = at->Flink) {
        auto* connection = CONTAINING_RECORD(at, PhysicalConnection, link);
        if (!same(connection->from, source.get(), from) || !same(connection->to, sink.get(), to)) continue;
        RemoveEntryList(at);
        free_connection(connection);
        return STATUS_SUCCESS;
    }
    return STATUS_NOT_FOUND;
}

NTSTATUS answer_physical_connection(Adapter& adapter, ISubdevice* port, ULONG pin, PIRP irp, PVOID data) {
    ControlGuard guard(adapter.lock);
    for (LIST_ENTRY* at = adapter.connections.Flink; at != &adapter.connections; at = at->Flink) {
        auto* connection = CONTAINING_RECORD(at, PhysicalConnection, link);
        const bool outward = connection->from.port == port && connection->from.pin == pin;
        if (!outward && !(connection->to.port == port && connection->to.pin == pin)) continue;
        const End& other = outward ? connection->to : connection->from;
        if (!other.port) return answer(other.external, other.pin, irp, data);
        Subdevice* subdevice = find_subdevice(adapter, other.port);
        if (!subdevice || subdevice->link_count == 0) return STATUS_NOT_FOUND;
        return answer(subdevice->links[0], other.pin, irp, data);
    }
    return STATUS_NOT_FOUND;
}

} // namespace portcls

using namespace portcls;

/** Both ends must be pins of registered subdevices of this adapter. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcRegisterPhysicalConnection(PDEVICE_OBJECT device, PUNKNOWN from, ULONG from_pin,
                                                         PUNKNOWN to, ULONG to_pin) {
    if (!from || !to) return STATUS_INVALID_PARAMETER;
    return register_connection(device, "PcRegisterPhysicalConnection", {from, nullptr, from_pin},
                               {to, nullptr, to_pin});
}

/** `from` is the symbolic link of a filter that another adapter has. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcRegisterPhysicalConnectionFromExternal(PDEVICE_OBJECT device, PUNICODE_STRING from,
                                                                     ULONG from_pin, PUNKNOWN to, ULONG to_pin) {
    if (!from || !to) return STATUS_INVALID_PARAMETER;
    return register_connection(device, "PcRegisterPhysicalConnectionFromExternal", {nullptr, from, from_pin},
                               {to, nullptr, to_pin});
}

/** `to` is the symbolic link of a filter that another adapter has. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcRegisterPhysicalConnectionToExternal(PDEVICE_OBJECT device, PUNKNOWN from, ULONG from_pin,
                                                                   PUNICODE_STRING to, ULONG to_pin) {
    if (!from || !to) return STATUS_INVALID_PARAMETER;
    return register_connection(device, "PcRegisterPhysicalConnectionToExternal", {from, nullptr, from_pin},
                               {nullptr, to, to_pin});
}
