// SPDX-License-Identifier: MIT
// What the boot loader leaves for ntoskrnl.exe: the address space, and the block that describes it.
#ifndef NANONT_BOOT_HPP
#define NANONT_BOOT_HPP

#include <stdint.h>

namespace nanont {

// The address space. Nothing is mapped twice as executable, nothing is writable and executable (but a
// driver whose sections share pages, which is told), page 0 is not there.
inline constexpr uint64_t kSharedUserData = 0xfffff78000000000; // read-only, where drivers' inline code looks for it
inline constexpr uint64_t kDirectMap = 0xffff880000000000;      // all managed RAM, read-write, no execute
inline constexpr uint64_t kImageArea = 0xfffff80001000000;      // PE images, one after the other, a gap between
inline constexpr uint64_t kSystemArea = 0xfffff88000000000;     // stacks with guard pages, device memory
inline constexpr uint64_t kSpecialPool = 0xfffff90000000000;    // the driver's blocks, each between empty pages
inline constexpr uint64_t kAreaSize = 1ull << 30;               // of the image and the system area each
inline constexpr uint64_t kMaxManagedMemory = 1ull << 30;       // RAM above it is left alone

inline constexpr uint64_t kKernelStackSize = 24 << 10;     // as on x64 Windows; one guard page below
inline constexpr uint64_t kBootMagic = 0x544f4f42544e414e; // "NANTBOOT"
inline constexpr uint32_t kBootVersion = 2;

struct BootRange {
    uint64_t base; // physical, page-aligned
    uint64_t size; // multiple of a page
};

struct BootModule {
    char name[32];
    uint64_t base;     // virtual
    uint64_t physical; // its pages lie one after the other
    uint32_t size;
    uint32_t entry_rva;
};

struct BootBlock {
    uint64_t magic;
    uint32_t version;
    uint32_t probe_port;
    uint64_t probe_desk;      // physical; one page for records on their way to the probe (common/probe_port.hpp)
    uint64_t page_table_root; // physical
    BootRange memory[16];     // usable RAM, ascending, below kMaxManagedMemory
    uint32_t memory_count;
    uint32_t module_count;
    BootModule modules[4];
    BootRange used;   // one range that holds all the loader took: itself, archive, tables, images, first stack
    uint64_t archive; // physical
    uint64_t archive_size;
    uint64_t image_area_next;  // first free address of the image area
    uint64_t system_area_next; // first free address of the system area
    uint64_t stack_top;        // of the stack ntoskrnl's entry point runs on
};

/// ntoskrnl.exe's entry point: long mode, interrupts off, on a mapped stack, page tables as above and the loader's
/// identity map of low memory still in slot 0 of the root.
using KernelEntry = void(__attribute__((ms_abi)) *)(BootBlock* block);

} // namespace nanont

#endif
