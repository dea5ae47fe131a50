// SPDX-License-Identifier: MIT
// byte_ports.sys: a PortCls MIDI adapter driver for one MPU-401, written from documentation alone.
// DriverEntry -> AddDevice -> StartDevice -> BytePorts (IMiniportMidi) -> RenderStream / CaptureStream.

#include "byte_chip.h"
#include "byte_filter.h"

namespace {

// The INF's AddInterface lines use the same word; PortCls keeps the pointer, hence static storage.
WCHAR subdeviceName[] = L"ByteWire";

// ---- The miniport ------------------------------------------------------------------------------------------------

class BytePorts final : public Counted<BytePorts, IMiniportMidi, IPowerNotify> {
  public:
    ~BytePorts() { close(); }

    PVOID findInterface(REFIID iid) {
        if (IsEqualGUIDAligned(iid, IID_IUnknown) || IsEqualGUIDAligned(iid, IID_IMiniport) ||
            IsEqualGUIDAligned(iid, IID_IMiniportMidi)) {
            return static_cast<IMiniportMidi*>(this);
        }
        return IsEqualGUIDAligned(iid, IID_IPowerNotify) ? static_cast<IPowerNotify*>(this) : nullptr;
    }

    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR* description) override {
        *description = &filter;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) override {
        return STATUS_NOT_IMPLEMENTED; // the port's own answer is right for MUSIC ranges
    }
    STDMETHODIMP_(NTSTATUS)
    Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTMIDI port, PSERVICEGROUP* group) override;
    STDMETHODIMP_(void) Service() override {} // the pin's own sink does the work; not every Windows calls this
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTMIDISTREAM* stream, PUNKNOWN outer, POOL_TYPE pool, ULONG pin, BOOLEAN capture,
              PKSDATAFORMAT format, PSERVICEGROUP* group) override;

    // Ends all dealings with hardware and port. Also for StartDevice: this object and the port hold each other, so
    // after a start that failed late neither count would ever reach zero.
    void close() {
        if (connected_) {
            chip_.goOffline();
            chip_.silence();
            sync_->Disconnect();
            connected_ = false;
        }
        drop(sync_);
        drop(group_);
        drop(port_);
    }

    STDMETHODIMP_(void) PowerChangeNotify(POWER_STATE state) override {
        if (!connected_) {
            return;
        }
        // A power cut takes UART mode with it. What goes wrong here the streams learn from write().
        chip_.goOffline();
        if (state.DeviceState == PowerDeviceD0) {
            chip_.enterUart();
        }
    }

    ByteChip& chip() { return chip_; }
    void streamGone(bool capture) { InterlockedExchange(capture ? &captureTaken_ : &renderTaken_, 0); }

  private:
    static NTSTATUS NTAPI onInterrupt(PINTERRUPTSYNC, PVOID context) {
        BytePorts* self = static_cast<BytePorts*>(context);
        bool heard = false;
        const bool ours = self->chip_.serviceInterrupt(&heard);
        if (heard) {
            self->port_->Notify(self->group_);
        }
        return ours ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL;
    }

    PPORTMIDI port_ = nullptr;
    PSERVICEGROUP group_ = nullptr;
    PINTERRUPTSYNC sync_ = nullptr;
    bool connected_ = false;
    LONG renderTaken_ = 0;
    LONG captureTaken_ = 0;
    ByteChip chip_;
};

NTSTATUS BytePorts::Init(PUNKNOWN, PRESOURCELIST resources, PPORTMIDI port, PSERVICEGROUP* group) {
    *group = nullptr;
    if (resources == nullptr || resources->NumberOfEntriesOfType(CmResourceTypePort) == 0 ||
        resources->NumberOfEntriesOfType(CmResourceTypeInterrupt) != 1 ||
        resources->NumberOfEntriesOfType(CmResourceTypeDma) != 0) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    const CM_PARTIAL_RESOURCE_DESCRIPTOR* ports = resources->FindTranslatedEntry(CmResourceTypePort, 0);
    if (ports == nullptr || ports->u.Port.Length < 2) {
        return STATUS_DEVICE_CONFIGURATION_ERROR;
    }
    port_ = port;
    port_->AddRef();

    NTSTATUS status = PcNewServiceGroup(&group_, nullptr);
    if (NT_SUCCESS(status)) {
        port_->RegisterServiceGroup(group_); // before an interrupt can call Notify
        // Repeat: the line's edge may come while we are in the routine, and an edge missed is a line dead.
        status = PcNewInterruptSync(&sync_, nullptr, resources, 0, InterruptSyncModeRepeat);
    }
    if (NT_SUCCESS(status)) {
        chip_.prepare(reinterpret_cast<PUCHAR>(ULONG_PTR(ports->u.Port.Start.QuadPart)), sync_);
        status = sync_->RegisterServiceRoutine(&BytePorts::onInterrupt, this, FALSE);
    }
    if (NT_SUCCESS(status)) {
        status = sync_->Connect();
        connected_ = NT_SUCCESS(status);
    }
    if (NT_SUCCESS(status)) {
        status = chip_.enterUart();
    }
    if (!NT_SUCCESS(status)) {
        close();
        return status;
    }
    *group = group_;
    group_->AddRef();
    return STATUS_SUCCESS;
}

