// SPDX-License-Identifier: MIT
#include "ldr.hpp"

#include "dbg/loaded_modules.hpp"
#include "dbg/report.hpp"
#include "guard.hpp"
#include "imports.hpp"
#include "irql_gate.hpp"
#include "ke/ke.hpp"
#include "mm/mm.hpp"
#include "mm/paged.hpp"
#include "profile.hpp"
#include "vf/memory.hpp"
#include "vf/rules.hpp"

namespace nanont::ldr {
namespace {

Module g_modules[kMaxModules];
// Of the driver under test, of which there is one at a time: the verifier asks at every lock and allocation.
ULONGLONG g_under_test_base;
ULONGLONG g_under_test_size;
Archive g_archive;

void copy_name(Module& module, const char* name) {
    size_t length = string_length(name);
    length = length < sizeof(module.name) ? length : sizeof(module.name) - 1;
    RtlCopyMemory(module.name, name, length);
    module.name[length] = '\0';
}

/// For whom imports are bound, and what could not be, as far as it fits into one line.
struct Binding {
    bool under_test;
    bool is_port; // portcls.sys or ks.sys
    char names[256] = "";
    size_t length = 0;
    bool all = true;
    bool ordinals_only = true;

    void add(const char* name, size_t size) {
        const size_t separator = length != 0 ? 2 : 0;
        if (length + separator + size + 1 > sizeof(names)) {
            all = false;
            return;
        }
        RtlCopyMemory(names + length, ", ", separator);
        RtlCopyMemory(names + length + separator, name, size);
        length += separator + size;
        names[length] = '\0';
    }
};

uint64_t resolve(void* context, const Import& import) {
    const Resolved found = find_import(import);
    auto& binding = *static_cast<Binding*>(context);
    if (binding.under_test) {
        vf::judged(80);
    }
    if (found.address != 0) {
        return found.export_name == nullptr ? found.address
               : binding.under_test ? irql_gate(found.export_name, vf::watched_export(found.export_name, found.address))
               : binding.is_port    ? port_gate(found.export_name, found.address)
                                    : found.address;
    }
    char text[2 * kMaxImportName + 16];
    const int length = import.name != nullptr ? _snprintf(text, sizeof(text), "%s!%s", import.module, import.name)
                                              : _snprintf(text, sizeof(text), "%s!#%u", import.module, import.ordinal);
    const size_t size = length > 0 ? static_cast<size_t>(length) : sizeof(text);
    dbg::emit(MPULAB_KIND_IMPORT_MISSING, 0, 0, 0, 0);
    dbg::emit_bytes(MPULAB_KIND_NAME, 0, text, size);
    binding.add(text, size);
    binding.ordinals_only = binding.ordinals_only && import.name == nullptr;
    return 0;
}

PageRights rights_of(const PeSection& section) {
    return section.executable() ? PageRights::Execute
           : section.writable() ? PageRights::ReadWrite
                                : PageRights::ReadOnly;
}

void protect(const Module& module) {
    if (module.image.mapped_whole()) {
        for (ULONG rva = 0; rva < module.size; rva += kPageSize) {
            mm::protect_image_page(module.base + rva, PageRights::Everything);
        }
        return;
    }
    for (ULONG rva = 0; rva < kPageSize * ((module.image.size_of_headers + kPageSize - 1) / kPageSize);
         rva += kPageSize) {
        mm::protect_image_page(module.base + rva, PageRights::ReadOnly);
    }
    for (size_t i = 0; i < module.image.section_count; ++i) {
        const PeSection& section = module.image.sections[i];
        for (ULONG rva = section.rva; rva < section.rva + section.virtual_size; rva += kPageSize) {
            mm::protect_image_page(module.base + rva, rights_of(section));
        }
        if (module.under_test) {
            vf::judged(65);
        }
        if (module.under_test && is_pageable(section)) {
            mm::make_pageable(module.base + section.rva, (section.virtual_size + kPageSize - 1) / kPageSize);
        }
    }
}

/// A program made for /GS expects the loader to replace the default of its security cookie (reference portcls-midi
/// §6.2). One made for /guard:cf finds the kernel's own check behind its two pointers.
void fill_load_config(const Module& module) {
    const PeLoadConfig& config = module.load_config;
    constexpr ULONGLONG kDefaultCookie = 0x00002b992ddfa232;
    auto* cookie = reinterpret_cast<ULONGLONG*>(module.base + config.cookie);
    if (config.cookie != 0 && *cookie == kDefaultCookie) {
        const auto time = static_cast<ULONGLONG>(KeQueryPerformanceCounter(nullptr).QuadPart);
        *cookie = (time * 0x9e3779b97f4a7c15 ^ kDefaultCookie ^ module.base) & 0xffffffffffff;
        *cookie += *cookie == kDefaultCookie;
    }
    if (config.guard_check != 0) {
        *reinterpret_cast<void (**)()>(module.base + config.guard_check) = ki_guard_check;
    }
    if (config.guard_dispatch != 0) {
        *reinterpret_cast<void (**)()>(module.base + config.guard_dispatch) = ki_guard_dispatch;
    }
}

NTSTATUS refuse(const char* name, const Defect& defect, ULONG& end_code) {
    end_code = MPULAB_END_BAD_IMAGE;
    dbg::say("%s: %s is 0x%I64x, expected %s", name, defect.field, static_cast<ULONGLONG>(defect.value),
             defect.expected);
    return STATUS_INVALID_IMAGE_FORMAT;
}

void report(const Module& module) {
    dbg::emit(MPULAB_KIND_MODULE, 0, module.base, module.size, module.entry);
    dbg::name(module.name);
    if (module.image.mapped_whole()) {
        dbg::emit(MPULAB_KIND_IMAGE_NOTE, 0, MPULAB_IMAGE_MAPPED_WHOLE, module.image.section_alignment, 0);
    }
    if (module.load_config.guarded()) {
        dbg::emit(MPULAB_KIND_IMAGE_NOTE, 0, MPULAB_IMAGE_GUARDED, module.load_config.guard_count, 0);
    }
}

} // namespace

void init(const BootBlock& block) {
    g_archive = Archive({static_cast<const uint8_t*>(mm::direct(block.archive)), block.archive_size});
    for (ULONG i = 0; i < block.module_count; ++i) {
        Module& module = g_modules[i];
        const BootModule& from = block.modules[i];
        Defect defect;
        copy_name(module, from.name);
        module.base = from.base;
        module.size = from.size;
        module.entry = from.base + from.entry_rva;
        module.in_use = true;
        module.load_config = {};
        // Their headers are mapped with them: the fields the loader needs later are read from there.
        parse_image({reinterpret_cast<const uint8_t*>(from.base), from.size}, module.image, defect);
        dbg::add_to_loaded_modules(module);
    }
}

const Archive& archive() {
    return g_archive;
}

NTSTATUS load(const char* name, ConstBytes file, bool under_test, Module*& result, ULONG& end_code) {
    Module* module = nullptr;
    for (Module& slot : g_modules) {
        if (!slot.in_use) {
            module = &slot;
            break;
        }
    }
    if (module == nullptr) {
        end_code = MPULAB_END_GUEST_UNFIT;
        dbg::say("%s: there are %u modules already, expected no more", name, static_cast<unsigned>(kMaxModules));
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Defect defect;
    *module = {};
    copy_name(*module, name);
    if (!parse_image(file, module->image, defect)) {
        return refuse(name, defect, end_code);
    }
    if (under_test && module->image.checksum != 0 && module->image.checksum != image_checksum(file, module->image)) {
        return refuse(name, {"CheckSum", module->image.checksum, "the sum of the file: it was changed after linking"},
                      end_code);
    }
    if (under_test && module->image.entry_rva == 0) {
        return refuse(name, {"AddressOfEntryPoint", 0, "DriverEntry: a driver without it can do nothing"}, end_code);
    }
    module->size = module->image.size_of_image;
    module->base = mm::allocate_image(module->size);
    if (module->base == 0) {
        end_code = MPULAB_END_GUEST_UNFIT;
        dbg::say("%s: no memory for an image of %lu bytes", name, module->size);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    module->entry = module->image.entry_rva != 0 ? module->base + module->image.entry_rva : 0;
    module->under_test = under_test;
    if (under_test) {
        g_under_test_base = module->base;
        g_under_test_size = module->size;
    }
    const MutableBytes memory{reinterpret_cast<uint8_t*>(module->base), module->size};
    lay_out_image(file, module->image, memory);
    size_t missing = 0;
    const bool is_port = equal_ignoring_case(name, "portcls.sys") || equal_ignoring_case(name, "ks.sys");
    Binding binding{.under_test = under_test, .is_port = is_port && !under_test};
    NTSTATUS status = STATUS_SUCCESS;
    if (!relocate_image(module->image, memory, module->base, defect) ||
        !bind_imports(module->image, memory, resolve, &binding, missing, defect) ||
        !read_load_config(module->image, memory, module->base, module->load_config, defect)) {
        status = refuse(name, defect, end_code);
    } else if (missing != 0) {
        end_code = MPULAB_END_MISSING_IMPORT;
        dbg::say("%s imports %u function%s that nanont lacks: %s%s; next: add to exports.inc of that module in "
                 "guest-images/nanont, or do not import",
                 name, static_cast<unsigned>(missing), missing == 1 ? "" : "s", binding.names,
                 binding.all ? "" : " and more (see the IMPORT_MISSING records)");
        status = binding.ordinals_only ? STATUS_DRIVER_ORDINAL_NOT_FOUND : STATUS_DRIVER_ENTRYPOINT_NOT_FOUND;
    }
    if (!NT_SUCCESS(status)) {
        g_under_test_size = under_test ? 0 : g_under_test_size;
        mm::free_image(module->base, module->size);
        return status;
    }
    fill_load_config(*module);
    protect(*module);
    module->in_use = true;
    dbg::add_to_loaded_modules(*module);
    report(*module);
    result = module;
    return STATUS_SUCCESS;
}

void unload(Module& module) {
    module.in_use = false;
    g_under_test_size = module.under_test ? 0 : g_under_test_size;
    dbg::remove_from_loaded_modules(module);
    forget_guard_answers();
    mm::free_image(module.base, module.size);
}

const Module* find_by_address(ULONGLONG address) {
    for (const Module& module : g_modules) {
        if (module.in_use && address - module.base < module.size) {
            return &module;
        }
    }
    return nullptr;
}

Module* find_by_name(const char* name) {
    for (Module& module : g_modules) {
        if (module.in_use && equal_ignoring_case(module.name, name)) {
            return &module;
        }
    }
    return nullptr;
}

void discard_initialization(Module& module) {
    if (module.image.mapped_whole() || module.discarded) {
        return; // one piece: nothing of it can go
    }
    ULONG bytes = 0;
    for (size_t i = 0; i < module.image.section_count; ++i) {
        const PeSection& section = module.image.sections[i];
        if (section.discardable()) {
            mm::discard_image_pages(module.base + section.rva, section.virtual_size);
            if (module.under_test) {
                vf::judged(64);
            }
            bytes += section.virtual_size;
        }
    }
    module.discarded = bytes != 0;
    if (bytes != 0 && module.under_test) {
        dbg::emit(MPULAB_KIND_IMAGE_NOTE, 0, MPULAB_IMAGE_INIT_DISCARDED, bytes, 0);
    }
}

const char* discarded_section_at(ULONGLONG address) {
    static char text[160];
    const Module* module = find_by_address(address);
    if (module == nullptr || !module->discarded) {
        return nullptr;
    }
    for (size_t i = 0; i < module->image.section_count; ++i) {
        const PeSection& section = module->image.sections[i];
        if (section.discardable() && address - module->base - section.rva < section.virtual_size) {
            _snprintf(text, sizeof(text) - 1,
                      "section %s of %s was discarded after DriverEntry, and is called or read afterwards",
                      section.name, module->name);
            return text;
        }
    }
    return nullptr;
}

/// As MmPageEntireDriver's page and "Making Drivers Pageable" say: by name, which the linker merges as PAGE*.
bool is_pageable(const PeSection& section) {
    return __builtin_memcmp(section.name, "PAGE", 4) == 0 && !section.discardable();
}

const PeSection* find_section(const Module& module, ULONGLONG address) {
    for (size_t i = 0; i < module.image.section_count; ++i) {
        const PeSection& section = module.image.sections[i];
        if (address - module.base - section.rva < section.virtual_size) {
            return &section;
        }
    }
    return nullptr;
}

const char* section_at(ULONGLONG address) {
    static char text[96];
    const Module* module = find_by_address(address);
    const PeSection* section = module != nullptr ? find_section(*module, address) : nullptr;
    if (section == nullptr) {
        return nullptr;
    }
    _snprintf(text, sizeof(text) - 1, "section %s of %s", section->name, module->name);
    return text;
}

bool in_driver_under_test(ULONGLONG address) {
    return address - g_under_test_base < g_under_test_size;
}

void watch_irql() {
    dbg::emit(MPULAB_KIND_WATCH_IRQL, 0, g_under_test_base, g_under_test_size, 0);
}

void stand_in_for_driver(bool yes) {
    g_under_test_base = yes ? g_modules[0].base : 0;
    g_under_test_size = yes ? g_modules[0].size : 0;
}

bool in_kernel(ULONGLONG address) {
    const Module* module = find_by_address(address);
    return module == &g_modules[0] || module == &g_modules[1];
}

ULONGLONG kernel_base() {
    return g_modules[0].base;
}

ULONGLONG system_routine(const char* name) {
    if (is_too_new(name)) {
        return 0;
    }
    for (size_t i = 0; i < 2; ++i) {
        const Module& module = g_modules[i];
        if (const uint32_t rva = find_export(module.image, module.memory(), name)) {
            return module.base + rva;
        }
    }
    return 0;
}

} // namespace nanont::ldr

using namespace nanont;

extern "C" PVOID NTAPI MmGetSystemRoutineAddress(PUNICODE_STRING SystemRoutineName) {
    char name[kMaxImportName + 1];
    const size_t length = SystemRoutineName->Length / sizeof(WCHAR);
    if (length >= sizeof(name)) {
        return nullptr;
    }
    for (size_t i = 0; i < length; ++i) {
        if (SystemRoutineName->Buffer[i] > 0x7e) {
            return nullptr;
        }
        name[i] = static_cast<char>(SystemRoutineName->Buffer[i]);
    }
    name[length] = '\0';
    const ULONGLONG routine = ldr::system_routine(name);
    const bool for_driver = ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(__builtin_return_address(0)));
    return reinterpret_cast<PVOID>(routine != 0 && for_driver ? ldr::irql_gate(name, routine) : routine);
}
