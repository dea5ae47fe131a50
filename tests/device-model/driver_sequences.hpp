// SPDX-License-Identifier: MIT
// The access sequences of real drivers (reference §2.5, mpu401.md), each an attempt to get the card into use.
#pragma once

#include "test_card.hpp"

namespace sequences {

inline constexpr int64_t kPortAccessNs = 1000; // an ISA access

inline uint8_t timed_status(TestCard& card) {
    card.run_for(kPortAccessNs);
    return card.status();
}

// Polls STATUS with `pause` between, at most `limit` times, until the flag is 0.
inline bool wait_flag(TestCard& card, uint8_t flag, int limit, int64_t pause = 0) {
    for (int i = 0; i < limit; ++i) {
        if ((timed_status(card) & flag) == 0) return true;
        card.run_for(pause);
    }
    return false;
}

// Linux: 00h to DATA, at most 10 ms for DRR, the command whatever happened.
inline void linux_command(TestCard& card, uint8_t command) {
    card.send(0x00);
    wait_flag(card, mpu401::kStatusDrr, 1000, 10 * kMicrosecond);
    card.command(command);
}

// RESET and its FEh: 10,000 polls, then one read that looks at nothing. Then 3Fh, whose FEh nobody waits for.
inline bool linux_open(TestCard& card) {
    linux_command(card, mpu401::kCommandReset);
    bool found = false;
    for (int i = 0; i < 10'000 && !found; ++i)
        found = mpu401::byte_waits_for_host(timed_status(card)) && card.data() == mpu401::kAck;
    found = found || card.data() == mpu401::kAck;
    linux_command(card, mpu401::kCommandEnterUart);
    return found;
}

// Windows' UART miniport: DRR within 50 ms, then the command.
inline constexpr int kWindowsPolls = 2000; // of 25 us
inline bool windows_command(TestCard& card, uint8_t command) {
    if (!wait_flag(card, mpu401::kStatusDrr, kWindowsPolls, 24 * kMicrosecond)) return false;
    card.command(command);
    return true;
}

inline bool windows_wait_byte(TestCard& card, uint8_t& byte) {
    if (!wait_flag(card, mpu401::kStatusDsr, kWindowsPolls, 24 * kMicrosecond)) return false;
    byte = card.data();
    return true;
}

inline bool windows_start(TestCard& card) {
    uint8_t byte = 0;
    if (!windows_command(card, mpu401::kCommandReset)) return false;
    windows_wait_byte(card, byte); // no answer from UART mode: its value and its absence are ignored
    if (!windows_command(card, mpu401::kCommandReset)) return false;
    if (!windows_wait_byte(card, byte) || byte != mpu401::kAck) return false;
    return windows_command(card, mpu401::kCommandEnterUart);
}

// NetBSD: no FFh in STATUS, DRR within 100 ms, FEh within 20,000 polls, 3Fh without waiting.
inline bool netbsd_attach(TestCard& card) {
    if (card.status() == mpu401::kFloatingBus) return false;
    if (!wait_flag(card, mpu401::kStatusDrr, 10'000, 9 * kMicrosecond)) return false;
    card.command(mpu401::kCommandReset);
    bool found = false;
    for (int i = 0; i < 20'000 && !found; ++i)
        found = mpu401::byte_waits_for_host(timed_status(card)) && card.data() == mpu401::kAck;
    if (!found) return false;
    wait_flag(card, mpu401::kStatusDrr, 10'000, 9 * kMicrosecond);
    card.command(mpu401::kCommandEnterUart);
    return true;
}

// OSS: FFh once and no wait; then commands as below, which tell a card of intelligent mode by C5h and E0h + 120.
// Between them its interrupt handler takes what comes.
inline constexpr int kOssPolls = 200'000;
inline bool oss_command(TestCard& card, uint8_t command) {
    while (mpu401::byte_waits_for_host(timed_status(card)))
        card.data();
    if (!wait_flag(card, mpu401::kStatusDrr, kOssPolls)) return false;
    card.command(command);
    for (int i = 0; i < 100; ++i) {
        if (!wait_flag(card, mpu401::kStatusDsr, kOssPolls)) return false;
        if (card.data() == mpu401::kAck) return true; // other bytes go to its parser
    }
    return false;
}

inline bool oss_attach(TestCard& card) {
    if (card.status() == mpu401::kFloatingBus) return false;
    if (!wait_flag(card, mpu401::kStatusDrr, kOssPolls)) return false;
    card.command(mpu401::kCommandReset);
    card.run_for(kMillisecond);
    while (card.byte_waits()) {
        card.data();
        card.run_for(kMillisecond);
    }
    if (!oss_command(card, 0xac) || !wait_flag(card, mpu401::kStatusDsr, kOssPolls)) return false;
    const uint8_t version = card.data();
    if (version == 0 || version > 0x2f) return false;
    if (!oss_command(card, 0xc5) || !oss_command(card, 0xe0)) return false;
    if (!wait_flag(card, mpu401::kStatusDrr, kOssPolls)) return false;
    card.send(120);
    return oss_command(card, mpu401::kCommandEnterUart);
}

} // namespace sequences
