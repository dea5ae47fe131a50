// SPDX-License-Identifier: MIT
// The boot archive, read back by a reader of its own (the "newc" layout of cpio(5)).
#include "machine/cpio.hpp"

#include "harness/support/text.hpp"

#include "support/catch.hpp"

#include <stdexcept>

using namespace mpulab;
using namespace mpulab::test;

namespace {

struct Found {
    std::string name;
    Bytes bytes;
    unsigned long mode = 0;
};

/// Throws when anything is not as cpio(5) says, and when the archive does not end with its trailer.
std::vector<Found> read_back(const Bytes& archive) {
    std::vector<Found> found;
    const auto text = [&archive](size_t at, size_t size) {
        if (at + size > archive.size()) throw std::runtime_error("cut short");
        return std::string(archive.begin() + static_cast<ptrdiff_t>(at),
                           archive.begin() + static_cast<ptrdiff_t>(at + size));
    };
    for (size_t at = 0;;) {
        if (text(at, 6) != "070701") throw std::runtime_error("no magic at " + std::to_string(at));
        const auto field = [&](size_t number) { return std::stoul(text(at + 6 + number * 8, 8), nullptr, 16); };
        for (const size_t zero : {2u, 3u, 5u, 7u, 8u, 9u, 10u, 12u}) // uid, gid, mtime, devices, checksum
            if (field(zero) != 0) throw std::runtime_error("field " + std::to_string(zero) + " is not 0");
        const size_t name_size = field(11);
        const std::string name = text(at + 110, name_size);
        if (name.empty() || name.back() != '\0') throw std::runtime_error("name without its zero");
        const size_t data = (at + 110 + name_size + 3) / 4 * 4;
        const std::string bytes = text(data, field(6));
        const auto mode = field(1);
        at = (data + field(6) + 3) / 4 * 4;
        if (name == std::string("TRAILER!!!") + '\0') {
            if (at != archive.size()) throw std::runtime_error("bytes after the trailer");
            return found;
        }
        found.push_back({name.substr(0, name.size() - 1), bytes_of(bytes), mode});
    }
}

} // namespace

TEST_CASE("an archive gives back its files in order, whatever their sizes leave over") {
    const std::vector<CpioEntry> files = {{"ntoskrnl.exe", Bytes(1021, 1)},
                                          {"a", {}},
                                          {"hal.dll", Bytes(1, 2)},
                                          {"ks.sys", Bytes(2, 3)},
                                          {"b.c", Bytes(3, 4)},
                                          {"boot.cfg", Bytes(4, 5)}};
    const auto found = read_back(write_cpio(files));
    REQUIRE(found.size() == files.size());
    for (size_t i = 0; i < files.size(); ++i) {
        CHECK(found[i].name == files[i].name);
        CHECK(found[i].bytes == files[i].bytes);
        CHECK(found[i].mode == 0100644);
    }
}

TEST_CASE("an archive of nothing is its trailer") {
    CHECK(read_back(write_cpio({})).empty());
    CHECK(write_cpio({}).size() == 124); // 110, a name of 11, up to a multiple of four
}

TEST_CASE("the same files make the same archive") {
    const std::vector<CpioEntry> files = {{"x.sys", hex("4d 5a")}, {"boot.cfg", bytes_of("driver=x.sys\n")}};
    CHECK(write_cpio(files) == write_cpio(files));
}
