// SPDX-License-Identifier: MIT
// What a driver image asks of the machine, found out without running it: by the same code that nanont's loader runs.
#pragma once

#include "common/bytes.hpp"
#include "inspect/export_states.hpp"

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace mpulab {

struct ImportReport {
    std::string module;
    std::string name; // "#17": by ordinal, which nanont never has
    ExportInfo info;
};

struct SectionReport {
    std::string name;
    uint32_t rva;
    uint32_t size;
    bool writable;
    bool executable;
    bool discardable;
};

struct ImageReport {
    std::string file;
    uint64_t file_size = 0;
    std::string defect; // why nanont's loader refuses the image as such; empty: it does not
    uint32_t image_size = 0;
    uint32_t entry_rva = 0;
    uint32_t checksum = 0; // as the header says; 0: none
    uint32_t right_checksum = 0;
    std::vector<SectionReport> sections;
    std::vector<ImportReport> imports; // in the order of the image

    /// How many imports are in `state`.
    size_t count(ExportState state) const;
    /// nanont's loader takes the image and finds every import.
    bool runs() const;
};

/// Largest image that is looked at; nanont takes no larger one.
inline constexpr size_t kMaxImageFile = 16u << 20;

/// Looks at the bytes of a .sys. Never throws for what is in them: that stands in the report.
ImageReport inspect_image(std::string file, ByteView bytes);

/// The report as a person reads it, without the verdict; and that.
std::string image_text(const ImageReport& report);
std::string image_verdict(const ImageReport& report);
/// What to do about the verdict; empty: it runs.
std::string image_next(const ImageReport& report);
nlohmann::ordered_json image_json(const ImageReport& report);

} // namespace mpulab
