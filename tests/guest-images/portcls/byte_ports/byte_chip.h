// SPDX-License-Identifier: MIT
// The MPU-401 in UART mode: handshake, transmit pump, receive interrupt. Knows nothing of ports and pins.
#pragma once

#include "kernel_glue.h"

class ByteChip {
  public:
    static constexpr ULONG kMillisecond = 10'000; // in PcGetTimeInterval's units

    // The object lives in zeroed non-paged memory inside its owner.
    void prepare(PUCHAR base, PINTERRUPTSYNC sync) {
        data_ = base;
        command_ = base + 1;
        sync_ = sync;
        KeInitializeSpinLock(&transmitLock_);
        KeInitializeSpinLock(&readerLock_);
        KeInitializeTimer(&retryTimer_);
        KeInitializeDpc(&retryDpc_, &ByteChip::onRetry, this);
    }

    // Reset and UART mode. PASSIVE, interrupt connected: the interrupt routine hands the acknowledgements over.
    NTSTATUS enterUart() {
        // Left in UART mode the chip answers the first reset with silence, but it does go back to intelligent mode.
        // An acknowledged reset needs no second one.
        NTSTATUS status = command(kReset);
        if (status == STATUS_IO_TIMEOUT) {
            status = command(kReset);
        }
        if (NT_SUCCESS(status)) {
            status = command(kUart);
        }
        if (!NT_SUCCESS(status)) {
            return STATUS_IO_DEVICE_ERROR;
        }
        // Between the acknowledgement and the first data byte the firmware clears its memory for some 34 ms. It loses
        // what arrives on MIDI IN meanwhile and no status bit tells, so there is nothing to poll for.
        for (const ULONGLONG since = PcGetTimeInterval(0); PcGetTimeInterval(since) < kSettleTime;) {
            sleep();
        }
        setOnline(true);
        return STATUS_SUCCESS;
    }

    // From here on no register is touched by the pump. PASSIVE.
    void goOffline() {
        setOnline(false);
        KeCancelTimer(&retryTimer_);
        KeFlushQueuedDpcs(); // the pump lives in this object, which may be about to go
    }

    // Leaves UART mode for the next owner. Nobody waits for an answer, but an unread byte would hold the line up.
    void silence() { sync_->CallSynchronizedRoutine(&ByteChip::sendResetAndDrain, this); }

    void setCapturing(bool on) { capturing_.store(on, std::memory_order_release); }

    ULONG read(UCHAR* to, ULONG size) {
        KIRQL irql;
        KeAcquireSpinLock(&readerLock_, &irql);
        // The fill is taken once: with bytes still arriving the loop has to end nevertheless.
        ULONG count = input_.fill();
        count = count < size ? count : size;
        for (ULONG i = 0; i < count; ++i) {
            to[i] = input_.front();
            input_.pop();
        }
        KeReleaseSpinLock(&readerLock_, irql);
        return count;
    }
    void discardInput() {
        KIRQL irql;
        KeAcquireSpinLock(&readerLock_, &irql);
        input_.discard();
        KeReleaseSpinLock(&readerLock_, irql);
    }

    // Queues what fits. A partial answer has to be a multiple of four, as the port counts in DWORDs.
    NTSTATUS write(const UCHAR* from, ULONG size, ULONG* taken) {
        *taken = 0;
        NTSTATUS status = STATUS_SUCCESS;
        KIRQL irql;
        KeAcquireSpinLock(&transmitLock_, &irql);
        ULONG waited = 0;
        if (online_) {
            pump(waited);
        }
        if (!online_) {
            status = STATUS_INVALID_DEVICE_STATE;
        } else if (stuck_) {
            status = STATUS_IO_DEVICE_ERROR;
        } else {
            const ULONG room = output_.room();
            const ULONG count = size <= room ? size : room & ~3UL;
            for (ULONG i = 0; i < count; ++i) {
                output_.push(from[i]);
            }
            *taken = count;
            pump(waited);
        }
        KeReleaseSpinLock(&transmitLock_, irql);
        return status;
    }

    // Bytes write() took belong to the client's finished requests; give them the time they need. PASSIVE.
    void waitUntilSent(ULONG milliseconds) {
        const ULONGLONG since = PcGetTimeInterval(0);
        while (output_.fill() != 0 && PcGetTimeInterval(since) < ULONGLONG(milliseconds) * kMillisecond) {
            sleep();
        }
    }