// ---- The streams -------------------------------------------------------------------------------------------------

// What both directions share. The miniport is kept alive by its streams.
template <typename Self, bool kCapture> class Stream : public Counted<Self, IMiniportMidiStream> {
  public:
    explicit Stream(BytePorts* miniport) : miniport_(miniport) { miniport_->AddRef(); }
    ~Stream() {
        miniport_->streamGone(kCapture);
        miniport_->Release();
    }
    PVOID findInterface(REFIID iid) {
        const bool known = IsEqualGUIDAligned(iid, IID_IUnknown) || IsEqualGUIDAligned(iid, IID_IMiniportMidiStream);
        return known ? static_cast<IMiniportMidiStream*>(this) : nullptr;
    }
    STDMETHODIMP_(NTSTATUS) SetFormat(PKSDATAFORMAT format) override {
        return isMidi(format) ? STATUS_SUCCESS : STATUS_NO_MATCH; // there is only the one
    }
    STDMETHODIMP_(NTSTATUS) Read(PVOID, ULONG, PULONG count) override {
        *count = 0;
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    STDMETHODIMP_(NTSTATUS) Write(PVOID, ULONG, PULONG count) override {
        *count = 0;
        return STATUS_INVALID_DEVICE_REQUEST;
    }

  protected:
    ByteChip& chip() { return miniport_->chip(); }

  private:
    BytePorts* miniport_;
};

class RenderStream final : public Stream<RenderStream, false> {
  public:
    // The chip's retry timer asks for 1 ms; left alone, the system clock ticks every 10 to 16. Not in SetState, which
    // may run inside a power IRP, where this call must not wait.
    explicit RenderStream(BytePorts* miniport) : Stream(miniport) {
        ExSetTimerResolution(ByteChip::kMillisecond, TRUE);
    }
    ~RenderStream() { ExSetTimerResolution(0, FALSE); }

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override {
        // The port has reported these bytes as played, the last note-off perhaps among them.
        if (state < KSSTATE_RUN && state_ == KSSTATE_RUN) {
            chip().waitUntilSent(kDrainMilliseconds);
            chip().discardOutput();
        }
        state_ = state;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) Write(PVOID bytes, ULONG size, PULONG taken) override {
        return chip().write(static_cast<const UCHAR*>(bytes), size, taken);
    }

  private:
    static constexpr ULONG kDrainMilliseconds = 200; // a full queue is 41 ms of wire, the retry timer may be coarse
    KSSTATE state_ = KSSTATE_STOP;
};

class CaptureStream final : public Stream<CaptureStream, true> {
  public:
    using Stream::Stream;
    ~CaptureStream() { chip().setCapturing(false); }

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override {
        chip().setCapturing(state == KSSTATE_RUN);
        if (state == KSSTATE_STOP) {
            chip().discardInput();
        }
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) Read(PVOID bytes, ULONG size, PULONG count) override {
        *count = chip().read(static_cast<UCHAR*>(bytes), size);
        return STATUS_SUCCESS;
    }
};

NTSTATUS BytePorts::NewStream(PMINIPORTMIDISTREAM* stream, PUNKNOWN outer, POOL_TYPE pool, ULONG pin, BOOLEAN capture,
                              PKSDATAFORMAT format, PSERVICEGROUP* group) {
    *stream = nullptr;
    *group = nullptr;
    if (outer != nullptr || pin != (capture ? kPinCapture : kPinRender)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!isMidi(format)) {
        return STATUS_NO_MATCH;
    }
    LONG& taken = capture ? captureTaken_ : renderTaken_;
    if (!connected_ || InterlockedExchange(&taken, 1) != 0) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    *stream =
        capture ? static_cast<PMINIPORTMIDISTREAM>(new (pool) CaptureStream(this)) : new (pool) RenderStream(this);
    if (*stream == nullptr) {
        streamGone(capture);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (capture) { // output is driven by its own timer: nothing to notify a render pin of
        *group = group_;
        group_->AddRef();
    }
    return STATUS_SUCCESS;
}

// ---- The adapter -------------------------------------------------------------------------------------------------

NTSTATUS NTAPI startDevice(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    BytePorts* miniport = new (NonPagedPoolNx) BytePorts;
    if (miniport == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    PPORT port = nullptr;
    NTSTATUS status = PcNewPort(&port, CLSID_PortMidi);
    if (NT_SUCCESS(status)) {
        status = port->Init(device, irp, static_cast<IMiniportMidi*>(miniport), nullptr, resources);
    }
    if (NT_SUCCESS(status)) {
        status = PcRegisterSubdevice(device, subdeviceName, port);
        if (!NT_SUCCESS(status)) {
            miniport->close();
        }
    }
    drop(port);
    drop(miniport);
    return status;
}

NTSTATUS NTAPI addDevice(PDRIVER_OBJECT driver, PDEVICE_OBJECT physicalDevice) {
    return PcAddAdapterDevice(driver, physicalDevice, startDevice, 1, 0);
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registryPath) {
    return PcInitializeAdapterDriver(driver, registryPath, addDevice);
}
