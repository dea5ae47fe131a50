// SPDX-License-Identifier: MIT
// The answer to a sized query, the same for every list KS gives out (reference portcls-midi.md §5.2).
#pragma once

#include "module/ddk.hpp"

namespace ks {

/** Length 0: STATUS_BUFFER_OVERFLOW with the size in Information; room for a ULONG only: the size; less than `needed`:
 * STATUS_BUFFER_TOO_SMALL; else STATUS_SUCCESS, and the caller fills the value. */
inline NTSTATUS answer_size(PIRP irp, PVOID value, ULONG needed, bool& fill) {
    ULONG room = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
    fill = false;
    irp->IoStatus.Information = 0;
    if (room == 0) {
        irp->IoStatus.Information = needed;
        return STATUS_BUFFER_OVERFLOW;
    }
    if (room == sizeof(ULONG) && needed > room) {
        *static_cast<ULONG*>(value) = needed;
        irp->IoStatus.Information = sizeof(ULONG);
        return STATUS_SUCCESS;
    }
    if (room < needed) return STATUS_BUFFER_TOO_SMALL;
    irp->IoStatus.Information = needed;
    fill = true;
    return STATUS_SUCCESS;
}

} // namespace ks
