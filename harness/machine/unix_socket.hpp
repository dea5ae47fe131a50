// SPDX-License-Identifier: MIT
// Stream sockets that are files: the link of a worker, and its monitor.
#pragma once

#include "common/files.hpp"

namespace mpulab {

/// A socket that one peer at a time can connect to; nobody else may enter its folder. Throws Error.
FileDescriptor listen_at(const std::filesystem::path& path);

/// Connects to one. Throws Error.
FileDescriptor connect_to(const std::filesystem::path& path);

} // namespace mpulab
