// SPDX-License-Identifier: MIT
// How long the card's firmware and wire take. The numbers are those of reference §2.2 and §4 (mpu401.md); where the
// reference gives a range, the one chosen is named here.
#pragma once

#include "mpu401/registers.h"
#include "time.hpp"

namespace mpulab {

enum class TimingKind : uint8_t { Authentic = 0, Fast = 1 };

struct Timing {
    Nanoseconds fetch_ns;           // host byte written -> taken by idle firmware (DRR = 0 again)
    Nanoseconds uart_fetch_ns;      // the same for a MIDI byte in UART mode
    Nanoseconds ack_ns;             // command taken -> ACK readable
    Nanoseconds enter_uart_ack_ns;  // 3Fh taken -> ACK readable
    Nanoseconds reset_busy_ns;      // FFh taken in intelligent mode -> next host byte taken
    Nanoseconds uart_reset_busy_ns; // FFh taken in UART mode -> next host byte taken
    Nanoseconds enter_uart_busy_ns; // 3Fh taken -> first MIDI byte taken; MIDI IN is deaf meanwhile
    Nanoseconds rx_latch_ns;        // byte on MIDI IN -> readable, when nothing is before it
    Nanoseconds refill_gap_ns;      // byte read -> next one readable: the low phase of the interrupt line
    Nanoseconds reply_ns;           // ACK read -> the reply behind it readable
    Nanoseconds stop_ns;            // FFh taken -> Stop on MIDI OUT
    Nanoseconds tx_byte_ns;         // start bit to end of stop bit on MIDI OUT
};

// Times of the table that count from the write of an idle card's command are kept from the moment it is taken.
inline constexpr Nanoseconds kAuthenticFetchNs = 52'000; // 16-100 us, typically 52

inline constexpr Timing kAuthentic = {
    .fetch_ns = kAuthenticFetchNs,
    .uart_fetch_ns = 100'000, // 75-155 us
    .ack_ns = 25'000,         // 77 us after the write
    .enter_uart_ack_ns = 30'000,
    .reset_busy_ns = 27'200'000 - kAuthenticFetchNs,
    .uart_reset_busy_ns = 60'500'000 - kAuthenticFetchNs,
    .enter_uart_busy_ns = 34'000'000 - kAuthenticFetchNs,
    .rx_latch_ns = 20'000,
    .refill_gap_ns = 20'000, // 12-35 us inside a message
    .reply_ns = 80'000,      // 76-90 us
    .stop_ns = 27'000'000 - kAuthenticFetchNs,
    .tx_byte_ns = mpu401::kWireByteNs,
};

// Reference §9: what stays is the ACK after more than 1 us, the low phase between bytes and the overwriting latch.
inline constexpr Timing kFast = {
    .fetch_ns = 1'000,
    .uart_fetch_ns = 1'000,
    .ack_ns = 1'000,
    .enter_uart_ack_ns = 1'000,
    .reset_busy_ns = 1'000,
    .uart_reset_busy_ns = 1'000,
    .enter_uart_busy_ns = 1'000,
    .rx_latch_ns = 1'000,
    .refill_gap_ns = 1'000,
    .reply_ns = 1'000,
    .stop_ns = 27'000'000 - kAuthenticFetchNs, // only with midi-clock-out=on
    .tx_byte_ns = 0,
};

} // namespace mpulab
