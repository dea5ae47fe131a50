// SPDX-License-Identifier: MIT
// A cpio "newc" archive: the modules nanont's loader boots from.
#pragma once

#include "common/bytes.hpp"

#include <string>

namespace mpulab {

struct CpioEntry {
    std::string name;
    Bytes bytes;
};

/// Same entries, same archive: no times, owners or inode numbers of the host go in.
Bytes write_cpio(const std::vector<CpioEntry>& entries);

} // namespace mpulab
