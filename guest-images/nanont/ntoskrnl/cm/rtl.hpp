// SPDX-License-Identifier: MIT
#ifndef NANONT_CM_RTL_HPP
#define NANONT_CM_RTL_HPP

#include "cm.hpp"

namespace nanont::cm {

/// The key that RelativeTo and Path of an Rtl registry function name, as a handle that finish_relative() gives back.
/// `create`: its last part is made when it is missing.
NTSTATUS open_relative(ULONG relative_to, PCWSTR path, ACCESS_MASK access, bool create, HANDLE& handle);
/// RTL_REGISTRY_HANDLE leaves a handle to its owner; any other is closed.
void finish_relative(ULONG relative_to, HANDLE handle);

} // namespace nanont::cm

#endif
