// SPDX-License-Identifier: MIT
// moody.sys: a PortCls MIDI driver without hardware that refuses what its service key says ("Refuses"), and prints what
// the PnP and the power manager make it see. What a client writes is printed.
#include <initguid.h>

#include "counted.hpp"
#include "midi_pins.hpp"

#include "module/newer_portcls.hpp"

// mingw-w64's portcls.h lacks these.
extern "C" NTSTATUS NTAPI PcGetPhysicalDeviceObject(PDEVICE_OBJECT device, PDEVICE_OBJECT* pdo);
extern "C" NTSTATUS NTAPI PcUnregisterAdapterPowerManagement(PDEVICE_OBJECT device);

namespace {

enum Mood : ULONG {
    kQueryStop = 1,
    kQueryRemove = 2,
    kQueryPower = 4,
    kRestart = 8,         // StartDevice, but for the first
    kSurprise = 0x10,     // IRP_MN_SURPRISE_REMOVAL fails, which it must not
    kNeverPowers = 0x20,  // IRP_MN_SET_POWER is never completed
    kNeverRemoves = 0x40, // IRP_MN_REMOVE_DEVICE does not come back
    kSecondAdd = 0x80,    // AddDevice, but for the first
    kWantsD3 = 0x100,     // asks for D3, and for D0 again, when it starts
    kPower2 = 0x200,      // has IAdapterPowerManagement2
    kPower3 = 0x400,      // and IAdapterPowerManagement3
    kUnregisters = 0x800, // no longer wants to hear of power as soon as it hears of it
};

constexpr UCHAR kFails = 0xFD; // a byte at which the device says that it has failed

ULONG g_refuses;
ULONG g_starts, g_adds;
PDEVICE_OBJECT g_device;
bool g_failed;

const char* const kMinorNames[] = {"START", "QUERY_REMOVE", "REMOVE",     "CANCEL_REMOVE",
                                   "STOP",  "QUERY_STOP",   "CANCEL_STOP"};

class Stream final : public Counted<IMiniportMidiStream, IPowerNotify> {
  public:
    Stream(bool captures, PDEVICE_OBJECT pdo) : captures_(captures), pdo_(pdo) {}
    ~Stream() override { DbgPrint("moody: stream gone\n"); }
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        if (gives<IMiniportMidiStream>(iid, IID_IMiniportMidiStream, out) ||
            gives<IPowerNotify>(iid, IID_IPowerNotify, out))
            return STATUS_SUCCESS;
        return gives_unknown(iid, out);
    }
    STDMETHODIMP_(NTSTATUS) SetFormat(PKSDATAFORMAT) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) Read(PVOID, ULONG, PULONG read) override {
        *read = 0;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG written) override {
        auto* bytes = static_cast<const UCHAR*>(buffer);
        for (ULONG i = 0; i < length; ++i) {
            DbgPrint("moody: byte %02x\n", bytes[i]);
            if (bytes[i] == kFails) {
                g_failed = true;
                IoInvalidateDeviceState(pdo_);
            }
        }
        *written = captures_ ? 0 : length;
        return captures_ ? STATUS_INVALID_DEVICE_REQUEST : STATUS_SUCCESS;
    }
    STDMETHODIMP_(void) PowerChangeNotify(POWER_STATE state) override {
        DbgPrint("moody: stream hears D%d\n", state.DeviceState - PowerDeviceD0);
    }

  private:
    bool captures_;
    PDEVICE_OBJECT pdo_;
};

class Miniport final : public Counted<IMiniportMidi, IPowerNotify> {
  public:
    explicit Miniport(PDEVICE_OBJECT pdo) : pdo_(pdo) {}
    ~Miniport() override {
        if (group_) group_->Release();
        DbgPrint("moody: miniport gone\n");
    }
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        if (gives<IMiniportMidi>(iid, IID_IMiniportMidi, out) || gives<IPowerNotify>(iid, IID_IPowerNotify, out))
            return STATUS_SUCCESS;
        return gives_unknown(iid, out);
    }
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR* out) override {
        *out = midi_pins();
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) override {
        return STATUS_NOT_IMPLEMENTED;
    }
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN, PRESOURCELIST, PPORTMIDI, PSERVICEGROUP* group) override {
        *group = nullptr;
        NTSTATUS status = PcNewServiceGroup(&group_, nullptr);
        if (!NT_SUCCESS(status)) return status;
        group_->AddRef();
        *group = group_;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(void) Service() override {}
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTMIDISTREAM* stream, PUNKNOWN, POOL_TYPE, ULONG, BOOLEAN capture, PKSDATAFORMAT,
              PSERVICEGROUP* group) override {
        *group = nullptr;
        *stream = new (kObjectTag) Stream(capture != FALSE, pdo_);
        if (!*stream) return STATUS_INSUFFICIENT_RESOURCES;
        group_->AddRef();
        *group = group_;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(void) PowerChangeNotify(POWER_STATE state) override {
        DbgPrint("moody: miniport hears D%d\n", state.DeviceState - PowerDeviceD0);
    }

  private:
    PDEVICE_OBJECT pdo_;
    PSERVICEGROUP group_ = nullptr;
};

