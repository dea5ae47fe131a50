// SPDX-License-Identifier: MIT
// IAllocatorMXF: the bounded pool of DMUS_KERNEL_EVENT structures and long buffers of one DirectMusic stream, and the
// last destination of every chain of MXFs (Microsoft Learn: "Allocator", IAllocatorMXF). Everything at IRQL <=
// DISPATCH_LEVEL.
#pragma once

#include "com.hpp"
#include "dmus_event.hpp"

#include "module/locks.hpp"

namespace portcls {

class Allocator final : public ComObject<IAllocatorMXF> {
  public:
    /** NULL: no memory. PASSIVE_LEVEL. */
    static Allocator* create(ULONG stream);

    // IMXF
    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE) override { return STATUS_SUCCESS; }
    /** Takes back an event, those chained behind it, what a package holds, and their buffers. NULL: nothing to do. */
    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT event) override;
    STDMETHODIMP_(NTSTATUS) ConnectOutput(PMXF) override { return STATUS_INVALID_DEVICE_REQUEST; } // it is the last
    STDMETHODIMP_(NTSTATUS) DisconnectOutput(PMXF) override { return STATUS_INVALID_DEVICE_REQUEST; }
    // IAllocatorMXF
    /** A zeroed event. STATUS_INSUFFICIENT_RESOURCES: all are out. */
    STDMETHODIMP_(NTSTATUS) GetMessage(PDMUS_KERNEL_EVENT* out) override;
    STDMETHODIMP_(USHORT) GetBufferSize() override;
    STDMETHODIMP_(NTSTATUS) GetBuffer(PBYTE* out) override;
    STDMETHODIMP_(NTSTATUS) PutBuffer(PBYTE buffer) override;

    /** Does somebody have it? Reads nothing of what `event` and `buffer` point to. IRQL <= DISPATCH_LEVEL. */
    bool is_out(const DMUS_KERNEL_EVENT* event);
    bool is_buffer_out(const UCHAR* buffer);
    /** The stream is over: V20 when events were never given back (told once). */
    void tell_leaks();

  protected:
    bool query_more(REFIID iid, PVOID* out) override;

  private:
    explicit Allocator(ULONG stream) : stream_(stream) { KeInitializeSpinLock(&lock_); }
    ~Allocator() override;
    static constexpr ULONG kEvents = 256;
    static constexpr ULONG kBuffers = 64;
    static constexpr USHORT kBufferBytes = 1024;
    static constexpr ULONG kNone = ~0u;
    ULONG index_of(const DMUS_KERNEL_EVENT* event) const; // kNone: it is not out
    ULONG buffer_index_of(const UCHAR* buffer) const;
    void take_back(DMUS_KERNEL_EVENT& event);
    bool take_back_buffer(PBYTE buffer);
    void tell(const char* what, const void* pointer);

    const ULONG stream_;
    KSPIN_LOCK lock_;
    DMUS_KERNEL_EVENT* events_ = nullptr;
    UCHAR* buffers_ = nullptr;
    bool event_out_[kEvents] = {};
    bool buffer_out_[kBuffers] = {};
    ULONG next_event_ = 0, next_buffer_ = 0; // where the search for a free one begins
    ULONG events_out_ = 0;
    bool told_ = false, leaks_told_ = false;
};

} // namespace portcls
