// SPDX-License-Identifier: MIT
#include "machine/cpio.hpp"

#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint32_t kRegularFile = 0100644; // mode

void entry(Bytes& out, const std::string& name, ByteView bytes, uint32_t inode, uint32_t mode) {
    // magic, then 13 fields of eight hexadecimal digits: inode, mode, uid, gid, links, mtime, file size,
    // device major and minor, rdev major and minor, size of the name with its zero, checksum (0 in this format).
    const std::string header =
        fmt::format("070701{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}", inode, mode,
                    0, 0, 1, 0, bytes.size(), 0, 0, 0, 0, name.size() + 1, 0);
    out.insert(out.end(), header.begin(), header.end());
    out.insert(out.end(), name.begin(), name.end());
    out.push_back(0);
    pad(out, 4);
    append(out, bytes);
    pad(out, 4);
}

} // namespace

Bytes write_cpio(const std::vector<CpioEntry>& entries) {
    Bytes out;
    uint32_t inode = 1;
    for (const CpioEntry& file : entries)
        entry(out, file.name, file.bytes, inode++, kRegularFile);
    entry(out, "TRAILER!!!", {}, 0, 0);
    return out;
}

} // namespace mpulab