class Power final : public Counted<IAdapterPowerManagement3> {
  public:
    ~Power() override { DbgPrint("moody: power management gone\n"); }
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        if (gives<IAdapterPowerManagement>(iid, IID_IAdapterPowerManagement, out)) return STATUS_SUCCESS;
        if ((g_refuses & kPower2) && gives<IAdapterPowerManagement3>(iid, IID_IAdapterPowerManagement2, out))
            return STATUS_SUCCESS;
        if ((g_refuses & kPower3) && gives<IAdapterPowerManagement3>(iid, IID_IAdapterPowerManagement3, out))
            return STATUS_SUCCESS;
        return gives_unknown(iid, out);
    }
    STDMETHODIMP_(void) PowerChangeState2(DEVICE_POWER_STATE device, SYSTEM_POWER_STATE system) override {
        DbgPrint("moody: adapter hears D%d in S%d\n", device - PowerDeviceD0, system - PowerSystemWorking);
    }
    STDMETHODIMP_(void)
    PowerChangeState3(DEVICE_POWER_STATE device, SYSTEM_POWER_STATE system, PC_EXIT_LATENCY latency) override {
        DbgPrint("moody: adapter hears D%d in S%d, latency %d\n", device - PowerDeviceD0, system - PowerSystemWorking,
                 latency);
    }
    STDMETHODIMP_(NTSTATUS) D3ExitLatencyChanged(PC_EXIT_LATENCY latency) override {
        DbgPrint("moody: adapter hears of latency %d\n", latency);
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(void) PowerChangeState(POWER_STATE state) override {
        // PortCls gives back its reference in here; the one it calls through must keep this object.
        if (g_refuses & kUnregisters) PcUnregisterAdapterPowerManagement(g_device);
        DbgPrint("moody: adapter hears D%d\n", state.DeviceState - PowerDeviceD0);
    }
    STDMETHODIMP_(NTSTATUS) QueryPowerChangeState(POWER_STATE state) override {
        DbgPrint("moody: adapter is asked for D%d\n", state.DeviceState - PowerDeviceD0);
        return g_refuses & kQueryPower ? STATUS_POWER_STATE_INVALID : STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) QueryDeviceCapabilities(PDEVICE_CAPABILITIES capabilities) override {
        DbgPrint("moody: S3 is D%d by the bus\n", capabilities->DeviceState[PowerSystemSleeping3] - PowerDeviceD0);
        return STATUS_SUCCESS;
    }
};

NTSTATUS install(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    PDEVICE_OBJECT pdo;
    PPORT port;
    NTSTATUS status = PcGetPhysicalDeviceObject(device, &pdo);
    if (NT_SUCCESS(status)) status = PcNewPort(&port, CLSID_PortMidi);
    if (!NT_SUCCESS(status)) return status;
    auto* miniport = new (kObjectTag) Miniport(pdo);
    status = STATUS_INSUFFICIENT_RESOURCES;
    if (miniport) {
        status = port->Init(device, irp, static_cast<IMiniportMidi*>(miniport), nullptr, resources);
        miniport->Release();
    }
    static WCHAR name[] = L"Moody";
    if (NT_SUCCESS(status)) status = PcRegisterSubdevice(device, name, port);
    port->Release();
    return status;
}

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    const ULONG ports = resources->NumberOfEntriesOfType(CmResourceTypePort);
    DbgPrint("moody: start %u at 0x%x\n", ++g_starts,
             ports ? resources->FindTranslatedEntry(CmResourceTypePort, 0)->u.Port.Start.LowPart : 0);
    g_device = device;
    if (g_starts > 1 && (g_refuses & kRestart)) return STATUS_DEVICE_CONFIGURATION_ERROR;
    auto* power = new (kObjectTag) Power();
    if (!power) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = PcRegisterAdapterPowerManagement(static_cast<IAdapterPowerManagement*>(power), device);
    power->Release();
    if (NT_SUCCESS(status)) status = install(device, irp, resources);
    return status;
}

