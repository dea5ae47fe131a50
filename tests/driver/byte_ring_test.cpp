// SPDX-License-Identifier: MIT
#include "byte_ring.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

using mpusynth::ByteRing;

namespace {

std::vector<uint8_t> random_bytes(std::mt19937& random, size_t count) {
    std::vector<uint8_t> bytes(count);
    for (uint8_t& byte : bytes)
        byte = static_cast<uint8_t>(random());
    return bytes;
}

} // namespace

TEST_CASE("a ring gives back the bytes it took, in order, however they are cut") {
    const uint32_t seed = GENERATE(1u, 2u, 3u, 4u, 5u);
    INFO("seed " << seed);
    std::mt19937 random{seed};
    const std::vector<uint8_t> in = random_bytes(random, 20'000);
    std::vector<uint8_t> out;
    ByteRing<64> ring;
    size_t next = 0;
    while (out.size() < in.size()) {
        for (auto n = random() % 80; n != 0 && next < in.size(); --n) {
            if (!ring.push(in[next])) break;
            ++next;
        }
        uint8_t piece[80];
        const uint32_t got = ring.pop(piece, static_cast<uint32_t>(random() % 80));
        out.insert(out.end(), piece, piece + got);
        REQUIRE(ring.size() == next - out.size());
        REQUIRE(ring.room() == 64 - ring.size());
    }
    CHECK((out == in));
}

TEST_CASE("a full ring refuses a byte and keeps what it has") {
    ByteRing<4> ring;
    for (uint8_t byte = 0; byte < 4; ++byte)
        CHECK(ring.push(byte));
    CHECK_FALSE(ring.push(99));
    CHECK(ring.room() == 0);
    uint8_t bytes[8];
    CHECK(ring.pop(bytes, 8) == 4);
    CHECK(std::equal(bytes, bytes + 4, std::vector<uint8_t>{0, 1, 2, 3}.begin()));
}

TEST_CASE("an empty ring gives nothing and leaves the byte alone") {
    ByteRing<4> ring;
    uint8_t byte = 0x7e;
    CHECK_FALSE(ring.pop(byte));
    CHECK(byte == 0x7e);
    uint8_t bytes[2];
    CHECK(ring.pop(bytes, 2) == 0);
    CHECK(ring.empty());
}

TEST_CASE("a cleared ring is empty and takes a full load again") {
    ByteRing<8> ring;
    for (uint8_t byte = 0; byte < 5; ++byte)
        CHECK(ring.push(byte));
    ring.clear();
    CHECK(ring.empty());
    for (uint8_t byte = 0; byte < 8; ++byte)
        CHECK(ring.push(byte));
    uint8_t first = 0xff;
    CHECK(ring.pop(first));
    CHECK(first == 0);
}

TEST_CASE("two CPUs at the two ends of a ring lose, double and reorder nothing") {
    constexpr uint32_t kBytes = 20'000; // each a change of thread where there is but one CPU
    ByteRing<16> ring;
    std::thread producer([&] {
        for (uint32_t n = 0; n < kBytes;) {
            if (ring.push(static_cast<uint8_t>(n * 7 + n / 256))) {
                ++n;
            } else {
                std::this_thread::yield();
            }
        }
    });
    uint32_t wrong = 0;
    for (uint32_t n = 0; n < kBytes;) {
        uint8_t byte = 0;
        if (!ring.pop(byte)) {
            std::this_thread::yield();
            continue;
        }
        if (byte != static_cast<uint8_t>(n * 7 + n / 256)) ++wrong;
        ++n;
    }
    producer.join();
    CHECK(wrong == 0);
    CHECK(ring.empty());
}
