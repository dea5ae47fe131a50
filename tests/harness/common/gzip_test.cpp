// SPDX-License-Identifier: MIT
// gzip: what goes in comes out, and what is cut off or damaged gives what came before.
#include "common/gzip.hpp"

#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

Bytes counting(size_t size) {
    Bytes bytes(size);
    for (size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<uint8_t>(i * i / 7);
    return bytes;
}

constexpr size_t kNoLimit = 1u << 30;

} // namespace

TEST_CASE("bytes of any number come out as they went in, smaller meanwhile") {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{64}, size_t{1} << 20, (size_t{3} << 20) + 5}) {
        const Bytes bytes = counting(size);
        const Bytes packed = gzip(bytes);
        CHECK(is_gzip(packed));
        CHECK((size < 1000 || packed.size() < size / 2));
        bool whole = false;
        CHECK(gunzip(packed, kNoLimit, whole) == bytes);
        CHECK(whole);
        CHECK(gzip(bytes) == packed);
    }
}

TEST_CASE("a stream that stops early gives what came before, and says so") {
    const Bytes bytes = counting(100'000);
    Bytes packed = gzip(bytes);
    packed.resize(packed.size() / 2);
    bool whole = true;
    const Bytes some = gunzip(packed, kNoLimit, whole);
    CHECK(!whole);
    CHECK(!some.empty());
    CHECK(std::equal(some.begin(), some.end(), bytes.begin()));
    gunzip({}, kNoLimit, whole);
    CHECK(!whole);
}

TEST_CASE("a damaged stream, one with more behind it, and one that is too long are not whole") {
    const Bytes bytes = counting(1'000);
    bool whole = true;
    Bytes packed = gzip(bytes);
    packed[packed.size() - 6] ^= 1; // in the checksum
    gunzip(packed, kNoLimit, whole);
    CHECK(!whole);
    packed = gzip(bytes);
    packed.push_back(0);
    CHECK(gunzip(packed, kNoLimit, whole) == bytes);
    CHECK(!whole);
    CHECK(gunzip(gzip(bytes), 10, whole).size() == 10);
    CHECK(!whole);
    CHECK(!is_gzip(bytes));
    CHECK(gunzip(bytes, kNoLimit, whole).empty());
    CHECK(!whole);
}
