// SPDX-License-Identifier: MIT
// Archives from anywhere: a walk ends, each entry lies inside, and the little parsers beside it keep to their room.
#include "archive.hpp"

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::vector<uint8_t> bytes(data, data + size);
    // Half of the inputs get a good first header, or nearly every one would stop there.
    static const char kHead[] = "070701000000010000000000000000000000000000000000000000";
    if (size > 110 && data[0] % 2 != 0) std::memcpy(bytes.data(), kHead, sizeof(kHead) - 1);
    const nanont::Archive archive({bytes.data(), bytes.size()});
    size_t offset = 0;
    nanont::ArchiveEntry entry;
    nanont::Defect defect;
    size_t before = 0;
    while (archive.next(offset, entry, defect)) {
        if (offset <= before) std::abort(); // a walk goes forward
        before = offset;
        if (entry.content.data + entry.content.size > bytes.data() + bytes.size()) std::abort();
        if (std::strlen(entry.name) > nanont::Archive::kMaxName) std::abort();
    }
    archive.find("boot.cfg", entry, defect);
    char out[16];
    if (nanont::find_setting({bytes.data(), bytes.size()}, "driver", out, sizeof(out)) &&
        std::strlen(out) >= sizeof(out))
        std::abort();
    for (size_t at = 0, last = 0; nanont::next_setting({bytes.data(), bytes.size()}, at, "id", out, sizeof(out));
         last = at)
        if (at <= last || std::strlen(out) >= sizeof(out)) std::abort();
    uint64_t number = 0;
    nanont::parse_number(std::string(bytes.begin(), bytes.end()).c_str(), number);
    return 0;
}
