// SPDX-License-Identifier: MIT
// The way into a held machine: symbols at the addresses of this run, and nothing of the guest's as a gdb command.
#include "debug/gdb_script.hpp"

#include "harness/support/environment.hpp"
#include "harness/support/log_builder.hpp"
#include "harness/support/temp_dir.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

#include <filesystem>

using namespace mpulab;
using namespace mpulab::test;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kBase = 0xfffff80000100000;

/// The least of a PE image: DOS header, signature and file header, optional header (PE/COFF specification).
Bytes pe_image(uint16_t magic, uint64_t image_base, uint32_t pe_at = 0x80) {
    Bytes file(pe_at + 24 + 32);
    file[0] = 'M';
    file[1] = 'Z';
    const auto put = [&file](size_t at, uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i)
            file[at + static_cast<size_t>(i)] = static_cast<uint8_t>(value >> 8 * i);
    };
    put(0x3c, pe_at, 4);
    put(pe_at, 0x4550, 4); // "PE\0\0"
    put(pe_at + 24, magic, 2);
    if (magic == 0x20b) {
        put(pe_at + 24 + 24, image_base, 8);
    } else {
        put(pe_at + 24 + 28, image_base, 4);
    }
    return file;
}

std::vector<std::string> lines_of(const std::string& script) {
    std::vector<std::string> lines;
    for (size_t at = 0; at < script.size();) {
        const size_t end = script.find('\n', at);
        lines.push_back(script.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

} // namespace

TEST_CASE("the image base is read from PE32+ and PE32 images") {
    CHECK(pe_image_base(pe_image(0x20b, 0x140000000)) == 0x140000000);
    CHECK(pe_image_base(pe_image(0x10b, 0x10000)) == 0x10000);
    CHECK(pe_image_base(pe_image(0x20b, UINT64_MAX, 0x40)) == UINT64_MAX);
}

TEST_CASE("what is no PE image has no base, cut off at any byte") {
    CHECK_FALSE(pe_image_base({}));
    CHECK_FALSE(pe_image_base(Bytes(1000)));
    CHECK_FALSE(pe_image_base(joined(bytes_of("\x7f"
                                              "ELF"),
                                     Bytes(1000))));
    CHECK_FALSE(pe_image_base(pe_image(0x107, 0)));
    const Bytes whole = pe_image(0x20b, 1);
    for (size_t size = 0; size < whole.size(); ++size)
        CHECK_FALSE(pe_image_base(ByteView(whole).first(size)));
    Bytes far = whole;
    far[0x3c] = far[0x3d] = far[0x3e] = far[0x3f] = 0xff; // the PE header past the end, where 32 bits would wrap
    CHECK_FALSE(pe_image_base(far));
}

TEST_CASE("a symbol file is found by the module's name, with and without its extension, first folder first") {
    const TempDir dir;
    const auto second = dir.file("b/ks.debug", "");
    const auto first = dir.file("a/ks.sys.debug", "");
    fs::create_directory(dir / "a/hal.dll.debug"); // a folder is no symbol file
    const SymbolPath symbols{{dir / "a", dir / "b"}};
    CHECK(symbols.find("ks.sys") == first);
    CHECK(SymbolPath{{dir / "b"}}.find("ks.sys") == second);
    CHECK(symbols.find("hal.dll").empty());
    CHECK(symbols.find("portcls.sys").empty());
    CHECK(SymbolPath{}.find("ks.sys").empty());
}

TEST_CASE("the script loads each module's symbols moved to where the guest mapped it, then connects") {
    const TempDir dir;
    const auto file = dir.file("testcard.sys.debug", pe_image(0x20b, 0x140000000));
    const auto script =
        lines_of(gdb_script("/tmp/m/run-1/gdb", {{"testcard.sys", kBase, 0x8000, 0, 1}}, {{dir.path()}}));
    REQUIRE(script.size() == 5);
    CHECK_THAT(script[0], StartsWith("# "));
    CHECK(script[1] == "set confirm off");
    CHECK(script[2] == "set architecture i386:x86-64");
    CHECK(script[3] == "add-symbol-file \"" + file.string() + "\" -o 0xfffff7fec0100000"); // base minus 0x140000000
    CHECK(script[4] == "target remote /tmp/m/run-1/gdb");
}

TEST_CASE("a module without a symbol file, or with one that is no PE image, is a comment") {
    const TempDir dir;
    dir.file("ks.sys.debug", "no image");
    const auto script =
        lines_of(gdb_script("/s", {{"ks.sys", kBase, 1, 0, 1}, {"hal.dll", 0x1000, 1, 0, 2}}, {{dir.path()}}));
    REQUIRE(script.size() == 6);
    CHECK(script[3] == "# no symbol file for ks.sys at 0xfffff80000100000");
    CHECK(script[4] == "# no symbol file for hal.dll at 0x1000");
}

TEST_CASE("a symbol file's path reaches gdb as one word, whatever it holds") {
    const TempDir dir;
    dir.file("my \"odd\\ folder/x.sys.debug", pe_image(0x20b, 0));
    const auto script = lines_of(gdb_script("/s", {{"x.sys", 0x1000, 1, 0, 1}}, {{dir / "my \"odd\\ folder"}}));
    CHECK(script[3] == "add-symbol-file \"" + dir.path().string() + "/my \\\"odd\\\\ folder/x.sys.debug\" -o 0x1000");
}

TEST_CASE("a guest's module name cannot become a gdb command") {
    const auto script = lines_of(gdb_script("/s", {{"x\nshell touch /tmp/owned\r\n", 0x1000, 1, 0, 1}}, {}));
    REQUIRE(script.size() == 5);
    CHECK_THAT(script[3], StartsWith("# no symbol file for x shell touch"));
}

TEST_CASE("modules are followed as their records come, names of several records and of others told apart") {
    LogBuilder log;
    log.started(1).module("a-module-with-a-name-of-more-than-24-bytes.sys", 0x1000, 0x2000);
    log.add(MPULAB_KIND_FINDING, 1).name("not a module's name").module("b.sys", 0x5000, 0x1000);
    ModuleWatcher watcher;
    for (const mpulab_record& record : log.records())
        watcher.record(record);
    REQUIRE(watcher.modules().size() == 2);
    CHECK(watcher.modules()[0].name == "a-module-with-a-name-of-more-than-24-bytes.sys");
    CHECK(watcher.modules()[0].base == 0x1000);
    CHECK(watcher.modules()[0].size == 0x2000);
    CHECK(watcher.modules()[1].name == "b.sys");
}

TEST_CASE("the gdb that reads PE files comes first, one that is there before one that is not") {
    const TempDir dir;
    const ScopedVariable path("PATH", dir.path().c_str());
    CHECK(find_gdb() == "gdb-multiarch"); // none: the name to install
    const auto add = [&dir](const char* name) { fs::permissions(dir.file(name, ""), fs::perms(0755)); };
    add("gdb");
    CHECK(find_gdb() == "gdb");
    add("x86_64-w64-mingw32-gdb");
    CHECK(find_gdb() == "x86_64-w64-mingw32-gdb");
    add("gdb-multiarch");
    CHECK(find_gdb() == "gdb-multiarch");
}
