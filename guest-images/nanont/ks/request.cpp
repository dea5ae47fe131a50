// SPDX-License-Identifier: MIT
#include "request.hpp"

#include "range_list.hpp"

#include "module/pool.hpp"

namespace ks {
namespace {

constexpr ULONG kMaxBuffer = 1u << 20;

} // namespace

NTSTATUS capture_request(PIRP irp, Request& request) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    const ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    const ULONG out = stack->Parameters.DeviceIoControl.OutputBufferLength;
    if (in < sizeof(KSIDENTIFIER) || in > kMaxBuffer || out > kMaxBuffer) return STATUS_INVALID_BUFFER_SIZE;
    if (!irp->AssociatedIrp.SystemBuffer) {
        if (irp->RequestorMode != KernelMode) {
            DbgPrint("ks.sys: request of a user-mode client: not supported, only kernel-mode clients are\n");
            return STATUS_NOT_SUPPORTED;
        }
        const void* input = stack->Parameters.DeviceIoControl.Type3InputBuffer;
        if (!input || (out && !irp->UserBuffer)) return STATUS_INVALID_PARAMETER;
        PoolBuffer<UCHAR> copy(align8(out) + in);
        if (!copy) return STATUS_INSUFFICIENT_RESOURCES;
        RtlCopyMemory(copy.get() + align8(out), input, in);
        irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER;
        irp->AssociatedIrp.SystemBuffer = copy.release();
    }
    auto* buffer = static_cast<UCHAR*>(irp->AssociatedIrp.SystemBuffer);
    request = {reinterpret_cast<KSIDENTIFIER*>(buffer + align8(out)), in, out ? buffer : nullptr, out};
    return STATUS_SUCCESS;
}

void copy_value_in(PIRP irp, const Request& request) {
    if (request.value) RtlCopyMemory(request.value, irp->UserBuffer, request.value_bytes);
}

void copy_value_back(PIRP irp, const Request& request) {
    if (request.value) irp->Flags |= IRP_INPUT_OPERATION;
}

} // namespace ks
