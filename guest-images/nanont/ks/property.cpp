// SPDX-License-Identifier: MIT
// IOCTL_KS_PROPERTY: the set and the item are looked up and the handler is called (reference portcls-midi.md §5.2).
#include "set_query.hpp"

namespace {

using ks::Request;

/** The sizes an item declares, in the statuses of reference §5.2. */
NTSTATUS check_sizes(PIRP irp, const Request& request, const KSPROPERTY_ITEM& item) {
    if (request.identifier_bytes < item.MinProperty) return STATUS_INVALID_BUFFER_SIZE;
    if (request.value_bytes >= item.MinData) return STATUS_SUCCESS;
    if (request.value_bytes != 0 || (request.identifier->Flags & KSPROPERTY_TYPE_SET)) return STATUS_BUFFER_TOO_SMALL;
    irp->IoStatus.Information = item.MinData;
    return STATUS_BUFFER_OVERFLOW;
}

NTSTATUS basic_support(PIRP irp, const Request& request, const KSPROPERTY_ITEM& item) {
    if (item.SupportHandler) {
        NTSTATUS status = item.SupportHandler(irp, request.identifier, request.value);
        if (status != STATUS_NOT_FOUND) return status;
    }
    ULONG access = (item.GetPropertyHandler ? KSPROPERTY_TYPE_GET : 0) |
                   (item.SetPropertyHandler ? KSPROPERTY_TYPE_SET : 0) | KSPROPERTY_TYPE_BASICSUPPORT;
    if (request.value_bytes == 0) {
        irp->IoStatus.Information = sizeof(KSPROPERTY_DESCRIPTION);
        return STATUS_BUFFER_OVERFLOW;
    }
    if (request.value_bytes >= sizeof(KSPROPERTY_DESCRIPTION)) {
        auto* description = static_cast<KSPROPERTY_DESCRIPTION*>(request.value);
        RtlZeroMemory(description, sizeof *description);
        description->AccessFlags = access;
        description->DescriptionSize = sizeof *description;
        irp->IoStatus.Information = sizeof *description;
        return STATUS_SUCCESS;
    }
    if (request.value_bytes < sizeof(ULONG)) return STATUS_BUFFER_TOO_SMALL;
    *static_cast<ULONG*>(request.value) = access;
    irp->IoStatus.Information = sizeof(ULONG);
    return STATUS_SUCCESS;
}

NTSTATUS call_item(PIRP irp, const Request& request, const KSPROPERTY_ITEM& item) {
    ULONG verb = request.identifier->Flags & ~KSPROPERTY_TYPE_TOPOLOGY;
    if (verb & KSPROPERTY_TYPE_BASICSUPPORT) return basic_support(irp, request, item);
    PFNKSHANDLER handler = verb == KSPROPERTY_TYPE_GET   ? item.GetPropertyHandler
                           : verb == KSPROPERTY_TYPE_SET ? item.SetPropertyHandler
                                                         : nullptr;
    if (!handler)
        return verb == KSPROPERTY_TYPE_GET || verb == KSPROPERTY_TYPE_SET ? STATUS_NOT_FOUND
                                                                          : STATUS_INVALID_DEVICE_REQUEST;
    NTSTATUS status = check_sizes(irp, request, item);
    if (status != STATUS_SUCCESS) return status;
    irp->IoStatus.Information = verb == KSPROPERTY_TYPE_GET ? request.value_bytes : 0;
    return handler(irp, request.identifier, request.value);
}

} // namespace

/** As KsPropertyHandler; items are `item_size` bytes apart (0 = KSPROPERTY_ITEM), so that a client can keep more behind
 * each; the one found is at KSPROPERTY_ITEM_IRP_STORAGE. An allocator of the client's is not supported. */
KSDDKAPI NTSTATUS NTAPI KsPropertyHandlerWithAllocator(PIRP irp, ULONG count, const KSPROPERTY_SET* sets,
                                                       PFNKSALLOCATOR allocator, ULONG item_size) {
    if (allocator) {
        DbgPrint("ks.sys: KsPropertyHandlerWithAllocator: a caller's allocator is not supported\n");
        return STATUS_NOT_SUPPORTED;
    }
    irp->IoStatus.Information = 0;
    Request request;
    NTSTATUS status = ks::capture_request(irp, request);
    if (!NT_SUCCESS(status)) return status;
    const ULONG flags = request.identifier->Flags;
    if (ks::asks_for_sets(request, KSPROPERTY_TYPE_SETSUPPORT)) return ks::answer_sets(irp, request, count, sets);
    flags& KSPROPERTY_TYPE_SET ? ks::copy_value_in(irp, request) : ks::copy_value_back(irp, request);
    ULONG stride = item_size ? item_size : sizeof(KSPROPERTY_ITEM);
    for (ULONG i = 0; i < count; ++i) {
        if (!IsEqualGUIDAligned(*sets[i].Set, request.identifier->Set)) continue;
        if (flags & KSPROPERTY_TYPE_SETSUPPORT) return STATUS_SUCCESS;
        KSPROPERTY_SET_IRP_STORAGE(irp) = &sets[i];
        for (ULONG n = 0; n < sets[i].PropertiesCount; ++n) {
            auto* item = reinterpret_cast<const KSPROPERTY_ITEM*>(reinterpret_cast<const UCHAR*>(sets[i].PropertyItem) +
                                                                  static_cast<SIZE_T>(n) * stride);
            if (item->PropertyId == request.identifier->Id) {
                KSPROPERTY_ITEM_IRP_STORAGE(irp) = item;
                return call_item(irp, request, *item);
            }
        }
        return STATUS_NOT_FOUND;
    }
    return STATUS_PROPSET_NOT_FOUND;
}

/** Finds and calls the handler of a property request. Does not complete the IRP: IoStatus.Information is set, the
 * status is returned. STATUS_PROPSET_NOT_FOUND, STATUS_NOT_FOUND, sizes as in reference §5.2. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsPropertyHandler(PIRP irp, ULONG count, const KSPROPERTY_SET* sets) {
    return KsPropertyHandlerWithAllocator(irp, count, sets, nullptr, 0);
}
