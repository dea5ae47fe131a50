// SPDX-License-Identifier: MIT
// MIDI in: interrupt (or, where none comes, a look at each clock tick) → a queue → Read.
//
// Interrupt mode is InterruptSyncModeNormal with a bounded loop of our own, not InterruptSyncModeRepeat: Repeat calls
// again for as long as we report success, so a card whose DSR is stuck would hold the CPU at DIRQL for ever. What the
// bound leaves behind a DPC fetches, for on an edge-triggered line no further interrupt may come for it.
#pragma once

#include "ack_watch.hpp"
#include "byte_ring.hpp"
#include "com_ptr.hpp"
#include "counters.hpp"
#include "kernel_io.hpp"
#include "receive_poll.hpp"
#include "spin_lock.hpp"
#include "timed_dpc.hpp"

namespace mpusynth {

class Input {
  public:
    explicit Input(Counters& counters) : counters_(counters), dpc_(on_dpc, this) {}
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    /// Before everything else. `port` and `group` are borrowed until disconnect() has returned. PASSIVE_LEVEL.
    void use(KernelIo io, PPORTMIDI port, PSERVICEGROUP group);

    /// Connects the list's first interrupt; from then on it may come. PASSIVE_LEVEL.
    NTSTATUS connect(PRESOURCELIST resources);

    /// On return neither interrupt nor DPC runs or will run. Harmless when nothing is connected. PASSIVE_LEVEL.
    void disconnect();

    /// The card is about to lose its power, or has it back. Without it no port is touched from the return on, whoever's
    /// interrupt comes on a line that others share, and whatever was still to be looked after. PASSIVE_LEVEL.
    void set_power(bool on) {
        asleep_.store_release(!on);
        KeFlushQueuedDpcs(); // one that had begun is over, and so is an interrupt on another CPU: DPCs come after it
    }

    /// Whether connect() has been and disconnect() not. PASSIVE_LEVEL.
    [[nodiscard]] bool by_interrupt() const { return static_cast<bool>(sync_); }

    // As the Receiver of hardware.hpp. PASSIVE_LEVEL.

    /// Reads what the card shows, kDrainLimit bytes or a few more at most, where an interrupt is connected under its
    /// lock. Returns how many.
    uint32_t take();
    void begin_ack_watch() { ack_.begin(); }
    void end_ack_watch() { ack_.end(); }
    /// The answer has come; without an interrupt it is looked for.
    [[nodiscard]] bool acknowledged() {
        if (!sync_) take();
        return ack_.arrived();
    }

    /// Bytes that arrive from now on are kept for read(); those before are not. PASSIVE_LEVEL.
    void start_capture();
    /// Bytes that arrive from now on are read from the card and dropped. PASSIVE_LEVEL.
    void stop_capture();

    /// Somebody saw that a byte waits. In time it is no news; where its interrupt was lost nobody else would tell: on
    /// an edge-triggered line the next one comes only after the byte is read. <= DISPATCH_LEVEL.
    void look() {
        if (connected_.load_acquire()) dpc_.run_now();
    }

    /// IMiniportMidiStream::Read. <= DISPATCH_LEVEL.
    _IRQL_requires_max_(DISPATCH_LEVEL) ULONG read(UCHAR* bytes, ULONG limit);

  private:
    static constexpr uint32_t kQueueBytes = 1024; // 0.3 s of wire
    static constexpr uint32_t kPollSlicesPerTick = 12;
    static constexpr uint32_t kLooksAfterSpurious = 8; // ticks

    static NTSTATUS NTAPI on_interrupt(PINTERRUPTSYNC sync, PVOID context);
    static NTSTATUS NTAPI on_synchronized(PINTERRUPTSYNC sync, PVOID context);
    static void NTAPI on_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2);
    void run_dpc();
    void poll();
    bool store(UCHAR byte);
    Drained take_from_card();
    Drained take_synchronized();

    Counters& counters_;
    KernelIo io_;
    PPORTMIDI port_ = nullptr;
    PSERVICEGROUP group_ = nullptr;
    ComPtr<IInterruptSync> sync_; // empty: polled
    TimedDpc dpc_;

    ByteRing<kQueueBytes> queue_; // producer: interrupt or poll; consumer: read(), under read_lock_
    SpinLock read_lock_;
    Atomic<bool> connected_; // the DPC may use sync_
    bool latched_ = false;   // the line tells by an edge; set before it is connected
    Atomic<bool> doubtful_;  // an edge came and nothing waited: the DPC is to look again
    Atomic<bool> asleep_;
    Atomic<bool> capturing_;
    Atomic<bool> polling_;
    Atomic<bool> stale_; // polled, and the card has not been empty since RUN
    AckWatch ack_;
    uint32_t poll_slices_ = 0;    // the DPC's alone
    uint32_t looks_left_ = 0;     // the DPC's alone
    uint32_t dropped_before_ = 0; // this RUN
};

} // namespace mpusynth
