// SPDX-License-Identifier: MIT
// Documented functions that this portcls.sys does not carry out: each says so by name and fails; none pretends.
#include "com.hpp"

namespace {

void print_class(const char* function, REFCLSID id) {
    DbgPrint("portcls.sys: %s: class {%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X} is not there\n", function,
             id.Data1, id.Data2, id.Data3, id.Data4[0], id.Data4[1], id.Data4[2], id.Data4[3], id.Data4[4], id.Data4[5],
             id.Data4[6], id.Data4[7]);
}

} // namespace

PORTCLASSAPI NTSTATUS NTAPI PcNewMiniport(PMINIPORT* out, REFCLSID id) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    print_class("PcNewMiniport", id);
    return STATUS_NOT_SUPPORTED;
}

PORTCLASSAPI NTSTATUS NTAPI PcNewRegistryKey(PREGISTRYKEY* out, PUNKNOWN, ULONG type, ACCESS_MASK, PVOID, PVOID,
                                             POBJECT_ATTRIBUTES, ULONG, PULONG) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    DbgPrint("portcls.sys: PcNewRegistryKey(type %u): there is no registry yet\n", type);
    return STATUS_NOT_IMPLEMENTED;
}

PORTCLASSAPI NTSTATUS NTAPI PcNewDmaChannel(PDMACHANNEL* out, PUNKNOWN, POOL_TYPE, PDEVICE_DESCRIPTION,
                                            PDEVICE_OBJECT) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    DbgPrint("portcls.sys: PcNewDmaChannel: devices with DMA are out of scope\n");
    return STATUS_NOT_SUPPORTED;
}

PORTCLASSAPI NTSTATUS NTAPI PcRequestNewPowerState(PDEVICE_OBJECT, DEVICE_POWER_STATE state) {
    DbgPrint("portcls.sys: PcRequestNewPowerState(D%d): requests from the driver are not supported\n", state - 1);
    return STATUS_NOT_SUPPORTED;
}

PORTCLASSAPI NTSTATUS NTAPI PcRegisterPhysicalConnectionFromExternal(PDEVICE_OBJECT, PUNICODE_STRING from, ULONG,
                                                                     PUNKNOWN, ULONG) {
    DbgPrint("portcls.sys: PcRegisterPhysicalConnectionFromExternal(%wZ): connections to other adapters are not "
             "supported\n",
             from);
    return STATUS_NOT_SUPPORTED;
}

PORTCLASSAPI NTSTATUS NTAPI PcRegisterPhysicalConnectionToExternal(PDEVICE_OBJECT, PUNKNOWN, ULONG, PUNICODE_STRING to,
                                                                   ULONG) {
    DbgPrint(
        "portcls.sys: PcRegisterPhysicalConnectionToExternal(%wZ): connections to other adapters are not supported\n",
        to);
    return STATUS_NOT_SUPPORTED;
}
