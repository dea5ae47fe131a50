// SPDX-License-Identifier: MIT
// At which IRQL an export may be called: the words of the exports.inc lists, for whoever includes them. KIRQL and its
// levels come from the includer's own kernel headers.
#ifndef NANONT_LDR_IRQL_RANGE_HPP
#define NANONT_LDR_IRQL_RANGE_HPP

namespace nanont::ldr {

struct IrqlRange {
    KIRQL lowest, highest;
};

inline constexpr IrqlRange kPassive{PASSIVE_LEVEL, PASSIVE_LEVEL}, kApc{PASSIVE_LEVEL, APC_LEVEL},
    kDispatch{PASSIVE_LEVEL, DISPATCH_LEVEL}, kAtDispatch{DISPATCH_LEVEL, DISPATCH_LEVEL},
    kFromDispatch{DISPATCH_LEVEL, HIGH_LEVEL}, kAny{PASSIVE_LEVEL, HIGH_LEVEL};

} // namespace nanont::ldr

#endif
