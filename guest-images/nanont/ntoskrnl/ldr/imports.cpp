// SPDX-License-Identifier: MIT
#include "imports.hpp"

#include "ldr.hpp"
#include "profile.hpp"

namespace nanont::ldr {
namespace {

constexpr int kMostForwards = 8;

/// Names that Windows' images import from and that mean the kernel or the HAL of this machine.
const char* real_name(const char* name) {
    static constexpr const char* kKernels[] = {"ntkrnlpa.exe", "ntkrnlmp.exe", "ntkrpamp.exe"};
    for (const char* alias : kKernels) {
        if (equal_ignoring_case(name, alias)) {
            return "ntoskrnl.exe";
        }
    }
    return name;
}

/// The modules that nanont brings: the ordinals of their exports are those of no Windows, so an import by ordinal would
/// be bound to whatever happens to stand there.
bool is_own(const char* name) {
    static constexpr const char* kOwn[] = {"ntoskrnl.exe", "hal.dll", "ks.sys", "portcls.sys"};
    for (const char* own : kOwn) {
        if (equal_ignoring_case(name, own)) {
            return true;
        }
    }
    return false;
}

/// "MODULE.Name" or "MODULE.#12", the module without its ending: the loaded module of that name, and what of it.
const Module* split_forwarder(const char* forwarder, Import& import) {
    size_t dot = 0;
    while (forwarder[dot] != '.' && forwarder[dot] != '\0') {
        ++dot;
    }
    if (forwarder[dot] == '\0') {
        return nullptr;
    }
    const char* what = forwarder + dot + 1;
    import = {nullptr, what, 0};
    if (*what == '#') {
        unsigned ordinal = 0;
        for (const char* digit = what + 1; *digit >= '0' && *digit <= '9' && ordinal <= 0xffff; ++digit) {
            ordinal = ordinal * 10 + static_cast<unsigned>(*digit - '0');
        }
        import.name = nullptr;
        import.ordinal = static_cast<uint16_t>(ordinal);
    }
    static constexpr const char* kEndings[] = {".exe", ".dll", ".sys"};
    for (const char* ending : kEndings) {
        char name[sizeof(Module::name)];
        if (dot + string_length(ending) < sizeof(name)) {
            RtlCopyMemory(name, forwarder, dot);
            RtlCopyMemory(name + dot, ending, string_length(ending) + 1);
            if (const Module* module = find_by_name(real_name(name))) {
                return module;
            }
        }
    }
    return nullptr;
}

} // namespace

Resolved find_import(const Import& first) {
    Import import = first;
    const Module* module = find_by_name(real_name(import.module));
    for (int i = 0; i < kMostForwards && module != nullptr; ++i) {
        if (import.name == nullptr && is_own(module->name)) {
            break;
        }
        if (import.name != nullptr && module->base == kernel_base() && is_too_new(import.name)) {
            break;
        }
        const ConstBytes memory = module->memory();
        const uint32_t rva = import.name != nullptr ? find_export(module->image, memory, import.name)
                                                    : find_export(module->image, memory, import.ordinal);
        if (rva != 0) {
            return {module->base + rva, is_own(module->name) ? import.name : nullptr};
        }
        const char* forwarder = import.name != nullptr ? find_forwarder(module->image, memory, import.name)
                                                       : find_forwarder(module->image, memory, import.ordinal);
        module = forwarder != nullptr ? split_forwarder(forwarder, import) : nullptr;
    }
    return {0, nullptr};
}

} // namespace nanont::ldr
