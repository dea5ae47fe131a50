// SPDX-License-Identifier: MIT
// early.sys: an adapter that calls a synchronized routine before its interrupt is connected, and registers one
// subdevice more than it announced. What each call came to is printed. Its miniport is the system's UART miniport.
#include <initguid.h>

#include "module/ddk.hpp"

namespace {

NTSTATUS NTAPI synchronized(IInterruptSync*, PVOID) {
    DbgPrint("early: synchronized at IRQL %u\n", KeGetCurrentIrql());
    return STATUS_SUCCESS;
}

void call_early(PRESOURCELIST resources) {
    PINTERRUPTSYNC sync = nullptr;
    if (!NT_SUCCESS(PcNewInterruptSync(&sync, nullptr, resources, 0, InterruptSyncModeNormal))) return;
    DbgPrint("early: CallSynchronizedRoutine: 0x%08x\n", sync->CallSynchronizedRoutine(synchronized, nullptr));
    DbgPrint("early: then IRQL %u\n", KeGetCurrentIrql());
    sync->Release();
}

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    static WCHAR name[] = L"Early", more[] = L"More";
    call_early(resources);
    PPORT port = nullptr;
    PMINIPORT miniport = nullptr;
    NTSTATUS status = PcNewPort(&port, CLSID_PortMidi);
    if (NT_SUCCESS(status)) status = PcNewMiniport(&miniport, CLSID_MiniportDriverUart);
    if (NT_SUCCESS(status)) status = port->Init(device, irp, miniport, nullptr, resources);
    if (NT_SUCCESS(status)) status = PcRegisterSubdevice(device, name, port);
    if (NT_SUCCESS(status)) DbgPrint("early: one more: 0x%08x\n", PcRegisterSubdevice(device, more, port));
    if (miniport) miniport->Release();
    if (port) port->Release();
    return status;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    return PcAddAdapterDevice(driver, pdo, start_device, 1, 0);
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    return PcInitializeAdapterDriver(driver, path, add_device);
}
