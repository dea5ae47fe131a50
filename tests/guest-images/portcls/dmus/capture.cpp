// SPDX-License-Identifier: MIT
// The capture streams: from the card as raw events, messages of their own in every shape, and what must not be done.
#include "stream.hpp"

namespace {

constexpr LONGLONG kPeriod100ns = 500'000;
constexpr USHORT kLong = 300;

class CaptureStream final : public Stream {
  public:
    explicit CaptureStream(const StreamParts& parts) : Stream(parts) {}
    ~CaptureStream() override {
        quiet();
        if (sink_) DbgPrint("dmus: pin %u released while connected\n", parts_.pin);
    }

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override {
        state_ = state;
        LARGE_INTEGER due;
        due.QuadPart = -kPeriod100ns;
        if (state == KSSTATE_RUN && parts_.pin != kRawPin) KeSetTimer(&timer_, due, &dpc_);
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) ConnectOutput(PMXF sink) override {
        if (parts_.pin == kUnconnectedPin) return STATUS_DEVICE_NOT_READY;
        if (sink_ || !sink) return STATUS_INVALID_PARAMETER;
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

    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT event) override {
        if (event) return parts_.allocator->PutMessage(event);
        if (parts_.pin == kRawPin) return raw();
        if (!due_) return STATUS_SUCCESS;
        due_ = false;
        parts_.pin == kCookedPin ? cooked() : wrong();
        return STATUS_SUCCESS;
    }

  private:
    void tick() override {
        due_ = true;
        parts_.group->RequestService();
    }

    PDMUS_KERNEL_EVENT event(LONGLONG time, USHORT flags = 0) {
        PDMUS_KERNEL_EVENT made;
        if (!NT_SUCCESS(parts_.allocator->GetMessage(&made))) return nullptr;
        made->ullPresTime100ns = time;
        made->usChannelGroup = 1;
        made->usFlags = flags;
        return made;
    }
    PDMUS_KERNEL_EVENT note(LONGLONG time, UCHAR key) {
        PDMUS_KERNEL_EVENT made = event(time);
        if (!made) return nullptr;
        made->uData.abData[0] = 0x90;
        made->uData.abData[1] = key;
        made->uData.abData[2] = 0x40;
        made->cbEvent = 3;
        return made;
    }

    /** What the card has, up to eight bytes an event, or a bufferful. Outside RUN and PAUSE it is thrown away. */
    NTSTATUS raw() {
        UCHAR byte;
        const bool wanted = state_ == KSSTATE_RUN || state_ == KSSTATE_PAUSE;
        while (parts_.card.take(byte)) {
            if (!wanted) continue;
            PDMUS_KERNEL_EVENT made = event(now(), DMUS_KEF_EVENT_INCOMPLETE);
            if (!made) return STATUS_INSUFFICIENT_RESOURCES;
            USHORT count = 0;
            UCHAR bytes[64];
            do
                bytes[count++] = byte;
            while (count < sizeof bytes && count < parts_.allocator->GetBufferSize() && parts_.card.take(byte));
            fill(made, bytes, count);
            sink_->PutMessage(made);
        }
        return STATUS_SUCCESS;
    }
    void fill(PDMUS_KERNEL_EVENT made, const UCHAR* bytes, USHORT count) {
        PBYTE to = made->uData.abData;
        if (count > sizeof(PBYTE)) {
            if (!NT_SUCCESS(parts_.allocator->GetBuffer(&to))) return;
            made->uData.pbData = to;
        }
        RtlCopyMemory(to, bytes, count);
        made->cbEvent = count;
    }

    /** One event, two in a chain, two in a package, a long one. */
    void cooked() {
        const LONGLONG time = now();
        sink_->PutMessage(note(time - 40'000, 1));
        PDMUS_KERNEL_EVENT chain = note(time - 30'000, 2);
        chain->pNextEvt = note(time - 20'000, 3);
        sink_->PutMessage(chain);
        PDMUS_KERNEL_EVENT package = event(time, DMUS_KEF_PACKAGE_EVENT);
        package->cbEvent = sizeof(PVOID);
        package->uData.pPackageEvt = note(time - 10'000, 4);
        package->uData.pPackageEvt->pNextEvt = note(time - 10'000, 5);
        sink_->PutMessage(package);
        UCHAR sysex[kLong];
        const USHORT size = parts_.allocator->GetBufferSize();
        const USHORT count = size < kLong ? size : kLong;
        RtlFillMemory(sysex, count, 0x55);
        sysex[0] = 0xF0;
        sysex[count - 1] = 0xF7;
        PDMUS_KERNEL_EVENT last = event(time);
        fill(last, sysex, count);
        sink_->PutMessage(last);
    }

    void told(const char* what, NTSTATUS status) { DbgPrint("dmus: %s: 0x%08x\n", what, status); }

    void wrong() {
        PAllocatorMXF pool = parts_.allocator;
        told("sink PutMessage(NULL)", sink_->PutMessage(nullptr));
        told("allocator PutMessage(NULL)", pool->PutMessage(nullptr));
        told("GetMessage(NULL)", pool->GetMessage(nullptr));
        told("GetBuffer(NULL)", pool->GetBuffer(nullptr));
        told("PutBuffer(NULL)", pool->PutBuffer(nullptr));
        PBYTE buffer;
        told("GetBuffer", pool->GetBuffer(&buffer));
        told("PutBuffer inside a buffer", pool->PutBuffer(buffer + 1));
        told("PutBuffer", pool->PutBuffer(buffer));
        told("PutBuffer again", pool->PutBuffer(buffer));
        told("sink ConnectOutput", sink_->ConnectOutput(this));
        told("sink DisconnectOutput", sink_->DisconnectOutput(this));
        told("allocator ConnectOutput", pool->ConnectOutput(this));
        told("allocator DisconnectOutput", pool->DisconnectOutput(this));
        told("GetTime(NULL)", parts_.clock->GetTime(nullptr));

        DMUS_KERNEL_EVENT foreign = {};
        foreign.cbEvent = 3;
        told("an event of one's own", sink_->PutMessage(&foreign));
        PDMUS_KERNEL_EVENT made = event(now());
        UCHAR large[16] = {0xF0};
        made->cbEvent = 16;
        made->uData.pbData = large;
        told("long data in no buffer", sink_->PutMessage(made));
        made = event(now());
        pool->GetBuffer(&made->uData.pbData);
        made->cbEvent = 0xFFFF;
        told("65535 bytes", sink_->PutMessage(made));
        told("nothing in it", sink_->PutMessage(event(now())));
        made = event(now());
        made->pNextEvt = made;
        told("a chain in a circle", sink_->PutMessage(made));
        told("a good one", sink_->PutMessage(note(now(), 9)));
        ULONG events = 0, buffers = 0;
        PDMUS_KERNEL_EVENT all = nullptr, next;
        while (events < 4096 && NT_SUCCESS(pool->GetMessage(&next))) {
            next->pNextEvt = all;
            all = next;
            ++events;
        }
        PBYTE held[256];
        while (buffers < 256 && NT_SUCCESS(pool->GetBuffer(&held[buffers])))
            ++buffers;
        for (ULONG i = 0; i < buffers; ++i)
            pool->PutBuffer(held[i]);
        DbgPrint("dmus: %u events and %u buffers at most\n", events, buffers);
        told("all of them back", pool->PutMessage(all));
    }

    PMXF sink_ = nullptr;
    volatile bool due_ = false;
};

} // namespace

Stream* new_capture_stream(const StreamParts& parts) {
    return new (kObjectTag) CaptureStream(parts);
}
