// SPDX-License-Identifier: MIT
// PsLoadedModuleList: the images in memory, as debuggers and a few drivers walk them.
#ifndef NANONT_DBG_LOADED_MODULES_HPP
#define NANONT_DBG_LOADED_MODULES_HPP

#include "ldr/ldr.hpp"
#include "nt.hpp"

namespace nanont::dbg {

/// At the list's end. The first is the kernel's, as a debugger expects. PASSIVE_LEVEL, or boot.
void add_to_loaded_modules(const ldr::Module& module);
void remove_from_loaded_modules(const ldr::Module& module);

} // namespace nanont::dbg

#endif