NTSTATUS refuse(PIRP irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

NTSTATUS NTAPI pnp(PDEVICE_OBJECT device, PIRP irp) {
    const UCHAR minor = IoGetCurrentIrpStackLocation(irp)->MinorFunction;
    const bool named = minor < RTL_NUMBER_OF(kMinorNames);
    if (named || minor == IRP_MN_SURPRISE_REMOVAL)
        DbgPrint("moody: %s\n", named ? kMinorNames[minor] : "SURPRISE_REMOVAL");
    switch (minor) {
    case IRP_MN_QUERY_STOP_DEVICE:
        if (g_refuses & kQueryStop) return refuse(irp, STATUS_DEVICE_BUSY);
        break;
    case IRP_MN_QUERY_REMOVE_DEVICE:
        if (g_refuses & kQueryRemove) return refuse(irp, STATUS_UNSUCCESSFUL);
        break;
    case IRP_MN_SURPRISE_REMOVAL:
        if (g_refuses & kSurprise) return refuse(irp, STATUS_UNSUCCESSFUL);
        break;
    case IRP_MN_QUERY_PNP_DEVICE_STATE:
        if (!g_failed) break;
        irp->IoStatus.Information = PNP_DEVICE_FAILED;
        return refuse(irp, STATUS_SUCCESS);
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_REMOVE_DEVICE:
        if (minor == IRP_MN_REMOVE_DEVICE && (g_refuses & kNeverRemoves)) {
            KEVENT never;
            KeInitializeEvent(&never, NotificationEvent, FALSE);
            KeWaitForSingleObject(&never, Executive, KernelMode, FALSE, nullptr);
        }
        PcUnregisterAdapterPowerManagement(device);
        break;
    default:
        break;
    }
    const NTSTATUS status = PcDispatchIrp(device, irp);
    if (minor == IRP_MN_START_DEVICE && NT_SUCCESS(status) && (g_refuses & kWantsD3)) {
        DbgPrint("moody: D9 is 0x%08x\n", PcRequestNewPowerState(device, static_cast<DEVICE_POWER_STATE>(10)));
        DbgPrint("moody: D3 is 0x%08x\n", PcRequestNewPowerState(device, PowerDeviceD3));
    }
    return status;
}

NTSTATUS NTAPI power(PDEVICE_OBJECT device, PIRP irp) {
    if ((g_refuses & kNeverPowers) && IoGetCurrentIrpStackLocation(irp)->MinorFunction == IRP_MN_SET_POWER) {
        IoMarkIrpPending(irp);
        return STATUS_PENDING;
    }
    return PcDispatchIrp(device, irp);
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    if (++g_adds > 1 && (g_refuses & kSecondAdd)) return STATUS_NO_MEMORY;
    return PcAddAdapterDevice(driver, pdo, start_device, 1, 0);
}

VOID NTAPI unload(PDRIVER_OBJECT) {
    DbgPrint("moody: unload\n");
}

ULONG read_mood(PUNICODE_STRING path) {
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    HANDLE key;
    if (!NT_SUCCESS(ZwOpenKey(&key, KEY_READ, &attributes))) return 0;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"Refuses");
    struct {
        KEY_VALUE_PARTIAL_INFORMATION value;
        UCHAR more[8];
    } answer{};
    ULONG size;
    const NTSTATUS status = ZwQueryValueKey(key, &name, KeyValuePartialInformation, &answer, sizeof answer, &size);
    ZwClose(key);
    ULONG mood = 0;
    if (NT_SUCCESS(status)) RtlCopyMemory(&mood, answer.value.Data, sizeof mood);
    return mood;
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    g_refuses = read_mood(path);
    const NTSTATUS status = PcInitializeAdapterDriver(driver, path, add_device);
    driver->MajorFunction[IRP_MJ_PNP] = pnp;
    driver->MajorFunction[IRP_MJ_POWER] = power;
    driver->DriverUnload = unload;
    return status;
}
