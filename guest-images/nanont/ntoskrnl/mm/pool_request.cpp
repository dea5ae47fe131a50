// SPDX-License-Identifier: MIT
#include "pool_request.hpp"

#include "ldr/profile.hpp"
#include "vf/rules.hpp"

namespace nanont::mm {
namespace {

constexpr ULONG kWindows8 = 9200; // build
constexpr ULONG kWindows10 = 10240;

/// nullptr: nothing is wrong.
const char* what_is_wrong(const PoolRequest& request) {
    const ULONG build = ldr::profile().build;
    if (request.bytes == 0) return "V53 an allocation of 0 bytes";
    if (request.tag == 0) return "V53 an allocation without a tag";
    if (request.is_executable() && build >= kWindows10)
        return "V53 an allocation of executable nonpaged pool; expected NonPagedPoolNx, or POOL_FLAG_NON_PAGED";
    if ((request.type & kNoExecuteType) != 0 && build < kWindows8)
        return "V53 an allocation of a pool type that this Windows does not know; NonPagedPoolNx came with Windows 8";
    return nullptr;
}

} // namespace

void judge_pool_request(const PoolRequest& request) {
    const char* wrong = what_is_wrong(request);
    vf::expect(53, wrong == nullptr, request.type, kNoExecuteType, wrong);
}

} // namespace nanont::mm
