// SPDX-License-Identifier: MIT
// pci_card.sys: a driver of pci-mpu401 without PortCls. It prints what its bus gives it, connects to its interrupt as
// IoConnectInterruptEx allows, and makes the card interrupt; pci_card_test.py compares that with the event log.
#include "../semantics/cases.hpp"

#include <initializer_list>

namespace {

struct Extension {
    PDEVICE_OBJECT pdo;
    PDEVICE_OBJECT below;
    PUCHAR ports;
    volatile UCHAR* memory;
    PHYSICAL_ADDRESS place; // of its registers, ports or memory
    ULONG length;
    volatile LONG interrupts;
    volatile LONG strangers; // interrupts of a shared line that were not ours
    UCHAR byte;
};

constexpr GUID kBusInterface = {0x496b8280, 0x6f25, 0x11d0, {0xbe, 0xaf, 0x08, 0x00, 0x2b, 0xe2, 0x09, 0x2f}};
constexpr UCHAR kReset = 0xff;
constexpr UCHAR kDsr = 0x80;
constexpr UCHAR kDrr = 0x40;
constexpr ULONG kLooks = 100'000; // a second
constexpr UCHAR kAcknowledge = 0xfe;

Extension& extension_of(PDEVICE_OBJECT device) {
    return *static_cast<Extension*>(device->DeviceExtension);
}

UCHAR read(Extension& self, ULONG offset) {
    return self.memory ? self.memory[offset] : READ_PORT_UCHAR(self.ports + offset);
}
void write(Extension& self, ULONG offset, UCHAR value) {
    if (self.memory) {
        self.memory[offset] = value;
    } else {
        WRITE_PORT_UCHAR(self.ports + offset, value);
    }
}

BOOLEAN NTAPI serve(PKINTERRUPT, PVOID context) {
    auto& self = *static_cast<Extension*>(context);
    if ((read(self, 1) & kDsr) != 0) {
        InterlockedIncrement(&self.strangers);
        return FALSE;
    }
    self.byte = read(self, 0);
    InterlockedIncrement(&self.interrupts);
    return TRUE;
}

BOOLEAN NTAPI serve_message(PKINTERRUPT interrupt, PVOID context, ULONG message) {
    CHECK_EQUAL(message, 0);
    return serve(interrupt, context);
}

void print_resources(const char* kind, const CM_RESOURCE_LIST& list) {
    const CM_PARTIAL_RESOURCE_LIST& items = list.List[0].PartialResourceList;
    for (ULONG i = 0; i < items.Count; ++i) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR& item = items.PartialDescriptors[i];
        if (item.Type == CmResourceTypeInterrupt) {
            DbgPrint("pci: %s interrupt level %u vector %u flags %u share %u\n", kind, item.u.Interrupt.Level,
                     item.u.Interrupt.Vector, item.Flags, item.ShareDisposition);
        } else {
            DbgPrint("pci: %s type %u start %llx length %u flags %u\n", kind, item.Type, item.u.Port.Start.QuadPart,
                     item.u.Port.Length, item.Flags);
        }
    }
}

/// What answers where the registers were before the device was stopped.
void look_at_former_place(const Extension& self) {
    UCHAR seen;
    if (self.ports) {
        seen = READ_PORT_UCHAR(reinterpret_cast<PUCHAR>(static_cast<ULONG_PTR>(self.place.QuadPart)) + 1);
    } else {
        auto* memory = static_cast<volatile UCHAR*>(MmMapIoSpace(self.place, self.length, MmNonCached));
        seen = memory[1];
        MmUnmapIoSpace(const_cast<UCHAR*>(memory), self.length);
    }
    DbgPrint("pci: the former place reads %02x\n", seen);
}

void unmap(Extension& self) {
    if (self.memory) MmUnmapIoSpace(const_cast<UCHAR*>(self.memory), self.length);
    self.memory = nullptr;
}

