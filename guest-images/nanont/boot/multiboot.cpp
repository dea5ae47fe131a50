// SPDX-License-Identifier: MIT
// Multiboot 1 information ("Multiboot Specification 0.6.96", §3.3). Its pointers are the boot program's word for where
// things are; they are taken only when they lie in memory the loader has mapped.
#include "loader.hpp"

extern "C" char loader_end[];

namespace nanont::boot {
namespace {

constexpr uint32_t kMagic = 0x2badb002;
constexpr uint64_t kMapped = 1ull << 30; // entry.S maps one gigabyte
constexpr uint32_t kStatusInvalidParameter = 0xc000000d;

enum Flags : uint32_t { kMemory = 1u << 0, kCommandLine = 1u << 2, kModules = 1u << 3, kMemoryMap = 1u << 6 };

struct Information {
    uint32_t flags, memory_lower, memory_upper, boot_device, command_line, module_count, modules, symbols[4],
        map_length, map;
};
struct Module {
    uint32_t begin, end, text, reserved;
};
struct __attribute__((packed)) MapEntry {
    uint32_t size; // of what follows
    uint64_t base, length;
    uint32_t type; // 1 = RAM
};

bool mapped(uint64_t address, uint64_t size) {
    return address < kMapped && size <= kMapped - address;
}

void add_memory(BootBlock& block, uint64_t base, uint64_t end) {
    constexpr uint64_t kFirstMegabyte = 0x100000; // firmware, option ROMs, their tables: left alone
    base = base < kFirstMegabyte ? kFirstMegabyte : (base + 0xfff) & ~uint64_t{0xfff};
    end = (end > kMaxManagedMemory ? kMaxManagedMemory : end) & ~uint64_t{0xfff};
    if (base < end && block.memory_count < sizeof(block.memory) / sizeof(block.memory[0])) {
        block.memory[block.memory_count++] = {base, end - base};
    }
}

void read_memory_map(const Information& information, BootBlock& block) {
    if ((information.flags & kMemoryMap) != 0 && mapped(information.map, information.map_length)) {
        uint64_t offset = 0;
        while (information.map_length - offset >= sizeof(MapEntry)) {
            MapEntry entry;
            __builtin_memcpy(&entry, reinterpret_cast<const void*>(information.map + offset), sizeof(entry));
            if (entry.type == 1 && entry.base + entry.length >= entry.base) {
                add_memory(block, entry.base, entry.base + entry.length);
            }
            if (entry.size > information.map_length - offset - 4) {
                break;
            }
            offset += uint64_t{entry.size} + 4;
        }
    }
    if (block.memory_count == 0 && (information.flags & kMemory) != 0) {
        add_memory(block, 0x100000, 0x100000 + uint64_t{information.memory_upper} * 1024);
    }
}

} // namespace

MultibootFacts read_multiboot(uint32_t magic, const void* address, BootBlock& block) {
    MultibootFacts facts{};
    Information information{};
    const auto place = reinterpret_cast<uint64_t>(address);
    if (magic != kMagic || !mapped(place, sizeof(information))) {
        return facts; // nobody to tell: the probe's port would have come from here
    }
    __builtin_memcpy(&information, address, sizeof(information));
    if ((information.flags & kCommandLine) != 0 && mapped(information.command_line, 1)) {
        constexpr size_t kLongest = 4096;
        const ConstBytes text{reinterpret_cast<const uint8_t*>(uint64_t{information.command_line}), kLongest};
        if (const char* line = text.string(0, kLongest - 1)) {
            facts.command_line = {text.data, string_length(line)};
        }
    }
    read_memory_map(information, block);

    // QEMU puts modules, then this information, behind the loader.
    uint64_t first_free = reinterpret_cast<uint64_t>(loader_end);
    const auto keep = [&](uint64_t end) { first_free = end > first_free ? end : first_free; };
    if ((information.flags & kModules) != 0 && information.module_count != 0 &&
        mapped(information.modules, sizeof(Module))) {
        Module module;
        __builtin_memcpy(&module, reinterpret_cast<const void*>(uint64_t{information.modules}), sizeof(module));
        if (module.begin < module.end && mapped(module.begin, module.end - module.begin)) {
            facts.archive = {reinterpret_cast<const uint8_t*>(uint64_t{module.begin}), module.end - module.begin};
            keep(module.end);
        }
    }
    for (uint32_t i = 0; i < block.memory_count; ++i) {
        const BootRange& range = block.memory[i];
        if (first_free >= range.base && first_free < range.base + range.size) {
            facts.first_free = first_free;
            facts.memory_end = range.base + range.size;
        }
    }
    return facts;
}

} // namespace nanont::boot
