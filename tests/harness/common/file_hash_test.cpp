// SPDX-License-Identifier: MIT
// Hashes of shared files: those of what lies there now, also when it has changed since it was read.
#include "common/file_hash.hpp"

#include "common/files.hpp"
#include "harness/support/text.hpp"
#include "link/log_writer.hpp"

#include "support/catch.hpp"

#include <fmt/format.h>

#include <unistd.h>

using namespace mpulab;
using mpulab::test::refusal;

TEST_CASE("a file's hash is that of its bytes, and another one when they are others") {
    const auto path = std::filesystem::temp_directory_path() / fmt::format("mpulab-hash-{}", ::getpid());
    for (const std::string text : {"", "one", "two", "a third one"}) {
        write_file(path, std::string_view(text));
        std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() +
                                                   std::chrono::seconds(text.size() + (text == "two" ? 100 : 0)));
        const Bytes bytes(text.begin(), text.end());
        CHECK(file_sha256(path, "test file") == sha256_hex(bytes));
        CHECK(file_sha256(path, "test file") == sha256_hex(bytes));
    }
    std::filesystem::remove(path);
}

TEST_CASE("a file that is not there is named with what it should have been") {
    CHECK_THAT(refusal([] { file_sha256("/nowhere/at/all", "QEMU"); }),
               ContainsSubstring("cannot open QEMU /nowhere/at/all"));
    CHECK_THAT(refusal([] { file_sha256("/", "QEMU"); }), ContainsSubstring("cannot read QEMU /"));
}
