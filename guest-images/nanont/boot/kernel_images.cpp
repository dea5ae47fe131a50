// SPDX-License-Identifier: MIT
// ntoskrnl.exe and hal.dll import from each other, so both are laid out first and bound then.
#include <pe_image.hpp>

#include "loader.hpp"

namespace nanont::boot {
namespace {

constexpr uint32_t kStatusInvalidImageFormat = 0xc000007b;
constexpr uint32_t kStatusNoMemory = 0xc0000017;
constexpr uint32_t kStatusEntryPointNotFound = 0xc0000263;
constexpr uint64_t kImageGap = 0x10000;

struct Image {
    const char* name;
    PeImage headers;
    MutableBytes memory; // at its physical address
    uint64_t base;
};

struct Resolver {
    Image* images;
    size_t count;
    const char* importer;
};

uint64_t resolve(void* context, const Import& import) {
    const auto& resolver = *static_cast<Resolver*>(context);
    for (size_t i = 0; i < resolver.count; ++i) {
        const Image& image = resolver.images[i];
        if (!equal_ignoring_case(image.name, import.module)) {
            continue;
        }
        const uint32_t rva = import.name != nullptr ? find_export(image.headers, image.memory, import.name)
                                                    : find_export(image.headers, image.memory, import.ordinal);
        if (rva != 0) {
            return image.base + rva;
        }
    }
    g_probe.record(0, MPULAB_KIND_IMPORT_MISSING, 0, 0, 0, 0, 0);
    char text[2 * kMaxImportName + 2];
    const size_t length = string_length(import.module);
    __builtin_memcpy(text, import.module, length);
    text[length] = '!';
    const char* name = import.name != nullptr ? import.name : "(by ordinal)";
    const size_t name_length = string_length(name);
    __builtin_memcpy(text + length + 1, name, name_length);
    g_probe.bytes(0, MPULAB_KIND_NAME, 0, 0, text, length + 1 + name_length);
    return 0;
}

void load(Image& image, const Archive& archive, PageSource& pages, BootBlock& block) {
    ArchiveEntry entry;
    Defect defect;
    if (!archive.find(image.name, entry, defect)) {
        if (defect.field != nullptr) {
            end_run(MPULAB_END_BAD_IMAGE, kStatusInvalidImageFormat, "modules archive", defect);
        }
        end_run(MPULAB_END_BAD_IMAGE, kStatusInvalidImageFormat, image.name, "is not in the modules archive");
    }
    if (!parse_image(entry.content, image.headers, defect)) {
        end_run(MPULAB_END_BAD_IMAGE, kStatusInvalidImageFormat, image.name, defect);
    }
    const uint64_t physical = pages.take(image.headers.size_of_image / kPageSize);
    if (physical == 0) {
        end_run(MPULAB_END_GUEST_UNFIT, kStatusNoMemory, image.name, "does not fit into the machine's memory");
    }
    image.memory = {reinterpret_cast<uint8_t*>(physical), image.headers.size_of_image};
    image.base = block.image_area_next;
    block.image_area_next += (image.headers.size_of_image + 2 * kImageGap - 1) & ~(kImageGap - 1);
    lay_out_image(entry.content, image.headers, image.memory);
    if (!relocate_image(image.headers, image.memory, image.base, defect)) {
        end_run(MPULAB_END_BAD_IMAGE, kStatusInvalidImageFormat, image.name, defect);
    }
}

PageRights rights_of(const PeImage& image, uint32_t rva) {
    for (size_t i = 0; i < image.section_count; ++i) {
        const PeSection& section = image.sections[i];
        if (rva >= section.rva && rva - section.rva < section.virtual_size) {
            return section.executable() ? PageRights::Execute
                   : section.writable() ? PageRights::ReadWrite
                                        : PageRights::ReadOnly;
        }
    }
    return PageRights::ReadOnly; // headers
}

} // namespace

uint64_t load_kernel(const Archive& archive, PageTables& tables, PageSource& pages, BootBlock& block) {
    static Image images[] = {{"ntoskrnl.exe", {}, {}, 0}, {"hal.dll", {}, {}, 0}};
    constexpr size_t kCount = sizeof(images) / sizeof(images[0]);
    for (Image& image : images) {
        load(image, archive, pages, block);
    }
    for (Image& image : images) {
        Resolver resolver{images, kCount, image.name};
        Defect defect;
        size_t missing = 0;
        if (!bind_imports(image.headers, image.memory, resolve, &resolver, missing, defect)) {
            end_run(MPULAB_END_BAD_IMAGE, kStatusInvalidImageFormat, image.name, defect);
        }
        if (missing != 0) {
            end_run(MPULAB_END_MISSING_IMPORT, kStatusEntryPointNotFound, image.name,
                    "imports what ntoskrnl.exe and hal.dll do not export");
        }
        const auto physical = reinterpret_cast<uint64_t>(image.memory.data);
        for (uint32_t rva = 0; rva < image.headers.size_of_image; rva += kPageSize) {
            if (!tables.map(image.base + rva, physical + rva, rights_of(image.headers, rva))) {
                end_run(MPULAB_END_GUEST_UNFIT, kStatusNoMemory, image.name, "finds no memory for page tables");
            }
        }
        BootModule& module = block.modules[block.module_count++];
        __builtin_memcpy(module.name, image.name, string_length(image.name) + 1);
        module.base = image.base;
        module.physical = physical;
        module.size = image.headers.size_of_image;
        module.entry_rva = image.headers.entry_rva;
        g_probe.record(0, MPULAB_KIND_MODULE, 0, 0, module.base, module.size, module.base + module.entry_rva);
        g_probe.bytes(0, MPULAB_KIND_NAME, 0, 0, module.name, string_length(module.name));
    }
    return block.modules[0].base + block.modules[0].entry_rva;
}

} // namespace nanont::boot
