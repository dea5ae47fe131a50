// SPDX-License-Identifier: MIT
#include <initguid.h>

#include "automation.hpp"

#include "../support/ranges.hpp"
#include "counted.hpp"
#include "module/newer_portcls.hpp"

#include <initializer_list>

const GUID kSet = {0x5ad23c10, 0x31f3, 0x4e0c, {0x9b, 0x51, 0x70, 0x11, 0x2c, 0x4d, 0x10, 0x01}};
const GUID kOther = {0x5ad23c10, 0x31f3, 0x4e0c, {0x9b, 0x51, 0x70, 0x11, 0x2c, 0x4d, 0x10, 0x02}};
const GUID kNobodys = {0x5ad23c10, 0x31f3, 0x4e0c, {0x9b, 0x51, 0x70, 0x11, 0x2c, 0x4d, 0x10, 0x03}};
Asked g_asked;
PPORTEVENTS g_events;
PPCPROPERTY_REQUEST g_pended;
PDEVICE_OBJECT g_pdo;
PinCounts g_counted, g_counts;
const WCHAR* g_pin_name;

namespace {

// registry.reg of the test gives names to these, but for kUnnamed.
const GUID kBridgeCategory = {0x5ad23c10, 0x31f3, 0x4e0c, {0x9b, 0x51, 0x70, 0x11, 0x2c, 0x4d, 0x20, 0x01}};
const GUID kTwice = {0x5ad23c10, 0x31f3, 0x4e0c, {0x9b, 0x51, 0x70, 0x11, 0x2c, 0x4d, 0x20, 0x02}};
const GUID kUnnamed = {0x5ad23c10, 0x31f3, 0x4e0c, {0x9b, 0x51, 0x70, 0x11, 0x2c, 0x4d, 0x20, 0x03}};
const GUID kNodeName = {0x5ad23c10, 0x31f3, 0x4e0c, {0x9b, 0x51, 0x70, 0x11, 0x2c, 0x4d, 0x20, 0x04}};
const GUID kNodeType = {0x5ad23c10, 0x31f3, 0x4e0c, {0x9b, 0x51, 0x70, 0x11, 0x2c, 0x4d, 0x20, 0x05}};
const GUID kMidiName = {STATIC_KSAUDFNAME_MIDI};

NTSTATUS NTAPI on_event(PPCEVENT_REQUEST request) {
    CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
    CHECK(request->MajorTarget != nullptr);
    g_asked.node = request->Node;
    g_asked.has_stream = request->MinorTarget != nullptr;
    g_asked.has_irp = request->Irp != nullptr;
    switch (request->Verb) {
    case PCEVENT_VERB_ADD:
        ++g_asked.adds;
        if (request->EventItem->Id == kRefused) return STATUS_DEVICE_BUSY;
        if (request->EventItem->Id == kPlain) g_events->AddEventToEventList(request->EventEntry);
        return STATUS_SUCCESS;
    case PCEVENT_VERB_REMOVE:
        ++g_asked.removes;
        return STATUS_SUCCESS;
    case PCEVENT_VERB_SUPPORT:
        ++g_asked.supports;
        return request->EventItem->Id == kRefused ? STATUS_DEVICE_BUSY : STATUS_SUCCESS;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

NTSTATUS NTAPI on_method(PPCMETHOD_REQUEST) {
    ++g_asked.methods;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI on_property(PPCPROPERTY_REQUEST request) {
    if (request->PropertyItem->Id == kPended) {
        g_pended = request;
        return STATUS_PENDING;
    }
    ++g_asked.properties;
    g_asked.property_node = request->Node;
    if (request->ValueSize < sizeof(ULONG)) return STATUS_BUFFER_TOO_SMALL;
    *static_cast<ULONG*>(request->Value) = 4711;
    request->ValueSize = sizeof(ULONG);
    return STATUS_SUCCESS;
}

constexpr ULONG kAll = PCEVENT_ITEM_FLAG_ENABLE | PCEVENT_ITEM_FLAG_ONESHOT | PCEVENT_ITEM_FLAG_BASICSUPPORT;
const PCPROPERTY_ITEM properties[] = {{&kSet, kPended, PCPROPERTY_ITEM_FLAG_GET, on_property},
                                      {&kSet, kCounted, PCPROPERTY_ITEM_FLAG_GET, on_property}};
const PCMETHOD_ITEM method_items[] = {{&kSet, 0, PCMETHOD_ITEM_FLAG_NONE, on_method}};
const PCEVENT_ITEM events[] = {{&kSet, kPlain, kAll, on_event},
                               {&kOther, kPlain, PCEVENT_ITEM_FLAG_ENABLE, on_event},
                               {&kSet, kRefused, kAll, on_event}};
const PCAUTOMATION_TABLE table = {
    sizeof(PCPROPERTY_ITEM), 2, properties, sizeof(PCMETHOD_ITEM), 1, method_items, sizeof(PCEVENT_ITEM), 3, events, 0};

#define NAMED_PIN(instances, ranges, flow, communication, category, name)                                              \
    {                                                                                                                  \
        instances, instances, 0, &table, {                                                                             \
            0, nullptr, 0, nullptr, 1, ranges, flow, communication, category, name, {                                  \
                0                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
const PCPIN_DESCRIPTOR pins[kPins] = {
    NAMED_PIN(4, midi_ranges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK, &audio_category, &kMidiName),
    NAMED_PIN(0, bus_ranges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &kBridgeCategory, nullptr),
    NAMED_PIN(0, bus_ranges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &kBridgeCategory, &kTwice),
    NAMED_PIN(0, bus_ranges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &kUnnamed, &kUnnamed)};
const PCNODE_DESCRIPTOR nodes[kNodes] = {{0, &table, &kNodeType, &kNodeName}, {0, nullptr, &kNodeType, nullptr}};
PCFILTER_DESCRIPTOR descriptor = {
    0, &table, sizeof(PCPIN_DESCRIPTOR), kPins, pins, sizeof(PCNODE_DESCRIPTOR), kNodes, nodes, 0, nullptr, 0, nullptr};

class Stream final : public Counted<IMiniportMidiStream> {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        if (gives<IMiniportMidiStream>(iid, IID_IMiniportMidiStream, out)) return STATUS_SUCCESS;
        return gives_unknown(iid, out);
    }
    STDMETHODIMP_(NTSTATUS) SetFormat(PKSDATAFORMAT) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) Read(PVOID, ULONG, PULONG read) override {
        *read = 0;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) Write(PVOID, ULONG length, PULONG written) override {
        *written = length;
        return STATUS_SUCCESS;
    }
};

/// Shows what the port says, and says what the case wants.
void count(ULONG& shown, PULONG value, ULONG instead) {
    shown = *value;
    if (instead != kAsItIs) *value = instead;
}

class Miniport final : public Counted<IMiniportMidi, IPinCount, IPinName> {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        if (gives<IMiniportMidi>(iid, IID_IMiniportMidi, out) || gives<IMiniport>(iid, IID_IMiniport, out) ||
            gives<IPinCount>(iid, IID_IPinCount, out) || gives<IPinName>(iid, IID_IPinName, out))
            return STATUS_SUCCESS;
        return gives_unknown(iid, out);
    }
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR* out) override {
        *out = &descriptor;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) override {
        return STATUS_NOT_IMPLEMENTED;
    }
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN, PRESOURCELIST, PPORTMIDI port, PSERVICEGROUP* group) override {
        *group = nullptr;
        return port->QueryInterface(IID_IPortEvents, reinterpret_cast<PVOID*>(&g_events));
    }
    STDMETHODIMP_(void) Service() override {}
    STDMETHODIMP_(void)
    PinCount(ULONG pin, PULONG necessary, PULONG current, PULONG possible, PULONG global_current,
             PULONG global_possible) override {
        CHECK_EQUAL(KeGetCurrentIrql(), PASSIVE_LEVEL);
        g_counted.pin = pin;
        count(g_counted.necessary, necessary, g_counts.necessary);
        count(g_counted.current, current, g_counts.current);
        count(g_counted.possible, possible, g_counts.possible);
        count(g_counted.global_current, global_current, g_counts.global_current);
        count(g_counted.global_possible, global_possible, g_counts.global_possible);
    }
    STDMETHODIMP_(NTSTATUS) GetPinName(PIRP irp, PKSP_PIN pin, PVOID data) override {
        if (g_pin_name == nullptr || pin->PinId != kNameless) return STATUS_NOT_FOUND;
        UNICODE_STRING name;
        RtlInitUnicodeString(&name, g_pin_name);
        const ULONG size = name.Length + sizeof(WCHAR);
        irp->IoStatus.Information = size;
        const ULONG room = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
        if (room == 0) return STATUS_BUFFER_OVERFLOW;
        if (room < size) return STATUS_BUFFER_TOO_SMALL;
        RtlCopyMemory(data, g_pin_name, size);
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTMIDISTREAM* out, PUNKNOWN, POOL_TYPE, ULONG, BOOLEAN, PKSDATAFORMAT,
              PSERVICEGROUP* group) override {
        *group = nullptr;
        *out = new (kObjectTag) Stream();
        return *out ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
    }
};

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    static WCHAR name[] = L"Automation";
    PPORT port = nullptr;
    NTSTATUS status = PcNewPort(&port, CLSID_PortMidi);
    if (!NT_SUCCESS(status)) return status;
    auto* miniport = new (kObjectTag) Miniport();
    status = port->Init(device, irp, static_cast<IMiniportMidi*>(miniport), nullptr, resources);
    miniport->Release();
    if (NT_SUCCESS(status)) status = PcRegisterSubdevice(device, name, port);
    port->Release();
    return status;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    g_pdo = pdo;
    return PcAddAdapterDevice(driver, pdo, start_device, 1, 0);
}

void run_cases() {
    static const Case cases[] = {CASE(pin_names),
                                 CASE(node_names),
                                 CASE(names_of_the_miniport),
                                 CASE(pin_counts),
                                 CASE(counts_of_the_miniport),
                                 CASE(node_properties),
                                 CASE(pending_properties),
                                 CASE(property_sets),
                                 CASE(methods),
                                 CASE(pin_events),
                                 CASE(node_events),
                                 CASE(filter_events),
                                 CASE(wrong_event_requests),
                                 CASE(one_shot_events),
                                 CASE(closing_handles),
                                 CASE(support_queries),
                                 CASE(kernel_notifications),
                                 CASE(generating_above_dispatch_level)};
    run_cases(cases, [] {
        RtlZeroMemory(&g_asked, sizeof g_asked);
        g_counts = {0, kAsItIs, kAsItIs, kAsItIs, kAsItIs, kAsItIs};
        g_pin_name = nullptr;
    });
    DbgPrint("automation: all cases ran\n");
    g_events->Release(); // the port's reference, taken in Init
}

// ---- the control device: any IOCTL to it runs the cases
PDEVICE_OBJECT g_control;
PDRIVER_DISPATCH g_port[IRP_MJ_MAXIMUM_FUNCTION + 1];

NTSTATUS NTAPI dispatch(PDEVICE_OBJECT device, PIRP irp) {
    const UCHAR major = IoGetCurrentIrpStackLocation(irp)->MajorFunction;
    if (device != g_control) return g_port[major](device, irp);
    if (major == IRP_MJ_DEVICE_CONTROL) run_cases();
    irp->IoStatus.Status = STATUS_SUCCESS;
    irp->IoStatus.Information = 0;
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

PDRIVER_UNLOAD g_unload;

VOID NTAPI unload(PDRIVER_OBJECT driver) {
    IoDeleteDevice(g_control);
    if (g_unload) g_unload(driver);
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    NTSTATUS status = PcInitializeAdapterDriver(driver, path, add_device);
    if (!NT_SUCCESS(status)) return status;
    for (UCHAR major : {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE, IRP_MJ_DEVICE_CONTROL}) {
        g_port[major] = driver->MajorFunction[major];
        driver->MajorFunction[major] = dispatch;
    }
    g_unload = driver->DriverUnload;
    driver->DriverUnload = unload;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"\\Device\\MpulabAutomation");
    return IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &g_control);
}
