// SPDX-License-Identifier: MIT
// What an allocation asks for, and what a driver may ask for (V53).
#ifndef NANONT_MM_POOL_REQUEST_HPP
#define NANONT_MM_POOL_REQUEST_HPP

#include "nt.hpp"

namespace nanont::mm {

/// POOL_TYPE, wdm.h: the paged ones are odd; NonPagedPoolNx came with Windows 8.
constexpr ULONG kPagedType = 1;
constexpr ULONG kNoExecuteType = 512;

struct PoolRequest {
    SIZE_T bytes;
    ULONG tag;
    ULONG type; // a POOL_TYPE, with its flags

    [[nodiscard]] bool is_paged() const { return (type & kPagedType) != 0; }
    [[nodiscard]] bool is_executable() const { return (type & (kPagedType | kNoExecuteType)) == 0; }
};

/// A FINDING of V53 for what the driver should not ask for. Executable pool is what Driver Verifier's code integrity
/// checks, which Windows has from 10 on, tell as bugcheck C4h, 2000h. Any IRQL at which it may allocate.
void judge_pool_request(const PoolRequest& request);

} // namespace nanont::mm

#endif
