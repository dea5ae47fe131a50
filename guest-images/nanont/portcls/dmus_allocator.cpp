// SPDX-License-Identifier: MIT
#include "dmus_allocator.hpp"

namespace portcls {

Allocator* Allocator::create(ULONG stream) {
    auto* made = new (kObjectTag) Allocator(stream);
    if (!made) return nullptr;
    made->events_ =
        static_cast<DMUS_KERNEL_EVENT*>(allocate_zeroed(kEvents * sizeof(DMUS_KERNEL_EVENT), kObjectTag.value));
    made->buffers_ = static_cast<UCHAR*>(allocate_zeroed(SIZE_T{kBuffers} * kBufferBytes, kObjectTag.value));
    if (made->events_ && made->buffers_) return made;
    made->Release();
    return nullptr;
}

Allocator::~Allocator() {
    tell_leaks();
    if (events_) ExFreePoolWithTag(events_, kObjectTag.value);
    if (buffers_) ExFreePoolWithTag(buffers_, kObjectTag.value);
}

bool Allocator::query_more(REFIID iid, PVOID* out) {
    if (!IsEqualGUIDAligned(iid, iid_of<IMXF>())) return false;
    *out = static_cast<IMXF*>(this);
    return true;
}

/** Constant, says the documentation; how much it is it does not say. */
STDMETHODIMP_(USHORT) Allocator::GetBufferSize() {
    return trace::choose(NANONT_CHOICE_DMUS_BUFFER) == 1 ? 20 : kBufferBytes;
}

ULONG Allocator::index_of(const DMUS_KERNEL_EVENT* event) const {
    const auto offset = reinterpret_cast<ULONG_PTR>(event) - reinterpret_cast<ULONG_PTR>(events_);
    const auto index = offset / sizeof *event;
    return offset % sizeof *event == 0 && index < kEvents && event_out_[index] ? static_cast<ULONG>(index) : kNone;
}

ULONG Allocator::buffer_index_of(const UCHAR* buffer) const {
    const auto offset = reinterpret_cast<ULONG_PTR>(buffer) - reinterpret_cast<ULONG_PTR>(buffers_);
    const auto index = offset / kBufferBytes;
    return offset % kBufferBytes == 0 && index < kBuffers && buffer_out_[index] ? static_cast<ULONG>(index) : kNone;
}

bool Allocator::is_out(const DMUS_KERNEL_EVENT* event) {
    SpinLockGuard guard(lock_);
    return index_of(event) != kNone;
}

bool Allocator::is_buffer_out(const UCHAR* buffer) {
    SpinLockGuard guard(lock_);
    return buffer_index_of(buffer) != kNone;
}

void Allocator::tell_leaks() {
    ULONG out;
    {
        SpinLockGuard guard(lock_);
        out = leaks_told_ ? 0 : events_out_;
        if (out) leaks_told_ = true;
    }
    if (trace::expect(20, !out, out, 0, "V20 DMUS_KERNEL_EVENTs were never given back to their allocator")) return;
    DbgPrint("portcls.sys: stream %u: %u DMUS_KERNEL_EVENTs were never given back to the allocator\n", stream_, out);
}

STDMETHODIMP_(NTSTATUS) Allocator::GetMessage(PDMUS_KERNEL_EVENT* out) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    SpinLockGuard guard(lock_);
    if (events_out_ == kEvents) return STATUS_INSUFFICIENT_RESOURCES;
    while (event_out_[next_event_])
        next_event_ = (next_event_ + 1) % kEvents;
    DMUS_KERNEL_EVENT& event = events_[next_event_];
    RtlZeroMemory(&event, sizeof event);
    event.cbStruct = sizeof event;
    event_out_[next_event_] = true;
    ++events_out_;
    *out = &event;
    return STATUS_SUCCESS;
}

STDMETHODIMP_(NTSTATUS) Allocator::GetBuffer(PBYTE* out) {
    if (!out) return STATUS_INVALID_PARAMETER;
    *out = nullptr;
    SpinLockGuard guard(lock_);
    for (ULONG tried = 0; tried < kBuffers; ++tried, next_buffer_ = (next_buffer_ + 1) % kBuffers) {
        if (buffer_out_[next_buffer_]) continue;
        buffer_out_[next_buffer_] = true;
        *out = buffers_ + SIZE_T{next_buffer_} * kBufferBytes;
        return STATUS_SUCCESS;
    }
    return STATUS_INSUFFICIENT_RESOURCES;
}

STDMETHODIMP_(NTSTATUS) Allocator::PutBuffer(PBYTE buffer) {
    SpinLockGuard guard(lock_);
    if (take_back_buffer(buffer)) return STATUS_SUCCESS;
    tell("V19 PutBuffer of a buffer that is not out", buffer);
    return STATUS_INVALID_PARAMETER;
}

STDMETHODIMP_(NTSTATUS) Allocator::PutMessage(PDMUS_KERNEL_EVENT event) {
    SpinLockGuard guard(lock_);
    // Each event is taken back once, so the walk ends: a chain that comes back to itself meets one that is in already.
    while (event) {
        if (index_of(event) == kNone) { // before anything of it is read
            tell("V19 PutMessage of an event that is not out", event);
            return STATUS_INVALID_PARAMETER;
        }
        PDMUS_KERNEL_EVENT next = event->pNextEvt;
        PDMUS_KERNEL_EVENT inside = is_package(*event) ? event->uData.pPackageEvt : nullptr;
        take_back(*event);
        while (inside) { // packages do not nest
            if (index_of(inside) == kNone || is_package(*inside)) {
                tell("V19 PutMessage of a package with an event that is not out, or a package, in it", inside);
                return STATUS_INVALID_PARAMETER;
            }
            PDMUS_KERNEL_EVENT after = inside->pNextEvt;
            take_back(*inside);
            inside = after;
        }
        event = next;
    }
    return STATUS_SUCCESS;
}

/** `event` is out. */
void Allocator::take_back(DMUS_KERNEL_EVENT& event) {
    if (!is_package(event) && event.cbEvent > kInlineBytes && !take_back_buffer(event.uData.pbData))
        tell("V19 PutMessage of an event whose long data are in no buffer of GetBuffer", event.uData.pbData);
    event_out_[index_of(&event)] = false;
    --events_out_;
}

bool Allocator::take_back_buffer(PBYTE buffer) {
    const ULONG index = buffer_index_of(buffer);
    if (index == kNone) return false;
    buffer_out_[index] = false;
    return true;
}

/** V19 is the use of an object after it was given back; here it is an event or a buffer. */
void Allocator::tell(const char* what, const void* pointer) {
    if (told_) return;
    told_ = true;
    trace::finding(19, reinterpret_cast<ULONG_PTR>(pointer), 0, what);
}

} // namespace portcls
