// SPDX-License-Identifier: MIT
// Where the parts of a machine are found: a flag before the environment before the build tree.
#include "cli/parts.hpp"

#include "harness/support/environment.hpp"
#include "harness/support/temp_dir.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;
namespace fs = std::filesystem;

namespace {

struct Row {
    Part part;
    const char* variable;
    const char* name;
    const char* next;
};

constexpr Row kRows[] = {{Part::Qemu, "MPULAB_QEMU", "QEMU", "scripts/build-qemu"},
                         {Part::Firmware, "MPULAB_FIRMWARE", "firmware", "apt-get install qemu-system-data"},
                         {Part::Kernel, "MPULAB_KERNEL", "nanont's loader", "scripts/build"},
                         {Part::Modules, "MPULAB_MODULES", "folder of nanont's modules", "scripts/build"},
                         {Part::Driver, "MPULAB_DRIVER", "driver", "--driver"}};

} // namespace

TEST_CASE("each part is taken from its variable, as an absolute path") {
    const TempDir dir;
    const fs::path file = dir.file("part", "");
    fs::permissions(file, fs::perms(0755));
    for (const Row& row : kRows) {
        const ScopedVariable variable(row.variable, file.c_str());
        CHECK(find_part(row.part) == file);
        const ScopedVariable relative(row.variable, fs::relative(file).c_str());
        CHECK(find_part(row.part).is_absolute());
    }
}

TEST_CASE("a flag comes before the variable") {
    const TempDir dir;
    const ScopedVariable variable("MPULAB_DRIVER", dir.file("a.sys", "").c_str());
    CHECK(find_part(Part::Driver, dir.file("b.sys", "")) == dir / "b.sys");
    CHECK_THAT(refusal([&] { find_part(Part::Driver, dir / "no.sys"); }),
               StartsWith("there is no driver at " + (dir / "no.sys").string() + "; next: "));
}

TEST_CASE("a part that is not there is refused with its path, its variable and what makes it") {
    for (const Row& row : kRows) {
        const ScopedVariable variable(row.variable, "/no/such/part");
        const std::string text = refusal([&] { find_part(row.part); });
        CHECK_THAT(text, StartsWith("there is no " + std::string(row.name) + " at /no/such/part (" + row.variable +
                                    "); next: "));
        CHECK_THAT(text, ContainsSubstring(row.next));
    }
}

TEST_CASE("an empty variable is none") {
    const TempDir dir;
    const ScopedVariable variable("MPULAB_KERNEL", "");
    std::string text;
    try {
        text = find_part(Part::Kernel).string();
    } catch (const Error& error) { // not built yet
        text = error.what();
        CHECK(text.find("MPULAB_KERNEL") == std::string::npos);
    }
    CHECK_THAT(text, ContainsSubstring(MPULAB_BINARY_DIR "/guest-images/nanont/nanont-loader.elf"));
}

TEST_CASE("a QEMU that may not be executed is none") {
    const TempDir dir;
    const fs::path file = dir.file("qemu", "");
    fs::permissions(file, fs::perms(0644));
    const ScopedVariable variable("MPULAB_QEMU", file.c_str());
    CHECK_THAT(refusal([] { find_part(Part::Qemu); }), StartsWith("there is no QEMU at " + file.string()));
}
