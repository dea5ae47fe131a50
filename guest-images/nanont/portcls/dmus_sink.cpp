// SPDX-License-Identifier: MIT
#include "dmus_sink.hpp"

#include "module/locks.hpp"

namespace portcls {

CaptureSink::CaptureSink(StreamHost& host, Allocator& allocator, MasterClock& clock, ULONG number)
    : host_(&host), allocator_(&allocator), clock_(&clock), number_(number) {
    KeInitializeSpinLock(&lock_);
    allocator_->AddRef();
    clock_->AddRef();
}

STDMETHODIMP_(NTSTATUS) CaptureSink::PutMessage(PDMUS_KERNEL_EVENT event) {
    if (!event) return STATUS_SUCCESS;
    StreamHost* host;
    {
        SpinLockGuard guard(lock_);
        host = host_;
        if (host) ++delivering_;
        take_all(event);
    }
    const NTSTATUS status = allocator_->PutMessage(event);
    if (!host) return status;
    host->deliver(); // completes IRPs: not under a lock
    SpinLockGuard guard(lock_);
    --delivering_;
    return status;
}

void CaptureSink::take_all(PDMUS_KERNEL_EVENT event) {
    if (!host_) return;
    ULONG left = kMaxChain;
    for (PDMUS_KERNEL_EVENT at = event; at && left; at = at->pNextEvt, --left) {
        if (!allocator_->is_out(at)) return; // the allocator tells
        if (!is_package(*at)) {
            take(*at);
            continue;
        }
        for (PDMUS_KERNEL_EVENT inside = at->uData.pPackageEvt; inside && left; inside = inside->pNextEvt, --left) {
            if (!allocator_->is_out(inside)) return;
            if (!is_package(*inside)) take(*inside);
        }
    }
}

void CaptureSink::take(const DMUS_KERNEL_EVENT& event) {
    const ULONG count = event.cbEvent;
    const bool fits = count <= kInlineBytes || count <= allocator_->GetBufferSize();
    if (!trace::expect(23, fits, count, allocator_->GetBufferSize(),
                       "V23 a captured event claims more bytes than GetBufferSize"))
        return;
    if (count > kInlineBytes && !allocator_->is_buffer_out(event.uData.pbData)) return; // the allocator tells
    if (count == 0 || !host_->running()) return;
    const UCHAR* bytes = data_of(event);
    const int64_t time = clock_->to_stream(event.ullPresTime100ns);
    trace::record(MPULAB_KIND_STREAM_RANGE, MPULAB_CORR(MPULAB_CORR_STREAM, number_), offset_, count, 1);
    offset_ += count;
    if (event.usFlags & kEventIncomplete) {
        split(time, event.usChannelGroup, bytes, count);
        return;
    }
    give();
    splitter_.reset();
    host_->captured(time, event.usChannelGroup, bytes, count);
}

void CaptureSink::split(int64_t time, USHORT group, const UCHAR* bytes, ULONG count) {
    while (count) {
        const MidiPiece piece = splitter_.next(bytes, count);
        if (piece.begins) give();
        hold(time, group, bytes, piece.bytes);
        if (piece.complete) give();
        bytes += piece.bytes;
        count -= piece.bytes;
    }
}

void CaptureSink::hold(int64_t time, USHORT group, const UCHAR* bytes, ULONG count) {
    for (ULONG i = 0; i < count; ++i) {
        if (held_ == 0) {
            held_since_ = time;
            held_group_ = group;
        }
        message_[held_++] = bytes[i];
        if (held_ == kMaxMessage) give();
    }
}

void CaptureSink::give() {
    if (held_ && host_) host_->captured(held_since_, held_group_, message_, held_);
    held_ = 0;
}

void CaptureSink::flush() {
    SpinLockGuard guard(lock_);
    if (held_)
        DbgPrint("portcls.sys: capture stream %u: %u bytes of a message that never ended are dropped with RUN\n",
                 number_, held_);
    held_ = 0;
    splitter_.reset();
}

void CaptureSink::detach() {
    for (ULONG waited = 0;; ++waited) {
        {
            SpinLockGuard guard(lock_);
            host_ = nullptr;
            if (delivering_ == 0) return;
        }
        if (waited == kPatienceMs) {
            DbgPrint("portcls.sys: capture stream %u: a PutMessage has not ended after %u ms\n", number_, waited);
            return;
        }
        sleep_ms(1);
    }
}

} // namespace portcls
