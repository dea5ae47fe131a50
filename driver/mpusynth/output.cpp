// SPDX-License-Identifier: MIT
#include "output.hpp"

#include "events.hpp"
#include "trace.hpp"

namespace mpusynth {

namespace {

/// The pump's ports: each STATUS it reads says something of the other direction too.
struct Watching {
    KernelIo io;
    bool byte_waits = false;

    uint8_t read(uint32_t offset) {
        const uint8_t value = io.read(offset);
        byte_waits |= offset == mpu401::kStatusPort && mpu401::byte_waits_for_host(value);
        return value;
    }
    void write(uint32_t offset, uint8_t value) const { io.write(offset, value); }
    void stall_us(uint32_t us) const { io.stall_us(us); }
    uint64_t now_100ns() const { return io.now_100ns(); }
};

} // namespace

void Output::start() {
    SpinLockGuard guard{lock_};
    accepting_ = true;
    pumping_.store_release(true);
}

NTSTATUS Output::write(const UCHAR* bytes, ULONG count, ULONG& taken) {
    SpinLockGuard guard{lock_};
    if (!accepting_) return STATUS_SUCCESS; // being paused: the port will offer it again
    const ULONG room = queue_.room();
    if (count > room) {
        count = room & ~3ul; // the port's data are DWORD-granular (reference §2.6)
        if (count == 0) return is_stuck() ? STATUS_IO_DEVICE_ERROR : STATUS_SUCCESS;
    }
    if (room == kQueueBytes) progress_100ns_ = io_.now_100ns();
    queue_.push(bytes, count);
    taken = count;
    if (count != 0 && !alive_) {
        alive_ = true;
        dpc_.run_now();
    }
    return STATUS_SUCCESS;
}

/// The queue is full, and has been for half a second in which the card took nothing. Under lock_.
bool Output::is_stuck() {
    const uint64_t now = io_.now_100ns();
    if (const uint32_t sent = counters_.bytes_out.load_relaxed(); sent != sent_before_) {
        sent_before_ = sent;
        progress_100ns_ = now;
    }
    return now - progress_100ns_ > kStuck100ns;
}

/// DISPATCH_LEVEL.
void NTAPI Output::on_dpc(PKDPC, PVOID context, PVOID, PVOID) {
    static_cast<Output*>(context)->run();
}

/// Two slices of three only wait for the card: they take the short way.
void Output::run() {
    if (!pumping_.load_acquire()) return; // stop_pump() sees to the rest
    const uint64_t now = io_.now_100ns();
    if (pump_.wait_out(io_, now)) {
        dpc_.run_now(); // behind the other DPCs
    } else {
        send(now);
    }
}

/// No lock between two slices of one tick: whether there is more to do is asked once, for all of its bytes.
void Output::send(uint64_t now) {
    Watching watching{io_};
    const TransmitPump::Next next = pump_.send(watching, queue_, now);
    counters_.bytes_out.store_release(pump_.written());
    if (watching.byte_waits) input_.look();
    if (next == TransmitPump::Next::Yield) {
        dpc_.run_now();
        return;
    }
    SpinLockGuard guard{lock_};
    alive_ = !queue_.empty();
    if (alive_) dpc_.run_at_next_tick();
}

/// The card has been given everything and the wire has sent it.
bool Output::sent() {
    SpinLockGuard guard{lock_};
    return !alive_ && queue_.empty() && io_.now_100ns() >= pump_.wire_free_at(); // not alive: the pump is at rest
}

/// write() takes nothing more.
void Output::refuse() {
    SpinLockGuard guard{lock_};
    accepting_ = false;
}

/// After refuse(). On return the DPC is not alive and will not be: only write() starts it, and only while accepting.
void Output::stop_pump() {
    pumping_.store_release(false);
    dpc_.cancel();
    SpinLockGuard guard{lock_};
    alive_ = false; // it may have been cancelled on its way to the next slice
}

void Output::finish() {
    refuse();
    detail::wait_until(io_, kFinishLimitMs, [&] { return sent(); });
    stop_pump();
    if (const uint32_t left = queue_.size(); left != 0) {
        MPUSYNTH_WARNING("%lu bytes dropped: the card took nothing more for %lu ms\n", static_cast<ULONG>(left),
                         static_cast<ULONG>(kFinishLimitMs));
    }
    drop_queue();
}

/// PASSIVE_LEVEL, the pump at rest.
void Output::drop_queue() {
    const uint32_t left = queue_.size();
    if (left == 0) return;
    counters_.bytes_out_dropped.add(left);
    write_event(Event::BytesDropped, Severity::Warning, FALSE, left);
    queue_.clear();
}

void Output::abandon() {
    refuse();
    stop_pump();
    drop_queue();
}

} // namespace mpusynth
