// SPDX-License-Identifier: MIT
// Which image a PDB belongs to: GUID and age of its PDB stream. (The container is described in LLVM's "The MSF File
// Format" and "The PDB Info Stream".)
#pragma once

#include "common/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace mpulab {

struct PdbIdentity {
    std::string guid; // "{…}", lower case
    uint32_t age = 0; // counts how often the file was written: tools that add to a PDB after the link go on counting

    /// The PDB of an image whose RSDS record has `image_guid` and `image_age`, the age at the link.
    [[nodiscard]] bool fits(const std::string& image_guid, uint32_t image_age) const {
        return guid == image_guid && age >= image_age;
    }
};

/// Empty: the bytes are no PDB, or end too soon.
std::optional<PdbIdentity> read_pdb_identity(ByteView file);

} // namespace mpulab
