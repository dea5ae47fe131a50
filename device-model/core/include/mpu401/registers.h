/* SPDX-License-Identifier: MIT */
/*
 * The MPU-401's registers, bits, commands and replies: the names that the card, the driver, the guest programs and the
 * tests use. What the register map (device-model/regmaps/mpu401.rdl) says is made from it into register_map.h; here
 * stands what a map cannot say. constexpr only and freestanding: needs <stdint.h> alone, allocates nothing, links
 * nothing.
 */
#ifndef MPU401_REGISTERS_H
#define MPU401_REGISTERS_H

#include "mpu401/register_map.h"

namespace mpu401 {

inline constexpr uint8_t kAck = kReplyAck;    // first byte of the answer to a command (reference §5.1)
inline constexpr uint8_t kFloatingBus = 0xff; // what both ports read where no card answers (reference §1.5)

/* Times a driver has to live with, in nanoseconds (reference §2.2, §4). */
inline constexpr int64_t kWireByteNs = 320'000;            // 31,250 baud, ten bits
inline constexpr int64_t kWindowsPollLimitNs = 50'000'000; // how long Windows' own miniport polls (reference §2.5)

/* What the two flags of a STATUS value mean. */
constexpr bool byte_waits_for_host(uint8_t status) {
    return (status & kStatusDsr) == 0;
}
constexpr bool host_may_write(uint8_t status) {
    return (status & kStatusDrr) == 0;
}

} // namespace mpu401

#endif /* MPU401_REGISTERS_H */
