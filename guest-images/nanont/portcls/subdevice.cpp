// SPDX-License-Identifier: MIT
// Subdevices: a name, a port, device interfaces; registered, found again, taken away.
#include "adapter.hpp"
#include "announce.hpp"

namespace portcls {
namespace {

const GUID kDefaultCategories[] = {
    {STATIC_KSCATEGORY_AUDIO}, {STATIC_KSCATEGORY_RENDER}, {STATIC_KSCATEGORY_CAPTURE}, {STATIC_KSCATEGORY_TOPOLOGY}};

/** Which categories a subdevice is given whose descriptor has none is not documented (reference §C.5). */
ULONG default_categories(const Description& description, GUID (&list)[SIZEOF_ARRAY(kDefaultCategories)]) {
    const ULONG choice = trace::choose(NANONT_CHOICE_CATEGORIES);
    bool flows[] = {true, true, true, choice == 2}; // by kDefaultCategories
    if (choice == 1) {
        flows[1] = flows[2] = false;
        for (ULONG i = 0; i < description.pin_count(); ++i) {
            const KSPIN_DESCRIPTOR& pin = description.ks_pins()[i];
            if (pin.Communication != KSPIN_COMMUNICATION_NONE) flows[pin.DataFlow == KSPIN_DATAFLOW_OUT ? 2 : 1] = true;
        }
    }
    ULONG count = 0;
    for (ULONG i = 0; i < SIZEOF_ARRAY(kDefaultCategories); ++i)
        if (flows[i]) list[count++] = kDefaultCategories[i];
    return count;
}

/** V60: the driver's string is still what it was when it was registered. Told once a subdevice. PASSIVE_LEVEL. */
void check_name(Subdevice& subdevice) {
    const void* given = subdevice.given_name;
    if (!given) return;
    const SIZE_T bytes = subdevice.name.Length + sizeof(WCHAR);
    const bool there = trace::is_there(given, bytes);
    const bool same = there && RtlCompareMemory(given, subdevice.name.Buffer, bytes) == bytes;
    if (!same && !InterlockedExchangePointer(&subdevice.given_name, nullptr)) return; // another client's was faster
    trace::expect(60, same, reinterpret_cast<ULONG_PTR>(given), 0,
                  there ? "V60 the name that PcRegisterSubdevice was given has changed"
                        : "V60 the name that PcRegisterSubdevice was given was freed while the device has it");
}

/** Create item of a subdevice's name: a client opens the filter. */
NTSTATUS NTAPI create_filter(PDEVICE_OBJECT device, PIRP irp) {
    auto* subdevice = static_cast<Subdevice*>(KSCREATE_ITEM_IRP_STORAGE(irp)->Context);
    check_name(*subdevice);
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
    GUID defaults[SIZEOF_ARRAY(kDefaultCategories)];
    if (count == 0) {
        count = default_categories(subdevice.port->description(), defaults);
        categories = defaults;
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
    }
    trace::judged(61);
    if (status == STATUS_OBJECT_NAME_COLLISION) {
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
    check_name(*subdevice);
    announce_gone(*subdevice);
    KsFreeObjectCreateItem(extension_of(adapter.fdo).header, &subdevice->name);
    subdevice->port->device_removed();
    free_subdevice(subdevice);
}

} // namespace

Subdevice* find_subdevice(Adapter& adapter, ISubdevice* port) {
    for (LIST_ENTRY* at = adapter.subdevices.Flink; at != &adapter.subdevices; at = at->Flink)
        if (CONTAINING_RECORD(at, Subdevice, link)->port == port) return CONTAINING_RECORD(at, Subdevice, link);
    return nullptr;
}

NTSTATUS unregister_subdevice(Adapter& adapter, ISubdevice* port) {
    Subdevice* subdevice;
    KnownPort* known;
    {
        ControlGuard guard(adapter.lock);
        subdevice = find_subdevice(adapter, port);
        if (!subdevice) return STATUS_NOT_FOUND;
        RemoveEntryList(&subdevice->link);
        const ULONG connected = drop_connections(adapter, port);
        trace::expect(74, connected == 0, connected, 0,
                      "V74 UnregisterSubdevice while physical connections to the subdevice are registered");
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

NTSTATUS open_interface_key(Adapter& adapter, ISubdevice* port, ACCESS_MASK access, PHANDLE key) {
    ControlGuard guard(adapter.lock);
    Subdevice* subdevice = find_subdevice(adapter, port);
    if (!subdevice || subdevice->link_count == 0) return STATUS_INVALID_DEVICE_STATE;
    ULONG which = 0;
    if (subdevice->link_count > 1 && trace::choose(NANONT_CHOICE_INTERFACE_KEY) == 1) which = subdevice->link_count - 1;
    return IoOpenDeviceInterfaceRegistryKey(&subdevice->links[which], access, key);
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

} // namespace portcls

using namespace portcls;

/** Makes an initialized port openable as `name` and registers its device interfaces. STATUS_INVALID_DEVICE_STATE: not
 * initialized; STATUS_INSUFFICIENT_RESOURCES: more than MaxObjects; STATUS_OBJECT_NAME_COLLISION. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcRegisterSubdevice(PDEVICE_OBJECT device, PWCHAR name, PUNKNOWN unknown) {
    Adapter* adapter = adapter_of(device);
    if (!adapter || !name || !unknown) return STATUS_INVALID_PARAMETER;
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
        return trace::choose(NANONT_CHOICE_OBJECT_LIMIT) == 1 ? STATUS_INVALID_DEVICE_REQUEST
                                                              : STATUS_INSUFFICIENT_RESOURCES;
    }
    return new_subdevice(*adapter, name, port.get());
}
