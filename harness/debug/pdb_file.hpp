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
    uint32_t age = 0;
};

/// Empty: the bytes are no PDB, or end too soon.
std::optional<PdbIdentity> read_pdb_identity(ByteView file);

} // namespace mpulab
