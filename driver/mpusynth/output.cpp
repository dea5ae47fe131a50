// SPDX-License-Identifier: MIT
#include "output.hpp"

#include "events.hpp"
#include "trace.hpp"

namespace mpusynth {

namespace {

/// The queue as the pump takes from it, counted.
template <class Queue> struct Counted {
    Queue& queue;
    uint32_t taken = 0;

    [[nodiscard]] bool empty() const { return queue.empty(); }
    bool pop(uint8_t& byte) {
        const bool got = queue.pop(byte);
        taken += got;
        return got;
    }
};

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
    pumping_ = true;
}

NTSTATUS Output::write(const UCHAR* bytes, ULONG count, ULONG& taken) {
    taken = 0;
    SpinLockGuard guard{lock_};
    if (!accepting_) return STATUS_SUCCESS; // being paused: the port will offer it again
    const uint64_t now = io_.now_100ns();
    if (queue_.empty()) progress_100ns_ = now;

    const ULONG room = queue_.room();
    ULONG wanted = count;
    if (wanted > room) wanted = room & ~3ul; // the port's data are DWORD-granular (reference §2.6)
    while (taken < wanted && queue_.push(bytes[taken]))
        ++taken;
    if (taken == 0 && count != 0 && now - progress_100ns_ > kStuck100ns) return STATUS_IO_DEVICE_ERROR;

    if (taken != 0 && !alive_) {
        alive_ = true;
        dpc_.run_now();
    }
    return STATUS_SUCCESS;
}

/// DISPATCH_LEVEL.
void NTAPI Output::on_dpc(PKDPC, PVOID context, PVOID, PVOID) {
    static_cast<Output*>(context)->run();
}

void Output::run() {
    {
        SpinLockGuard guard{lock_};
        if (!pumping_) {
            alive_ = false;
            return;
        }
    }
    Counted<ByteRing<kQueueBytes>> source{queue_};
    Watching watching{io_};
    const TransmitPump::Next next = pump_.run_slice(watching, source);
    if (watching.byte_waits) input_.look();
    counters_.bytes_out.add(source.taken);

    SpinLockGuard guard{lock_};
    if (pump_.last_write() > progress_100ns_) progress_100ns_ = pump_.last_write();
    wire_free_at_ = pump_.wire_free_at();
    alive_ = pumping_ && !queue_.empty();
    if (!alive_) return;
    if (next == TransmitPump::Next::Tick) {
        dpc_.run_at_next_tick();
    } else {
        dpc_.run_now(); // behind the other DPCs
    }
}

/// The card has been given everything and the wire has sent it.
bool Output::sent() {
    SpinLockGuard guard{lock_};
    return !alive_ && queue_.empty() && io_.now_100ns() >= wire_free_at_;
}

/// On return the DPC is not alive and will not be: only write() starts it, and only while accepting.
void Output::stop_pump() {
    {
        SpinLockGuard guard{lock_};
        accepting_ = false;
        pumping_ = false;
    }
    dpc_.cancel();
    SpinLockGuard guard{lock_};
    alive_ = false; // its timer may have been cancelled
}

void Output::finish() {
    {
        SpinLockGuard guard{lock_};
        if (!pumping_) return;
        accepting_ = false;
    }
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
    stop_pump();
    drop_queue();
}

} // namespace mpusynth