void map(Extension& self, const CM_RESOURCE_LIST& list) {
    const CM_PARTIAL_RESOURCE_LIST& items = list.List[0].PartialResourceList;
    for (ULONG i = 0; i < items.Count; ++i) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR& item = items.PartialDescriptors[i];
        if (item.Type == CmResourceTypePort || item.Type == CmResourceTypeMemory) {
            if (self.length != 0 && item.u.Port.Start.QuadPart != self.place.QuadPart) look_at_former_place(self);
            self.place = item.u.Port.Start; // u.Memory lies there as well
            self.length = item.u.Port.Length;
        }
        if (item.Type == CmResourceTypePort) {
            self.ports = reinterpret_cast<PUCHAR>(static_cast<ULONG_PTR>(item.u.Port.Start.QuadPart));
        } else if (item.Type == CmResourceTypeMemory) {
            self.memory =
                static_cast<volatile UCHAR*>(MmMapIoSpace(item.u.Memory.Start, item.u.Memory.Length, MmNonCached));
        }
    }
}

void print_property(PDEVICE_OBJECT pdo, const char* name, DEVICE_REGISTRY_PROPERTY property) {
    static WCHAR text[512];
    ULONG size = 0;
    RtlZeroMemory(text, sizeof(text)); // one string or several: an empty one ends them
    const NTSTATUS status = IoGetDeviceProperty(pdo, property, sizeof(text), text, &size);
    DbgPrint("pci: %s %08x", name, status);
    for (const WCHAR* at = text; NT_SUCCESS(status) && *at != 0; at += wcslen(at) + 1)
        DbgPrint(" %ls", at);
    DbgPrint("\n");
}

void look_at_bus(PDEVICE_OBJECT pdo, const CM_RESOURCE_LIST& given) {
    GUID bus{};
    UCHAR bytes[512];
    ULONG size = 0;
    CHECK_EQUAL(IoGetDeviceProperty(pdo, DevicePropertyBusTypeGuid, sizeof bus, &bus, &size), STATUS_SUCCESS);
    CHECK(bus.Data1 == 0xc8ebdfb0 && bus.Data2 == 0xb510); // GUID_BUS_TYPE_PCI
    CHECK_EQUAL(IoGetDeviceProperty(pdo, DevicePropertyAllocatedResources, sizeof bytes, bytes, &size), STATUS_SUCCESS);
    CHECK_EQUAL(RtlCompareMemory(bytes, &given, size), size); // where it is now
    CHECK_EQUAL(IoGetDeviceProperty(pdo, DevicePropertyResourceRequirements, sizeof bytes, bytes, &size),
                STATUS_SUCCESS);
    const auto& list = *reinterpret_cast<IO_RESOURCE_REQUIREMENTS_LIST*>(bytes);
    const IO_RESOURCE_DESCRIPTOR& room = list.List[0].Descriptors[0];
    CHECK(list.InterfaceType == PCIBus && list.ListSize == size);
    CHECK_EQUAL(room.u.Port.Alignment, room.u.Port.Length); // anywhere that is aligned
    CHECK(room.u.Port.MinimumAddress.QuadPart == 0 && room.u.Port.MaximumAddress.QuadPart >= 0xffff);
}

void look_at_configuration(Extension& self) {
    IO_STATUS_BLOCK result;
    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_PNP, self.below, nullptr, 0, nullptr, &done, &result);
    irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
    BUS_INTERFACE_STANDARD bus{};
    auto& wanted = IoGetNextIrpStackLocation(irp)->Parameters.QueryInterface;
    IoGetNextIrpStackLocation(irp)->MinorFunction = IRP_MN_QUERY_INTERFACE;
    wanted.InterfaceType = &kBusInterface;
    wanted.Size = sizeof(bus);
    wanted.Version = 1;
    wanted.Interface = reinterpret_cast<PINTERFACE>(&bus);
    if (IofCallDriver(self.below, irp) == STATUS_PENDING)
        KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, nullptr);
    CHECK_EQUAL(result.Status, STATUS_SUCCESS);
    ULONG ids = 0;
    CHECK_EQUAL(bus.GetBusData(bus.Context, PCI_WHICHSPACE_CONFIG, &ids, 0, sizeof(ids)), sizeof(ids));
    USHORT command = 0;
    bus.GetBusData(bus.Context, PCI_WHICHSPACE_CONFIG, &command, 4, sizeof(command));
    DbgPrint("pci: ids %08x, decodes %u\n", ids, command & 3);
    bus.InterfaceDereference(bus.Context);
    ULONG nobody = 0;
    CHECK_EQUAL(HalGetBusDataByOffset(PCIConfiguration, 0, 31, &nobody, 0, 4), 2); // there is no such function
    CHECK_EQUAL(nobody & 0xffff, 0xffff);
    CHECK_EQUAL(HalGetBusDataByOffset(PCIConfiguration, 256, 0, &nobody, 0, 4), 0); // nor such a bus
}

