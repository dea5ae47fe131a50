// SPDX-License-Identifier: MIT
// MIDI out: Write → a queue → a DPC that gives the card byte after byte (transmit_pump.hpp has the timing).
//
// The DPC is alive at most once: queued, running, or waiting for the next tick. Whoever finds it not alive and has a
// byte for it starts it; so nobody else ever writes DATA, and no lock is held while the card makes us wait.
#pragma once

#include "byte_ring.hpp"
#include "counters.hpp"
#include "input.hpp"
#include "kernel_io.hpp"
#include "spin_lock.hpp"
#include "timed_dpc.hpp"
#include "transmit_pump.hpp"

namespace mpusynth {

class Output {
  public:
    /// `input` is told when a look at STATUS shows that a byte waits.
    Output(Counters& counters, Input& input) : counters_(counters), input_(input), dpc_(on_dpc, this) {}
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    /// Before the first start(). PASSIVE_LEVEL.
    void use(KernelIo io) { io_ = io; }

    /// From now on write() takes bytes. PASSIVE_LEVEL.
    void start();

    /// Ends what start() began: takes no more, gives the card what is queued (at most 0.2 s), waits until the wire has
    /// sent it, drops and counts what a card that has stopped listening left over. Harmless when not started.
    /// PASSIVE_LEVEL.
    void finish();

    /// As finish(), for a card that is gone: touches no port once it returns, and drops the queue. PASSIVE_LEVEL.
    void abandon();

    /// IMiniportMidiStream::Write: takes all, or a multiple of four, or nothing (try again). STATUS_IO_DEVICE_ERROR
    /// when the queue is full and the card has taken nothing for half a second. `taken` is set when anything is taken.
    /// <= DISPATCH_LEVEL.
    _IRQL_requires_max_(DISPATCH_LEVEL) NTSTATUS write(const UCHAR* bytes, ULONG count, ULONG& taken);

  private:
    static constexpr uint32_t kQueueBytes = 256; // 82 ms of wire: what a client waits for at most when it pauses
    static constexpr uint64_t kStuck100ns = 5'000'000;
    static constexpr uint32_t kFinishLimitMs = 200;

    static void NTAPI on_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2);
    void run();
    void send(uint64_t now);
    bool is_stuck();
    void refuse();
    void stop_pump();
    void drop_queue();
    bool sent();

    Counters& counters_;
    Input& input_;
    KernelIo io_;
    ByteRing<kQueueBytes> queue_; // producer: write(), under lock_; consumer: the DPC
    TransmitPump pump_;           // the DPC's alone
    TimedDpc dpc_;

    Atomic<bool> pumping_; // the DPC may go on; written at PASSIVE_LEVEL

    SpinLock lock_; // guards what follows
    bool accepting_ = false;
    bool alive_ = false;          // the DPC is queued, runs or waits for a tick
    uint64_t progress_100ns_ = 0; // when write() last saw that the card takes bytes, or the queue was empty
    uint32_t sent_before_ = 0;    // bytes that it had taken then
};

} // namespace mpusynth
