// SPDX-License-Identifier: MIT
// Subdevices: a name, a port, device interfaces, connections; registered, found again, taken away.
#include "adapter.hpp"
#include "announce.hpp"

namespace portcls {
namespace {

const GUID kDefaultCategories[] = {{STATIC_KSCATEGORY_AUDIO}, {STATIC_KSCATEGORY_RENDER}, {STATIC_KSCATEGORY_CAPTURE}};

/** Create item of a subdevice's name: a client opens the filter. */
NTSTATUS NTAPI create_filter(PDEVICE_OBJECT device, PIRP irp) {
    auto* subdevice = static_cast<Subdevice*>(KSCREATE_ITEM_IRP_STORAGE(irp)->Context);
    return complete(irp, subdevice->port->create_filter(device, irp));
}

void free_subdevice(Subdevice* subdevice) {
    for (ULONG i = 0; i < subdevice->link_count; ++i) {
        IoSetDeviceInterfaceState(&subdevice->links[i], FALSE);
        RtlFreeUnicodeString(&subdevice->links[i]);
    }
    if (subdevice->port) subdevice->port->Release();
    if (subdevice->name.Buffer) ExFreePoolWithTag(subdevice->name.Buffer, kObjectTag.value);
    ExFreePoolWithTag(subdevice, kObjectTag.value);
}

NTSTATUS register_interfaces(Subdevice& subdevice) {
    const GUID* categories = nullptr;
    ULONG count = 0;
    subdevice.port->categories(categories, count);
    if (count == 0) { // which ones Windows takes then is not documented (reference §C.5)
        categories = kDefaultCategories;
        count = SIZEOF_ARRAY(kDefaultCategories);
    }
    if (count > kMaxCategories) {
        DbgPrint("portcls.sys: subdevice %wZ has %u categories, at most %u are supported\n", &subdevice.name, count,
                 kMaxCategories);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (ULONG i = 0; i < count; ++i) {
        UNICODE_STRING& link = subdevice.links[i];
        NTSTATUS status = IoRegisterDeviceInterface(subdevice.adapter->pdo, &categories[i], &subdevice.name, &link);
        if (!NT_SUCCESS(status)) return status;
        subdevice.categories[i] = categories[i];
        subdevice.link_count = i + 1;
        status = IoSetDeviceInterfaceState(&link, TRUE);
        if (!NT_SUCCESS(status) && status != STATUS_OBJECT_NAME_EXISTS) return status;
    }
    return STATUS_SUCCESS;
}

Subdevice* find(Adapter& adapter, ISubdevice* port) {
    for (LIST_ENTRY* at = adapter.subdevices.Flink; at != &adapter.subdevices; at = at->Flink)
        if (CONTAINING_RECORD(at, Subdevice, link)->port == port) return CONTAINING_RECORD(at, Subdevice, link);
    return nullptr;
}

NTSTATUS new_subdevice(Adapter& adapter, PWCHAR name, ISubdevice* port) {
    UNICODE_STRING given;
    RtlInitUnicodeString(&given, name);
    auto* subdevice = static_cast<Subdevice*>(allocate_zeroed(sizeof(Subdevice), kObjectTag.value));
    auto* copy = static_cast<PWCH>(allocate_zeroed(given.Length + sizeof(WCHAR), kObjectTag.value));
    if (!subdevice || !copy) {
        if (subdevice) ExFreePoolWithTag(subdevice, kObjectTag.value);
        if (copy) ExFreePoolWithTag(copy, kObjectTag.value);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlCopyMemory(copy, name, given.Length);
    subdevice->name = {given.Length, static_cast<USHORT>(given.Length + sizeof(WCHAR)), copy};
    subdevice->given_name = name;
    subdevice->adapter = &adapter;
    port->AddRef();
    subdevice->port = port;

    KSDEVICE_HEADER header = extension_of(adapter.fdo).header;
    NTSTATUS status = KsAddObjectCreateItemToDeviceHeader(header, create_filter, subdevice, copy, nullptr);
    if (NT_SUCCESS(status)) {
        status = register_interfaces(*subdevice);
        if (!NT_SUCCESS(status)) KsFreeObjectCreateItem(header, &subdevice->name);
    } else if (status == STATUS_OBJECT_NAME_COLLISION) {
        trace::finding(61, 1, 0, "V61 PcRegisterSubdevice with a name that is registered already");
    }
    if (!NT_SUCCESS(status)) {
        DbgPrint("portcls.sys: PcRegisterSubdevice(%ws) failed: status 0x%08x\n", name, status);
        free_subdevice(subdevice);
        return status;
    }
    InsertTailList(&adapter.subdevices, &subdevice->link);
    ++adapter.object_count;
    announce(*subdevice);
    return STATUS_SUCCESS;
}

void drop_connections(Adapter& adapter, ISubdevice* port) {
    for (LIST_ENTRY* at = adapter.connections.Flink; at != &adapter.connections;) {
        auto* connection = CONTAINING_RECORD(at, PhysicalConnection, link);
        at = at->Flink;
        if (connection->from == port || connection->to == port) {
            RemoveEntryList(&connection->link);
            ExFreePoolWithTag(connection, kObjectTag.value);
        }
    }
}

KnownPort* unlink_known(Adapter& adapter, ISubdevice* port) {
    for (LIST_ENTRY* at = adapter.ports.Flink; at != &adapter.ports; at = at->Flink)
        if (CONTAINING_RECORD(at, KnownPort, link)->port == port) {
            RemoveEntryList(at);
            return CONTAINING_RECORD(at, KnownPort, link);
        }
    return nullptr;
}

/** Off the lists first, under the lock; then, without it, whatever may call the driver. */
void take_down(Adapter& adapter, Subdevice* subdevice) {
    announce_gone(*subdevice);
    KsFreeObjectCreateItem(extension_of(adapter.fdo).header, &subdevice->name);
    subdevice->port->device_removed();
    free_subdevice(subdevice);
}

} // namespace

NTSTATUS unregister_subdevice(Adapter& adapter, ISubdevice* port) {
    Subdevice* subdevice;
    KnownPort* known;
    {
        ControlGuard guard(adapter.lock);
        subdevice = find(adapter, port);
        if (!subdevice) return STATUS_NOT_FOUND;
        RemoveEntryList(&subdevice->link);
        drop_connections(adapter, port);
        --adapter.object_count;
        known = unlink_known(adapter, port);
    }
    take_down(adapter, subdevice);
    if (known) {
        known->port->Release();
        ExFreePoolWithTag(known, kObjectTag.value);
    }
    return STATUS_SUCCESS;
}

void disable_interfaces(Adapter& adapter) {
    ControlGuard guard(adapter.lock);
    for (LIST_ENTRY* at = adapter.subdevices.Flink; at != &adapter.subdevices; at = at->Flink) {
        auto* subdevice = CONTAINING_RECORD(at, Subdevice, link);
        for (ULONG i = 0; i < subdevice->link_count; ++i)
            IoSetDeviceInterfaceState(&subdevice->links[i], FALSE);
    }
}

void release_subdevices(Adapter& adapter) {
    for (;;) {
        Subdevice* subdevice = nullptr;
        KnownPort* known = nullptr;
        {
            ControlGuard guard(adapter.lock);
            if (!IsListEmpty(&adapter.subdevices)) {
                subdevice = CONTAINING_RECORD(RemoveHeadList(&adapter.subdevices), Subdevice, link);
                drop_connections(adapter, subdevice->port);
            } else if (!IsListEmpty(&adapter.ports)) {
                known = CONTAINING_RECORD(RemoveHeadList(&adapter.ports), KnownPort, link);
            }
        }
        if (subdevice) {
            take_down(adapter, subdevice);
        } else if (known) {
            known->port->device_removed();
            known->port->Release();
            ExFreePoolWithTag(known, kObjectTag.value);
        } else {
            adapter.object_count = 0;
            return;
        }
    }
}

NTSTATUS unregister_connection(Adapter& adapter, PUNKNOWN from, ULONG from_pin, PUNKNOWN to, ULONG to_pin) {
    auto source = query<ISubdevice>(from, IID_ISubdevice);
    auto sink = query<ISubdevice>(to, IID_ISubdevice);
    ControlGuard guard(adapter.lock);
    for (LIST_ENTRY* at = adapter.connections.Flink; at != &adapter.connections; at = at->Flink) {
        auto* connection = CONTAINING_RECORD(at, PhysicalConnection, link);
        if (connection->from == source.get() && connection->to == sink.get() && connection->from_pin == from_pin &&
            connection->to_pin == to_pin) {
            RemoveEntryList(at);
            ExFreePoolWithTag(connection, kObjectTag.value);
            return STATUS_SUCCESS;
        }
    }
    return STATUS_NOT_FOUND;
}

NTSTATUS answer_physical_connection(Adapter& adapter, ISubdevice* port, ULONG pin, PIRP irp, PVOID data) {
    ControlGuard guard(adapter.lock);
    for (LIST_ENTRY* at = adapter.connections.Flink; at != &adapter.connections; at = at->Flink) {
        auto* connection = CONTAINING_RECORD(at, PhysicalConnection, link);
        bool outward = connection->from == port && connection->from_pin == pin;
        if (!outward && !(connection->to == port && connection->to_pin == pin)) continue;
        Subdevice* other = find(adapter, outward ? connection->to : connection->from);
        if (!other || other->link_count == 0) return STATUS_NOT_FOUND;
        const UNICODE_STRING& link = other->links[0];
        ULONG needed = FIELD_OFFSET(KSPIN_PHYSICALCONNECTION, SymbolicLinkName) + link.Length + sizeof(WCHAR);
        ULONG room = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
        irp->IoStatus.Information = room == 0 || room >= needed ? needed : 0;
        if (room == 0) return STATUS_BUFFER_OVERFLOW;
        if (room < needed) return STATUS_BUFFER_TOO_SMALL;
        auto* answer = static_cast<KSPIN_PHYSICALCONNECTION*>(data);
        answer->Size = needed;
        answer->Pin = outward ? connection->to_pin : connection->from_pin;
        RtlCopyMemory(answer->SymbolicLinkName, link.Buffer, link.Length);
        answer->SymbolicLinkName[link.Length / sizeof(WCHAR)] = 0;
        return STATUS_SUCCESS;
    }
    return STATUS_NOT_FOUND;
}

} // namespace portcls

using namespace portcls;

/** Makes an initialized port openable as `name` and registers its device interfaces. STATUS_INVALID_DEVICE_STATE: not
 * initialized; STATUS_INSUFFICIENT_RESOURCES: more than MaxObjects; STATUS_OBJECT_NAME_COLLISION. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcRegisterSubdevice(PDEVICE_OBJECT device, PWCHAR name, PUNKNOWN unknown) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || !name || !unknown || !at_passive("V01 PcRegisterSubdevice above PASSIVE_LEVEL"))
        return STATUS_INVALID_PARAMETER;
    auto port = query<ISubdevice>(unknown, IID_ISubdevice);
    if (!port) {
        DbgPrint("portcls.sys: PcRegisterSubdevice(%ws): not a port made by PcNewPort\n", name);
        return STATUS_INVALID_PARAMETER;
    }
    if (!port->is_initialized()) {
        trace::finding(61, 0, 1, "V61 PcRegisterSubdevice before IPort::Init has succeeded");
        return STATUS_INVALID_DEVICE_STATE;
    }
    ControlGuard guard(adapter->lock);
    if (adapter->object_count >= adapter->max_objects) {
        trace::finding(61, adapter->object_count + 1, adapter->max_objects,
                       "V61 more subdevices than PcAddAdapterDevice announced");
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    return new_subdevice(*adapter, name, port.get());
}

/** Both ends must be ports of this adapter. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcRegisterPhysicalConnection(PDEVICE_OBJECT device, PUNKNOWN from, ULONG from_pin,
                                                         PUNKNOWN to, ULONG to_pin) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || !from || !to || !at_passive("V01 PcRegisterPhysicalConnection above PASSIVE_LEVEL"))
        return STATUS_INVALID_PARAMETER;
    auto source = query<ISubdevice>(from, IID_ISubdevice);
    auto sink = query<ISubdevice>(to, IID_ISubdevice);
    ControlGuard guard(adapter->lock);
    if (!source || !sink || !find(*adapter, source.get()) || !find(*adapter, sink.get())) {
        DbgPrint("portcls.sys: PcRegisterPhysicalConnection: both ends must be registered subdevices\n");
        return STATUS_INVALID_PARAMETER;
    }
    auto* connection = static_cast<PhysicalConnection*>(allocate_zeroed(sizeof(PhysicalConnection), kObjectTag.value));
    if (!connection) return STATUS_INSUFFICIENT_RESOURCES;
    connection->from = source.get();
    connection->to = sink.get();
    connection->from_pin = from_pin;
    connection->to_pin = to_pin;
    InsertTailList(&adapter->connections, &connection->link);
    return STATUS_SUCCESS;
}
