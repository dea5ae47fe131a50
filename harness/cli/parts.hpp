// SPDX-License-Identifier: MIT
// Where the built parts are that a run is made of.
#pragma once

#include <filesystem>

namespace mpulab {

/// The parts of a machine. Each comes from the environment when its variable is set, else from the build tree.
enum class Part { Qemu, Firmware, Kernel, Modules, Driver, Package, TestDrivers };

/// The part's path; `chosen` (a command-line flag), when not empty, comes before environment and build tree. Throws
/// Error that names path, variable and what makes it when there is nothing there.
std::filesystem::path find_part(Part part, const std::filesystem::path& chosen = {});

} // namespace mpulab
