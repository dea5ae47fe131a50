// SPDX-License-Identifier: MIT
// Documented functions that this portcls.sys does not carry out: each says so by name and fails; none pretends.
#include "com.hpp"

PORTCLASSAPI NTSTATUS NTAPI PcNewDmaChannel(PDMACHANNEL* out, PUNKNOWN, POOL_TYPE, PDEVICE_DESCRIPTION,
                                            PDEVICE_OBJECT) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    DbgPrint("portcls.sys: PcNewDmaChannel: devices with DMA are out of scope\n");
    return STATUS_NOT_SUPPORTED;
}
