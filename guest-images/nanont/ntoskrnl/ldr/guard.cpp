// SPDX-License-Identifier: MIT
#include "guard.hpp"

#include "irql_gate.hpp"
#include "ldr.hpp"

namespace {
constexpr ULONGLONG kNoneInSlot0 = 0x10; // 0 would be an answer for the null pointer, which belongs into slot 0
}

/// The last targets that were found right, by bits 4..9 of their address; arch/guard.S looks here first.
extern "C" {
ULONGLONG ki_guard_cache[64] = {kNoneInSlot0};
}

namespace nanont::ldr {

void forget_guard_answers() {
    __builtin_memset(ki_guard_cache, 0, sizeof(ki_guard_cache));
    ki_guard_cache[0] = kNoneInSlot0;
}

} // namespace nanont::ldr

using namespace nanont;
using namespace nanont::ldr;

/// In an image with a table: what the table lists. In another image: its code. Elsewhere only IRQL gates are functions.
extern "C" bool ki_guard_permits(ULONGLONG target) {
    const Module* module = find_by_address(target);
    if (module == nullptr) {
        return is_irql_gate(target);
    }
    const auto rva = static_cast<ULONG>(target - module->base);
    bool permitted = false;
    if (module->load_config.guard_table != 0) {
        permitted = guard_permits(module->load_config, module->memory(), rva);
    } else {
        for (size_t i = 0; i < module->image.section_count && !permitted; ++i) {
            const PeSection& section = module->image.sections[i];
            permitted = section.executable() && rva - section.rva < section.virtual_size;
        }
    }
    if (permitted) {
        ki_guard_cache[target >> 4 & 63] = target;
    }
    return permitted;
}
