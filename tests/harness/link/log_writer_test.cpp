// SPDX-License-Identifier: MIT
// The event log on the disk, and its hash. Hashes of known texts are those of FIPS 180-4's examples.
#include "link/log_writer.hpp"

#include "harness/support/full_disk.hpp"
#include "harness/support/temp_dir.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kTwoBlocks = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";

} // namespace

TEST_CASE("SHA-256 of the standard's examples") {
    CHECK(sha256_hex(bytes_of("abc")) == kAbc);
    CHECK(sha256_hex({}) == kNothing);
    CHECK(sha256_hex(bytes_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) == kTwoBlocks);
}

TEST_CASE("a log is stored as it came, and its hash is that of the file") {
    const TempDir dir;
    LogWriter writer(dir / "events.mpl");
    writer.append(bytes_of("a"));
    writer.append({});
    writer.append(bytes_of("bc"));
    CHECK(writer.finish() == kAbc);
    CHECK(text_of(writer.path()) == "abc");
}

TEST_CASE("a log of nothing has no hash") {
    const TempDir dir;
    CHECK(LogWriter(dir / "events.mpl").finish().empty());
}

TEST_CASE("an old log of that name is replaced") {
    const TempDir dir;
    LogWriter writer(dir.file("events.mpl", "an older and longer log"));
    writer.append(bytes_of("abc"));
    CHECK(text_of(dir / "events.mpl") == "abc");
}

TEST_CASE("a log that cannot be made is named with the reason") {
    const TempDir dir;
    const auto path = dir / "no/events.mpl";
    CHECK_THAT(
        refusal([&] { LogWriter writer(path); }),
        StartsWith("cannot create event log " + path.string() + ": No such file or directory; next: check the folder"));
    CHECK_THAT(refusal([&] { LogWriter writer(dir.path()); }), ContainsSubstring(": Is a directory"));
}

TEST_CASE("a log beyond its bound is refused with its size, and what was written before stays") {
    const TempDir dir;
    LogWriter writer(dir / "events.mpl", 4);
    writer.append(bytes_of("abc"));
    CHECK_THAT(refusal([&] { writer.append(bytes_of("de")); }),
               ContainsSubstring("has reached 3 bytes, 4 at most: the guest does not come to an end"));
    writer.append(bytes_of("d"));
    CHECK(text_of(writer.path()) == "abcd");
}

TEST_CASE("a full disk is said to be one, with the file and the way out") {
    LogWriter writer("/dev/full");
    CHECK(refusal([&] { writer.append(bytes_of("abc")); }) ==
          "cannot write /dev/full: No space left on device; next: free some space there, or name another folder with "
          "--out");
}

TEST_CASE("what was written before a disk was full stays in the file") {
    const TempDir dir;
    LogWriter writer(dir / "events.mpl");
    writer.append(bytes_of("abc"));
    {
        const FileSizeLimit limit(5);
        CHECK_THAT(refusal([&] { writer.append(bytes_of("defg")); }),
                   StartsWith("cannot write " + (dir / "events.mpl").string() + ": File too large"));
    }
    CHECK(text_of(dir / "events.mpl") == "abcde");
}
