// SPDX-License-Identifier: MIT
// What the Pc functions refuse: arguments that are none, objects that are another kind, calls out of order.
#include "counted.hpp"
#include "helpers.hpp"
#include "module/newer_portcls.hpp"

extern "C" NTSTATUS NTAPI PcGetPhysicalDeviceObject(PDEVICE_OBJECT device, PDEVICE_OBJECT* pdo);
extern "C" NTSTATUS NTAPI PcUnregisterAdapterPowerManagement(PDEVICE_OBJECT device);

namespace {

/// An object that is nothing else.
class Nothing final : public Counted<IUnknown> {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override { return gives_unknown(iid, out); }
};

class PlugAndPlay final : public Counted<IAdapterPnpManagement> {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return gives<IAdapterPnpManagement>(iid, IID_IAdapterPnpManagement, out) ? STATUS_SUCCESS
                                                                                 : gives_unknown(iid, out);
    }
    STDMETHODIMP_(PC_REBALANCE_TYPE) GetSupportedRebalanceType() override { return PcRebalanceNotSupported; }
    STDMETHODIMP_(void) PnpQueryStop() override {}
    STDMETHODIMP_(void) PnpCancelStop() override {}
    STDMETHODIMP_(void) PnpStop() override {}
};

NTSTATUS NTAPI start(PDEVICE_OBJECT, PIRP, PRESOURCELIST) {
    return STATUS_SUCCESS;
}

VOID NTAPI every_second(PDEVICE_OBJECT, PVOID) {}

WCHAR g_name[] = L"Refused";

NTSTATUS NTAPI keep(PDEVICE_OBJECT, PIRP irp, PVOID context) {
    *static_cast<NTSTATUS*>(context) = irp->IoStatus.Status;
    return STATUS_MORE_PROCESSING_REQUIRED;
}

/// An IRP of one's own through PortCls' dispatch routine; how it was completed is the same as what comes back.
NTSTATUS dispatch(PDEVICE_OBJECT device, UCHAR major) {
    PIRP irp = IoAllocateIrp(2, FALSE);
    if (!irp) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS completed = STATUS_PENDING;
    IoSetNextIrpStackLocation(irp);
    IoSetCompletionRoutine(irp, keep, &completed, TRUE, TRUE, TRUE);
    IoSetNextIrpStackLocation(irp);
    IoGetCurrentIrpStackLocation(irp)->MajorFunction = major;
    const NTSTATUS status = PcDispatchIrp(device, irp);
    CHECK_EQUAL(completed, status);
    IoFreeIrp(irp);
    return status;
}

} // namespace

void refused_adapters() {
    PDEVICE_OBJECT pdo = nullptr, none = g_device;
    CHECK_EQUAL(PcGetPhysicalDeviceObject(g_device, &pdo), STATUS_SUCCESS);
    PDRIVER_OBJECT const driver = g_device->DriverObject;
    UNICODE_STRING path;
    RtlInitUnicodeString(&path, L"\\Registry\\Machine\\System");
    CHECK_EQUAL(PcInitializeAdapterDriver(driver, &path, nullptr), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcAddAdapterDevice(driver, pdo, nullptr, 1, 0), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcAddAdapterDevice(driver, pdo, start, 0, 0), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcAddAdapterDevice(driver, pdo, start, 1, 8), STATUS_INVALID_PARAMETER); // less than the system's part
    CHECK(pdo->AttachedDevice == g_device);                                              // nothing more was attached

    UCHAR bytes[4];
    ULONG length = 0;
    CHECK_EQUAL(PcGetPhysicalDeviceObject(pdo, &none), STATUS_INVALID_PARAMETER); // another driver's device
    CHECK_EQUAL(PcGetDeviceProperty(nullptr, DevicePropertyHardwareID, 4, bytes, &length), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcGetDeviceProperty(g_device, DevicePropertyHardwareID, 4, bytes, &length), STATUS_BUFFER_TOO_SMALL);
    CHECK(length > 4);
    CHECK_EQUAL(PcGetDeviceProperty(g_device, static_cast<DEVICE_REGISTRY_PROPERTY>(99), 4, bytes, &length),
                STATUS_INVALID_PARAMETER_2);
    CHECK_EQUAL(PcForwardIrpSynchronous(pdo, g_start_irp), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcCompleteIrp(g_device, g_start_irp, STATUS_PENDING), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcCompleteIrp(g_device, nullptr, STATUS_SUCCESS), STATUS_INVALID_PARAMETER);
    for (UCHAR major : {UCHAR{IRP_MJ_PNP}, UCHAR{IRP_MJ_SYSTEM_CONTROL}, UCHAR{IRP_MJ_CREATE}})
        CHECK_REFUSES(PcDispatchIrp, dispatch(pdo, major), STATUS_DELETE_PENDING);
    CHECK_REFUSES(PcDispatchIrp, dispatch(g_device, IRP_MJ_CREATE), STATUS_DEVICE_NOT_READY); // it is being started
}

