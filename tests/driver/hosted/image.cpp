// SPDX-License-Identifier: MIT
#include "image.hpp"

#include <sys/mman.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

namespace {

constexpr size_t kPage = 0x1000;
constexpr uint32_t kExecute = 0x20000000, kWrite = 0x80000000;

template <class T> T load(const uint8_t* from) {
    T value;
    std::memcpy(&value, from, sizeof(value));
    return value;
}

size_t pages(size_t size) {
    return (size + kPage - 1) / kPage * kPage;
}

} // namespace

HostedImage::HostedImage(const std::filesystem::path& path, const Resolve& resolve) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> raw{std::istreambuf_iterator<char>(file), {}};
    if (raw.size() < kPage) throw std::runtime_error(path.string() + ": no driver image; build the target driver");
    const auto* data = reinterpret_cast<const uint8_t*>(raw.data());
    const uint8_t* pe = data + load<uint32_t>(data + 0x3C);
    const uint8_t* optional = pe + 24;
    if (load<uint16_t>(optional) != 0x20B) throw std::runtime_error(path.string() + ": not PE32+");
    entry_ = load<uint32_t>(optional + 16);
    const auto preferred = load<uint64_t>(optional + 24);
    size_ = pages(load<uint32_t>(optional + 56));
    void* memory = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("no memory for the image");
    base_ = static_cast<uint8_t*>(memory);

    const uint16_t section_count = load<uint16_t>(pe + 6);
    const uint8_t* sections = optional + load<uint16_t>(pe + 20);
    for (unsigned n = 0; n < section_count; ++n) {
        const uint8_t* section = sections + 40 * n;
        std::memcpy(base_ + load<uint32_t>(section + 12), data + load<uint32_t>(section + 20),
                    std::min(load<uint32_t>(section + 16), load<uint32_t>(section + 8)));
    }
    const uint64_t delta = reinterpret_cast<uint64_t>(base_) - preferred;
    const uint8_t* block = base_ + load<uint32_t>(optional + 112 + 8 * 5);
    const uint8_t* end = block + load<uint32_t>(optional + 112 + 8 * 5 + 4);
    for (; block < end; block += load<uint32_t>(block + 4)) {
        for (uint32_t at = 8; at < load<uint32_t>(block + 4); at += 2) {
            const uint16_t item = load<uint16_t>(block + at);
            if (item >> 12 != 10) continue;
            uint8_t* where = base_ + load<uint32_t>(block) + (item & 0xFFF);
            const uint64_t moved = load<uint64_t>(where) + delta;
            std::memcpy(where, &moved, sizeof(moved));
        }
    }
    for (const uint8_t* d = base_ + load<uint32_t>(optional + 112 + 8); load<uint32_t>(d + 12) != 0; d += 20) {
        const std::string module = reinterpret_cast<const char*>(base_ + load<uint32_t>(d + 12));
        for (uint8_t* thunk = base_ + load<uint32_t>(d + 16); load<uint64_t>(thunk) != 0; thunk += 8) {
            const std::string name = reinterpret_cast<const char*>(base_ + load<uint64_t>(thunk) + 2);
            void* address = resolve(module, name);
            if (address == nullptr) throw std::runtime_error("nobody provides " + module + "!" + name);
            std::memcpy(thunk, &address, sizeof(address));
        }
    }
    for (unsigned n = 0; n < section_count; ++n) {
        const uint8_t* section = sections + 40 * n;
        const uint32_t flags = load<uint32_t>(section + 36);
        const int access =
            PROT_READ | ((flags & kExecute) != 0 ? PROT_EXEC : 0) | ((flags & kWrite) != 0 ? PROT_WRITE : 0);
        mprotect(base_ + load<uint32_t>(section + 12), pages(load<uint32_t>(section + 8)), access);
        if (std::memcmp(section, "INIT\0\0\0", 8) == 0) {
            init_ = load<uint32_t>(section + 12);
            init_size_ = load<uint32_t>(section + 8);
        }
    }
}

HostedImage::~HostedImage() {
    munmap(base_, size_);
}

void HostedImage::discard_init() {
    mprotect(base_ + init_, pages(init_size_), PROT_NONE);
}
