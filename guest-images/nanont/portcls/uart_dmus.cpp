// SPDX-License-Identifier: MIT
// CLSID_MiniportDriverDMusUART and CLSID_MiniportDriverDMusUARTCapture: the UART miniports with IMiniportDMus.
#include "aggregation.hpp"
#include "dmus_event.hpp"
#include "uart_miniport.hpp"

namespace portcls {
namespace {

class UartRender;

class UartDMus final : public UartMiniport<IMiniportDMus, IPortDMus> {
  public:
    explicit UartDMus(UartFilter::Pins pins) : UartMiniport(pins, true) {}
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMXF* out, PUNKNOWN outer, POOL_TYPE, ULONG pin, DMUS_STREAM_TYPE type, PKSDATAFORMAT,
              PSERVICEGROUP* group, PAllocatorMXF allocator, PMASTERCLOCK clock, PULONGLONG ahead) override;
    void room() override;

    UartRender* volatile render = nullptr; // while it is open
};

/** Events wait here, in order, until their bytes are in the UART's ring. */
class UartRender final : public Aggregatable<IMXF> {
  public:
    UartRender(PUNKNOWN outer, UartDMus& miniport, PAllocatorMXF allocator)
        : Aggregatable(outer), miniport_(miniport), allocator_(allocator) {
        KeInitializeSpinLock(&lock_);
        miniport_.AddRef();
        allocator_->AddRef();
        miniport_.render = this;
    }

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override {
        stopped_ = state == KSSTATE_STOP;
        if (stopped_)
            discard();
        else
            miniport_.uart().let_out(state == KSSTATE_RUN);
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) ConnectOutput(PMXF) override {
        return STATUS_SUCCESS;
    } // what is used goes to the allocator
    STDMETHODIMP_(NTSTATUS) DisconnectOutput(PMXF) override { return STATUS_SUCCESS; }

    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT event) override {
        if (!event) return STATUS_SUCCESS;
        if (stopped_ || miniport_.uart().is_stuck()) {
            allocator_->PutMessage(event);
            return stopped_ ? STATUS_SUCCESS : STATUS_IO_DEVICE_ERROR;
        }
        {
            SpinLockGuard guard(lock_);
            append(event);
        }
        feed();
        return STATUS_SUCCESS;
    }

    /** Events into the ring as far as it has room. IRQL <= DISPATCH_LEVEL. */
    void feed() {
        SpinLockGuard guard(lock_);
        while (PDMUS_KERNEL_EVENT event = first_) {
            sent_ += miniport_.uart().send(data_of(*event) + sent_, event->cbEvent - sent_);
            if (sent_ < event->cbEvent) return;
            first_ = event->pNextEvt;
            event->pNextEvt = nullptr;
            sent_ = 0;
            allocator_->PutMessage(event);
        }
    }

  private:
    ~UartRender() override {
        miniport_.render = nullptr;
        discard();
        KeFlushQueuedDpcs(); // the UART's timer may have seen us
        miniport_.unclaim(false);
        allocator_->Release();
        miniport_.Release();
    }

    /** Under lock_. What a package holds takes its place; the package itself, empty now, goes back. */
    void append(PDMUS_KERNEL_EVENT event) {
        PDMUS_KERNEL_EVENT* end = &first_;
        while (*end)
            end = &(*end)->pNextEvt;
        while (event) {
            PDMUS_KERNEL_EVENT next = event->pNextEvt;
            event->pNextEvt = nullptr;
            if (is_package(*event)) {
                *end = event->uData.pPackageEvt;
                event->uData.pPackageEvt = nullptr;
                allocator_->PutMessage(event);
            } else {
                *end = event;
            }
            while (*end)
                end = &(*end)->pNextEvt;
            event = next;
        }
    }

    void discard() {
        PDMUS_KERNEL_EVENT all;
        {
            SpinLockGuard guard(lock_);
            all = first_;
            first_ = nullptr;
            sent_ = 0;
        }
        miniport_.uart().discard();
        allocator_->PutMessage(all);
    }