    void discardOutput() {
        KIRQL irql;
        KeAcquireSpinLock(&transmitLock_, &irql);
        output_.discard();
        KeReleaseSpinLock(&transmitLock_, irql);
    }

    // Interrupt routine's half. `*heard` says that the capture queue has grown.
    bool serviceInterrupt(bool* heard) {
        bool ours = false;
        // A bound, not "until empty": the interrupt object runs in repeat mode and calls again.
        for (int i = 0; i < kBytesPerInterrupt && (status() & kNothingToRead) == 0; ++i) {
            ours = true;
            const UCHAR byte = READ_PORT_UCHAR(data_);
            if (awaitingReply_) {
                reply_ = byte;
                awaitingReply_ = false;
            } else if (capturing_.load(std::memory_order_acquire)) {
                if (input_.push(byte)) {
                    *heard = true;
                } else {
                    lost_.fetch_add(1, std::memory_order_relaxed);
                }
            }
        }
        return ours;
    }

  private:
    static constexpr UCHAR kReset = 0xFF, kUart = 0x3F, kAcknowledge = 0xFE;
    static constexpr UCHAR kNothingToRead = 0x80, kNotReady = 0x40;
    static constexpr int kBytesPerInterrupt = 16;
    static constexpr ULONG kHandshakeLimit = 120 * kMillisecond; // the real firmware is silent for up to 60 ms
    static constexpr ULONG kSettleTime = 40 * kMillisecond;
    static constexpr ULONG kStuckLimit = 500 * kMillisecond;
    // Microseconds. The firmware fetches a byte in 75 to 155, the wire takes 320 for it: with less patience per
    // millisecond the wire would run dry between two timer ticks although the chip buffers 250 bytes. So one tick has
    // several turns, each of which keeps the lock for less than the 100 us that a lock is meant for.
    static constexpr ULONG kPollStep = 10, kPollBudget = 60, kTurns = 6;

    void forgetInput() {
        for (int i = 0; i < kBytesPerInterrupt && (status() & kNothingToRead) == 0; ++i) {
            READ_PORT_UCHAR(data_);
        }
    }

    void setOnline(bool on) {
        KIRQL irql;
        KeAcquireSpinLock(&transmitLock_, &irql); // a pump already running finishes first
        online_ = on;
        stuck_ = false;
        busySince_ = 0;
        output_.discard();
        KeReleaseSpinLock(&transmitLock_, irql);
    }

    UCHAR status() const { return READ_PORT_UCHAR(command_); }
    static LARGE_INTEGER tick() {
        LARGE_INTEGER fromNow;
        fromNow.QuadPart = -LONGLONG(kMillisecond);
        return fromNow;
    }
    static void sleep() {
        LARGE_INTEGER interval = tick();
        KeDelayExecutionThread(KernelMode, FALSE, &interval);
    }

    struct Step {
        ByteChip* chip;
        UCHAR command;
    };
    // Writes the command if the chip takes one now. What waits unread is not the answer to it, so it is dropped first.
    static NTSTATUS NTAPI issue(PINTERRUPTSYNC, PVOID context) {
        const Step* step = static_cast<Step*>(context);
        ByteChip* chip = step->chip;
        if ((chip->status() & kNotReady) != 0) {
            return STATUS_DEVICE_BUSY;
        }
        chip->forgetInput();
        chip->awaitingReply_ = true;
        WRITE_PORT_UCHAR(chip->command_, step->command);
        return STATUS_SUCCESS;
    }

    static NTSTATUS NTAPI peek(PINTERRUPTSYNC, PVOID context) {
        return static_cast<ByteChip*>(context)->awaitingReply_ ? STATUS_PENDING : STATUS_SUCCESS;
    }

    // The last look, once the limit has passed: an answer that lies there without an interrupt is an answer too.
    // Not earlier, as a byte taken away from the interrupt routine leaves it with an interrupt nobody claims.
    static NTSTATUS NTAPI lastLook(PINTERRUPTSYNC, PVOID context) {
        ByteChip* chip = static_cast<ByteChip*>(context);
        bool heard = false;
        chip->serviceInterrupt(&heard);
        return std::exchange(chip->awaitingReply_, false) ? STATUS_IO_TIMEOUT : STATUS_SUCCESS;
    }

