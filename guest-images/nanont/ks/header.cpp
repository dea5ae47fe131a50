// SPDX-License-Identifier: MIT
#include "header.hpp"

#include "object_name.hpp"

namespace ks {
namespace {

constexpr ULONG kTag = 'hsKM';
constexpr LONGLONG kLeavePatience100ns = 10 * 10'000'000LL;

CreateEntry* new_entry(KSOBJECT_CREATE_ITEM* item) {
    auto* entry = static_cast<CreateEntry*>(allocate_zeroed(sizeof(CreateEntry), kTag));
    if (!entry) return nullptr;
    entry->item = item ? item : &entry->owned;
    KeInitializeEvent(&entry->idle, NotificationEvent, FALSE);
    return entry;
}

void free_entry(CreateEntry* entry) {
    if (entry->item == &entry->owned && entry->owned.ObjectClass.Buffer)
        ExFreePoolWithTag(entry->owned.ObjectClass.Buffer, kTag);
    ExFreePoolWithTag(entry, kTag);
}

void free_all(Header& header) {
    while (!IsListEmpty(&header.entries))
        free_entry(CONTAINING_RECORD(RemoveHeadList(&header.entries), CreateEntry, link));
}

NTSTATUS new_header(ULONG magic, ULONG count, KSOBJECT_CREATE_ITEM* items, Header** out) {
    auto* header = static_cast<Header*>(allocate_zeroed(sizeof(Header), kTag));
    if (!header) return STATUS_INSUFFICIENT_RESOURCES;
    header->magic = magic;
    KeInitializeSpinLock(&header->lock);
    InitializeListHead(&header->entries);
    for (ULONG i = 0; i < count; ++i) {
        CreateEntry* entry = new_entry(&items[i]);
        if (!entry) {
            free_all(*header);
            ExFreePoolWithTag(header, kTag);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        InsertTailList(&header->entries, &entry->link);
    }
    *out = header;
    return STATUS_SUCCESS;
}

bool matches(const KSOBJECT_CREATE_ITEM& item, const UNICODE_STRING& wanted, bool has_parameters) {
    if (!item.Create) return false;
    if (item.Flags & KSCREATE_ITEM_WILDCARD) return true;
    if (has_parameters && (item.Flags & KSCREATE_ITEM_NOPARAMETERS)) return false;
    return RtlEqualUnicodeString(&item.ObjectClass, &wanted, TRUE);
}

/** Waits until no create runs with the entry, then frees it. PASSIVE_LEVEL; bounded: a create that hangs keeps it. */
void retire(CreateEntry* entry) {
    LARGE_INTEGER patience;
    patience.QuadPart = -kLeavePatience100ns;
    if (KeWaitForSingleObject(&entry->idle, Executive, KernelMode, FALSE, &patience) == STATUS_TIMEOUT) {
        DbgPrint("ks.sys: create item %wZ: a create has been running with it for 10 s; its memory is kept\n",
                 &entry->item->ObjectClass);
        return;
    }
    free_entry(entry);
}

template <class Matches> NTSTATUS free_matching(Header& header, Matches wanted) {
    ULONG freed = 0;
    for (;;) {
        CreateEntry* found = nullptr;
        {
            SpinLockGuard guard(header.lock);
            for (LIST_ENTRY* at = header.entries.Flink; at != &header.entries; at = at->Flink) {
                auto* entry = CONTAINING_RECORD(at, CreateEntry, link);
                if (wanted(*entry->item)) {
                    found = entry;
                    RemoveEntryList(&entry->link);
                    entry->leaving = true;
                    if (entry->users == 0) KeSetEvent(&entry->idle, IO_NO_INCREMENT, FALSE);
                    break;
                }
            }
        }
        if (!found) return freed ? STATUS_SUCCESS : STATUS_OBJECT_NAME_NOT_FOUND;
        retire(found);
        ++freed;
    }
}

NTSTATUS add_item(Header& header, PDRIVER_DISPATCH create, PVOID context, PWSTR object_class,
                  PSECURITY_DESCRIPTOR security) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, object_class);
    CreateEntry* entry = new_entry(nullptr);
    if (!entry) return STATUS_INSUFFICIENT_RESOURCES;
    entry->owned.Create = create;
    entry->owned.Context = context;
    entry->owned.SecurityDescriptor = security;
    if (name.Length) {
        auto* copy = static_cast<PWCH>(allocate_zeroed(name.Length + sizeof(WCHAR), kTag));
        if (!copy) {
            free_entry(entry);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        RtlCopyMemory(copy, name.Buffer, name.Length);
        entry->owned.ObjectClass = {name.Length, static_cast<USHORT>(name.Length + sizeof(WCHAR)), copy};
    }
    SpinLockGuard guard(header.lock);
    for (LIST_ENTRY* at = header.entries.Flink; at != &header.entries; at = at->Flink)
        if (RtlEqualUnicodeString(&CONTAINING_RECORD(at, CreateEntry, link)->item->ObjectClass, &name, TRUE)) {
            free_entry(entry);
            return STATUS_OBJECT_NAME_COLLISION;
        }
    InsertTailList(&header.entries, &entry->link);
    return STATUS_SUCCESS;
}

} // namespace

Header* of_device(PDEVICE_OBJECT device) {
    auto** first = static_cast<Header**>(device->DeviceExtension);
    return first && *first && (*first)->magic == kDeviceMagic ? *first : nullptr;
}

Header* of_file(PFILE_OBJECT file) {
    auto** first = file ? static_cast<Header**>(file->FsContext) : nullptr;
    return first && *first && (*first)->magic == kObjectMagic ? *first : nullptr;
}

CreateEntry* acquire_entry(Header& header, const UNICODE_STRING& name) {
    ObjectName split = split_object_name(reinterpret_cast<const uint8_t*>(name.Buffer), name.Length);
    UNICODE_STRING wanted;
    wanted.Buffer = name.Buffer + split.offset / sizeof(WCHAR);
    wanted.Length = wanted.MaximumLength = static_cast<USHORT>(split.bytes);
    SpinLockGuard guard(header.lock);
    for (LIST_ENTRY* at = header.entries.Flink; at != &header.entries; at = at->Flink) {
        auto* entry = CONTAINING_RECORD(at, CreateEntry, link);
        if (matches(*entry->item, wanted, split.has_parameters)) {
            ++entry->users;
            return entry;
        }
    }
    return nullptr;
}

void release_entry(Header& header, CreateEntry& entry) {
    SpinLockGuard guard(header.lock);
    if (--entry.users == 0 && entry.leaving) KeSetEvent(&entry.idle, IO_NO_INCREMENT, FALSE);
}

} // namespace ks

