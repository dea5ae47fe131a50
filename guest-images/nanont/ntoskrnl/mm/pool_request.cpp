// SPDX-License-Identifier: MIT
#include "pool_request.hpp"

#include <nanont_windows.hpp>

#include "ldr/profile.hpp"
#include "vf/rules.hpp"

namespace nanont::mm {
namespace {

/// The request's flags, without which of the kinds of pool it names.
constexpr ULONG other_flags(ULONG type) {
    return type & ~(kPagedType | kNoExecuteType);
}

} // namespace

void judge_pool_request(const PoolRequest& request) {
    const ULONG build = ldr::profile().build;
    vf::judged(53);
    if (request.bytes == 0) {
        vf::finding(53, 0, 1, "V53 an allocation of 0 bytes");
    } else if (request.tag == 0) {
        vf::finding(53, 0, 1, "V53 an allocation without a tag");
    } else if (request.is_executable() && build >= kWindows10) {
        vf::finding(53, request.type, other_flags(request.type) | kNoExecuteType,
                    "V53 an allocation of executable nonpaged pool; expected NonPagedPoolNx, or POOL_FLAG_NON_PAGED");
    } else if ((request.type & kNoExecuteType) != 0 && build < kWindows8) {
        vf::finding(
            53, request.type, other_flags(request.type),
            "V53 an allocation of a pool type that this Windows does not know; NonPagedPoolNx came with Windows "
            "8");
    }
}

} // namespace nanont::mm
