// SPDX-License-Identifier: MIT
// PE32+ images: checked, laid out, relocated, bound. Pure functions over bytes: the boot loader, ntoskrnl's loader and
// the host's tests run the same code. The file comes from outside; nothing in it is believed before it is checked.
// (reference portcls-midi §6.7; "PE Format", learn.microsoft.com)
#ifndef NANONT_COMMON_PE_IMAGE_HPP
#define NANONT_COMMON_PE_IMAGE_HPP

#include "archive.hpp"
#include "bytes.hpp"

namespace nanont {

inline constexpr uint32_t kPageSize = 0x1000;
inline constexpr uint32_t kMaxImageSize = 16u << 20;
inline constexpr size_t kMaxSections = 96; // what Windows' loader takes
inline constexpr size_t kMaxImportName = 255;

enum class PeDirectory : uint32_t {
    Export = 0,
    Import = 1,
    Exception = 3,
    Relocation = 5,
    Tls = 9,
    LoadConfig = 10,
    DelayImport = 13,
    Clr = 14
};

struct PeSection {
    char name[9]; // zero-terminated copy
    uint32_t rva;
    uint32_t virtual_size;
    uint32_t file_offset;
    uint32_t file_size; // bytes that come from the file: no more than virtual_size rounded up to a page
    uint32_t characteristics;

    bool writable() const { return (characteristics & 0x80000000u) != 0; }
    bool executable() const { return (characteristics & 0x20000000u) != 0; }
    bool discardable() const { return (characteristics & 0x02000000u) != 0; }
};

struct PeDirectoryEntry {
    uint32_t rva;
    uint32_t size;
};

/// A checked header. Every section lies inside the file and inside the image, aligned to a page or, in an image whose
/// SectionAlignment is less (old kits: 0x20, 0x80), to that, in ascending order.
struct PeImage {
    uint64_t preferred_base;
    uint32_t size_of_image; // multiple of a page
    uint32_t size_of_headers;
    uint32_t entry_rva; // 0 = none
    uint32_t checksum;
    uint32_t time_stamp;
    uint32_t checksum_offset;   // of the CheckSum field in the file
    uint32_t image_base_offset; // of the ImageBase field in the file
    uint32_t section_alignment;
    uint16_t dll_characteristics;
    size_t section_count;
    PeSection sections[kMaxSections];
    PeDirectoryEntry directories[16];

    PeDirectoryEntry directory(PeDirectory which) const { return directories[static_cast<uint32_t>(which)]; }
    /// Sections share pages, so none can be protected: the image is one piece, writable and executable throughout.
    bool mapped_whole() const { return section_alignment < kPageSize; }
};

/// Reads and checks the headers of `file`. False: `defect` names the field, its value and what was expected.
bool parse_image(ConstBytes file, PeImage& image, Defect& defect);

/// The CheckSum of the file as Windows computes it (16-bit one's-complement sum of all words, plus the length).
uint32_t image_checksum(ConstBytes file, const PeImage& image);

/// Copies headers and sections of `file` to their places in `memory` (size_of_image bytes, zeroed by the caller).
void lay_out_image(ConstBytes file, const PeImage& image, MutableBytes memory);

/// Moves a laid-out image to `base`. False: a relocation block or entry is malformed.
bool relocate_image(const PeImage& image, MutableBytes memory, uint64_t base, Defect& defect);

/// One import. `name` is null when it is by ordinal.
struct Import {
    const char* module;
    const char* name;
    uint16_t ordinal;
};

/// Finds the address an import is bound to; 0 = there is none.
using ResolveImport = uint64_t (*)(void* context, const Import& import);

/// Binds every import through `resolve` and counts the ones it did not know (it hears of each of them).
/// False: the import table itself is malformed.
bool bind_imports(const PeImage& image, MutableBytes memory, ResolveImport resolve, void* context, size_t& missing,
                  Defect& defect);

/// RVA of an export of a laid-out image; 0 when it has none of that name or ordinal, or it is a forwarder.
uint32_t find_export(const PeImage& image, ConstBytes memory, const char* name);
uint32_t find_export(const PeImage& image, ConstBytes memory, uint16_t ordinal);
/// "MODULE.Name" or "MODULE.#ordinal" of an export that is a forwarder; nullptr when it is none.
const char* find_forwarder(const PeImage& image, ConstBytes memory, const char* name);
const char* find_forwarder(const PeImage& image, ConstBytes memory, uint16_t ordinal);

} // namespace nanont

#endif
