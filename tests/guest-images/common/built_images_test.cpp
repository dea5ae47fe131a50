// SPDX-License-Identifier: MIT
// nanont's own modules and the driver as they were just built: they satisfy the loader that will load them, and every
// import of one is an export of another.
#include "pe_image.hpp"

#include <support/catch.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<uint8_t>;

const std::vector<fs::path>& paths() {
    static const std::vector<fs::path> list = {
        fs::path(NANONT_DIR) / "ntoskrnl.exe",
        fs::path(NANONT_DIR) / "hal.dll",
        fs::path(NANONT_DIR) / "ks.sys",
        fs::path(NANONT_DIR) / "portcls.sys",
        fs::path(NANONT_DIR) / "agent.sys",
        fs::path(MPULAB_BINARY_DIR) / "driver" / "x86_64" / MPULAB_BUNDLED_DRIVER};
    return list;
}

Bytes read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    INFO(path.string() << " is built by the target nanont or driver-x86_64");
    REQUIRE(file.good());
    return {std::istreambuf_iterator<char>(file), {}};
}

struct Loaded {
    std::string name;
    nanont::PeImage image{};
    Bytes file, memory;
    nanont::Defect defect{};

    explicit Loaded(const fs::path& path) : name(path.filename().string()), file(read(path)) {
        INFO(name);
        REQUIRE(nanont::parse_image({file.data(), file.size()}, image, defect));
        memory.resize(image.size_of_image);
        nanont::lay_out_image({file.data(), file.size()}, image, {memory.data(), memory.size()});
    }
};

std::map<std::string, Loaded>& modules() {
    static std::map<std::string, Loaded> loaded;
    if (loaded.empty())
        for (const fs::path& path : paths())
            loaded.emplace(path.filename().string(), Loaded(path));
    return loaded;
}

struct Asked {
    size_t count = 0;
    std::vector<std::string> missing;
};

uint64_t resolve(void* context, const nanont::Import& import) {
    auto& asked = *static_cast<Asked*>(context);
    ++asked.count;
    for (auto& [name, module] : modules())
        if (nanont::equal_ignoring_case(name.c_str(), import.module) && import.name != nullptr)
            if (const uint32_t rva =
                    nanont::find_export(module.image, {module.memory.data(), module.memory.size()}, import.name))
                return rva;
    asked.missing.push_back(std::string(import.module) + "!" + (import.name != nullptr ? import.name : "#"));
    return 0;
}

} // namespace

TEST_CASE("no image carries the time at which it was built: a run's hash would change with it") {
    for (const fs::path& path : paths()) {
        const Bytes file = read(path);
        uint32_t headers = 0;
        std::memcpy(&headers, file.data() + 0x3c, sizeof headers); // e_lfanew
        uint32_t stamp = 0;
        std::memcpy(&stamp, file.data() + headers + 8, sizeof stamp); // TimeDateStamp
        INFO(path.filename().string());
        CHECK(stamp == 0);
    }
}

TEST_CASE("every image that is built is one the loader takes, with a checksum that is right") {
    for (auto& [name, module] : modules()) {
        INFO(name);
        CHECK(module.image.entry_rva != 0);
        if (module.image.checksum != 0)
            CHECK(module.image.checksum ==
                  nanont::image_checksum({module.file.data(), module.file.size()}, module.image));
    }
    CHECK(modules().at(MPULAB_BUNDLED_DRIVER).image.checksum != 0); // what ships has one
}

TEST_CASE("every image that is built can be moved to the kernel's half of the address space") {
    for (auto& [name, module] : modules()) {
        INFO(name);
        Bytes memory = module.memory;
        CHECK(nanont::relocate_image(module.image, {memory.data(), memory.size()}, 0xfffff80001000000, module.defect));
    }
}

TEST_CASE("every import of the modules and the driver is exported by one of the modules") {
    for (auto& [name, module] : modules()) {
        INFO(name);
        Bytes memory = module.memory;
        Asked asked;
        size_t missing = 0;
        REQUIRE(nanont::bind_imports(module.image, {memory.data(), memory.size()}, resolve, &asked, missing,
                                     module.defect));
        CHECK(asked.missing == std::vector<std::string>{});
        CHECK(asked.count > 0);
    }
}

TEST_CASE("the driver built for i386 is refused by its machine") {
    const Bytes file = read(fs::path(MPULAB_BINARY_DIR) / "driver" / "i686" / MPULAB_BUNDLED_DRIVER);
    nanont::PeImage image;
    nanont::Defect defect;
    REQUIRE_FALSE(nanont::parse_image({file.data(), file.size()}, image, defect));
    CHECK(std::string(defect.field) == "Machine");
    CHECK(defect.value == 0x14c);
}

TEST_CASE("a built image cut at each 64 bytes is refused or whole, and never read past its end") {
    const Bytes& file = modules().at(MPULAB_BUNDLED_DRIVER).file;
    for (size_t size = 0; size < file.size(); size += 64) {
        const Bytes cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        nanont::PeImage image;
        nanont::Defect defect;
        if (nanont::parse_image({cut.data(), cut.size()}, image, defect)) {
            for (size_t i = 0; i < image.section_count; ++i)
                REQUIRE(image.sections[i].file_offset + image.sections[i].file_size <= size);
        }
    }
    SUCCEED();
}

TEST_CASE("a built image with any one byte of its headers changed is taken or refused, never misread") {
    const Bytes& good = modules().at(MPULAB_BUNDLED_DRIVER).file;
    for (size_t at = 0; at < 0x400; ++at)
        for (const int change : {0x01, 0x80, 0xff}) {
            Bytes file = good;
            file[at] = static_cast<uint8_t>(file[at] ^ change);
            nanont::PeImage image;
            nanont::Defect defect;
            if (!nanont::parse_image({file.data(), file.size()}, image, defect)) {
                REQUIRE(defect.field != nullptr);
                REQUIRE(defect.expected != nullptr);
                continue;
            }
            Bytes memory(image.size_of_image);
            nanont::MutableBytes view{memory.data(), memory.size()};
            nanont::lay_out_image({file.data(), file.size()}, image, view);
            size_t missing = 0;
            Asked asked;
            if (nanont::relocate_image(image, view, 0xfffff80001000000, defect))
                nanont::bind_imports(image, view, resolve, &asked, missing, defect);
        }
    SUCCEED();
}
