// SPDX-License-Identifier: MIT
// Catalogues: what is written is read again, what is altered is named, and hostile bytes are refused.
#include "catalog/catalog.hpp"

#include "harness/package/inf_texts.hpp"
#include "harness/support/temp_dir.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

/// The smallest PE image a hash can be made of; `signature`: bytes of one at its end.
Bytes small_image(size_t body, size_t signature = 0) {
    Bytes image(0x40 + 24 + 240 + 40 + body);
    const auto put = [&](size_t at, uint64_t value, size_t width) { std::memcpy(image.data() + at, &value, width); };
    image[0] = 'M';
    image[1] = 'Z';
    put(0x3c, 0x40, 4);
    put(0x40, 0x4550, 4);
    put(0x58, 0x20b, 2);
    put(0x58 + 108, 16, 4); // directories
    if (signature != 0) {
        pad(image, 8);
        put(0x58 + 112 + 32, image.size(), 4);
        put(0x58 + 112 + 36, signature, 4);
        image.resize(image.size() + signature, 0xee);
    }
    return image;
}

std::string hex(const Bytes& bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const uint8_t byte : bytes)
        out += {kDigits[byte >> 4], kDigits[byte & 15]};
    return out;
}

/// A package as kGoodInf wants it.
class Folder {
  public:
    std::vector<std::string> verified() const { return verify_catalog(catalog, dir.path()); }

    TempDir dir;
    Catalog catalog = (dir.file("card.inf", kGoodInf), dir.file("card.sys", "driver"), catalog_of_package(dir.path()));
};

} // namespace

TEST_CASE("a flat file is hashed by all its bytes") {
    const Bytes abc = {'a', 'b', 'c'};
    CHECK(hex(member_hash(abc, MemberHash::Sha1)) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hex(member_hash(abc, MemberHash::Sha256)) ==
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("checksum and signature of an image change nothing in its hash, and any other byte does") {
    const Bytes plain = small_image(21);
    const Bytes expected = member_hash(plain, MemberHash::Sha256);
    CHECK(member_hash(small_image(21, 64), MemberHash::Sha256) == expected);
    for (size_t at = 0x58; at < plain.size(); ++at) {
        const bool left_out = (at >= 0x58 + 64 && at < 0x58 + 68) || (at >= 0x58 + 144 && at < 0x58 + 152);
        const bool makes_it_no_image = at < 0x58 + 2 || (at >= 0x58 + 108 && at < 0x58 + 112);
        if (makes_it_no_image || (at >= 0x58 + 144 && at < 0x58 + 152)) continue;
        Bytes changed = plain;
        changed[at] ^= 1;
        INFO("byte " << at);
        CHECK((member_hash(changed, MemberHash::Sha256) == expected) == left_out);
    }
}

TEST_CASE("an image whose signature is not its end, or whose offsets lead out of it, is hashed as a flat file") {
    Bytes image = small_image(8, 16);
    CHECK(pe_hash_layout(image).image);
    Bytes longer = image;
    longer.push_back(0);
    CHECK_FALSE(pe_hash_layout(longer).image);
    for (const uint32_t offset : {0xffffffffu, 0x10000u}) {
        Bytes astray = image;
        std::memcpy(astray.data() + 0x3c, &offset, 4);
        CHECK_FALSE(pe_hash_layout(astray).image);
    }
    for (size_t length = 0; length < image.size(); ++length)
        CHECK_FALSE(pe_hash_layout(ByteView(image).first(length)).image);
}

TEST_CASE("a catalogue holds INF and driver by both hashes, and reads back as it was written") {
    const Folder folder;
    const Bytes der = write_catalog(folder.catalog);
    const Catalog read = read_catalog(der, "card.cat");
    REQUIRE(read.members.size() == 4);
    CHECK(read.date == "240203000000Z");
    CHECK(read.hardware_ids == std::vector<std::string>{"*pnpb006", "acpi\\pnpb006"});
    CHECK(read.signers == 0);
    CHECK(verify_catalog(read, folder.dir.path()).empty());
    CHECK(write_catalog(read) == der); // same members, same bytes
}

TEST_CASE("a catalogue of version-1 members alone has SHA-1 only") {
    const Folder folder;
    const Catalog catalog = catalog_of_package(folder.dir.path(), true);
    REQUIRE(catalog.members.size() == 2);
    CHECK(catalog.members[0].kind == MemberHash::Sha1);
    CHECK(verify_catalog(read_catalog(write_catalog(catalog), "c"), folder.dir.path()).empty());
}

TEST_CASE("an altered driver and an altered INF are named") {
    const Folder folder;
    folder.dir.file("card.sys", "drivel");
    REQUIRE(folder.verified().size() == 4); // two hashes not there, two members without a file
    CHECK(folder.verified()[0].find("card.sys: its SHA-1 is not in the catalogue") == 0);
    folder.dir.file("card.sys", "driver");
    CHECK(folder.verified().empty());
    folder.dir.file("card.inf", kGoodInf + ";\n");
    CHECK(folder.verified()[0].find("card.inf: its SHA-1") == 0);
}

TEST_CASE("a file the INF names and the folder lacks is named with its line") {
    const Folder folder;
    folder.dir.file("card.inf", with(kGoodInf, "card.sys=1\n", "card.sys=1\nmore.sys=1\n"));
    CHECK(refusal([&] { folder.verified(); }).find("card.inf:12: more.sys") != std::string::npos);
}

TEST_CASE("a member's file cannot be one outside the package") {
    const Folder folder;
    folder.dir.file("card.inf", with(kGoodInf, "card.sys=1\n", "card.sys=1,..\\..\\etc\n"));
    CHECK(refusal([&] { folder.verified(); }).find("below the package's folder") != std::string::npos);
}

TEST_CASE("a catalogue cut off anywhere, or with a byte more, is refused by name") {
    const Bytes der = write_catalog(Folder().catalog);
    for (size_t length = 0; length < der.size(); length += 7)
        CHECK(refusal([&] { read_catalog(ByteView(der).first(length), "c.cat"); }).find("c.cat: ") == 0);
    Bytes longer = der;
    longer.push_back(0);
    CHECK(refusal([&] { read_catalog(longer, "c.cat"); }).find("bytes behind") != std::string::npos);
}

TEST_CASE("a member whose tag and hash differ is refused") {
    Bytes der = write_catalog(Folder().catalog);
    const Bytes hash = member_hash(Bytes{'d', 'r', 'i', 'v', 'e', 'r'}, MemberHash::Sha256);
    const auto at = std::search(der.begin(), der.end(), hash.begin(), hash.end());
    REQUIRE(at != der.end());
    *at ^= 1;
    CHECK(refusal([&] { read_catalog(der, "c.cat"); }).find("the tag of 'card.sys'") != std::string::npos);
}
