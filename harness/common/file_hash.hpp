// SPDX-License-Identifier: MIT
// Hashes of files that many runs share: QEMU, firmware, loader.
#pragma once

#include <filesystem>
#include <string>

namespace mpulab {

/// SHA-256 of a file, 64 lower-case hex digits. Read once in a process, until its size or time of change is another.
/// `what` names it in errors. Any thread. Throws Error.
std::string file_sha256(const std::filesystem::path& path, const char* what);

} // namespace mpulab