void wait_until_ready(Extension& self) {
    for (ULONG looks = 0; (read(self, 1) & kDrr) != 0 && looks < kLooks; ++looks)
        KeStallExecutionProcessor(10);
}

void make_it_interrupt(Extension& self, const char* how) {
    wait_until_ready(self);
    const LONG before = self.interrupts;
    write(self, 1, kReset);
    for (ULONG looks = 0; self.interrupts == before && looks < kLooks; ++looks)
        KeStallExecutionProcessor(10);
    DbgPrint("pci: %s: %d interrupts, byte %02x\n", how, self.interrupts - before, self.byte);
    CHECK_EQUAL(self.byte, kAcknowledge);
}

/// Without a device, without a processor, and for a device that no bus gave an interrupt.
void refuse_connection(Extension& self) {
    PKINTERRUPT interrupt = nullptr;
    for (ULONG version : {ULONG{CONNECT_LINE_BASED}, ULONG{CONNECT_MESSAGE_BASED}}) {
        IO_CONNECT_INTERRUPT_PARAMETERS wanted{};
        wanted.Version = version;
        CHECK_EQUAL(IoConnectInterruptEx(&wanted), STATUS_INVALID_PARAMETER);
    }
    IO_CONNECT_INTERRUPT_PARAMETERS wanted{};
    wanted.Version = CONNECT_LINE_BASED;
    wanted.LineBased.PhysicalDeviceObject = self.below->AttachedDevice; // the driver's own: no PDO
    wanted.LineBased.ServiceRoutine = serve;
    wanted.LineBased.InterruptObject = &interrupt;
    CHECK_EQUAL(IoConnectInterruptEx(&wanted), STATUS_NOT_FOUND);
    wanted = {};
    wanted.Version = CONNECT_FULLY_SPECIFIED;
    wanted.FullySpecified.PhysicalDeviceObject = self.pdo;
    wanted.FullySpecified.InterruptObject = &interrupt;
    wanted.FullySpecified.ServiceRoutine = serve;
    CHECK_EQUAL(IoConnectInterruptEx(&wanted), STATUS_INVALID_PARAMETER_10);
    CHECK(interrupt == nullptr);
}

/// Another one on the line: counts, and claims nothing.
BOOLEAN NTAPI stand_by(PKINTERRUPT, PVOID calls) {
    InterlockedIncrement(static_cast<volatile LONG*>(calls));
    return FALSE;
}

class Bystander {
  public:
    explicit Bystander(PDEVICE_OBJECT pdo) {
        IO_CONNECT_INTERRUPT_PARAMETERS wanted{};
        wanted.Version = CONNECT_LINE_BASED;
        wanted.LineBased.PhysicalDeviceObject = pdo;
        wanted.LineBased.InterruptObject = &interrupt_;
        wanted.LineBased.ServiceRoutine = stand_by;
        wanted.LineBased.ServiceContext = const_cast<LONG*>(&calls_);
        CHECK_EQUAL(IoConnectInterruptEx(&wanted), STATUS_SUCCESS);
    }
    ~Bystander() {
        IO_DISCONNECT_INTERRUPT_PARAMETERS gone{};
        gone.Version = CONNECT_LINE_BASED;
        gone.ConnectionContext.InterruptObject = interrupt_;
        IoDisconnectInterruptEx(&gone);
    }
    Bystander(const Bystander&) = delete;
    LONG calls() const { return calls_; }

  private:
    PKINTERRUPT interrupt_ = nullptr;
    volatile LONG calls_ = 0;
};