using ks::Header;

/** Device header with room for create items; `items` stay the caller's. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsAllocateDeviceHeader(KSDEVICE_HEADER* out, ULONG count, PKSOBJECT_CREATE_ITEM items) {
    return ks::new_header(ks::kDeviceMagic, count, items, reinterpret_cast<Header**>(out));
}

KSDDKAPI VOID NTAPI KsFreeDeviceHeader(KSDEVICE_HEADER opaque) {
    auto* header = static_cast<Header*>(opaque);
    ks::free_matching(*header, [](const KSOBJECT_CREATE_ITEM&) { return true; });
    header->magic = 0;
    ExFreePoolWithTag(header, ks::kTag);
}

/** Header of an object a create IRP makes. `irp` is that create. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsAllocateObjectHeader(KSOBJECT_HEADER* out, ULONG count, PKSOBJECT_CREATE_ITEM items, PIRP irp,
                                               const KSDISPATCH_TABLE* table) {
    Header* header;
    NTSTATUS status = ks::new_header(ks::kObjectMagic, count, items, &header);
    if (!NT_SUCCESS(status)) return status;
    header->table = table;
    if (irp) {
        header->created_by = KSCREATE_ITEM_IRP_STORAGE(irp);
        auto* security = IoGetCurrentIrpStackLocation(irp)->Parameters.Create.SecurityContext;
        header->access = security ? security->DesiredAccess : 0;
    }
    *out = header;
    return STATUS_SUCCESS;
}

KSDDKAPI VOID NTAPI KsFreeObjectHeader(KSOBJECT_HEADER opaque) {
    auto* header = static_cast<Header*>(opaque);
    ks::free_matching(*header, [](const KSOBJECT_CREATE_ITEM&) { return true; });
    header->magic = 0;
    ExFreePoolWithTag(header, ks::kTag);
}

/** STATUS_OBJECT_NAME_COLLISION when the name is taken. The name is copied. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsAddObjectCreateItemToDeviceHeader(KSDEVICE_HEADER header, PDRIVER_DISPATCH create,
                                                            PVOID context, PWSTR object_class,
                                                            PSECURITY_DESCRIPTOR security) {
    return ks::add_item(*static_cast<Header*>(header), create, context, object_class, security);
}

KSDDKAPI NTSTATUS NTAPI KsAddObjectCreateItemToObjectHeader(KSOBJECT_HEADER header, PDRIVER_DISPATCH create,
                                                            PVOID context, PWSTR object_class,
                                                            PSECURITY_DESCRIPTOR security) {
    return ks::add_item(*static_cast<Header*>(header), create, context, object_class, security);
}

/** Takes a create item away; returns when no create runs with it any more. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsFreeObjectCreateItem(KSDEVICE_HEADER header, PUNICODE_STRING name) {
    return ks::free_matching(*static_cast<Header*>(header), [name](const KSOBJECT_CREATE_ITEM& item) {
        return RtlEqualUnicodeString(&item.ObjectClass, name, TRUE) != FALSE;
    });
}

KSDDKAPI NTSTATUS NTAPI KsFreeObjectCreateItemsByContext(KSDEVICE_HEADER header, PVOID context) {
    return ks::free_matching(*static_cast<Header*>(header),
                             [context](const KSOBJECT_CREATE_ITEM& item) { return item.Context == context; });
}

KSDDKAPI VOID NTAPI KsSetDevicePnpAndBaseObject(KSDEVICE_HEADER opaque, PDEVICE_OBJECT pnp, PDEVICE_OBJECT base) {
    auto* header = static_cast<Header*>(opaque);
    header->pnp_object = pnp;
    header->base_object = base;
}

KSDDKAPI PDEVICE_OBJECT NTAPI KsQueryDevicePnpObject(KSDEVICE_HEADER header) {
    return static_cast<Header*>(header)->pnp_object;
}

KSDDKAPI ACCESS_MASK NTAPI KsQueryObjectAccessMask(KSOBJECT_HEADER header) {
    return static_cast<Header*>(header)->access;
}

KSDDKAPI PKSOBJECT_CREATE_ITEM NTAPI KsQueryObjectCreateItem(KSOBJECT_HEADER header) {
    return static_cast<Header*>(header)->created_by;
}
