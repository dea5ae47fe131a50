// SPDX-License-Identifier: MIT
// Which image a PDB belongs to, from a file made by hand; and files that are none.
#include "debug/pdb_file.hpp"

#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr size_t kBlock = 512;

template <typename T> void put(Bytes& bytes, size_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
}

/// Blocks: 0 superblock, 1 list of the directory's blocks, 2 directory, 3 PDB stream.
Bytes pdb(uint32_t age) {
    Bytes file(4 * kBlock);
    const std::string magic = std::string("Microsoft C/C++ MSF 7.00\r\n\x1a") + "DS";
    std::copy(magic.begin(), magic.end(), file.begin());
    put<uint32_t>(file, 32, kBlock);
    put<uint32_t>(file, 44, 16); // directory: two streams, their sizes, the block of the second
    put<uint32_t>(file, 52, 1);
    put<uint32_t>(file, kBlock, 2);
    put<uint32_t>(file, 2 * kBlock, 2);
    put<uint32_t>(file, 2 * kBlock + 4, UINT32_MAX); // stream 0: none
    put<uint32_t>(file, 2 * kBlock + 8, 28);
    put<uint32_t>(file, 2 * kBlock + 12, 3);
    put<uint32_t>(file, 3 * kBlock + 8, age);
    const Bytes guid = hex("04 ad 94 69 ef 93 d0 11 a3 cc 00 a0 c9 22 31 96");
    std::copy(guid.begin(), guid.end(), file.begin() + 3 * kBlock + 12);
    return file;
}

} // namespace

TEST_CASE("a PDB's GUID and age are read") {
    const auto identity = read_pdb_identity(pdb(3));
    REQUIRE(identity);
    CHECK(identity->guid == "{6994ad04-93ef-11d0-a3cc-00a0c9223196}");
    CHECK(identity->age == 3);
}

TEST_CASE("a PDB fits the image it was linked with, also after something was added to it") {
    const auto identity = read_pdb_identity(pdb(3));
    REQUIRE(identity);
    CHECK(identity->fits(identity->guid, 3));
    CHECK(identity->fits(identity->guid, 1)); // a source index was written into it, say
    CHECK_FALSE(identity->fits(identity->guid, 4));
    CHECK_FALSE(identity->fits("{6994ad04-93ef-11d0-a3cc-00a0c9223197}", 3));
}

TEST_CASE("what is no PDB is none, wherever it is cut off") {
    const Bytes whole = pdb(1);
    CHECK_FALSE(read_pdb_identity({}));
    CHECK_FALSE(read_pdb_identity(bytes_of("MZ")));
    for (size_t size = 0; size < 3 * kBlock + 28; ++size)
        CHECK_FALSE(read_pdb_identity(ByteView(whole).first(size)));
}

TEST_CASE("blocks, sizes and streams that cannot be lead nowhere") {
    for (const auto& [offset, value] : {std::pair<size_t, uint32_t>{32, 0},
                                        {32, 1u << 30},
                                        {44, 0},
                                        {44, 8},
                                        {52, 0x7fffffff},
                                        {kBlock, 0x7fffffff},
                                        {2 * kBlock, 1},
                                        {2 * kBlock, 0xffffffff},
                                        {2 * kBlock + 4, 0x10000000},
                                        {2 * kBlock + 8, 4},
                                        {2 * kBlock + 8, UINT32_MAX},
                                        {2 * kBlock + 12, 0x7fffffff}}) {
        Bytes file = pdb(1);
        put(file, offset, value);
        CHECK_FALSE(read_pdb_identity(file));
    }
}
