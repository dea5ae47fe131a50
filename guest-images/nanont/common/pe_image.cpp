// SPDX-License-Identifier: MIT
#include "pe_image.hpp"

namespace nanont {
namespace {

constexpr uint16_t kMachineAmd64 = 0x8664;
constexpr uint16_t kMagicPe32Plus = 0x20b;
constexpr uint16_t kSubsystemNative = 1;
constexpr uint16_t kRelocationsStripped = 0x0001;
constexpr uint16_t kExecutableImage = 0x0002;
constexpr size_t kFileHeaderSize = 20;
constexpr size_t kOptionalHeaderSize = 112; // of PE32+, without the directories
constexpr size_t kSectionHeaderSize = 40;
constexpr uint32_t kDirectoryCount = 16;

bool bad(Defect& defect, const char* field, uint64_t value, const char* expected) {
    defect = {field, value, expected};
    return false;
}

constexpr uint32_t page_up(uint32_t size) {
    return (size + kPageSize - 1) & ~(kPageSize - 1);
}

template <typename T> T at(ConstBytes bytes, size_t offset) {
    T value{};
    bytes.read(offset, value); // callers have checked the header's extent
    return value;
}

bool is_power_of_two(uint32_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

/// SectionAlignment below a page is the FileAlignment too, or file and memory could not be the same. One above is
/// larger than no image and not below the file's (PE format, "Optional Header Windows-Specific Fields").
bool section_alignment_is_right(uint32_t section, uint32_t file) {
    constexpr uint32_t kLeast = 16;
    if (section < kPageSize) {
        return section >= kLeast && is_power_of_two(section) && file == section;
    }
    return is_power_of_two(section) && section <= kMaxImageSize;
}

/// A power of two from 512 to 64 K (same page), but where file and memory are the same.
bool file_alignment_is_right(uint32_t section, uint32_t file) {
    return file == section || (is_power_of_two(file) && file >= 0x200 && file <= 0x10000 && file <= section);
}

bool parse_sections(ConstBytes file, size_t table, PeImage& image, Defect& defect) {
    const uint32_t unit = image.section_alignment;
    const auto up = [unit](uint32_t size) { return (size + unit - 1) & ~(unit - 1); };
    uint32_t next_rva = up(image.size_of_headers);
    for (size_t i = 0; i < image.section_count; ++i) {
        const size_t header = table + i * kSectionHeaderSize;
        PeSection& section = image.sections[i];
        section = {};
        __builtin_memcpy(section.name, file.data + header, 8);
        section.virtual_size = at<uint32_t>(file, header + 8);
        section.rva = at<uint32_t>(file, header + 12);
        section.file_size = at<uint32_t>(file, header + 16);
        section.file_offset = at<uint32_t>(file, header + 20);
        section.characteristics = at<uint32_t>(file, header + 36);
        if (section.virtual_size == 0) {
            section.virtual_size = section.file_size;
        }
        if (section.rva % unit != 0 || section.rva < next_rva) {
            return bad(defect, "section VirtualAddress", section.rva,
                       "a multiple of SectionAlignment behind the section before it");
        }
        if (section.rva > image.size_of_image || section.virtual_size > image.size_of_image - section.rva) {
            return bad(defect, "section VirtualSize", section.virtual_size, "an end within SizeOfImage");
        }
        if (section.file_size != 0 && !file.holds(section.file_offset, section.file_size)) {
            return bad(defect, "section PointerToRawData", section.file_offset, "SizeOfRawData bytes inside the file");
        }
        if (section.file_size > up(section.virtual_size)) {
            section.file_size = up(section.virtual_size);
        }
        if (section.file_size > image.size_of_image - section.rva) {
            return bad(defect, "section SizeOfRawData", section.file_size, "an end within SizeOfImage");
        }
        if (section.writable() && section.executable()) {
            return bad(defect, "section Characteristics", section.characteristics,
                       "not both writable and executable (code integrity refuses such an image)");
        }
        next_rva = section.rva + up(section.virtual_size);
    }
    return true;
}

} // namespace

bool parse_image(ConstBytes file, PeImage& image, Defect& defect) {
    image = {};
    uint16_t mz = 0;
    uint32_t pe = 0;
    uint32_t signature = 0;
    if (!file.read(0, mz) || mz != 0x5a4d) {
        return bad(defect, "DOS signature", mz, "MZ (0x5a4d)");
    }
    if (!file.read(0x3c, pe) || !file.holds(pe, 4 + kFileHeaderSize + kOptionalHeaderSize)) {
        return bad(defect, "e_lfanew", pe, "PE headers inside the file");
    }
    file.read(pe, signature);
    if (signature != 0x00004550) {
        return bad(defect, "PE signature", signature, "PE\\0\\0 (0x4550)");
    }
    const size_t file_header = pe + size_t{4};
    const uint16_t machine = at<uint16_t>(file, file_header);
    const uint16_t section_count = at<uint16_t>(file, file_header + 2);
    const uint16_t optional_size = at<uint16_t>(file, file_header + 16);
    const uint16_t characteristics = at<uint16_t>(file, file_header + 18);
    if (machine != kMachineAmd64) {
        return bad(defect, "Machine", machine, "0x8664 (x64)");
    }
    if ((characteristics & kExecutableImage) == 0) {
        return bad(defect, "Characteristics", characteristics, "EXECUTABLE_IMAGE (0x2) set");
    }
    if ((characteristics & kRelocationsStripped) != 0) {
        return bad(defect, "Characteristics", characteristics, "RELOCS_STRIPPED (0x1) clear: drivers are moved");
    }
    if (section_count == 0 || section_count > kMaxSections) {
        return bad(defect, "NumberOfSections", section_count, "1..96");
    }
    const size_t optional = file_header + kFileHeaderSize;
    const uint16_t magic = at<uint16_t>(file, optional);
    if (magic != kMagicPe32Plus) {
        return bad(defect, "optional header Magic", magic, "0x20b (PE32+)");
    }
    const uint32_t directory_count = at<uint32_t>(file, optional + 108);
    if (directory_count > kDirectoryCount) {
        return bad(defect, "NumberOfRvaAndSizes", directory_count, "0..16");
    }
    if (optional_size < kOptionalHeaderSize + directory_count * 8 || !file.holds(optional, optional_size)) {
        return bad(defect, "SizeOfOptionalHeader", optional_size, "room for PE32+ and its directories in the file");
    }
    const size_t section_table = optional + optional_size;
    if (!file.holds(section_table, section_count * kSectionHeaderSize)) {
        return bad(defect, "NumberOfSections", section_count, "a section table inside the file");
    }
    image.section_alignment = at<uint32_t>(file, optional + 32);
    const uint32_t file_alignment = at<uint32_t>(file, optional + 36);
    image.entry_rva = at<uint32_t>(file, optional + 16);
    image.preferred_base = at<uint64_t>(file, optional + 24);
    image.size_of_image = at<uint32_t>(file, optional + 56);
    image.size_of_headers = at<uint32_t>(file, optional + 60);
    image.checksum = at<uint32_t>(file, optional + 64);
    image.time_stamp = at<uint32_t>(file, file_header + 4);
    image.checksum_offset = static_cast<uint32_t>(optional + 64);
    image.image_base_offset = static_cast<uint32_t>(optional + 24);
    image.dll_characteristics = at<uint16_t>(file, optional + 70);
    image.section_count = section_count;
    const uint16_t subsystem = at<uint16_t>(file, optional + 68);
    if (subsystem != kSubsystemNative) {
        return bad(defect, "Subsystem", subsystem, "1 (native)");
    }
    if (!section_alignment_is_right(image.section_alignment, file_alignment)) {
        return bad(defect, "SectionAlignment", image.section_alignment,
                   "a power of two from 0x1000 on, or a lesser one that is the FileAlignment too");
    }
    if (!file_alignment_is_right(image.section_alignment, file_alignment)) {
        return bad(defect, "FileAlignment", file_alignment,
                   "a power of two from 0x200 to 0x10000, at most SectionAlignment");
    }
    constexpr uint64_t kBaseUnit = 0x10000;
    if (image.preferred_base % kBaseUnit != 0) {
        return bad(defect, "ImageBase", image.preferred_base, "a multiple of 0x10000");
    }
    if (image.size_of_image == 0 || image.size_of_image > kMaxImageSize) {
        return bad(defect, "SizeOfImage", image.size_of_image, "1..0x1000000");
    }
    image.size_of_image = page_up(image.size_of_image);
    if (image.size_of_headers < section_table + section_count * kSectionHeaderSize ||
        image.size_of_headers > file.size || image.size_of_headers > image.size_of_image) {
        return bad(defect, "SizeOfHeaders", image.size_of_headers, "the headers, inside file and image");
    }
    if (!parse_sections(file, section_table, image, defect)) {
        return false;
    }
    for (uint32_t i = 0; i < directory_count; ++i) {
        image.directories[i] = {at<uint32_t>(file, optional + 112 + i * 8), at<uint32_t>(file, optional + 116 + i * 8)};
        const PeDirectoryEntry entry = image.directories[i];
        constexpr uint32_t kSecurityDirectory = 4; // a file offset, behind the image; not mapped
        if (i != kSecurityDirectory && entry.size != 0 &&
            (entry.rva > image.size_of_image || entry.size > image.size_of_image - entry.rva)) {
            return bad(defect, "directory RVA", entry.rva, "its extent within SizeOfImage");
        }
    }
    if (image.directory(PeDirectory::Tls).size != 0) {
        return bad(defect, "TLS directory size", image.directory(PeDirectory::Tls).size,
                   "0: nobody sets up thread-local storage in a kernel");
    }
    if (image.directory(PeDirectory::DelayImport).size != 0) {
        return bad(defect, "delay-load import directory size", image.directory(PeDirectory::DelayImport).size,
                   "0: a kernel binds all imports before DriverEntry");
    }
    if (image.directory(PeDirectory::Clr).size != 0) {
        return bad(defect, "CLR header size", image.directory(PeDirectory::Clr).size, "0: native code");
    }
    if (image.entry_rva != 0) {
        bool inside = false;
        for (size_t i = 0; i < image.section_count; ++i) {
            const PeSection& section = image.sections[i];
            inside = inside || (section.executable() && image.entry_rva >= section.rva &&
                                image.entry_rva - section.rva < section.virtual_size);
        }
        if (!inside) {
            return bad(defect, "AddressOfEntryPoint", image.entry_rva, "an address in an executable section");
        }
    }
    return true;
}

uint32_t image_checksum(ConstBytes file, const PeImage& image) {
    uint32_t sum = 0;
    for (size_t i = 0; i < file.size; i += 2) {
        uint32_t word = file.data[i];
        if (i + 1 < file.size) {
            word |= static_cast<uint32_t>(file.data[i + 1]) << 8;
        }
        if (i >= image.checksum_offset && i < image.checksum_offset + size_t{4}) {
            word = 0;
        }
        sum += word;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return sum + static_cast<uint32_t>(file.size);
}

void lay_out_image(ConstBytes file, const PeImage& image, MutableBytes memory) {
    __builtin_memcpy(memory.data, file.data, image.size_of_headers);
    for (size_t i = 0; i < image.section_count; ++i) {
        const PeSection& section = image.sections[i];
        if (section.file_size != 0) {
            __builtin_memcpy(memory.data + section.rva, file.data + section.file_offset, section.file_size);
        }
    }
}

namespace {

enum RelocationType : uint16_t { kAbsolute = 0, kHigh = 1, kLow = 2, kHighLow = 3, kHighAdjusted = 4, kDir64 = 10 };

template <typename T> bool add(MutableBytes memory, size_t target, uint64_t distance, unsigned shift) {
    T value{};
    if (!ConstBytes(memory).read(target, value)) {
        return false;
    }
    return memory.write(target, static_cast<T>(value + static_cast<T>(distance >> shift)));
}

/// The types the format defines for this machine. Those of less than 64 bits move what they have, as Windows does.
bool apply(MutableBytes memory, uint16_t type, size_t target, uint16_t low, uint64_t distance) {
    switch (type) {
    case kHigh:
        return add<uint16_t>(memory, target, distance, 16);
    case kLow:
        return add<uint16_t>(memory, target, distance, 0);
    case kHighLow:
        return add<uint32_t>(memory, target, distance, 0);
    case kHighAdjusted: { // the upper half of an address whose lower half, as a signed number, is the next entry
        uint16_t high = 0;
        if (!ConstBytes(memory).read(target, high)) {
            return false;
        }
        const uint32_t whole = (uint32_t{high} << 16) + static_cast<uint32_t>(int32_t{static_cast<int16_t>(low)}) +
                               static_cast<uint32_t>(distance) + 0x8000u;
        return memory.write(target, static_cast<uint16_t>(whole >> 16));
    }
    default:
        return add<uint64_t>(memory, target, distance, 0);
    }
}

} // namespace

bool relocate_image(const PeImage& image, MutableBytes memory, uint64_t base, Defect& defect) {
    const uint64_t delta = base - image.preferred_base;
    const PeDirectoryEntry directory = image.directory(PeDirectory::Relocation);
    const ConstBytes view = memory;
    uint32_t offset = 0;
    while (offset < directory.size) {
        uint32_t page = 0;
        uint32_t block_size = 0;
        if (directory.size - offset < 8) {
            return bad(defect, "relocation block offset", offset, "a header of 8 bytes inside the directory");
        }
        view.read(directory.rva + size_t{offset}, page);
        view.read(directory.rva + size_t{offset} + 4, block_size);
        if (block_size < 8 || block_size > directory.size - offset || block_size % 2 != 0) {
            return bad(defect, "relocation block size", block_size, "8 or more, even, inside the directory");
        }
        for (uint32_t i = 8; i < block_size; i += 2) {
            uint16_t entry = 0;
            view.read(directory.rva + size_t{offset} + i, entry);
            const auto type = static_cast<uint16_t>(entry >> 12);
            const size_t target = size_t{page} + (entry & 0xfffu);
            if (type == kAbsolute) {
                continue; // padding
            }
            if (type > kHighAdjusted && type != kDir64) {
                return bad(defect, "relocation type", type, "0..4, or 10 (DIR64)");
            }
            uint16_t low = 0;
            if (type == kHighAdjusted) {
                i += 2;
                if (i >= block_size) {
                    return bad(defect, "relocation block size", block_size, "HIGHADJ's second entry inside the block");
                }
                view.read(directory.rva + size_t{offset} + i, low);
            }
            if (!apply(memory, type, target, low, delta)) {
                return bad(defect, "relocation target", target, "an address within SizeOfImage with all of its bytes");
            }
        }
        offset += block_size;
    }
    memory.write(image.image_base_offset, base);
    return true;
}

bool bind_imports(const PeImage& image, MutableBytes memory, ResolveImport resolve, void* context, size_t& missing,
                  Defect& defect) {
    constexpr size_t kDescriptorSize = 20;
    constexpr size_t kMaxModules = 64;
    constexpr size_t kMaxImports = 4096;
    const PeDirectoryEntry directory = image.directory(PeDirectory::Import);
    const ConstBytes view = memory;
    missing = 0;
    if (directory.size == 0) {
        return true;
    }
    for (size_t module = 0;; ++module) {
        const size_t descriptor = directory.rva + module * kDescriptorSize;
        uint32_t lookup_rva = 0;
        uint32_t name_rva = 0;
        uint32_t address_rva = 0;
        if (module == kMaxModules || !view.holds(descriptor, kDescriptorSize)) {
            return bad(defect, "import descriptors", module, "an empty one at the end, after no more than 64");
        }
        view.read(descriptor, lookup_rva);
        view.read(descriptor + 12, name_rva);
        view.read(descriptor + 16, address_rva);
        if (name_rva == 0) {
            return true;
        }
        const char* module_name = view.string(name_rva, kMaxImportName);
        if (module_name == nullptr || *module_name == '\0') {
            return bad(defect, "import module name RVA", name_rva, "a string of 1..255 characters in the image");
        }
        if (lookup_rva == 0) {
            lookup_rva = address_rva; // some linkers leave OriginalFirstThunk out
        }
        for (size_t i = 0;; ++i) {
            uint64_t thunk = 0;
            const size_t slot = size_t{address_rva} + i * 8;
            if (i == kMaxImports || !view.read(size_t{lookup_rva} + i * 8, thunk) || !view.holds(slot, 8)) {
                return bad(defect, "import thunk index", i, "an empty thunk at the end, inside the image");
            }
            if (thunk == 0) {
                break;
            }
            Import import{module_name, nullptr, 0};
            if ((thunk >> 63) != 0) {
                import.ordinal = static_cast<uint16_t>(thunk);
            } else {
                // Two bytes of hint come first; GNU ld's are meaningless, so nobody looks at them.
                import.name =
                    thunk <= UINT32_MAX ? view.string(static_cast<size_t>(thunk) + 2, kMaxImportName) : nullptr;
                if (import.name == nullptr || *import.name == '\0') {
                    return bad(defect, "import name RVA", thunk, "a name of 1..255 characters in the image");
                }
            }
            const uint64_t address = resolve(context, import);
            if (address == 0) {
                ++missing;
            }
            memory.write(slot, address);
        }
    }
}

namespace {

struct ExportTables {
    uint32_t ordinal_base = 0;
    uint32_t function_count = 0;
    uint32_t name_count = 0;
    uint32_t functions = 0;
    uint32_t names = 0;
    uint32_t ordinals = 0;
};

bool read_export_tables(const PeImage& image, ConstBytes memory, ExportTables& tables) {
    const PeDirectoryEntry directory = image.directory(PeDirectory::Export);
    if (directory.size == 0 || !memory.holds(directory.rva, 40)) {
        return false;
    }
    memory.read(directory.rva + size_t{16}, tables.ordinal_base);
    memory.read(directory.rva + size_t{20}, tables.function_count);
    memory.read(directory.rva + size_t{24}, tables.name_count);
    memory.read(directory.rva + size_t{28}, tables.functions);
    memory.read(directory.rva + size_t{32}, tables.names);
    memory.read(directory.rva + size_t{36}, tables.ordinals);
    return memory.holds(tables.functions, size_t{tables.function_count} * 4) &&
           memory.holds(tables.names, size_t{tables.name_count} * 4) &&
           memory.holds(tables.ordinals, size_t{tables.name_count} * 2);
}

/// What an entry of the address table holds; 0 = nothing, or nothing inside the image.
uint32_t entry_rva(const PeImage& image, ConstBytes memory, const ExportTables& tables, uint32_t index) {
    uint32_t rva = 0;
    if (index >= tables.function_count || !memory.read(tables.functions + size_t{index} * 4, rva)) {
        return 0;
    }
    return rva >= image.size_of_image ? 0 : rva;
}

/// A forwarder is told by its address: it lies inside the export directory, and is a string.
bool is_forwarder(const PeImage& image, uint32_t rva) {
    const PeDirectoryEntry directory = image.directory(PeDirectory::Export);
    return rva != 0 && rva >= directory.rva && rva - directory.rva < directory.size;
}

int compare(const char* a, const char* b) {
    for (; *a == *b && *a != '\0'; ++a, ++b) {
    }
    return static_cast<unsigned char>(*a) - static_cast<unsigned char>(*b);
}

/// The format demands that names ascend. Returns function_count when there is none of that name.
uint32_t find_name(ConstBytes memory, const ExportTables& tables, const char* name) {
    uint32_t low = 0;
    uint32_t high = tables.name_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        uint32_t name_rva = 0;
        uint16_t index = 0;
        memory.read(tables.names + size_t{middle} * 4, name_rva);
        const char* candidate = memory.string(name_rva, kMaxImportName);
        if (candidate == nullptr) {
            break;
        }
        const int order = compare(name, candidate);
        if (order == 0) {
            memory.read(tables.ordinals + size_t{middle} * 2, index);
            return index;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return tables.function_count;
}

uint32_t rva_by_name(const PeImage& image, ConstBytes memory, const char* name) {
    ExportTables tables;
    return read_export_tables(image, memory, tables) ? entry_rva(image, memory, tables, find_name(memory, tables, name))
                                                     : 0;
}

uint32_t rva_by_ordinal(const PeImage& image, ConstBytes memory, uint16_t ordinal) {
    ExportTables tables;
    return read_export_tables(image, memory, tables) && ordinal >= tables.ordinal_base
               ? entry_rva(image, memory, tables, ordinal - tables.ordinal_base)
               : 0;
}

const char* forwarder_at(const PeImage& image, ConstBytes memory, uint32_t rva) {
    return is_forwarder(image, rva) ? memory.string(rva, kMaxImportName) : nullptr;
}

} // namespace

uint32_t find_export(const PeImage& image, ConstBytes memory, const char* name) {
    const uint32_t rva = rva_by_name(image, memory, name);
    return is_forwarder(image, rva) ? 0 : rva;
}

uint32_t find_export(const PeImage& image, ConstBytes memory, uint16_t ordinal) {
    const uint32_t rva = rva_by_ordinal(image, memory, ordinal);
    return is_forwarder(image, rva) ? 0 : rva;
}

const char* find_forwarder(const PeImage& image, ConstBytes memory, const char* name) {
    return forwarder_at(image, memory, rva_by_name(image, memory, name));
}

const char* find_forwarder(const PeImage& image, ConstBytes memory, uint16_t ordinal) {
    return forwarder_at(image, memory, rva_by_ordinal(image, memory, ordinal));
}

} // namespace nanont