void connect(Extension& self, PDEVICE_OBJECT pdo) {
    IO_CONNECT_INTERRUPT_PARAMETERS wanted{};
    PVOID connection = nullptr;
    wanted.Version = 77; // none
    CHECK_EQUAL(IoConnectInterruptEx(&wanted), STATUS_INVALID_PARAMETER_1);
    CHECK_EQUAL(wanted.Version, 4);
    refuse_connection(self);
    wanted = {};

    wanted.Version = CONNECT_MESSAGE_BASED;
    wanted.MessageBased.PhysicalDeviceObject = pdo;
    wanted.MessageBased.ConnectionContext.Generic = &connection;
    wanted.MessageBased.MessageServiceRoutine = serve_message;
    wanted.MessageBased.ServiceContext = &self;
    wanted.MessageBased.FallBackServiceRoutine = serve;
    const NTSTATUS status = IoConnectInterruptEx(&wanted);
    DbgPrint("pci: connected %08x by %s\n", status, wanted.Version == CONNECT_MESSAGE_BASED ? "message" : "line");
    if (!NT_SUCCESS(status)) return;
    if (wanted.Version == CONNECT_MESSAGE_BASED) {
        const auto& table = *static_cast<PIO_INTERRUPT_MESSAGE_INFO>(connection);
        CHECK_EQUAL(table.MessageCount, 1);
        CHECK_EQUAL(table.MessageInfo[0].Irql, table.MessageInfo[0].Vector >> 4);
        CHECK_EQUAL(table.MessageInfo[0].MessageData & 0xff, table.MessageInfo[0].Vector);
    }
    make_it_interrupt(self, "first");
    make_it_interrupt(self, "again");
    if (wanted.Version != CONNECT_MESSAGE_BASED) {
        Bystander behind(pdo);
        make_it_interrupt(self, "with another behind it");
        CHECK_EQUAL(behind.calls(), 0); // a level that was claimed is shown to nobody else
    }
    IO_DISCONNECT_INTERRUPT_PARAMETERS gone{};
    gone.Version = wanted.Version;
    gone.ConnectionContext.Generic = connection;
    IoDisconnectInterruptEx(&gone);
    wait_until_ready(self);
    const LONG before = self.interrupts;
    write(self, 1, kReset);
    for (ULONG looks = 0; (read(self, 1) & kDsr) != 0 && looks < kLooks; ++looks)
        KeStallExecutionProcessor(10);    // an answer left behind would hold the line that the next card shares
    CHECK_EQUAL(self.interrupts, before); // nobody is there any more
    read(self, 0);
    DbgPrint("pci: done, %d strangers\n", self.strangers);
}

NTSTATUS NTAPI pass_down(PDEVICE_OBJECT device, PIRP irp) {
    IoSkipCurrentIrpStackLocation(irp);
    return IofCallDriver(extension_of(device).below, irp);
}

NTSTATUS NTAPI pnp(PDEVICE_OBJECT device, PIRP irp) {
    const IO_STACK_LOCATION location = *IoGetCurrentIrpStackLocation(irp);
    Extension& self = extension_of(device);
    if (location.MinorFunction == IRP_MN_STOP_DEVICE) unmap(self);
    if (location.MinorFunction != IRP_MN_START_DEVICE) {
        irp->IoStatus.Status = STATUS_SUCCESS;
        return pass_down(device, irp);
    }
    IoForwardIrpSynchronously(self.below, irp);
    print_resources("raw", *location.Parameters.StartDevice.AllocatedResources);
    print_resources("translated", *location.Parameters.StartDevice.AllocatedResourcesTranslated);
    print_property(self.pdo, "hardware ids", DevicePropertyHardwareID);
    print_property(self.pdo, "enumerator", DevicePropertyEnumeratorName);
    map(self, *location.Parameters.StartDevice.AllocatedResourcesTranslated);
    look_at_bus(self.pdo, *location.Parameters.StartDevice.AllocatedResources);
    look_at_configuration(self);
    connect(self, self.pdo);
    const NTSTATUS status = irp->IoStatus.Status;
    IofCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    PDEVICE_OBJECT device = nullptr;
    const NTSTATUS status = IoCreateDevice(driver, sizeof(Extension), nullptr, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    Extension& self = extension_of(device);
    self = {};
    self.pdo = pdo;
    self.below = IoAttachDeviceToDeviceStack(device, pdo);
    device->Flags |= DO_POWER_PAGABLE;
    device->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
    return STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    driver->DriverExtension->AddDevice = add_device;
    driver->MajorFunction[IRP_MJ_PNP] = pnp;
    driver->MajorFunction[IRP_MJ_POWER] = pass_down;
    return STATUS_SUCCESS;
}
