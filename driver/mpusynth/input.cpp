// SPDX-License-Identifier: MIT
#include "input.hpp"

#include "events.hpp"
#include "nt_try.hpp"
#include "trace.hpp"

namespace mpusynth {

namespace {

/// What on_synchronized() is given and gives back.
struct SynchronizedDrain {
    Input* input;
    Drained result;
};

} // namespace

void Input::use(KernelIo io, PPORTMIDI port, PSERVICEGROUP group) {
    io_ = io;
    port_ = port;
    group_ = group;
}

NTSTATUS Input::connect(PRESOURCELIST resources) {
    ComPtr<IInterruptSync> sync;
    NT_TRY(PcNewInterruptSync(sync.put(), nullptr, resources, 0, InterruptSyncModeNormal));
    NT_TRY(sync->RegisterServiceRoutine(on_interrupt, this, FALSE));
    const PCM_PARTIAL_RESOURCE_DESCRIPTOR interrupt = resources->FindTranslatedInterrupt(0);
    latched_ = interrupt != nullptr && (interrupt->Flags & CM_RESOURCE_INTERRUPT_LATCHED) != 0;
    sync_.copy_from(sync.get()); // before the first interrupt can come
    const NTSTATUS status = sync_->Connect();
    if (!NT_SUCCESS(status)) {
        sync_.reset();
        return status;
    }
    connected_.store_release(true);
    // A byte that waited already keeps the line high; without an edge it would never interrupt.
    if (!take_synchronized().empty) dpc_.run_now();
    return STATUS_SUCCESS;
}

void Input::disconnect() {
    polling_.store_release(false);
    connected_.store_release(false);
    dpc_.cancel(); // it may be using sync_
    if (sync_) {
        sync_->Disconnect();
        dpc_.cancel(); // an interrupt in between may have queued it
        sync_.reset();
    }
}

uint32_t Input::take() {
    uint32_t count = 0;
    Drained some;
    do {
        some = sync_ ? take_synchronized() : take_from_card();
        count += some.bytes;
    } while (!some.empty && count < kDrainLimit);
    return count;
}

void Input::start_capture() {
    {
        SpinLockGuard guard{read_lock_};
        queue_.clear();
    }
    dropped_before_ = counters_.bytes_in_dropped.load_relaxed();
    capturing_.store_release(true);
    if (sync_) return;
    stale_.store_release(true); // what the card has collected until now: the DPC reads it, some 40 µs at a time
    polling_.store_release(true);
    dpc_.run_now();
}

void Input::stop_capture() {
    capturing_.store_release(false);
    if (polling_.exchange(false)) dpc_.cancel();
    if (const uint32_t dropped = counters_.bytes_in_dropped.load_relaxed() - dropped_before_; dropped != 0)
        write_event(Event::BytesDropped, Severity::Warning, TRUE, dropped);
}

ULONG Input::read(UCHAR* bytes, ULONG limit) {
    SpinLockGuard guard{read_lock_};
    return queue_.pop(bytes, limit);
}

/// True when the byte is something to tell the port about. DIRQL or DISPATCH_LEVEL.
bool Input::store(UCHAR byte) {
    if (ack_.takes(byte)) return false;
    if (!capturing_.load_acquire() || stale_.load_relaxed()) {
        counters_.bytes_in_ignored.add(1);
        return false;
    }
    if (!queue_.push(byte)) {
        counters_.bytes_in_dropped.add(1);
        return false;
    }
    counters_.bytes_in.add(1);
    return true;
}

/// Under the interrupt's lock. A card without power has nothing.
Drained Input::take_from_card() {
    if (asleep_.load_acquire()) return {0, true};
    bool news = false;
    const Drained drained = drain(io_, [&](UCHAR byte) { news |= store(byte); });
    if (news) port_->Notify(group_);
    return drained;
}

/// DIRQL, the interrupt's lock held.
NTSTATUS NTAPI Input::on_interrupt(PINTERRUPTSYNC, PVOID context) {
    Input& self = *static_cast<Input*>(context);
    const Drained drained = self.take_from_card();
    if (!drained.empty) self.dpc_.run_now();
    if (drained.bytes == 0) {
        self.counters_.interrupts_spurious.add(1);
        if (self.latched_) { // a level comes again by itself, and may be another device's
            self.doubtful_.store_release(true);
            self.dpc_.run_now();
        }
        return STATUS_UNSUCCESSFUL;
    }
    self.counters_.interrupts.add(1);
    return STATUS_SUCCESS;
}

/// DIRQL, the interrupt's lock held.
NTSTATUS NTAPI Input::on_synchronized(PINTERRUPTSYNC, PVOID context) {
    SynchronizedDrain& drain = *static_cast<SynchronizedDrain*>(context);
    drain.result = drain.input->take_from_card();
    return STATUS_SUCCESS;
}

/// Connected. <= DISPATCH_LEVEL.
Drained Input::take_synchronized() {
    SynchronizedDrain drain = {this, {}};
    sync_->CallSynchronizedRoutine(on_synchronized, &drain);
    return drain.result;
}

/// DISPATCH_LEVEL.
void NTAPI Input::on_dpc(PKDPC, PVOID context, PVOID, PVOID) {
    static_cast<Input*>(context)->run_dpc();
}

void Input::run_dpc() {
    if (polling_.load_acquire()) poll();
    if (!connected_.load_acquire()) return;
    const Drained rest = take_synchronized();
    if (doubtful_.exchange(false)) looks_left_ = kLooksAfterSpurious;
    if (rest.bytes != 0) looks_left_ = 0;
    if (!rest.empty) {
        dpc_.run_at_next_tick();
    } else if (looks_left_ != 0) {
        --looks_left_;
        dpc_.run_at_next_tick();
    }
}

void Input::poll() {
    bool news = false;
    const Drained drained = drain_by_polling(io_, poll_slices_ != 0, [&](UCHAR byte) { news |= store(byte); });
    if (news) port_->Notify(group_);
    if (drained.empty) stale_.store_release(false);
    if (!drained.empty && ++poll_slices_ < kPollSlicesPerTick) {
        dpc_.run_now(); // behind the other DPCs
        return;
    }
    poll_slices_ = 0;
    dpc_.run_at_next_tick();
}

} // namespace mpusynth
