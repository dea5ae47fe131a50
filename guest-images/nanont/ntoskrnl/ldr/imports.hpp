// SPDX-License-Identifier: MIT
// Where an import leads.
#ifndef NANONT_LDR_IMPORTS_HPP
#define NANONT_LDR_IMPORTS_HPP

#include <pe_image.hpp>

#include "nt.hpp"

namespace nanont::ldr {

struct Resolved {
    ULONGLONG address;       // 0 = nowhere
    const char* export_name; // of a module that nanont brings; nullptr = of another
};

/// By name or ordinal, through forwarders; aliases of the kernel's file name mean the kernel.
/// What came after the profile's Windows leads nowhere.
Resolved find_import(const Import& import);

} // namespace nanont::ldr

#endif
