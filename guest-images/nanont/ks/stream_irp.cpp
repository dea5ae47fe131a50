// SPDX-License-Identifier: MIT
// KsProbeStreamIrp: the stream headers come into a system buffer, each data buffer is locked and mapped.
#include "stream_header.hpp"

#include "module/pool.hpp"

extern "C" NTSTATUS ks_lock_pages(PMDL mdl, KPROCESSOR_MODE mode, LOCK_OPERATION operation); // lock_pages.S

namespace {

/** One MDL per header that has bytes, chained at Irp->MdlAddress in the headers' order; the I/O manager unlocks and
 * frees them when the IRP completes, whatever its status. */
NTSTATUS lock_data(PIRP irp, const KSSTREAM_HEADER& header, ULONG flags) {
    bool write = flags & KSPROBE_STREAMWRITE;
    ULONG length = write ? header.DataUsed : header.FrameExtent;
    if (length == 0) return STATUS_SUCCESS;
    PMDL mdl = IoAllocateMdl(header.Data, length, irp->MdlAddress != nullptr, FALSE, irp);
    if (!mdl) return STATUS_INSUFFICIENT_RESOURCES;
    if (flags & KSPROBE_PROBEANDLOCK) {
        NTSTATUS status = ks_lock_pages(mdl, irp->RequestorMode, write ? IoReadAccess : IoWriteAccess);
        if (!NT_SUCCESS(status)) {
            DbgPrint(
                "ks.sys: %s stream IRP refused: %u bytes of data at %p: status 0x%08x, expected memory that can be "
                "%s\n",
                write ? "write" : "read", length, header.Data, status, write ? "read" : "written");
            return status;
        }
    }
    if ((flags & KSPROBE_SYSTEMADDRESS) && !MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority))
        return STATUS_INSUFFICIENT_RESOURCES;
    return STATUS_SUCCESS;
}

} // namespace

/** Prepares a stream IRP for queueing: headers checked and copied to AssociatedIrp.SystemBuffer (copied back by the I/O
 * manager when a read completes), data locked and mapped as `flags` (KSPROBE_*) say. `header_size` 0 = sizeof
 * KSSTREAM_HEADER. PASSIVE_LEVEL. STATUS_INVALID_BUFFER_SIZE / STATUS_INVALID_PARAMETER for bad headers,
 * STATUS_ACCESS_VIOLATION for data that is not there, or not writable where it is read into.
 * User-mode requestors are refused with STATUS_NOT_SUPPORTED: their addresses need a probe under structured exception
 * handling, and nanont has no user mode. */
KSDDKAPI NTSTATUS NTAPI KsProbeStreamIrp(PIRP irp, ULONG flags, ULONG header_size) {
    if (irp->AssociatedIrp.SystemBuffer) return STATUS_SUCCESS; // probed before
    if (irp->RequestorMode != KernelMode) {
        DbgPrint("ks.sys: stream IRP of a user-mode client: not supported, only kernel-mode clients are\n");
        return STATUS_NOT_SUPPORTED;
    }
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    ULONG bytes = stack->Parameters.DeviceIoControl.OutputBufferLength;
    ULONG each = header_size ? header_size : sizeof(KSSTREAM_HEADER);
    if (bytes == 0 || !irp->UserBuffer || bytes > ks::kMaxStreamHeaders * each) return STATUS_INVALID_BUFFER_SIZE;
    PoolBuffer<UCHAR> copy(bytes);
    if (!copy) return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(copy.get(), irp->UserBuffer, bytes);

    bool write = flags & KSPROBE_STREAMWRITE;
    uint32_t failed;
    auto error = ks::check_stream_headers(copy.get(), bytes, each,
                                          write ? ks::StreamDirection::Write : ks::StreamDirection::Read, failed);
    if (error != ks::StreamHeaderError::None) {
        DbgPrint("ks.sys: %s stream IRP refused: header %u: %s\n", write ? "write" : "read", failed, describe(error));
        return error == ks::StreamHeaderError::NotAMultiple || error == ks::StreamHeaderError::WrongSize
                   ? STATUS_INVALID_BUFFER_SIZE
                   : STATUS_INVALID_PARAMETER;
    }
    if (flags & (KSPROBE_ALLOCATEMDL | KSPROBE_PROBEANDLOCK))
        for (ULONG at = 0; at < bytes; at += each) {
            NTSTATUS status = lock_data(irp, *reinterpret_cast<KSSTREAM_HEADER*>(copy.get() + at), flags);
            if (!NT_SUCCESS(status)) return status;
        }
    irp->AssociatedIrp.SystemBuffer = copy.release();
    irp->Flags |= IRP_BUFFERED_IO | IRP_DEALLOCATE_BUFFER | (write ? 0 : IRP_INPUT_OPERATION);
    return STATUS_SUCCESS;
}
