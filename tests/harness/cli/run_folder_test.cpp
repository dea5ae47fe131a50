// SPDX-License-Identifier: MIT
// The folder of a run: numbered from 1, never one that is there, its name an id the schema allows.
#include "cli/run_folder.hpp"

#include "harness/support/temp_dir.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;
namespace fs = std::filesystem;

TEST_CASE("runs of one song are numbered from 1, and number on where a folder is taken") {
    const TempDir dir;
    CHECK(make_run_folder(dir / "out", "song") == dir / "out/song-1");
    CHECK(make_run_folder(dir / "out", "song") == dir / "out/song-2");
    CHECK(make_run_folder(dir / "out", "other") == dir / "out/other-1");
    dir.file("out/song-3", "a file counts too");
    fs::remove(dir / "out/song-1");
    CHECK(make_run_folder(dir / "out", "song") == dir / "out/song-1");
    CHECK(make_run_folder(dir / "out", "song") == dir / "out/song-4");
}

TEST_CASE("a folder's name is an id that the result's schema allows, whatever the song is called") {
    const TempDir dir;
    constexpr const char* kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    for (const char* stem : {"", "a b", "süß", "-rf", "..", "x/y", "a\nb", "\xff\xfe", "%s{}", "$(x)"}) {
        const fs::path folder = make_run_folder(dir / "out", stem);
        CHECK(folder.filename().string().find_first_not_of(kAllowed) == std::string::npos);
        CHECK(folder.parent_path() == dir / "out");
        CHECK(fs::is_directory(folder));
    }
    CHECK(fs::exists(dir / "out/run-1"));
    CHECK(fs::exists(dir / "out/a_b-1"));
}

TEST_CASE("a relative folder becomes an absolute one") {
    const TempDir dir;
    const fs::path before = fs::current_path();
    fs::current_path(dir.path());
    const fs::path folder = make_run_folder("out", "song");
    fs::current_path(before);
    CHECK(folder == dir / "out/song-1");
}

TEST_CASE("a folder that cannot be made is named with the reason") {
    const TempDir dir;
    dir.file("file", "");
    CHECK_THAT(refusal([&] { make_run_folder(dir / "file/out", "song"); }),
               StartsWith("cannot create folder " + (dir / "file/out").string() + ": Not a directory"));
    CHECK_THAT(refusal([&] { make_run_folder(dir / "out", std::string(300, 'x')); }),
               ContainsSubstring("File name too long"));
}

TEST_CASE("a log is found by its path, its run's folder or the run's id") {
    const TempDir dir;
    const fs::path log = dir.file("out/song-1/events.mpl", "x");
    CHECK(find_event_log("unused", log.string()) == log);
    CHECK(find_event_log("unused", (dir / "out/song-1").string()) == log);
    CHECK(find_event_log(dir / "out", "song-1") == log);
    CHECK(refusal([&] { find_event_log(dir / "out", "song-2"); }) ==
          "'song-2' is neither an event log nor a run's folder nor a run below " + (dir / "out").string() +
              "; next: name the folder that \"mpulab play\" printed");
    CHECK_THAT(refusal([&] { find_event_log(dir / "out", ""); }), StartsWith("'' is neither"));
}
