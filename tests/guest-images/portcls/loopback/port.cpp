// SPDX-License-Identifier: MIT
// One port: a ring of bytes between a render stream and a capture stream. Bytes that nobody captures are dropped.
#include "counted.hpp"
#include "loopback.hpp"

namespace loopback {
namespace {

constexpr ULONG kRingBytes = 1024; // a power of two
constexpr ULONG kNothing = 0;

/// Render and capture meet here; it lives as long as any of the two and the miniport.
class Ring final : public Counted<IUnknown> {
  public:
    static Ring* create() {
        auto* ring = new (kObjectTag) Ring();
        if (ring && NT_SUCCESS(PcNewServiceGroup(&ring->group_, nullptr))) return ring;
        if (ring) ring->Release();
        return nullptr;
    }
    ~Ring() override {
        if (group_) group_->Release();
    }
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override { return gives_unknown(iid, out); }

    PSERVICEGROUP group() const { return group_; }

    /// How many of them were taken: all, or a multiple of four. IRQL <= DISPATCH_LEVEL.
    ULONG push(const UCHAR* bytes, ULONG count) {
        KIRQL old;
        KeAcquireSpinLock(&lock_, &old);
        const ULONG room = kRingBytes - (head_ - tail_);
        ULONG taken = count <= room ? count : room & ~3ul;
        for (ULONG i = 0; listening_ && i < taken; ++i)
            bytes_[(head_ + i) % kRingBytes] = bytes[i];
        if (listening_)
            head_ += taken;
        else
            taken = count;
        const bool news = listening_ && taken != kNothing;
        KeReleaseSpinLock(&lock_, old);
        if (news) group_->RequestService();
        return taken;
    }
    ULONG pop(UCHAR* bytes, ULONG room) {
        KIRQL old;
        KeAcquireSpinLock(&lock_, &old);
        ULONG given = 0;
        while (given < room && tail_ != head_)
            bytes[given++] = bytes_[tail_++ % kRingBytes];
        KeReleaseSpinLock(&lock_, old);
        return given;
    }
    void listen(bool on) {
        KIRQL old;
        KeAcquireSpinLock(&lock_, &old);
        listening_ = on;
        if (!on) tail_ = head_;
        KeReleaseSpinLock(&lock_, old);
    }

  private:
    Ring() { KeInitializeSpinLock(&lock_); }

    KSPIN_LOCK lock_;
    PSERVICEGROUP group_ = nullptr;
    ULONG head_ = 0, tail_ = 0;
    bool listening_ = false;
    UCHAR bytes_[kRingBytes] = {};
};

class Stream final : public Counted<IMiniportMidiStream> {
  public:
    Stream(Ring& ring, bool captures) : ring_(ring), captures_(captures) { ring_.AddRef(); }
    ~Stream() override {
        if (captures_) ring_.listen(false);
        ring_.Release();
    }
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return gives<IMiniportMidiStream>(iid, IID_IMiniportMidiStream, out) ? STATUS_SUCCESS : gives_unknown(iid, out);
    }
    STDMETHODIMP_(NTSTATUS) SetFormat(PKSDATAFORMAT) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override {
        if (captures_) ring_.listen(state == KSSTATE_RUN);
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) Read(PVOID buffer, ULONG length, PULONG read) override {
#ifdef LOOPBACK_FOURS // loopback-fours.sys: thinks in whole messages, and has nothing for a buffer that holds none
        length &= ~3ul;
#endif
        *read = captures_ ? ring_.pop(static_cast<PUCHAR>(buffer), length) : 0;
        return captures_ ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
    }
    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG length, PULONG written) override {
        *written = captures_ ? 0 : ring_.push(static_cast<PUCHAR>(buffer), length);
        return captures_ ? STATUS_INVALID_DEVICE_REQUEST : STATUS_SUCCESS;
    }

  private:
    Ring& ring_;
    bool captures_;
};

class Miniport final : public Counted<IMiniportMidi> {
  public:
    Miniport(ULONG number, Ring& ring) : number_(number), ring_(ring) {}
    ~Miniport() override {
        ring_.Release();
        DbgPrint("loopback: port %u gone\n", number_);
    }
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return gives<IMiniportMidi>(iid, IID_IMiniportMidi, out) ? STATUS_SUCCESS : gives_unknown(iid, out);
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
        *group = ring_.group();
        ring_.group()->AddRef();
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(void) Service() override {}
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTMIDISTREAM* stream, PUNKNOWN, POOL_TYPE, ULONG, BOOLEAN capture, PKSDATAFORMAT,
              PSERVICEGROUP* group) override {
        *group = nullptr;
        *stream = new (kObjectTag) Stream(ring_, capture != FALSE);
        if (!*stream) return STATUS_INSUFFICIENT_RESOURCES;
        if (capture) {
            *group = ring_.group();
            ring_.group()->AddRef();
        }
        return STATUS_SUCCESS;
    }

  private:
    ULONG number_;
    Ring& ring_; // one reference
};

} // namespace

PUNKNOWN new_loopback_miniport(ULONG number) {
    Ring* ring = Ring::create();
    if (!ring) return nullptr;
    auto* miniport = new (kObjectTag) Miniport(number, *ring);
    if (!miniport) ring->Release();
    return miniport ? static_cast<IMiniportMidi*>(miniport) : nullptr;
}

} // namespace loopback
