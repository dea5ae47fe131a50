// SPDX-License-Identifier: MIT
// IOCTL_KS_PROPERTY, IOCTL_KS_METHOD and IOCTL_KS_ENABLE_EVENT are METHOD_NEITHER and of one shape: an identifier (set,
// id, flags, and what a wrapper has behind them) as input, a value as output. Both come into one system buffer, the
// value first, the identifier behind it at a multiple of 8 (reference portcls-midi.md §5.2).
#pragma once

#include "module/ddk.hpp"

namespace ks {

struct Request {
    KSIDENTIFIER* identifier; // in the system buffer
    ULONG identifier_bytes;   // of it and what follows it
    PVOID value;              // in the system buffer; NULL when the client gave no room
    ULONG value_bytes;
};

/** Makes the system buffer and copies the identifier; a second call for the same IRP finds the buffer and uses it
 * again. STATUS_INVALID_BUFFER_SIZE, STATUS_INVALID_PARAMETER, STATUS_INSUFFICIENT_RESOURCES; STATUS_NOT_SUPPORTED, and
 * says so: a user-mode client. PASSIVE_LEVEL. */
NTSTATUS capture_request(PIRP irp, Request& request);

/** The client's value into the system buffer. */
void copy_value_in(PIRP irp, const Request& request);

/** The I/O manager copies IoStatus.Information bytes back to the client when the IRP completes. */
void copy_value_back(PIRP irp, const Request& request);

} // namespace ks