void refused_registrations() {
    PPORT port = nullptr;
    auto* nothing = new (kObjectTag) Nothing();
    if (!nothing) return;
    CHECK_EQUAL(PcNewPort(&port, CLSID_PortTopology), STATUS_SUCCESS);
    CHECK_EQUAL(PcRegisterSubdevice(g_device, nullptr, port), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcRegisterSubdevice(g_device, g_name, nullptr), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcRegisterSubdevice(g_device, g_name, nothing), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcRegisterSubdevice(nullptr, g_name, port), STATUS_INVALID_PARAMETER);
    UNICODE_STRING distant, empty{};
    RtlInitUnicodeString(&distant, L"\\??\\Far");
    CHECK_EQUAL(PcRegisterPhysicalConnection(g_device, nullptr, 0, port, 0), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcRegisterPhysicalConnection(g_device, port, 0, port, 0), STATUS_INVALID_PARAMETER); // no subdevice's
    CHECK_EQUAL(PcRegisterPhysicalConnectionFromExternal(g_device, nullptr, 0, port, 0), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcRegisterPhysicalConnectionFromExternal(g_device, &distant, 0, nullptr, 0), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcRegisterPhysicalConnectionToExternal(g_device, port, 0, nullptr, 0), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcRegisterPhysicalConnectionToExternal(g_device, port, 0, &empty, 0), STATUS_INVALID_PARAMETER);
    port->Release();

    static int mine, other;
    CHECK_EQUAL(PcRegisterIoTimeout(g_device, nullptr, &mine), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcRegisterIoTimeout(g_device, every_second, &mine), STATUS_SUCCESS);
    CHECK_EQUAL(PcRegisterIoTimeout(g_device, every_second, &mine), STATUS_UNSUCCESSFUL);
    CHECK_EQUAL(PcRegisterIoTimeout(g_device, every_second, &other), STATUS_SUCCESS);
    for (int* context : {&mine, &other})
        CHECK_EQUAL(PcUnregisterIoTimeout(g_device, every_second, context), STATUS_SUCCESS);
    CHECK_EQUAL(PcUnregisterIoTimeout(g_device, every_second, &mine), STATUS_NOT_FOUND);
    CHECK_EQUAL(nothing->Release(), 0);
}

void refused_keys() {
    PREGISTRYKEY key = nullptr;
    CHECK_EQUAL(PcNewRegistryKey(nullptr, nullptr, DriverRegistryKey, KEY_READ, g_device, nullptr, nullptr, 0, nullptr),
                STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcNewRegistryKey(&key, nullptr, 5, KEY_READ, g_device, nullptr, nullptr, 0, nullptr),
                STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcNewRegistryKey(&key, nullptr, DriverRegistryKey, KEY_READ, nullptr, nullptr, nullptr, 0, nullptr),
                STATUS_INVALID_PARAMETER);
    UNICODE_STRING nowhere;
    RtlInitUnicodeString(&nowhere, L"\\Nowhere\\At\\All");
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &nowhere, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    CHECK_EQUAL(
        PcNewRegistryKey(&key, nullptr, GeneralRegistryKey, KEY_READ, nullptr, nullptr, &attributes, 0, nullptr),
        STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(key == nullptr);
}

void refused_managers() {
    auto* nothing = new (kObjectTag) Nothing();
    auto* pnp = new (kObjectTag) PlugAndPlay();
    if (!nothing || !pnp) return;
    CHECK_EQUAL(PcRegisterAdapterPowerManagement(nullptr, g_device), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcRegisterAdapterPowerManagement(nothing, g_device), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcUnregisterAdapterPowerManagement(g_device), STATUS_INVALID_DEVICE_STATE);
    CHECK_EQUAL(PcRequestNewPowerState(g_device, static_cast<DEVICE_POWER_STATE>(10)), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcRequestNewPowerState(g_device, PowerDeviceD3), STATUS_INVALID_DEVICE_STATE); // it is being started
    CHECK_EQUAL(PcRegisterAdapterPnpManagement(nullptr, g_device), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcRegisterAdapterPnpManagement(nothing, g_device), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(PcUnregisterAdapterPnpManagement(g_device), STATUS_INVALID_DEVICE_STATE);
    CHECK_EQUAL(PcRegisterAdapterPnpManagement(pnp, g_device), STATUS_SUCCESS);
    CHECK_EQUAL(PcRegisterAdapterPnpManagement(pnp, g_device), STATUS_INVALID_DEVICE_STATE);
    CHECK_EQUAL(PcUnregisterAdapterPnpManagement(g_device), STATUS_SUCCESS);
    CHECK_EQUAL(nothing->Release(), 0);
    CHECK_EQUAL(pnp->Release(), 0);
}
