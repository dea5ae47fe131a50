/* SPDX-License-Identifier: MIT */
/*
 * The MPU-401's registers, bits, commands and replies: the one table that the card, the driver, the guest programs and
 * the tests take their names from (reference §1, §2, mpu401.md). constexpr only and freestanding: needs <stdint.h>
 * alone, allocates nothing, links nothing.
 */
#ifndef MPU401_REGISTERS_H
#define MPU401_REGISTERS_H

#include <stdint.h>

namespace mpu401 {

/* Two consecutive byte-wide ports (reference §1). */
inline constexpr uint32_t kDataPort = 0;    // read: byte from the card; write: MIDI byte or parameter
inline constexpr uint32_t kStatusPort = 1;  // read
inline constexpr uint32_t kCommandPort = 1; // write
inline constexpr uint32_t kPortCount = 2;

/* STATUS. Both flags are active low (reference §1.1). */
inline constexpr uint8_t kStatusDsr = 1u << 7;     // Data Set Ready: 0 = a byte waits for the host at DATA
inline constexpr uint8_t kStatusDrr = 1u << 6;     // Data Receive Ready: 0 = the host may write DATA or COMMAND
inline constexpr uint8_t kStatusUnusedMask = 0x3f; // no source measured them; the card here returns ones
inline constexpr uint8_t kFloatingBus = 0xff;      // what both ports read where no card answers (reference §1.5)

/* COMMAND (reference §2.1, §5.3). */
inline constexpr uint8_t kCommandReset = 0xff; // no ACK when it arrives in UART mode
inline constexpr uint8_t kCommandEnterUart = 0x3f;

/* First bytes of what the card sends (reference §5.1). */
inline constexpr uint8_t kAck = 0xfe;

/* Times a driver has to live with, in nanoseconds (reference §2.2, §4). */
inline constexpr int64_t kWireByteNs = 320'000;            // 31,250 baud, ten bits
inline constexpr int64_t kWindowsPollLimitNs = 50'000'000; // how long Windows' own miniport polls (reference §2.5)

enum class Access : uint8_t { Read, Write, ReadWrite };

struct Register {
    const char* name;
    uint32_t offset;
    Access access;
    const char* text;
};

inline constexpr Register kRegisters[] = {
    {"DATA", kDataPort, Access::ReadWrite, "byte from the card (reading empties the latch) / byte to the card"},
    {"STATUS", kStatusPort, Access::Read, "DSR, DRR; reading changes nothing"},
    {"COMMAND", kCommandPort, Access::Write, "command; the flag `command` is latched with the byte"},
};

struct Command {
    uint8_t code;
    const char* name;
};

inline constexpr Command kCommands[] = {
    {kCommandEnterUart, "ENTER_UART"},
    {kCommandReset, "RESET"},
};

/* What the two flags of a STATUS value mean. */
constexpr bool byte_waits_for_host(uint8_t status) {
    return (status & kStatusDsr) == 0;
}
constexpr bool host_may_write(uint8_t status) {
    return (status & kStatusDrr) == 0;
}

} // namespace mpu401

#endif /* MPU401_REGISTERS_H */
