/* SPDX-License-Identifier: MIT */
/* Made by device-model/regmaps/generate.py from mpu401.rdl; edit that and make this again. Needs <stdint.h>
 * alone, allocates nothing, links nothing. */
#ifndef MPU401_REGISTER_MAP_H
#define MPU401_REGISTER_MAP_H

#include <stdint.h>

// clang-format off
namespace mpu401 {

inline constexpr uint32_t kDataPort = 0;
inline constexpr uint32_t kStatusPort = 1;
inline constexpr uint32_t kCommandPort = 1;
inline constexpr uint32_t kPortCount = 2;

/* DATA: byte from the card (reading empties the latch) / byte to the card */
inline constexpr uint8_t kDataByteMask = 0xff; // read: the byte last latched (1.3); write: MIDI byte or parameter
inline constexpr uint8_t kDataResetValue = 0xfe;

/* STATUS: DSR, DRR; reading changes nothing */
inline constexpr uint8_t kStatusDsr = 0x80; // Data Set Ready: 0 = a byte waits for the host at DATA
inline constexpr uint8_t kStatusDrr = 0x40; // Data Receive Ready: 0 = the host may write DATA or COMMAND
inline constexpr uint8_t kStatusUnusedMask = 0x3f; // no source measured them (1.1); property status-unused
inline constexpr uint8_t kStatusResetValue = 0xbf;

/* COMMAND: command; the flag `command` is latched with the byte */
inline constexpr uint8_t kCommandCodeMask = 0xff; // what the firmware shall do (2, 5.3)

inline constexpr uint8_t kCommandEnterUart = 0x3f; // UART mode (2.1)
inline constexpr uint8_t kCommandReset = 0xff; // back to intelligent mode; no ACK when it arrives in UART mode (2.1)

inline constexpr uint8_t kReplyAck = 0xfe; // a command was taken (2.1, 5.1)

enum class Access : uint8_t { Read, Write, ReadWrite };

struct Field {
    const char* name;
    uint8_t low;
    uint8_t width;
    Access access;
    uint8_t reset;
    bool active_low;
    const char* text;
};

inline constexpr Field kDataFields[] = {
    {"BYTE", 0, 8, Access::ReadWrite, 0xfe, false, "read: the byte last latched (1.3); write: MIDI byte or parameter"},
};

inline constexpr Field kStatusFields[] = {
    {"DSR", 7, 1, Access::Read, 0x01, true, "Data Set Ready: 0 = a byte waits for the host at DATA"},
    {"DRR", 6, 1, Access::Read, 0x00, true, "Data Receive Ready: 0 = the host may write DATA or COMMAND"},
    {"UNUSED", 0, 6, Access::Read, 0x3f, false, "no source measured them (1.1); property status-unused"},
};

inline constexpr Field kCommandFields[] = {
    {"CODE", 0, 8, Access::Write, 0x00, false, "what the firmware shall do (2, 5.3)"},
};

struct Register {
    const char* name;
    uint32_t offset;
    Access access;
    uint8_t reset;
    bool takes_latched_byte;
    bool fills_host_latch;
    const Field* fields;
    uint32_t field_count;
    const char* text;
};

inline constexpr Register kRegisters[] = {
    {"DATA", 0, Access::ReadWrite, 0xfe, true, true, kDataFields, 1, "byte from the card (reading empties the latch) / byte to the card"},
    {"STATUS", 1, Access::Read, 0xbf, false, false, kStatusFields, 3, "DSR, DRR; reading changes nothing"},
    {"COMMAND", 1, Access::Write, 0x00, false, true, kCommandFields, 1, "command; the flag `command` is latched with the byte"},
};

} // namespace mpu401
// clang-format on

#endif /* MPU401_REGISTER_MAP_H */
