// SPDX-License-Identifier: MIT
#include "debug/pdb_file.hpp"

#include "inspect/offers.hpp"

#include <algorithm>
#include <string_view>

namespace mpulab {
namespace {

constexpr std::string_view kMagic = "Microsoft C/C++ MSF 7.00\r\n\x1a"
                                    "DS";
constexpr uint32_t kMaxStreams = 1u << 20;

template <typename T> bool get(ByteView bytes, uint64_t offset, T& value) {
    if (offset > bytes.size() || sizeof(T) > bytes.size() - offset) return false;
    value = read_pod<T>(bytes, offset);
    return true;
}

} // namespace

std::optional<PdbIdentity> read_pdb_identity(ByteView file) {
    // Superblock: magic, block size, …, bytes of the stream directory, …, block that lists the directory's blocks.
    uint32_t block = 0, directory_bytes = 0, map = 0;
    if (file.size() < 56 || !std::equal(kMagic.begin(), kMagic.end(), file.begin()) || !get(file, 32, block) ||
        !get(file, 44, directory_bytes) || !get(file, 52, map) || block < 512 || block > 65536) {
        return std::nullopt;
    }
    // A word of the directory: its blocks may lie anywhere.
    const auto word = [&](uint64_t index, uint32_t& value) {
        const uint64_t offset = index * 4;
        uint32_t at = 0;
        return offset + 4 <= directory_bytes && get(file, uint64_t{map} * block + offset / block * 4, at) &&
               get(file, uint64_t{at} * block + offset % block, value);
    };
    // Directory: number of streams, the size of each, then the blocks of each. The PDB stream is number 1.
    uint32_t streams = 0, old_size = 0, info_size = 0, info = 0;
    if (!word(0, streams) || streams < 2 || streams > kMaxStreams || !word(1, old_size) || !word(2, info_size))
        return std::nullopt;
    if (old_size == UINT32_MAX) old_size = 0;
    const uint64_t old_blocks = (uint64_t{old_size} + block - 1) / block;
    if (info_size < 28 || info_size == UINT32_MAX || !word(1 + uint64_t{streams} + old_blocks, info))
        return std::nullopt;
    PdbIdentity identity;
    Guid guid{};
    const uint64_t at = uint64_t{info} * block; // version, signature, age, GUID
    if (!get(file, at + 8, identity.age) || !get(file, at + 12, guid)) return std::nullopt;
    identity.guid = guid_text(guid);
    return identity;
}

} // namespace mpulab
