// SPDX-License-Identifier: MIT
// The render streams: events are queued, and go to the card, or are printed; then they go back to the allocator.
#include "stream.hpp"

namespace {

constexpr ULONG kBytesATick = 4; // what the wire takes, and a little more
constexpr ULONG kPolls = 6;      // of 10 us: no lock is kept for 100 us
constexpr ULONG kTurns = 12;     // of a tick; the card takes up to 155 us for a byte
constexpr LONGLONG kHoard100ns = 300'000;

const UCHAR* bytes_of(const DMUS_KERNEL_EVENT& event) {
    return event.cbEvent <= sizeof(PBYTE) ? event.uData.abData : event.uData.pbData;
}

class RenderStream final : public Stream {
  public:
    explicit RenderStream(const StreamParts& parts) : Stream(parts) {}
    ~RenderStream() override {
        quiet();
        give_back();
    }

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override {
        state_ = state;
        if (state == KSSTATE_STOP) give_back();
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) ConnectOutput(PMXF) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) DisconnectOutput(PMXF) override { return STATUS_SUCCESS; }

    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT event) override {
        if (!event) return STATUS_SUCCESS;
        if (parts_.pin != kPlayPin && parts_.pin != kHoardPin) DbgPrint("dmus: put at %lld\n", now());
        switch (parts_.pin) {
        case kKeepPin:
            return STATUS_SUCCESS;
        case kRefusePin:
            parts_.allocator->PutMessage(event);
            return STATUS_IO_DEVICE_ERROR;
        case kTwicePin:
            parts_.allocator->PutMessage(event);
            DbgPrint("dmus: given back again: 0x%08x\n", parts_.allocator->PutMessage(event));
            return STATUS_SUCCESS;
        case kPlayPin:
        case kHoardPin:
            queue(event);
            return STATUS_SUCCESS;
        default:
            print(event, "");
            return parts_.allocator->PutMessage(event);
        }
    }

  private:
    void print(const DMUS_KERNEL_EVENT* event, const char* where) const {
        for (; event; event = event->pNextEvt) {
            DbgPrint("dmus: %sevent struct %u bytes %u group %u flags %u time %lld position %llu next %u\n", where,
                     event->cbStruct, event->cbEvent, event->usChannelGroup, event->usFlags, event->ullPresTime100ns,
                     event->ullBytePosition, event->pNextEvt != nullptr);
            if (event->usFlags & DMUS_KEF_PACKAGE_EVENT)
                print(event->uData.pPackageEvt, "inside ");
            else
                for (ULONG i = 0; i < event->cbEvent; ++i)
                    DbgPrint("dmus: byte %02x\n", bytes_of(*event)[i]);
        }
    }

    void queue(PDMUS_KERNEL_EVENT event) {
        KIRQL irql;
        KeAcquireSpinLock(&lock_, &irql);
        PDMUS_KERNEL_EVENT* end = &first_;
        while (*end)
            end = &(*end)->pNextEvt;
        *end = event;
        KeReleaseSpinLock(&lock_, irql);
        arm();
        if (parts_.pin == kPlayPin) tick();
    }

    void arm() {
        LARGE_INTEGER due;
        due.QuadPart = parts_.pin == kHoardPin ? -kHoard100ns : -10'000;
        KeSetTimer(&timer_, due, &dpc_);
    }

    void tick() override {
        if (parts_.pin == kHoardPin) return give_back();
        KIRQL irql;
        KeAcquireSpinLock(&lock_, &irql);
        if (turns_ == 0) left_ = kBytesATick;
        polls_ = kPolls;
        while (first_ && send(*first_)) {
            PDMUS_KERNEL_EVENT done = first_;
            first_ = done->pNextEvt;
            done->pNextEvt = nullptr;
            sent_ = 0;
            parts_.allocator->PutMessage(done);
        }
        const bool more = first_ != nullptr;
        const bool again = more && left_ != 0 && ++turns_ < kTurns;
        if (!again) turns_ = 0;
        KeReleaseSpinLock(&lock_, irql);
        if (again) {
            KeInsertQueueDpc(&dpc_, nullptr, nullptr); // behind the others
        } else if (more) {
            arm();
        }
    }

    /** True: all of it is on its way. A package's bytes follow each other. */
    bool send(const DMUS_KERNEL_EVENT& event) {
        if (!(event.usFlags & DMUS_KEF_PACKAGE_EVENT)) return send_bytes(event, 0) == event.cbEvent;
        ULONG before = 0;
        for (const DMUS_KERNEL_EVENT* inside = event.uData.pPackageEvt; inside; inside = inside->pNextEvt) {
            before += inside->cbEvent;
            if (sent_ < before && send_bytes(*inside, before - inside->cbEvent) != before) return false;
        }
        return true;
    }
    /** `before`: bytes of the package ahead of it. Returns how many are sent now. */
    ULONG send_bytes(const DMUS_KERNEL_EVENT& event, ULONG before) {
        while (sent_ - before < event.cbEvent && left_ && parts_.card.send(bytes_of(event)[sent_ - before], polls_))
            ++sent_, --left_;
        return sent_;
    }

    void give_back() {
        KIRQL irql;
        KeAcquireSpinLock(&lock_, &irql);
        PDMUS_KERNEL_EVENT all = first_;
        first_ = nullptr;
        sent_ = 0;
        KeReleaseSpinLock(&lock_, irql);
        if (all) parts_.allocator->PutMessage(all);
    }

    PDMUS_KERNEL_EVENT first_ = nullptr;
    ULONG sent_ = 0;  // bytes of first_
    ULONG left_ = 0;  // bytes of this tick
    ULONG polls_ = 0; // that this turn may take
    ULONG turns_ = 0; // that this tick has had
};

} // namespace

Stream* new_render_stream(const StreamParts& parts) {
    return new (kObjectTag) RenderStream(parts);
}
