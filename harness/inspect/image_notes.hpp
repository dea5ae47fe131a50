// SPDX-License-Identifier: MIT
// What is worth knowing of an image beyond whether it loads: protections, symbols, version. ("PE Format" and
// "VS_VERSIONINFO structure", learn.microsoft.com.)
#pragma once

#include "common/bytes.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mpulab {

/// The PDB an image was linked with (its RSDS record).
struct PdbId {
    std::string path; // as the linker wrote it
    std::string guid; // "{…}", lower case
    uint32_t age = 0;

    std::string file() const; // the path's last part
};

struct ImageNotes {
    uint32_t section_alignment = 0;         // below a page: mapped whole, writable and executable
    std::vector<std::string> writable_code; // sections that are both writable and executable
    bool relocations = false;
    bool guard_cf = false;        // built with /guard:cf
    bool security_cookie = false; // its load configuration names one
    bool is_signed = false;       // it has an Authenticode signature (which is not verified)
    std::optional<PdbId> pdb;
    std::vector<std::pair<std::string, std::string>> version; // of its resource: "FileVersion" → "1.2"

    /// The remarks among them, as lines for people.
    std::vector<std::string> remarks() const;
};

/// What a section alignment below a page (in bytes) means for an image.
std::string mapped_whole_remark(uint64_t section_alignment);

/// Never throws for what is in the bytes: what cannot be read is left out. For an image that parse_image() takes.
ImageNotes read_image_notes(ByteView file);

} // namespace mpulab
