// SPDX-License-Identifier: MIT
// PE images from anywhere: one that is accepted can be laid out, moved, bound and searched without leaving it. The
// input is a list of changes to a good image, or else nearly all of it would stop at the first header.
#include "pe_builder.hpp"

#include <cstdlib>

namespace {

struct Context {
    size_t asked = 0;
};

uint64_t resolve(void* context, const nanont::Import& import) {
    if (++static_cast<Context*>(context)->asked > 64 * 4096) std::abort(); // the documented bounds
    if (import.name != nullptr && std::strlen(import.name) > nanont::kMaxImportName) std::abort();
    if (std::strlen(import.module) > nanont::kMaxImportName) std::abort();
    return import.ordinal + 1u;
}

void load(const pe::Bytes& file) {
    pe::Laid laid(file);
    if (!laid.parsed) {
        if (laid.defect.field == nullptr || laid.defect.expected == nullptr) std::abort();
        return;
    }
    for (size_t i = 0; i < laid.image.section_count; ++i) {
        const nanont::PeSection& section = laid.image.sections[i];
        if (section.writable() && section.executable()) std::abort();
        if (section.rva + uint64_t{section.virtual_size} > laid.image.size_of_image) std::abort();
    }
    Context context;
    size_t missing = 0;
    if (!nanont::relocate_image(laid.image, laid.mutable_view(), 0xfffff80001000000, laid.defect)) return;
    if (!nanont::bind_imports(laid.image, laid.mutable_view(), resolve, &context, missing, laid.defect)) return;
    for (const char* name : {"Alpha", "Gamma", "Forward", ""})
        if (nanont::find_export(laid.image, pe::view(laid.memory), name) >= laid.image.size_of_image) std::abort();
    for (uint16_t ordinal = 0; ordinal < 12; ++ordinal)
        if (nanont::find_export(laid.image, pe::view(laid.memory), ordinal) >= laid.image.size_of_image) std::abort();
    nanont::image_checksum(pe::view(file), laid.image);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size != 0 && data[0] == 'M') { // raw
        load(pe::Bytes(data, data + size));
        return 0;
    }
    pe::Bytes file = pe::make();
    for (size_t at = 1; at + 7 <= size; at += 7) { // where, how many bytes, which
        const size_t where = (data[at] | data[at + 1] << 8) % file.size();
        const size_t count = data[at + 2] % 5;
        for (size_t i = 0; i < count && where + i < file.size(); ++i)
            file[where + i] = data[at + 3 + i];
    }
    if (size != 0 && data[0] % 4 == 3) file.resize(file.size() - data[0]);
    load(file);
    return 0;
}
