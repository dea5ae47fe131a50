// SPDX-License-Identifier: MIT
// The MPU-401 as a driver sees it: reset handshake and UART mode. A template on its access to ports and time, so that
// the host tests run this very code against the card's model.
//
// An `Io` has:
//   uint8_t read(uint32_t offset)              one port access
//   void write(uint32_t offset, uint8_t value) one port access
//   void stall_us(uint32_t us)                 busy wait, <= 50, any IRQL
//   void sleep_ms(uint32_t ms)                 gives the CPU away; PASSIVE_LEVEL; may take a clock tick longer
//   uint64_t now_100ns()                       a clock that never goes back; any IRQL
// A `Receiver` has what the card sends, whether an interrupt brings it or a look at the ports:
//   uint32_t take()                            reads what the card shows, some kDrainLimit bytes at most; how many
//   void begin_ack_watch()                     from here on an FEh is the card's answer
//   bool acknowledged()                        it has come
#pragma once

#include <stdint.h>

#include "mpu401/registers.h"

namespace mpusynth {

inline constexpr uint32_t kPollStepUs = 10;
inline constexpr uint32_t kSpinLimitUs = 40;     // with the port accesses in it: under 50 µs of waiting in a row
inline constexpr uint32_t kReadyLimitMs = 100;   // a Roland is busy for 60 ms after a RESET in UART mode (ref. §2.2)
inline constexpr uint32_t kFirstAckLimitMs = 50; // an idle card answers within 0.1 ms; one in UART mode never does
inline constexpr uint32_t kSecondAckLimitMs = 100;
inline constexpr uint32_t kUartSettleMs = 40; // a Roland takes no byte and drops MIDI IN for 34 ms after ENTER_UART
inline constexpr uint32_t kDrainLimit = 64;   // bytes read in one go during the handshake
inline constexpr uint32_t kMostUnread = 2048; // more than a Roland's FIFO holds, 1745 (ref. §4)

/// How a conversation with the card went. `status` is the last STATUS read, for the message.
enum class Answer : uint8_t {
    Ok,
    Absent,   // STATUS is ffh for as long as we look: nothing decodes these ports
    NotReady, // DRR stays 1: the card does not take what we want to say
    NoAck,    // it took the command and did not answer FEh
};

struct Report {
    Answer answer;
    uint8_t status;
    uint32_t waited_ms;
    uint32_t resets; // RESET commands written
};

namespace detail {

/// 32-bit arithmetic, good for seven minutes: an i386 kernel module has no 64-bit division.
template <class Io> uint32_t elapsed_ms(Io& io, uint64_t since) {
    return static_cast<uint32_t>(io.now_100ns() - since) / 10'000;
}

/// A wait with a limit: closely for 40 µs, then once per millisecond or clock tick. PASSIVE_LEVEL.
/// Apart from wait_until(), which is compiled anew for each condition.
template <class Io> class Wait {
  public:
    Wait(Io& io, uint32_t limit_ms) : io_(io), limit_ms_(limit_ms) {}

    /// Returns when it is time to look again; false when the limit is reached.
    bool again() {
        if (spun_us_ < kSpinLimitUs) {
            io_.stall_us(kPollStepUs);
            spun_us_ += kPollStepUs;
            return true;
        }
        if (sleeps_ == 0) start_ = io_.now_100ns();
        if (sleeps_ == limit_ms_ || elapsed_ms(io_, start_) >= limit_ms_)
            return false; // even if the clock stands still
        ++sleeps_;
        io_.sleep_ms(1);
        return true;
    }

  private:
    Io& io_;
    const uint32_t limit_ms_;
    uint32_t spun_us_ = 0;
    uint32_t sleeps_ = 0;
    uint64_t start_ = 0;
};

/// Calls `done` until it returns true. False after `limit_ms`. PASSIVE_LEVEL.
template <class Io, class Done> bool wait_until(Io& io, uint32_t limit_ms, Done done) {
    Wait<Io> wait{io, limit_ms};
    while (!done())
        if (!wait.again()) return false;
    return true;
}

template <class Io> bool wait_until_writable(Io& io, uint32_t limit_ms, uint8_t& status) {
    return wait_until(io, limit_ms, [&] {
        status = io.read(mpu401::kStatusPort);
        return mpu401::host_may_write(status);
    });
}

} // namespace detail

/// Takes and forgets what the card holds, until it has shown nothing for 40 µs: a Roland needs up to 35 µs to show the
/// next one (reference §3.2). False when DSR is stuck: byte comes after byte without a gap, which no card can do. One
/// that has gaps and no end is left to RESET after kMostUnread looks, some 25 ms. PASSIVE_LEVEL.
template <class Io, class Receiver> bool discard_pending(Io& io, Receiver& receiver) {
    uint32_t gapless = 0;
    uint32_t waited_us = 0;
    for (uint32_t looks = 0; looks < kMostUnread && waited_us <= kSpinLimitUs; ++looks) {
        const uint32_t taken = receiver.take();
        gapless = taken < kDrainLimit ? 0 : gapless + taken;
        if (gapless >= kMostUnread) return false;
        waited_us = taken != 0 ? 0 : waited_us + kPollStepUs;
        io.stall_us(kPollStepUs);
    }
    return true;
}

/// Brings the card into intelligent mode from whatever state it was left in, its unread bytes discarded before.
/// PASSIVE_LEVEL; at most ~0.35 s.
///
/// The first RESET of a card in UART mode is obeyed but not answered; the second then is (reference §2.1). A byte that
/// looks like an ACK and is none (Active Sensing from MIDI IN) does no harm: RESET leads to intelligent mode from both.
template <class Io, class Receiver> Report reset_card(Io& io, Receiver& receiver) {
    Report report = {};
    const uint64_t start = io.now_100ns();
    constexpr uint32_t kAckLimitMs[] = {kFirstAckLimitMs, kSecondAckLimitMs};
    for (const uint32_t limit_ms : kAckLimitMs) {
        report.answer = detail::wait_until_writable(io, kReadyLimitMs, report.status) ? Answer::NoAck
                        : report.status == mpu401::kFloatingBus                       ? Answer::Absent
                                                                                      : Answer::NotReady;
        if (report.answer != Answer::NoAck) break;
        if (report.resets != 0 && receiver.acknowledged()) break; // late: it was busy with somebody's RESET
        receiver.begin_ack_watch();
        io.write(mpu401::kCommandPort, mpu401::kCommandReset);
        ++report.resets;
        if (detail::wait_until(io, limit_ms, [&] { return receiver.acknowledged(); })) break;
        receiver.take(); // where the interrupt is dead, the ACK is still in the card
    }
    if (report.resets != 0 && receiver.acknowledged()) report.answer = Answer::Ok;
    report.waited_ms = detail::elapsed_ms(io, start);
    // A card that was busy with somebody else's RESET answers both of ours: the second answer must not be taken for
    // ENTER_UART's.
    if (report.answer == Answer::Ok && report.resets > 1) {
        uint8_t status = 0;
        detail::wait_until_writable(io, kReadyLimitMs, status);
        io.sleep_ms(1);
        discard_pending(io, receiver);
    }
    return report;
}

/// Writes ENTER_UART as soon as the card takes it; does not wait for the ACK, which the interrupt brings (and a
/// card may send none). PASSIVE_LEVEL, at most 0.1 s.
template <class Io> Report write_enter_uart(Io& io) {
    Report report = {};
    const uint64_t start = io.now_100ns();
    if (detail::wait_until_writable(io, kReadyLimitMs, report.status)) {
        io.write(mpu401::kCommandPort, mpu401::kCommandEnterUart);
    } else {
        report.answer = report.status == mpu401::kFloatingBus ? Answer::Absent : Answer::NotReady;
    }
    report.waited_ms = detail::elapsed_ms(io, start);
    return report;
}

/// Waits for the ACK of ENTER_UART, then until the card is ready for MIDI. NoAck is a warning: not all cards send it.
/// PASSIVE_LEVEL, at most 0.15 s.
template <class Io, class Receiver> Report await_uart(Io& io, Receiver& receiver) {
    Report report = {};
    const uint64_t start = io.now_100ns();
    if (!detail::wait_until(io, kReadyLimitMs, [&] { return receiver.acknowledged(); })) report.answer = Answer::NoAck;
    report.waited_ms = detail::elapsed_ms(io, start);
    io.sleep_ms(kUartSettleMs);
    report.status = io.read(mpu401::kStatusPort);
    return report;
}

/// Sends the card back to intelligent mode, which silences its MIDI IN; the parting word of a driver. A card that is
/// not there or does not listen is left alone after 50 ms. No answer comes: in UART mode RESET has none. PASSIVE_LEVEL.
template <class Io> void leave_uart(Io& io) {
    uint8_t status = 0;
    constexpr uint32_t kLimitMs = 50;
    if (detail::wait_until_writable(io, kLimitMs, status)) io.write(mpu401::kCommandPort, mpu401::kCommandReset);
}

} // namespace mpusynth
