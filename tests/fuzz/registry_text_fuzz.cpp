// SPDX-License-Identifier: MIT
// registry.reg from anywhere: a walk goes forward and ends, and what it gives lies in its room.
#include "registry_text.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    // Half of the inputs get the first line and a key, or nearly every one would stop there.
    static const char kHead[] = "Windows Registry Editor Version 5.00\n[HKLM\\K]\n";
    std::vector<uint8_t> bytes;
    if (size != 0 && data[0] % 2 != 0) bytes.assign(kHead, kHead + sizeof(kHead) - 1);
    bytes.insert(bytes.end(), data, data + size);
    auto room = std::make_unique<nanont::RegistryText::Room>();
    nanont::RegistryText walk({bytes.data(), bytes.size()}, *room);
    nanont::RegistryItem item;
    nanont::Defect defect;
    size_t line = 0;
    while (walk.next(item, defect)) {
        if (item.line <= line) std::abort(); // one item a line
        line = item.line;
        if (item.name_length > nanont::RegistryText::kMaxPath || item.size > nanont::RegistryText::kMaxData)
            std::abort();
        if (item.name != room->name) std::abort();
        if (item.kind == nanont::RegistryItem::Kind::Value && item.data != room->data) std::abort();
    }
    if (walk.next(item, defect)) std::abort();
    return 0;
}
