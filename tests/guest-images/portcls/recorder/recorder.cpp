// SPDX-License-Identifier: MIT
// recorder.sys: a PortCls MIDI driver without hardware for the tests of portcls.sys. Each pin behaves in one way, so a
// score chooses a behaviour by the pin it opens; what portcls did is in the event log, and what the miniport was given
// is printed. It is written against reference portcls-midi.md §1-§4 and uses nothing of nanont's own.
#include <initguid.h>

#include "pins.hpp"

#include "../support/counted.hpp"

#include "module/pool.hpp"

namespace {

constexpr ULONG kCaptureBytes = 8; // given by one stream in answer to each service
constexpr LONGLONG kCapturePeriod100ns = 50'000;
constexpr LONGLONG kNotifyPeriod100ns = 30'000;
constexpr ULONG kBusyNotifications = 20;

volatile UCHAR* volatile nowhere = nullptr;

bool captures(ULONG pin) {
    return pin == kCapturePin || pin == kEndlessPin || pin == kGreedyReadPin || pin == kSilentReadPin ||
           pin == kEarlyPin;
}

class Stream final : public Counted<IMiniportMidiStream> {
  public:
    Stream(ULONG pin, PSERVICEGROUP group) : pin_(pin), group_(group) {
        if (group_) group_->AddRef();
        KeInitializeTimer(&timer_);
        KeInitializeDpc(&dpc_, tick, this);
    }
    ~Stream() override {
        KeCancelTimer(&timer_);
        KeFlushQueuedDpcs();
        if (group_) group_->Release();
        DbgPrint("recorder: pin %u gone\n", pin_);
    }

    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return answer<Stream, IMiniportMidiStream>(this, iid, IID_IMiniportMidiStream, out);
    }
    STDMETHODIMP_(NTSTATUS) SetFormat(PKSDATAFORMAT) override { return STATUS_SUCCESS; }

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override {
        if (pin_ == kRunFailsPin && state == KSSTATE_RUN) return STATUS_INVALID_DEVICE_STATE;
        const bool down = state < state_;
        state_ = state;
        if (pin_ == kSlowPausePin && down && state == KSSTATE_PAUSE) {
            LARGE_INTEGER interval;
            interval.QuadPart = -200'000;
            KeDelayExecutionThread(KernelMode, FALSE, &interval);
        }
        if (pin_ == kStopFailsPin && down) return STATUS_DEVICE_NOT_READY;
        if (!captures(pin_) && pin_ != kNotifyingPin) return STATUS_SUCCESS;
        const LONGLONG period = pin_ == kNotifyingPin ? kNotifyPeriod100ns : kCapturePeriod100ns;
        if (state == KSSTATE_RUN || (pin_ == kEarlyPin && state == KSSTATE_ACQUIRE && !down)) {
            LARGE_INTEGER due;
            due.QuadPart = -period;
            KeSetTimerEx(&timer_, due, static_cast<LONG>(period / 10'000), &dpc_);
        } else if (pin_ != kEarlyPin || state == KSSTATE_STOP) {
            KeCancelTimer(&timer_);
        }
        return STATUS_SUCCESS;
    }

    STDMETHODIMP_(NTSTATUS) Read(PVOID buffer, ULONG length, PULONG read) override {
        if (pin_ == kSilentReadPin) return STATUS_SUCCESS; // *read is not set
        *read = 0;
        if (pin_ == kEndlessPin) {
            RtlFillMemory(buffer, length, 0xF8);
            *read = length;
            return STATUS_SUCCESS;
        }
        if (pin_ == kGreedyReadPin && ready_ > 0) {
            ready_ = 0;
            RtlFillMemory(buffer, length, 0x11);
            *read = length + 1;
            return STATUS_SUCCESS;
        }
        if (pin_ != kCapturePin && pin_ != kEarlyPin) return STATUS_INVALID_DEVICE_REQUEST;
        auto* bytes = static_cast<PUCHAR>(buffer);
        while (ready_ > 0 && *read < length) {
            bytes[(*read)++] = next_++;
            --ready_;
        }
        return STATUS_SUCCESS;
    }

    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG written) override {
        ULONG take = length;
        ++calls_;
        switch (pin_) {
        case kPartialPin:
            take = length > 4 ? 4 : length;
            break;
        case kOddPartialPin:
            take = length > 3 ? 3 : length;
            break;
        case kBusyPin:
            take = calls_ % 8 == 0 ? length : 0;
            break; // seven times busy, then all of it
        case kNotifyingPin:
            if (ready_ < kBusyNotifications * kCaptureBytes) take = 0;
            break;
        case kDeadPin:
            take = 0;
            break;
        case kErrorPin:
            *written = 0;
            return STATUS_IO_DEVICE_ERROR;
        case kSilentPin:
            print(buffer, length);
            return STATUS_SUCCESS; // *written is not set
        case kGreedyPin:
            *written = length + 1;
            return STATUS_SUCCESS;
        case kCrashPin:
            take = *static_cast<volatile UCHAR* volatile&>(nowhere);
            break;
        case kIrqlPin: {
            KIRQL old;
            KeRaiseIrql(DISPATCH_LEVEL + 1, &old);
            break;
        }
        case kCapturePin:
        case kEndlessPin:
            *written = 0;
            return STATUS_INVALID_DEVICE_REQUEST;
        default:
            break;
        }
        print(buffer, take);
        *written = take;
        return STATUS_SUCCESS;
    }

  private:
    static VOID NTAPI tick(PKDPC, PVOID context, PVOID, PVOID) {
        auto* self = static_cast<Stream*>(context);
        self->ready_ += kCaptureBytes;
        self->group_->RequestService();
    }

    void print(const void* buffer, ULONG length) const {
        auto* bytes = static_cast<const UCHAR*>(buffer);
        for (ULONG i = 0; i < length; ++i)
            DbgPrint("recorder: pin %u byte %02x\n", pin_, bytes[i]);
    }

    ULONG pin_;
    KSSTATE state_ = KSSTATE_STOP;
    PSERVICEGROUP group_;
    KTIMER timer_;
    KDPC dpc_;
    ULONG ready_ = 0;
    UCHAR next_ = 0;
    ULONG calls_ = 0;
};

class Miniport final : public Counted<IMiniportMidi> {
  public:
    ~Miniport() override {
        if (group_) group_->Release();
        if (port_) port_->Release();
        DbgPrint("recorder: miniport gone\n");
    }
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return answer<Miniport, IMiniportMidi>(this, iid, IID_IMiniportMidi, out);
    }
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR* out) override {
        *out = recorder_descriptor();
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) override {
        return STATUS_NOT_IMPLEMENTED;
    }
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN, PRESOURCELIST, PPORTMIDI port, PSERVICEGROUP* group) override {
        *group = nullptr;
        NTSTATUS status = PcNewServiceGroup(&group_, nullptr);
        if (!NT_SUCCESS(status)) return status;
        port_ = port;
        port_->AddRef(); // port and miniport hold each other: portcls has to part them
        port_->RegisterServiceGroup(group_);
        group_->AddRef();
        *group = group_;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(void) Service() override {}
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTMIDISTREAM* stream, PUNKNOWN, POOL_TYPE, ULONG pin, BOOLEAN capture, PKSDATAFORMAT,
              PSERVICEGROUP* group) override {
        *stream = nullptr;
        *group = nullptr;
        if (pin == kRefusedPin) return STATUS_INSUFFICIENT_RESOURCES;
        if (pin == kNoStreamPin) return STATUS_SUCCESS;
        if (capture != captures(pin)) return STATUS_INVALID_PARAMETER;
        PSERVICEGROUP made;
        NTSTATUS status = PcNewServiceGroup(&made, nullptr);
        if (!NT_SUCCESS(status)) return status;
        *stream = new (kObjectTag) Stream(pin, made);
        if (!*stream) {
            made->Release();
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        *group = made;
        if (pin == kForeignGroupPin || pin == kNoGroupPin) {
            made->Release();
            *group = pin == kNoGroupPin ? nullptr : reinterpret_cast<PSERVICEGROUP>(&no_group_);
        }
        return STATUS_SUCCESS;
    }

  private:
    ULONGLONG no_group_[16] = {}; // zeros, where a group would have its functions

    PPORTMIDI port_ = nullptr;
    PSERVICEGROUP group_ = nullptr;
};

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    PPORT port;
    NTSTATUS status = PcNewPort(&port, CLSID_PortMidi);
    if (!NT_SUCCESS(status)) return status;
    auto* miniport = new (kObjectTag) Miniport();
    if (miniport) {
        status = port->Init(device, irp, miniport, nullptr, resources);
        miniport->Release();
    } else {
        status = STATUS_INSUFFICIENT_RESOURCES;
    }
    static WCHAR name[] = L"Recorder";
    if (NT_SUCCESS(status)) status = PcRegisterSubdevice(device, name, port);
    port->Release();
    return status;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    return PcAddAdapterDevice(driver, pdo, start_device, 1, 0);
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    return PcInitializeAdapterDriver(driver, path, add_device);
}
