// SPDX-License-Identifier: MIT
// IOCTL_KS_METHOD: the set and the item are looked up and the handler is called (Microsoft Learn: KsMethodHandler,
// KSMETHOD, KSMETHOD_ITEM). What the client's buffer is for, the item says: its data are copied in (READ), back
// (WRITE), both (MODIFY) or neither (NONE).
#include "set_query.hpp"

namespace {

using ks::Request;

NTSTATUS call_item(PIRP irp, const Request& request, const KSMETHOD_ITEM& item) {
    const ULONG verb = request.identifier->Flags & ~KSMETHOD_TYPE_TOPOLOGY;
    if (verb & KSMETHOD_TYPE_BASICSUPPORT) {
        ks::copy_value_back(irp, request);
        if (item.SupportHandler) return item.SupportHandler(irp, request.identifier, request.value);
        if (request.value_bytes == 0) return STATUS_SUCCESS;
        if (request.value_bytes < sizeof(ULONG)) return STATUS_BUFFER_TOO_SMALL;
        *static_cast<ULONG*>(request.value) = item.Flags;
        irp->IoStatus.Information = sizeof(ULONG);
        return STATUS_SUCCESS;
    }
    if (verb != KSMETHOD_TYPE_SEND) return STATUS_INVALID_DEVICE_REQUEST;
    if (!item.MethodHandler) return STATUS_NOT_FOUND;
    if (item.Flags & KSMETHOD_TYPE_SOURCE) {
        DbgPrint("ks.sys: method %u is in source mode (KSMETHOD_TYPE_SOURCE): not supported\n", item.MethodId);
        return STATUS_NOT_SUPPORTED;
    }
    if (request.identifier_bytes < item.MinMethod) return STATUS_INVALID_BUFFER_SIZE;
    if (request.value_bytes < item.MinData) {
        if (request.value_bytes != 0) return STATUS_BUFFER_TOO_SMALL;
        irp->IoStatus.Information = item.MinData;
        return STATUS_BUFFER_OVERFLOW;
    }
    if (item.Flags & KSMETHOD_TYPE_READ) ks::copy_value_in(irp, request);
    if (item.Flags & KSMETHOD_TYPE_WRITE) {
        ks::copy_value_back(irp, request);
        irp->IoStatus.Information = request.value_bytes;
    }
    return item.MethodHandler(irp, request.identifier, request.value);
}

} // namespace

/** As KsMethodHandler; items are `item_size` bytes apart (0 = KSMETHOD_ITEM); the one found is at
 * KSMETHOD_ITEM_IRP_STORAGE. An allocator of the client's is not supported. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsMethodHandlerWithAllocator(PIRP irp, ULONG count, const KSMETHOD_SET* sets,
                                                     PFNKSALLOCATOR allocator, ULONG item_size) {
    if (allocator) {
        DbgPrint("ks.sys: KsMethodHandlerWithAllocator: a caller's allocator is not supported\n");
        return STATUS_NOT_SUPPORTED;
    }
    irp->IoStatus.Information = 0;
    Request request;
    NTSTATUS status = ks::capture_request(irp, request);
    if (!NT_SUCCESS(status)) return status;
    if (ks::asks_for_sets(request, KSMETHOD_TYPE_SETSUPPORT)) return ks::answer_sets(irp, request, count, sets);
    const SIZE_T stride = item_size ? item_size : sizeof(KSMETHOD_ITEM);
    for (ULONG i = 0; i < count; ++i) {
        if (!IsEqualGUIDAligned(*sets[i].Set, request.identifier->Set)) continue;
        if (request.identifier->Flags & KSMETHOD_TYPE_SETSUPPORT) return STATUS_SUCCESS;
        KSMETHOD_SET_IRP_STORAGE(irp) = &sets[i];
        for (ULONG n = 0; n < sets[i].MethodsCount; ++n) {
            auto* item =
                reinterpret_cast<const KSMETHOD_ITEM*>(reinterpret_cast<const UCHAR*>(sets[i].MethodItem) + n * stride);
            if (item->MethodId != request.identifier->Id) continue;
            KSMETHOD_ITEM_IRP_STORAGE(irp) = item;
            return call_item(irp, request, *item);
        }
        return STATUS_NOT_FOUND;
    }
    return STATUS_PROPSET_NOT_FOUND;
}

/** Finds and calls the handler of a method. Does not complete the IRP: IoStatus.Information is set, the status is
 * returned. STATUS_PROPSET_NOT_FOUND, STATUS_NOT_FOUND, sizes as for properties. PASSIVE_LEVEL. */
KSDDKAPI NTSTATUS NTAPI KsMethodHandler(PIRP irp, ULONG count, const KSMETHOD_SET* sets) {
    return KsMethodHandlerWithAllocator(irp, count, sets, nullptr, 0);
}
