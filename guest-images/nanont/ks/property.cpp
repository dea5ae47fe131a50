// SPDX-License-Identifier: MIT
// IOCTL_KS_PROPERTY: the request is METHOD_NEITHER, so both buffers are copied into one system buffer, value first, the
// KSPROPERTY behind it at a multiple of 8; then the set and the item are looked up and the handler is called
// (reference portcls-midi.md §5.2). A second call for the same IRP finds the copy and uses it again.
#include "range_list.hpp"

#include "module/pool.hpp"

namespace {

constexpr ULONG kMaxBuffer = 1u << 20;

struct Request {
    KSPROPERTY* property; // in the system buffer
    ULONG instance_bytes; // of the property and what follows it
    PVOID value;          // NULL when the client gave no room
    ULONG value_bytes;
};

NTSTATUS capture(PIRP irp, Request& request) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
    if (in < sizeof(KSPROPERTY) || in > kMaxBuffer || out > kMaxBuffer) return STATUS_INVALID_BUFFER_SIZE;
    if (!irp->AssociatedIrp.SystemBuffer) {
        if (irp->RequestorMode != KernelMode) {
            DbgPrint("ks.sys: property request of a user-mode client: not supported, only kernel-mode clients are\n");
            return STATUS_NOT_SUPPORTED;
        }
        const void* input = stack->Parameters.DeviceIoControl.Type3InputBuffer;
        if (!input || (out && !irp->UserBuffer)) return STATUS_INVALID_PARAMETER;
        PoolBuffer<UCHAR> copy(ks::align8(out) + in);
        if (!copy) return STATUS_INSUFFICIENT_RESOURCES;
        auto* property = reinterpret_cast<KSPROPERTY*>(copy.get() + ks::align8(out));
        RtlCopyMemory(property, input, in);
        irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
        if (property->Flags & KSPROPERTY_TYPE_SET) {
            if (out) RtlCopyMemory(copy.get(), irp->UserBuffer, out);
        } else if (out) {
            irp->Flags |= IRP_INPUT_OPERATION; // the I/O manager copies Information bytes back
        }
        irp->AssociatedIrp.SystemBuffer = copy.release();
    }
    auto* buffer = static_cast<UCHAR*>(irp->AssociatedIrp.SystemBuffer);
    request = {reinterpret_cast<KSPROPERTY*>(buffer + ks::align8(out)), in, out ? buffer : nullptr, out};
    return STATUS_SUCCESS;
}

/** The sizes an item declares, in the statuses of reference §5.2. */
NTSTATUS check_sizes(PIRP irp, const Request& request, const KSPROPERTY_ITEM& item) {
    if (request.instance_bytes < item.MinProperty) return STATUS_INVALID_BUFFER_SIZE;
    if (request.value_bytes >= item.MinData) return STATUS_SUCCESS;
    if (request.value_bytes != 0 || (request.property->Flags & KSPROPERTY_TYPE_SET)) return STATUS_BUFFER_TOO_SMALL;
    irp->IoStatus.Information = item.MinData;
    return STATUS_BUFFER_OVERFLOW;
}

NTSTATUS basic_support(PIRP irp, const Request& request, const KSPROPERTY_ITEM& item) {
    if (item.SupportHandler) {
        NTSTATUS status = item.SupportHandler(irp, reinterpret_cast<PKSIDENTIFIER>(request.property), request.value);
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
    ULONG verb = request.property->Flags & ~KSPROPERTY_TYPE_TOPOLOGY;
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
    return handler(irp, reinterpret_cast<PKSIDENTIFIER>(request.property), request.value);
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
    NTSTATUS status = capture(irp, request);
    if (!NT_SUCCESS(status)) return status;
    ULONG stride = item_size ? item_size : sizeof(KSPROPERTY_ITEM);
    for (ULONG i = 0; i < count; ++i) {
        if (!IsEqualGUIDAligned(*sets[i].Set, request.property->Set)) continue;
        if (request.property->Flags & KSPROPERTY_TYPE_SETSUPPORT) return STATUS_SUCCESS;
        KSPROPERTY_SET_IRP_STORAGE(irp) = &sets[i];
        for (ULONG n = 0; n < sets[i].PropertiesCount; ++n) {
            auto* item = reinterpret_cast<const KSPROPERTY_ITEM*>(reinterpret_cast<const UCHAR*>(sets[i].PropertyItem) +
                                                                  static_cast<SIZE_T>(n) * stride);
            if (item->PropertyId == request.property->Id) {
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
