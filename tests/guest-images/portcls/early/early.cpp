// SPDX-License-Identifier: MIT
// early.sys: an adapter that calls a synchronized routine before its interrupt is connected, registers one subdevice
// more than it announced, and power management twice, takes back a timeout it never gave, and completes requests
// itself. What each call came to is printed. aggregated.cpp makes portcls.sys' helper objects parts of one of its own.
// Its miniport is the system's UART miniport.
#include <initguid.h>

#include "module/ddk.hpp"

#include "../support/counted.hpp"

// mingw-w64's portcls.h lacks it.
extern "C" NTSTATUS NTAPI PcUnregisterAdapterPowerManagement(PDEVICE_OBJECT device);

void aggregated(PRESOURCELIST resources); // aggregated.cpp

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

VOID NTAPI every_second(PDEVICE_OBJECT, PVOID) {}

void timeouts(PDEVICE_OBJECT device) {
    static int mine, other;
    DbgPrint("early: timeout taken back before it was given: 0x%08x\n",
             PcUnregisterIoTimeout(device, every_second, &mine));
    DbgPrint("early: timeout given: 0x%08x\n", PcRegisterIoTimeout(device, every_second, &mine));
    DbgPrint("early: timeout without a routine: 0x%08x\n", PcRegisterIoTimeout(device, nullptr, &mine));
    DbgPrint("early: timeout of another context: 0x%08x\n", PcUnregisterIoTimeout(device, every_second, &other));
    DbgPrint("early: timeout taken back: 0x%08x\n", PcUnregisterIoTimeout(device, every_second, &mine));
    DbgPrint("early: timeout taken back twice: 0x%08x\n", PcUnregisterIoTimeout(device, every_second, &mine));
}

void properties(PDEVICE_OBJECT device) {
    WCHAR text[80] = {};
    ULONG length = 0;
    NTSTATUS status = PcGetDeviceProperty(device, DevicePropertyHardwareID, sizeof(text), text, &length);
    DbgPrint("early: hardware id: 0x%08x, %u bytes, %ws\n", status, length, text);
    ULONG needed = 0;
    status = PcGetDeviceProperty(device, DevicePropertyHardwareID, 4, text, &needed);
    DbgPrint("early: in 4 bytes: 0x%08x, as long: %d\n", status, needed == length);
    status = PcGetDeviceProperty(device, static_cast<DEVICE_REGISTRY_PROPERTY>(99), sizeof(text), text, &needed);
    DbgPrint("early: property 99: 0x%08x\n", status);
}

/// Methods of portcls.sys' objects above their level: each says so (V01) and does nothing.
void above_passive(PRESOURCELIST resources, PPORT port) {
    PINTERRUPTSYNC sync = nullptr;
    PSERVICEGROUP group = nullptr;
    PREGISTRYKEY key = nullptr;
    ULONG length = 0;
    WCHAR text[8];
    if (!NT_SUCCESS(PcNewInterruptSync(&sync, nullptr, resources, 0, InterruptSyncModeNormal)) ||
        !NT_SUCCESS(PcNewServiceGroup(&group, nullptr)))
        return;
    KIRQL old;
    KeRaiseIrql(DISPATCH_LEVEL, &old);
    const NTSTATUS statuses[] = {sync->RegisterServiceRoutine(synchronized, nullptr, FALSE), sync->Connect(),
                                 group->AddMember(group),
                                 port->GetDeviceProperty(DevicePropertyHardwareID, sizeof text, text, &length),
                                 port->NewRegistryKey(&key, nullptr, DriverRegistryKey, KEY_READ, nullptr, 0, nullptr)};
    KeLowerIrql(old);
    for (NTSTATUS status : statuses)
        DbgPrint("early: above its level: 0x%08x\n", status);
    group->Release();
    sync->Release();
}

struct Power final : Counted<IAdapterPowerManagement> {
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return answer<Power, IAdapterPowerManagement>(this, iid, IID_IAdapterPowerManagement, out);
    }
    STDMETHODIMP_(void) PowerChangeState(POWER_STATE) override {}
    STDMETHODIMP_(NTSTATUS) QueryPowerChangeState(POWER_STATE) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) QueryDeviceCapabilities(PDEVICE_CAPABILITIES) override { return STATUS_SUCCESS; }
};

void register_power_twice(PDEVICE_OBJECT device) {
    auto* power = new (kObjectTag) Power();
    if (!power) return;
    PUNKNOWN unknown = static_cast<IAdapterPowerManagement*>(power);
    DbgPrint("early: power management registered: 0x%08x\n", PcRegisterAdapterPowerManagement(unknown, device));
    DbgPrint("early: registered twice: 0x%08x\n", PcRegisterAdapterPowerManagement(unknown, device));
    PcUnregisterAdapterPowerManagement(device);
    power->Release();
}

PDRIVER_DISPATCH g_port_pnp;

/// QUERY_CAPABILITIES is answered here: what the driver below says, with no D1.
NTSTATUS NTAPI pnp(PDEVICE_OBJECT device, PIRP irp) {
    const IO_STACK_LOCATION& here = *IoGetCurrentIrpStackLocation(irp);
    if (here.MinorFunction != IRP_MN_QUERY_CAPABILITIES) return g_port_pnp(device, irp);
    PDEVICE_CAPABILITIES capabilities = here.Parameters.DeviceCapabilities.Capabilities;
    NTSTATUS status = PcForwardIrpSynchronous(device, irp);
    if (NT_SUCCESS(status)) capabilities->DeviceD1 = FALSE;
    DbgPrint("early: forwarded: 0x%08x, and the IRP is still here: 0x%08x\n", status, irp->IoStatus.Status);
    DbgPrint("early: completed as pending: 0x%08x\n", PcCompleteIrp(device, irp, STATUS_PENDING));
    status = PcCompleteIrp(device, irp, status);
    DbgPrint("early: completed: 0x%08x\n", status);
    return status;
}

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    static WCHAR name[] = L"Early", more[] = L"More";
    call_early(resources);
    timeouts(device);
    properties(device);
    register_power_twice(device);
    aggregated(resources);
    PPORT port = nullptr;
    PMINIPORT miniport = nullptr;
    NTSTATUS status = PcNewPort(&port, CLSID_PortMidi);
    if (NT_SUCCESS(status)) status = PcNewMiniport(&miniport, CLSID_MiniportDriverUart);
    if (NT_SUCCESS(status)) status = port->Init(device, irp, miniport, nullptr, resources);
    if (NT_SUCCESS(status)) status = PcRegisterSubdevice(device, name, port);
    if (NT_SUCCESS(status)) above_passive(resources, port);
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
    const NTSTATUS status = PcInitializeAdapterDriver(driver, path, add_device);
    g_port_pnp = driver->MajorFunction[IRP_MJ_PNP];
    driver->MajorFunction[IRP_MJ_PNP] = pnp;
    return status;
}
