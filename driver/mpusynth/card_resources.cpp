// SPDX-License-Identifier: MIT
#include "card_resources.hpp"

#include "mpu401/registers.h"
#include "trace.hpp"

namespace mpusynth {

NTSTATUS read_card_resources(PRESOURCELIST list, CardResources& resources) {
    if (list == nullptr) {
        MPUSYNTH_ERROR("no resource list: expected one port range and at most one interrupt\n");
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    const ULONG ports = list->NumberOfPorts();
    const ULONG interrupts = list->NumberOfInterrupts();
    const ULONG dmas = list->NumberOfDmas();
    if (ports == 0 || interrupts > 1 || dmas != 0) {
        MPUSYNTH_ERROR("%lu port ranges, %lu interrupts, %lu DMA channels assigned: expected 1, 0 or 1, 0\n", ports,
                       interrupts, dmas);
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    const PCM_PARTIAL_RESOURCE_DESCRIPTOR port = list->FindTranslatedPort(0);
    if (port == nullptr) return STATUS_DEVICE_CONFIGURATION_ERROR;
    const ULONGLONG first = static_cast<ULONGLONG>(port->u.Port.Start.QuadPart);
    constexpr ULONGLONG kLastPort = 0xffff;
    if (port->u.Port.Length < mpu401::kPortCount || first > kLastPort + 1 - mpu401::kPortCount) {
        MPUSYNTH_ERROR("port range 0x%lx..+%lu assigned: expected %lu ports below 0x10000\n", static_cast<ULONG>(first),
                       port->u.Port.Length, static_cast<ULONG>(mpu401::kPortCount));
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    resources.base = reinterpret_cast<PUCHAR>(static_cast<ULONG_PTR>(first));
    resources.has_interrupt = interrupts == 1;
    return STATUS_SUCCESS;
}

} // namespace mpusynth
