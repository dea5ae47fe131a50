// SPDX-License-Identifier: MIT
#include "cli/parts.hpp"

#include "common/error.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

namespace mpulab {
namespace {

struct PartInfo {
    Part part;
    const char* name;
    const char* variable;
    const char* built; // absolute, or below the build tree
    int access;        // what we need to do with it
    const char* next;
};

constexpr PartInfo kParts[] = {
    {Part::Qemu, "QEMU", "MPULAB_QEMU", MPULAB_DEFAULT_QEMU, X_OK, "build it with scripts/build-qemu"},
    {Part::Firmware, "firmware", "MPULAB_FIRMWARE", "/usr/share/qemu/qboot.rom", R_OK,
     "apt-get install qemu-system-data"},
    {Part::Kernel, "nanont's loader", "MPULAB_KERNEL", "guest-images/nanont/nanont-loader.elf", R_OK,
     "build it with scripts/build"},
    {Part::Modules, "folder of nanont's modules", "MPULAB_MODULES", "guest-images/nanont", R_OK | X_OK,
     "build them with scripts/build"},
    {Part::Driver, "driver", "MPULAB_DRIVER", "(name one)", R_OK, "name a .sys with --driver"},
    {Part::Package, "package", "MPULAB_PACKAGE", MPULAB_DEFAULT_PACKAGE, R_OK,
     "build the bundled one with scripts/build, or name one with --package"},
    {Part::TestDrivers, "folder of test drivers", "MPULAB_TEST_DRIVERS", "tests/guest-images/test_drivers/mingw",
     R_OK | X_OK, "build them with \"ninja -C build tests/guest-images/all\""},
};

} // namespace

std::filesystem::path find_part(Part part, const std::filesystem::path& chosen) {
    for (const PartInfo& info : kParts) {
        if (info.part != part) continue;
        const char* variable = std::getenv(info.variable);
        const bool from_variable = chosen.empty() && variable != nullptr && *variable != '\0';
        std::filesystem::path path = std::filesystem::path(MPULAB_BUILD_TREE) / info.built;
        if (from_variable) path = variable;
        if (!chosen.empty()) path = chosen;
        if (::access(path.c_str(), info.access) != 0) {
            throw Error(fmt::format("there is no {} at {}{}", info.name, path.string(),
                                    from_variable ? fmt::format(" ({})", info.variable) : ""),
                        info.next);
        }
        return std::filesystem::absolute(path);
    }
    throw Error("part without a row in the table of parts", "report this as a bug of mpulab");
}

} // namespace mpulab