    static NTSTATUS NTAPI sendResetAndDrain(PINTERRUPTSYNC, PVOID context) {
        ByteChip* chip = static_cast<ByteChip*>(context);
        if ((chip->status() & kNotReady) == 0) {
            WRITE_PORT_UCHAR(chip->command_, kReset);
        }
        chip->forgetInput();
        return STATUS_SUCCESS;
    }

    NTSTATUS command(UCHAR code) {
        Step step = {this, code};
        ULONGLONG since = PcGetTimeInterval(0);
        while (sync_->CallSynchronizedRoutine(&ByteChip::issue, &step) != STATUS_SUCCESS) {
            if (PcGetTimeInterval(since) > kHandshakeLimit) {
                return STATUS_DEVICE_NOT_READY;
            }
            sleep();
        }
        since = PcGetTimeInterval(0);
        while (sync_->CallSynchronizedRoutine(&ByteChip::peek, this) != STATUS_SUCCESS) {
            if (PcGetTimeInterval(since) > kHandshakeLimit) {
                if (!NT_SUCCESS(sync_->CallSynchronizedRoutine(&ByteChip::lastLook, this))) {
                    return STATUS_IO_TIMEOUT;
                }
                break;
            }
            sleep();
        }
        return reply_ == kAcknowledge ? STATUS_SUCCESS : STATUS_IO_TIMEOUT;
    }

    // transmitLock_ held. Sends until the queue is empty or the budget is used up, of which `waited` is gone; then
    // another turn carries on, or the timer.
    void pump(ULONG& waited) {
        while (output_.fill() != 0) {
            if ((status() & kNotReady) == 0) {
                WRITE_PORT_UCHAR(data_, output_.front());
                output_.pop();
                busySince_ = 0;
                stuck_ = false;
            } else if (waited < kPollBudget) {
                KeStallExecutionProcessor(kPollStep);
                waited += kPollStep;
            } else {
                break;
            }
        }
        if (output_.fill() == 0) {
            stuck_ = stuck_ && (status() & kNotReady) != 0;
            return;
        }
        if (busySince_ == 0) {
            busySince_ = PcGetTimeInterval(0);
        } else if (PcGetTimeInterval(busySince_) > kStuckLimit) {
            // A chip this long silent will not come back for these bytes; endless "try later" would hang the port.
            stuck_ = true;
            busySince_ = 0;
            output_.discard();
            return;
        }
        if (++turns_ % kTurns != 0) {
            KeInsertQueueDpc(&retryDpc_, nullptr, nullptr);
            return;
        }
        const LARGE_INTEGER due = tick();
        KeSetTimer(&retryTimer_, due, &retryDpc_);
    }

    static void NTAPI onRetry(PKDPC, PVOID context, PVOID, PVOID) {
        ByteChip* chip = static_cast<ByteChip*>(context);
        KeAcquireSpinLockAtDpcLevel(&chip->transmitLock_);
        ULONG waited = 0;
        if (chip->online_) {
            chip->pump(waited);
        }
        KeReleaseSpinLockFromDpcLevel(&chip->transmitLock_);
    }

    PUCHAR data_;
    PUCHAR command_;
    PINTERRUPTSYNC sync_; // the owner's reference
    // Transmit side, under transmitLock_. 128 bytes are 41 ms of wire: short enough to wait for when a pin stops.
    KSPIN_LOCK transmitLock_;
    bool online_;
    ByteQueue<128> output_;
    ULONGLONG busySince_;
    bool stuck_;
    ULONG turns_ = 0;
    KTIMER retryTimer_;
    KDPC retryDpc_;

    // Receive side. awaitingReply_ and reply_ belong to the interrupt lock.
    std::atomic<bool> capturing_;
    bool awaitingReply_;
    UCHAR reply_;
    KSPIN_LOCK readerLock_; // the queue has one reader at a time: Read in a DPC or a state change, not both
    ByteQueue<2048> input_;
    std::atomic<ULONG> lost_; // for whoever looks with a debugger
};
