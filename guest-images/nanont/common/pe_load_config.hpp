// SPDX-License-Identifier: MIT
// The load configuration of a PE32+ image: its security cookie and its control-flow guard. It has grown with every
// Windows; its own Size field, and not the directory's (which old linkers fixed at 0x40), tells which fields are there
// ("IMAGE_LOAD_CONFIG_DIRECTORY64", learn.microsoft.com).
#ifndef NANONT_COMMON_PE_LOAD_CONFIG_HPP
#define NANONT_COMMON_PE_LOAD_CONFIG_HPP

#include "pe_image.hpp"

namespace nanont {

/// RVAs; 0 = the image has none.
struct PeLoadConfig {
    uint32_t cookie = 0;         // where __security_cookie lies
    uint32_t guard_check = 0;    // pointer through which an indirect call's target is checked
    uint32_t guard_dispatch = 0; // pointer through which a checked call is made
    uint32_t guard_table = 0;    // the functions that may be called so, ascending
    uint32_t guard_count = 0;
    uint32_t guard_stride = 4; // bytes an entry: an RVA, then bytes that a loader for this purpose need not look at
    bool guarded() const { return guard_check != 0 || guard_dispatch != 0; }
};

/// Reads it from a laid-out and relocated image at `base`. False: a field makes no sense.
inline bool read_load_config(const PeImage& image, ConstBytes memory, uint64_t base, PeLoadConfig& config,
                             Defect& defect) {
    constexpr size_t kCookie = 0x58, kCheck = 0x70, kDispatch = 0x78, kTable = 0x80, kCount = 0x88, kFlags = 0x90;
    constexpr uint32_t kInstrumented = 0x100; // IMAGE_GUARD_CF_INSTRUMENTED
    constexpr uint32_t kHasTable = 0x400;     // IMAGE_GUARD_CF_FUNCTION_TABLE_PRESENT
    config = {};
    const PeDirectoryEntry directory = image.directory(PeDirectory::LoadConfig);
    uint32_t size = 0;
    if (directory.size == 0 || !memory.read(directory.rva, size)) {
        return true;
    }
    const auto bad = [&defect](const char* field, uint64_t value, const char* expected) {
        defect = {field, value, expected};
        return false;
    };
    if (size > image.size_of_image - directory.rva) {
        return bad("load configuration Size", size, "an end within SizeOfImage");
    }
    const auto field = [&](size_t offset, uint64_t& value) {
        value = 0;
        if (offset + 8 <= size) {
            memory.read(directory.rva + offset, value);
        }
    };
    // An address field as an RVA with `room` bytes behind it.
    const auto address = [&](size_t offset, size_t room, uint32_t& rva) {
        uint64_t value = 0;
        field(offset, value);
        if (value == 0) {
            return true;
        }
        if (value - base >= image.size_of_image || room > image.size_of_image - (value - base)) {
            return false;
        }
        rva = static_cast<uint32_t>(value - base);
        return true;
    };
    if (!address(kCookie, 8, config.cookie)) {
        return bad("load configuration SecurityCookie", config.cookie, "0 or an address in the image");
    }
    uint32_t flags = 0;
    if (kFlags + 4 <= size) {
        memory.read(directory.rva + kFlags, flags);
    }
    if ((flags & kInstrumented) == 0) {
        return true;
    }
    uint64_t count = 0;
    field(kCount, count);
    config.guard_stride = 4 + (flags >> 28);
    if (!address(kCheck, 8, config.guard_check) || !address(kDispatch, 8, config.guard_dispatch)) {
        return bad("load configuration GuardCF pointers", flags, "addresses in the image");
    }
    if ((flags & kHasTable) != 0) {
        if (count > image.size_of_image / config.guard_stride ||
            !address(kTable, static_cast<size_t>(count) * config.guard_stride, config.guard_table)) {
            return bad("load configuration GuardCFFunctionCount", count, "a table inside the image");
        }
        config.guard_count = static_cast<uint32_t>(count);
    }
    return true;
}

/// Whether control-flow guard lets an indirect call reach `rva`. An image without a table lets every call pass.
inline bool guard_permits(const PeLoadConfig& config, ConstBytes memory, uint32_t rva) {
    uint32_t low = 0;
    uint32_t high = config.guard_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        uint32_t entry = 0;
        memory.read(config.guard_table + size_t{middle} * config.guard_stride, entry);
        if (entry == rva) {
            return true;
        }
        if (rva < entry) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return config.guard_table == 0;
}

} // namespace nanont

#endif
