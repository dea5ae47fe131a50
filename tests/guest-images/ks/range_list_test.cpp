// SPDX-License-Identifier: MIT
// Lists of data ranges as clients send them.
#include "ks/range_list.hpp"

#include <support/catch.hpp>

#include <cstring>
#include <vector>

namespace {

using Bytes = std::vector<uint8_t>;

void put(Bytes& bytes, size_t at, uint32_t value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// KSMULTIPLE_ITEM and ranges of these sizes, each at a multiple of 8.
Bytes list_of(std::initializer_list<uint32_t> sizes) {
    Bytes list(ks::kMultipleItemBytes);
    for (uint32_t size : sizes) {
        const size_t at = list.size();
        list.resize(at + ks::align8(size));
        put(list, at, size);
    }
    put(list, 0, static_cast<uint32_t>(list.size()));
    put(list, 4, static_cast<uint32_t>(sizes.size()));
    return list;
}

struct Walked {
    std::vector<uint32_t> offsets;
    bool broken;
};

Walked walk(const Bytes& list) {
    ks::RangeWalk walk(list.data(), static_cast<uint32_t>(list.size()));
    Walked walked{};
    uint32_t offset = 0;
    while (walk.next(offset))
        walked.offsets.push_back(offset);
    walked.broken = walk.broken();
    return walked;
}

} // namespace

TEST_CASE("each range begins at the next multiple of 8") {
    const Walked walked = walk(list_of({0x60, 0x44, 0x40}));
    CHECK(walked.offsets == std::vector<uint32_t>{8, 0x68, 0xb0});
    CHECK_FALSE(walked.broken);
}

TEST_CASE("a list without ranges is empty, not broken") {
    const Walked walked = walk(list_of({}));
    CHECK(walked.offsets.empty());
    CHECK_FALSE(walked.broken);
}

TEST_CASE("a count larger than what is there breaks the list after the last whole range") {
    Bytes list = list_of({0x40});
    put(list, 4, 0xffffffff);
    const Walked walked = walk(list);
    CHECK(walked.offsets.size() == 1);
    CHECK(walked.broken);
}

TEST_CASE("a range smaller than KSDATARANGE or larger than the rest breaks the list") {
    for (uint32_t size : {0u, 0x3fu, 0x41u, 0x7fffffffu, 0xfffffff9u, 0xffffffffu}) {
        Bytes list = list_of({0x40});
        put(list, 8, size);
        const Walked walked = walk(list);
        CHECK(walked.offsets.empty());
        CHECK(walked.broken);
    }
}

TEST_CASE("a KSMULTIPLE_ITEM that is cut off, or whose Size lies, breaks the list") {
    CHECK(walk(Bytes(7)).broken);
    for (uint32_t size : {0u, 7u, 0x49u, 0xffffffffu}) {
        Bytes list = list_of({0x40});
        put(list, 0, size);
        CHECK(walk(list).broken);
    }
}

TEST_CASE("a Size below the buffer's length ends the list there") {
    Bytes list = list_of({0x40, 0x40});
    put(list, 0, 0x48);
    const Walked walked = walk(list);
    CHECK(walked.offsets.size() == 1);
    CHECK(walked.broken);
}
