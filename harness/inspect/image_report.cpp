// SPDX-License-Identifier: MIT
#include "inspect/image_report.hpp"

#include "nanont/common/pe_image.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <memory>

namespace mpulab {
namespace {

std::string text_of(const nanont::Defect& defect) {
    return fmt::format("{} is 0x{:x}, expected {}", defect.field, defect.value, defect.expected);
}

uint64_t note_import(void* context, const nanont::Import& import) {
    auto& imports = *static_cast<std::vector<ImportReport>*>(context);
    if (import.name == nullptr) {
        const ExportState known = find_export_state(import.module, "").state;
        imports.push_back({import.module, fmt::format("#{}", import.ordinal), {known, {}}});
    } else {
        imports.push_back({import.module, import.name, find_export_state(import.module, import.name)});
    }
    return 1; // any address will do: the memory is thrown away
}

} // namespace

size_t ImageReport::count(ExportState state) const {
    return static_cast<size_t>(
        std::count_if(imports.begin(), imports.end(), [&](const ImportReport& i) { return i.info.state == state; }));
}

bool ImageReport::runs() const {
    return defect.empty() && count(ExportState::Absent) == 0 && count(ExportState::UnknownModule) == 0;
}

ImageReport inspect_image(std::string file, ByteView bytes) {
    ImageReport report;
    report.file = std::move(file);
    report.file_size = bytes.size();
    const nanont::ConstBytes view{bytes.data(), bytes.size()};
    const auto image = std::make_unique<nanont::PeImage>();
    nanont::Defect defect;
    if (!nanont::parse_image(view, *image, defect)) {
        report.defect = text_of(defect);
        return report;
    }
    report.image_size = image->size_of_image;
    report.entry_rva = image->entry_rva;
    report.checksum = image->checksum;
    report.right_checksum = nanont::image_checksum(view, *image);
    for (size_t i = 0; i < image->section_count; ++i) {
        const nanont::PeSection& s = image->sections[i];
        report.sections.push_back({s.name, s.rva, s.virtual_size, s.writable(), s.executable(), s.discardable()});
    }
    Bytes memory(image->size_of_image);
    const nanont::MutableBytes laid_out{memory.data(), memory.size()};
    nanont::lay_out_image(view, *image, laid_out);
    size_t missing = 0;
    constexpr uint64_t kElsewhere = 0xfffff80001000000;
    if (!nanont::relocate_image(*image, laid_out, kElsewhere, defect) ||
        !nanont::bind_imports(*image, laid_out, note_import, &report.imports, missing, defect)) {
        report.defect = text_of(defect);
    } else if (report.checksum != 0 && report.checksum != report.right_checksum) {
        report.defect = fmt::format("CheckSum is 0x{:x}, expected 0x{:x}, the sum of the file: it was changed after "
                                    "linking",
                                    report.checksum, report.right_checksum);
    } else if (report.entry_rva == 0) {
        report.defect = "AddressOfEntryPoint is 0, expected DriverEntry";
    }
    return report;
}

} // namespace mpulab
