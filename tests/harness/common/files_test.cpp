// SPDX-License-Identifier: MIT
// Whole files in and out: every error names the file, the reason and the next step.
#include "common/files.hpp"

#include "harness/support/full_disk.hpp"
#include "harness/support/temp_dir.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mpulab;
using namespace mpulab::test;

namespace {

std::string read_refused(const std::filesystem::path& path, size_t limit = 100) {
    return refusal([&] { read_file(path, limit, "MIDI file"); });
}

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

} // namespace

TEST_CASE("a file is read whole, an empty one and one of exactly the limit too") {
    const TempDir dir;
    CHECK(read_file(dir.file("a", "abc"), 3, "file") == bytes_of("abc"));
    CHECK(read_file(dir.file("b", ""), 0, "file").empty());
    CHECK(read_file(dir.file("c", std::string(1'000'000, 'x')), 1'000'000, "file").size() == 1'000'000);
}

TEST_CASE("a file that is missing, too large or no file is refused by what it is") {
    const TempDir dir;
    const std::string missing = (dir / "no.mid").string();
    CHECK(read_refused(missing) ==
          "cannot read MIDI file " + missing + ": No such file or directory; next: check the path and its permissions");
    CHECK_THAT(read_refused(dir.path()), ContainsSubstring(dir.path().string() + ": not a regular file"));
    CHECK_THAT(read_refused("/dev/zero"), ContainsSubstring("/dev/zero: not a regular file"));
    const auto large = dir.file("large", std::string(101, 'x'));
    CHECK(read_refused(large) ==
          "MIDI file " + large.string() + " has 101 bytes, at most 100 are taken; next: use a smaller file");
}

TEST_CASE("a FIFO without a writer is refused, and not waited for") {
    const TempDir dir;
    REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
    CHECK_THAT(read_refused(dir / "fifo"), ContainsSubstring("not a regular file"));
}

TEST_CASE("a file is written anew") {
    const TempDir dir;
    write_file(dir / "a", std::string_view("first and long"));
    write_file(dir / "a", hex("61 00 62"));
    CHECK(text_of(dir / "a") == std::string("a\0b", 3));
}

TEST_CASE("a file that cannot be made or written is refused with the reason") {
    const TempDir dir;
    const std::string path = (dir / "no/a").string();
    CHECK_THAT(refusal([&] { write_file(path, std::string_view("x")); }),
               StartsWith("cannot create " + path + ": No such file or directory; next: check the folder"));
    CHECK_THAT(refusal([] { write_file("/dev/full", std::string_view("x")); }),
               StartsWith("cannot write /dev/full: No space left on device; next: free some space there"));
    const FileSizeLimit limit(2);
    CHECK_THAT(refusal([&] { write_file(dir / "b", std::string_view("xyz")); }),
               StartsWith("cannot write " + (dir / "b").string() + ": File too large; next: check the folder"));
}

TEST_CASE("folders are made with those above them, a file in the way is named") {
    const TempDir dir;
    create_folders(dir / "a/b/c");
    create_folders(dir / "a/b/c");
    CHECK(std::filesystem::is_directory(dir / "a/b/c"));
    dir.file("file", "");
    CHECK_THAT(refusal([&] { create_folders(dir / "file/below"); }),
               StartsWith("cannot create folder " + (dir / "file/below").string() + ": Not a directory"));
}

TEST_CASE("a file descriptor has one owner, and is closed once") {
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    FileDescriptor reader(pipe_ends[0]);
    FileDescriptor writer(pipe_ends[1]);
    FileDescriptor moved(std::move(reader));
    CHECK_FALSE(reader);
    CHECK(moved.get() == pipe_ends[0]);
    moved = std::move(writer); // closes the one it had
    CHECK_FALSE(is_open(pipe_ends[0]));
    CHECK(is_open(pipe_ends[1]));
    CHECK(moved.release() == pipe_ends[1]);
    CHECK_FALSE(moved);
    CHECK(is_open(pipe_ends[1]));
    moved.reset(pipe_ends[1]);
    moved.reset();
    CHECK_FALSE(is_open(pipe_ends[1]));
}

TEST_CASE("a document that does not fit leaves the one before it, and no half of itself") {
    const TempDir dir;
    write_whole_file(dir / "a", "the one before");
    {
        const FileSizeLimit limit(100);
        CHECK_THAT(refusal([&] { write_whole_file(dir / "a", std::string(1'000, 'x')); }),
                   ContainsSubstring((dir / "a").string()));
    }
    CHECK(text_of(dir / "a") == "the one before");
    CHECK_FALSE(std::filesystem::exists(dir / "a.new"));
    using Entries = std::filesystem::directory_iterator;
    CHECK(std::distance(Entries(dir.path()), Entries()) == 1);
    write_whole_file(dir / "a", "the new one");
    CHECK(text_of(dir / "a") == "the new one");
}
