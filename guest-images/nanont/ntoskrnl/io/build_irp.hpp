// SPDX-License-Identifier: MIT
#ifndef NANONT_IO_BUILD_IRP_HPP
#define NANONT_IO_BUILD_IRP_HPP

#include "io.hpp"

namespace nanont::io {

struct ControlRequest {
    ULONG code;
    const VOID* input;
    ULONG input_size;
    PVOID output;
    ULONG output_size;
};

/// A counted IRP (io.hpp) for a control code, buffers set up for its method; nullptr = no memory.
PIRP build_control_irp(PDEVICE_OBJECT device, const ControlRequest& request, UCHAR major);
/// A counted IRP of any other kind; READ and WRITE get their buffer as the device's flags want it.
PIRP build_transfer_irp(PDEVICE_OBJECT device, UCHAR major, PVOID buffer, ULONG length, LONGLONG offset);
/// Frees a counted IRP that was never sent, with its buffers.
void drop_irp(PIRP irp);

} // namespace nanont::io

#endif