    UartDMus& miniport_;
    PAllocatorMXF allocator_;
    KSPIN_LOCK lock_;
    PDMUS_KERNEL_EVENT first_ = nullptr;
    ULONG sent_ = 0; // bytes of it
    volatile bool stopped_ = true;
};

/** Raw events, each with the time at which the port asked. */
class UartCapture final : public Aggregatable<IMXF> {
  public:
    UartCapture(PUNKNOWN outer, UartDMus& miniport, PAllocatorMXF allocator, PMASTERCLOCK clock)
        : Aggregatable(outer), miniport_(miniport), allocator_(allocator), clock_(clock) {
        miniport_.AddRef();
        allocator_->AddRef();
        clock_->AddRef();
    }

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override {
        miniport_.uart().listen(state == KSSTATE_RUN);
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) ConnectOutput(PMXF sink) override {
        if (!sink || sink_) return STATUS_INVALID_PARAMETER;
        sink->AddRef();
        sink_ = sink;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) DisconnectOutput(PMXF sink) override {
        if (!sink_ || sink != sink_) return STATUS_INVALID_PARAMETER;
        sink_ = nullptr;
        sink->Release();
        return STATUS_SUCCESS;
    }

    /** NULL: the port asks. An event is none of ours: it goes back. */
    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT event) override {
        if (event) return allocator_->PutMessage(event);
        UCHAR bytes[kMostBytes];
        while (sink_) {
            PDMUS_KERNEL_EVENT made;
            NTSTATUS status = allocator_->GetMessage(&made);
            if (!NT_SUCCESS(status)) return status; // the bytes wait in the ring
            const ULONG count = miniport_.uart().receive(bytes, sizeof bytes);
            if (count == 0) return allocator_->PutMessage(made);
            RtlCopyMemory(made->uData.abData, bytes, count);
            made->cbEvent = static_cast<USHORT>(count);
            made->usChannelGroup = 1;
            made->usFlags = kEventIncomplete;
            clock_->GetTime(&made->ullPresTime100ns);
            status = sink_->PutMessage(made);
            if (!NT_SUCCESS(status)) return status;
        }
        return STATUS_SUCCESS;
    }

  private:
    static constexpr ULONG kMostBytes = sizeof(PBYTE); // of one event: what it holds itself

    ~UartCapture() override {
        miniport_.uart().listen(false);
        if (sink_) sink_->Release();
        miniport_.unclaim(true);
        clock_->Release();
        allocator_->Release();
        miniport_.Release();
    }

    UartDMus& miniport_;
    PAllocatorMXF allocator_;
    PMASTERCLOCK clock_;
    PMXF sink_ = nullptr;
};

void UartDMus::room() {
    if (UartRender* stream = render) stream->feed();
}

STDMETHODIMP_(NTSTATUS)
UartDMus::NewStream(PMXF* out, PUNKNOWN outer, POOL_TYPE, ULONG pin, DMUS_STREAM_TYPE type, PKSDATAFORMAT,
                    PSERVICEGROUP* group, PAllocatorMXF allocator, PMASTERCLOCK clock, PULONGLONG ahead) {
    *out = nullptr;
    *group = nullptr;
    *ahead = 0; // events come when they are due
    if (type != DMUS_STREAM_MIDI_RENDER && type != DMUS_STREAM_MIDI_CAPTURE) return STATUS_INVALID_DEVICE_REQUEST;
    const bool capture = type == DMUS_STREAM_MIDI_CAPTURE;
    NTSTATUS status = claim(pin, capture);
    if (!NT_SUCCESS(status)) return status;
    status = capture ? hand_out(new (kObjectTag) UartCapture(outer, *this, allocator, clock), out)
                     : hand_out(new (kObjectTag) UartRender(outer, *this, allocator), out);
    if (!NT_SUCCESS(status)) {
        unclaim(capture);
        return status;
    }
    if (capture) hand_out_group(group);
    return STATUS_SUCCESS;
}

} // namespace

PMINIPORT new_uart_dmus(UartFilter::Pins pins) {
    return new (kObjectTag) UartDMus(pins);
}

} // namespace portcls
