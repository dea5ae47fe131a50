// SPDX-License-Identifier: MIT
// dmus.sys: a PortCls driver for an MPU-401 against IMiniportDMus, for the tests of portcls.sys. Each pin behaves in
// one way, so a score chooses a behaviour by the pin it opens. Written against Microsoft Learn's pages of
// IMiniportDMus, IMXF, IAllocatorMXF and DMUS_KERNEL_EVENT and reference portcls-midi.md §1-§4; it uses nothing of
// nanont's own.
//
// Subdevices: "DMus", and "Both", whose miniport answers IMiniportMidi too and says which of the two was initialised.
#include <initguid.h>

#include "stream.hpp"

Stream::Stream(const StreamParts& parts) : parts_(parts) {
    parts_.group->AddRef();
    parts_.allocator->AddRef();
    parts_.clock->AddRef();
    KeInitializeTimer(&timer_);
    KeInitializeDpc(&dpc_, on_timer, this);
    KeInitializeSpinLock(&lock_);
}

Stream::~Stream() {
    parts_.group->Release();
    DbgPrint("dmus: pin %u gone, clock %u allocator %u\n", parts_.pin, parts_.clock->Release(),
             parts_.allocator->Release());
}

void Stream::quiet() {
    KeCancelTimer(&timer_);
    KeFlushQueuedDpcs();
}

LONGLONG Stream::now() const {
    REFERENCE_TIME time = -1;
    parts_.clock->GetTime(&time);
    return time;
}

namespace {

constexpr ULONGLONG kAhead100ns = 200'000;

bool captures(ULONG pin) {
    return pin == kRawPin || pin >= kCookedPin;
}

class Miniport : public Counted<IMiniportDMus> {
  public:
    ~Miniport() override {
        card_.stop();
        if (group_) group_->Release();
        if (port_) port_->Release();
        DbgPrint("dmus: miniport gone\n");
    }
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return answer<Miniport, IMiniportDMus>(this, iid, IID_IMiniportDMus, out);
    }
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR* out) override {
        *out = dmus_descriptor();
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) override {
        return STATUS_NOT_IMPLEMENTED;
    }
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN, PRESOURCELIST resources, PPORTDMUS port, PSERVICEGROUP* group) override {
        *group = nullptr;
        PPORTDMUS same = nullptr;
        if (!NT_SUCCESS(port->QueryInterface(IID_IPortDMus, reinterpret_cast<PVOID*>(&same))))
            return STATUS_NOINTERFACE;
        port_ = same; // with its reference
        NTSTATUS status = PcNewServiceGroup(&group_, nullptr);
        if (!NT_SUCCESS(status)) return status;
        port_->RegisterServiceGroup(group_);
        status = card_.start(resources, port_);
        if (!NT_SUCCESS(status)) return status;
        group_->AddRef();
        *group = group_;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(void) Service() override { DbgPrint("dmus: Service, which is unused\n"); }
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMXF* out, PUNKNOWN, POOL_TYPE, ULONG pin, DMUS_STREAM_TYPE type, PKSDATAFORMAT format,
              PSERVICEGROUP* group, PAllocatorMXF allocator, PMASTERCLOCK clock, PULONGLONG ahead) override {
        *out = nullptr;
        *group = nullptr;
        if (type != (captures(pin) ? DMUS_STREAM_MIDI_CAPTURE : DMUS_STREAM_MIDI_RENDER))
            return STATUS_INVALID_PARAMETER;
        if (!IsEqualGUIDAligned(format->SubFormat, KSDATAFORMAT_SUBTYPE_MIDI)) return STATUS_NO_MATCH;
        PSERVICEGROUP made;
        NTSTATUS status = PcNewServiceGroup(&made, nullptr);
        if (!NT_SUCCESS(status)) return status;
        const StreamParts parts = {pin, card_, made, allocator, clock};
        *out = captures(pin) ? new_capture_stream(parts) : new_render_stream(parts);
        if (!*out) {
            made->Release();
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        *group = made;
        *ahead = pin == kAheadPin ? kAhead100ns : 0;
        return STATUS_SUCCESS;
    }

  private:
    Card card_;
    PPORTDMUS port_ = nullptr;
    PSERVICEGROUP group_ = nullptr;
};

/** Both faces refuse, after they have said which they are. */
class BothMiniport final : public Counted<IMiniportDMus> {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        if (!IsEqualGUIDAligned(iid, IID_IMiniportMidi))
            return answer<BothMiniport, IMiniportDMus>(this, iid, IID_IMiniportDMus, out);
        *out = static_cast<IMiniportMidi*>(&midi_);
        AddRef();
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR*) override { return STATUS_NOT_IMPLEMENTED; }
    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) override {
        return STATUS_NOT_IMPLEMENTED;
    }
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN, PRESOURCELIST, PPORTDMUS, PSERVICEGROUP* group) override {
        return said("IMiniportDMus", group);
    }
    STDMETHODIMP_(void) Service() override {}
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMXF*, PUNKNOWN, POOL_TYPE, ULONG, DMUS_STREAM_TYPE, PKSDATAFORMAT, PSERVICEGROUP*, PAllocatorMXF,
              PMASTERCLOCK, PULONGLONG) override {
        return STATUS_NOT_IMPLEMENTED;
    }

  private:
    static NTSTATUS said(const char* face, PSERVICEGROUP* group) {
        *group = nullptr;
        DbgPrint("dmus: %s::Init\n", face);
        return STATUS_NOT_SUPPORTED;
    }
    struct MidiFace final : IMiniportMidi {
        explicit MidiFace(BothMiniport& whole) : whole_(whole) {}
        STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
            return whole_.QueryInterface(iid, out);
        }
        STDMETHODIMP_(ULONG) AddRef() override { return whole_.AddRef(); }
        STDMETHODIMP_(ULONG) Release() override { return whole_.Release(); }
        STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR*) override { return STATUS_NOT_IMPLEMENTED; }
        STDMETHODIMP_(NTSTATUS)
        DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) override {
            return STATUS_NOT_IMPLEMENTED;
        }
        STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN, PRESOURCELIST, PPORTMIDI, PSERVICEGROUP* group) override {
            return said("IMiniportMidi", group);
        }
        STDMETHODIMP_(void) Service() override {}
        STDMETHODIMP_(NTSTATUS)
        NewStream(PMINIPORTMIDISTREAM*, PUNKNOWN, POOL_TYPE, ULONG, BOOLEAN, PKSDATAFORMAT, PSERVICEGROUP*) override {
            return STATUS_NOT_IMPLEMENTED;
        }
        BothMiniport& whole_;
    };
    MidiFace midi_{*this};
};

template <class Made> NTSTATUS install(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources, PWSTR name) {
    PPORT port;
    NTSTATUS status = PcNewPort(&port, CLSID_PortDMus);
    if (!NT_SUCCESS(status)) return status;
    auto* miniport = new (kObjectTag) Made();
    status = miniport ? port->Init(device, irp, miniport, nullptr, resources) : STATUS_INSUFFICIENT_RESOURCES;
    if (miniport) miniport->Release();
    if (NT_SUCCESS(status)) status = PcRegisterSubdevice(device, name, port);
    port->Release();
    return status;
}

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    static WCHAR both[] = L"Both", dmus[] = L"DMus";
    DbgPrint("dmus: Both: 0x%08x\n", install<BothMiniport>(device, irp, resources, both));
    return install<Miniport>(device, irp, resources, dmus);
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    return PcAddAdapterDevice(driver, pdo, start_device, 2, 0);
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    return PcInitializeAdapterDriver(driver, path, add_device);
}
