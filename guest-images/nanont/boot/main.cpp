// SPDX-License-Identifier: MIT
// nanont's boot loader: multiboot in, ntoskrnl.exe's entry point out.
#include "loader.hpp"

#include <copy.hpp>

extern "C" char loader_begin[];
extern "C" [[noreturn]] void enter_kernel(uint64_t entry, uint64_t block, uint64_t stack_top, uint64_t root);

// The compiler may turn loops and copies into calls of these two.
extern "C" void* memcpy(void* to, const void* from, size_t size) {
    nanont::copy_up(static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from), size);
    return to;
}
extern "C" void* memset(void* to, int value, size_t size) {
    nanont::fill(static_cast<uint8_t*>(to), static_cast<uint8_t>(value), size);
    return to;
}
extern "C" int memcmp(const void* a, const void* b, size_t size) {
    const auto* left = static_cast<const uint8_t*>(a);
    const auto* right = static_cast<const uint8_t*>(b);
    for (size_t i = 0; i < size; ++i) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return 0;
}

namespace nanont::boot {

ProbePort g_probe;

namespace {

alignas(ProbePort::kDeskSize) uint8_t g_probe_desk[ProbePort::kDeskSize]; // the kernel goes on using it

constexpr uint32_t kStatusNoMemory = 0xc0000017;
constexpr uint32_t kStatusInvalidImageFormat = 0xc000007b;
constexpr uint64_t kLargePage = 2 << 20;

struct Text {
    char buffer[512];
    size_t length = 0;

    Text& add(const char* part) {
        for (; *part != '\0' && length < sizeof(buffer); ++part) {
            buffer[length++] = *part;
        }
        return *this;
    }
    Text& add_hex(uint64_t value) {
        add("0x");
        int shift = 60;
        while (shift > 0 && (value >> shift) == 0) {
            shift -= 4;
        }
        for (; shift >= 0; shift -= 4) {
            const char digit[2] = {"0123456789abcdef"[(value >> shift) & 0xf], '\0'};
            add(digit);
        }
        return *this;
    }
};

[[noreturn]] void halt() {
    for (;;) {
        asm volatile("cli; hlt");
    }
}

[[noreturn]] void end_with(uint32_t end_code, uint32_t status, const Text& text) {
    g_probe.bytes(0, MPULAB_KIND_TEXT, 0, 0, text.buffer, text.length);
    g_probe.record(0, MPULAB_KIND_RUN_ENDED, 0, 0, end_code, status, 0);
    halt();
}

ProbePort find_probe(ConstBytes command_line) {
    char value[16];
    uint64_t port = 0;
    const bool found = find_setting(command_line, "probe", value, sizeof(value)) && parse_number(value, port) &&
                       port != 0 && port <= 0xffffu - MPULAB_PROBE_LENGTH;
    return found ? ProbePort(static_cast<uint16_t>(port), g_probe_desk, reinterpret_cast<uint64_t>(g_probe_desk))
                 : ProbePort();
}

/// All managed RAM, read-write and not executable, in large pages.
void map_memory(const BootBlock& block, PageTables& tables) {
    for (uint32_t i = 0; i < block.memory_count; ++i) {
        const BootRange& range = block.memory[i];
        for (uint64_t at = range.base & ~(kLargePage - 1); at < range.base + range.size; at += kLargePage) {
            if (!tables.map_large(kDirectMap + at, at)) {
                end_run(MPULAB_END_GUEST_UNFIT, kStatusNoMemory, "boot loader", "no memory for page tables");
            }
        }
    }
}

void map_first_stack(BootBlock& block, PageTables& tables, PageSource& pages) {
    const uint64_t physical = pages.take(kKernelStackSize / 0x1000);
    const uint64_t bottom = block.system_area_next + 0x1000; // the page below stays unmapped
    for (uint64_t at = 0; at < kKernelStackSize; at += 0x1000) {
        if (physical == 0 || !tables.map(bottom + at, physical + at, PageRights::ReadWrite)) {
            end_run(MPULAB_END_GUEST_UNFIT, kStatusNoMemory, "boot loader", "no memory for the first stack");
        }
    }
    block.stack_top = bottom + kKernelStackSize;
    block.system_area_next = block.stack_top;
}

} // namespace

uint64_t PageSource::take(uint64_t count) {
    if (count > (end_ - next_) / 0x1000) {
        return 0;
    }
    const uint64_t first = next_;
    next_ += count * 0x1000;
    memset(reinterpret_cast<void*>(first), 0, count * 0x1000);
    return first;
}

void end_run(uint32_t end_code, uint32_t status, const char* subject, const char* what) {
    end_with(end_code, status, Text().add(subject).add(": ").add(what));
}

void end_run(uint32_t end_code, uint32_t status, const char* subject, const Defect& defect) {
    end_with(end_code, status,
             Text()
                 .add(subject)
                 .add(": ")
                 .add(defect.field)
                 .add(" is ")
                 .add_hex(defect.value)
                 .add(", expected ")
                 .add(defect.expected));
}

extern "C" void loader_main(uint32_t magic, const void* information) {
    static BootBlock block;
    static PageSource pages;
    block.magic = kBootMagic;
    block.version = kBootVersion;
    const MultibootFacts facts = read_multiboot(magic, information, block);
    g_probe = find_probe(facts.command_line);
    if (!g_probe.answers()) {
        halt(); // without the probe there is nobody to tell
    }
    g_probe.record(0, MPULAB_KIND_PHASE, 0, 0, MPULAB_PHASE_LOADER, 0, 0);
    if (facts.archive.size == 0) {
        end_run(MPULAB_END_BAD_IMAGE, kStatusInvalidImageFormat, "modules archive",
                "is not there; expected one multiboot module (-initrd)");
    }
    if (facts.memory_end == 0) {
        end_run(MPULAB_END_GUEST_UNFIT, kStatusNoMemory, "multiboot", "no memory map that holds the modules");
    }
    block.probe_port = g_probe.base();
    block.probe_desk = g_probe.desk_physical();
    block.image_area_next = kImageArea;
    block.system_area_next = kSystemArea;
    block.archive = reinterpret_cast<uint64_t>(facts.archive.data);
    block.archive_size = facts.archive.size;

    pages.begin(facts.first_free, facts.memory_end);
    const uint64_t root = pages.take(1);
    if (root == 0) {
        end_run(MPULAB_END_GUEST_UNFIT, kStatusNoMemory, "boot loader", "no memory for page tables");
    }
    PageTables tables(root, 0, PageSource::take_one, &pages);
    map_memory(block, tables);
    const uint64_t entry = load_kernel(Archive(facts.archive), tables, pages, block);
    map_first_stack(block, tables, pages);

    // The low identity map this code runs in goes along; the kernel drops it first thing.
    uint64_t current_root;
    asm volatile("movq %%cr3, %0" : "=r"(current_root));
    *reinterpret_cast<uint64_t*>(root) = *reinterpret_cast<uint64_t*>(current_root);
    block.page_table_root = root;
    const auto first_used = reinterpret_cast<uint64_t>(loader_begin);
    block.used = {first_used, pages.next() - first_used};
    enter_kernel(entry, kDirectMap + reinterpret_cast<uint64_t>(&block), block.stack_top, root);
}

} // namespace nanont::boot
