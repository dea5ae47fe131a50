// SPDX-License-Identifier: MIT
// What a test driver does with an IRP that is its own to finish.
#pragma once

#include "module/ddk.hpp"

/** Completed with it; the status once more, for the dispatch routine to return. */
inline NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR information = 0) {
    irp->IoStatus.Status = status;
    irp->IoStatus.Information = information;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}
