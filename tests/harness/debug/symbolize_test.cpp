// SPDX-License-Identifier: MIT
// Function and line of a crash's frames; and a crash whose symbols are missing, which is reported all the same.
#include "debug/symbolize.hpp"

#include "harness/support/temp_dir.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

CrashReport crash_in(const std::string& module) {
    CrashReport crash;
    crash.code = 0xd1;
    crash.modules = {{module, 0x10000, 0x8000, 0x11000, 1}, {"other.sys", 0x90000, 0x1000, 0, 2}};
    crash.frames = {{0x11234, module + "+0x1234", {}}, {0x5, "0x5", {}}};
    return crash;
}

} // namespace

TEST_CASE("a module without any file says which were looked for") {
    const TempDir dir;
    CrashReport crash = crash_in("gone.sys");
    symbolize(crash, {{{dir.path()}}, {}});
    REQUIRE(crash.symbols.size() == 1);
    CHECK(crash.symbols[0] == "gone.sys: looked for gone.sys.debug and gone.sys");
    CHECK(crash.frames[0].lines.empty());
    CHECK(crash.frames[0].text() == "gone.sys+0x1234");
}

TEST_CASE("a symbol file that is none does no harm") {
    const TempDir dir;
    dir.file("bad.debug", "not a symbol file");
    CrashReport crash = crash_in("bad.sys");
    symbolize(crash, {{{dir.path()}}, {}});
    REQUIRE(crash.symbols.size() == 1);
    CHECK_THAT(crash.symbols[0], ContainsSubstring("bad.debug: nothing there"));
}

TEST_CASE("an image that names no PDB says so") {
    const TempDir dir;
    CrashReport crash = crash_in("bare.sys");
    symbolize(crash, {{{}}, {{"bare.sys", dir.file("somewhere.sys", "MZ")}}});
    REQUIRE(crash.symbols.size() == 1);
    CHECK_THAT(crash.symbols[0], ContainsSubstring("looked for bare.sys.debug and in " +
                                                   (dir / "somewhere.sys").string() + ", which names no PDB"));
}

TEST_CASE("a frame tells inlined functions from the inside out") {
    CodePlace frame{0x10, "a.sys+0x10", {{"inner", "x.cpp", 3}, {"outer", "", 0}}};
    CHECK(frame.text() == "a.sys+0x10 inner (x.cpp:3), inlined in outer");
}
