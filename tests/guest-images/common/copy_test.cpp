// SPDX-License-Identifier: MIT
// Copying and filling: every size around the step widths, every alignment, both ways of overlapping; the bytes beside
// the target stay as they were. What is expected is made byte by byte.
#include "copy.hpp"

#include <support/catch.hpp>

#include <cstdint>
#include <vector>

namespace {

using Bytes = std::vector<uint8_t>;
constexpr size_t kLargest = 130;
constexpr size_t kAlignments = 9;
constexpr size_t kGuard = 64;

/// Bytes that repeat after 251, a prime: no shift by a word goes unnoticed.
Bytes pattern(size_t size, unsigned seed) {
    Bytes bytes(size);
    for (size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<uint8_t>((i * 7 + seed) % 251);
    return bytes;
}

} // namespace

TEST_CASE("copying up and down gives the source's bytes and touches nothing beside the target") {
    const Bytes source = pattern(kLargest + kAlignments, 3);
    for (size_t size = 0; size <= kLargest; ++size)
        for (size_t to = 0; to < kAlignments; ++to)
            for (size_t from = 0; from < kAlignments; ++from)
                for (const bool up : {true, false}) {
                    const Bytes before = pattern(2 * kGuard + kLargest + kAlignments, 100);
                    Bytes target = before;
                    Bytes expected = before;
                    for (size_t i = 0; i < size; ++i)
                        expected[kGuard + to + i] = source[from + i];
                    (up ? nanont::copy_up : nanont::copy_down)(target.data() + kGuard + to, source.data() + from, size);
                    if (target != expected) FAIL("size " << size << " to +" << to << " from +" << from << " up " << up);
                }
    SUCCEED();
}

TEST_CASE("copying up is right when the target overlaps its source from below, by every distance") {
    for (size_t size = 0; size <= kLargest; ++size)
        for (size_t distance = 0; distance <= 40; ++distance) {
            const Bytes before = pattern(2 * kGuard + kLargest + 40, 9);
            Bytes memory = before;
            Bytes expected = before;
            for (size_t i = 0; i < size; ++i)
                expected[kGuard + i] = before[kGuard + distance + i];
            nanont::copy_up(memory.data() + kGuard, memory.data() + kGuard + distance, size);
            if (memory != expected) FAIL("size " << size << " distance " << distance);
        }
    SUCCEED();
}

TEST_CASE("copying down is right when the target overlaps its source from above, by every distance") {
    for (size_t size = 0; size <= kLargest; ++size)
        for (size_t distance = 0; distance <= 40; ++distance) {
            const Bytes before = pattern(2 * kGuard + kLargest + 40, 17);
            Bytes memory = before;
            Bytes expected = before;
            for (size_t i = 0; i < size; ++i)
                expected[kGuard + distance + i] = before[kGuard + i];
            nanont::copy_down(memory.data() + kGuard + distance, memory.data() + kGuard, size);
            if (memory != expected) FAIL("size " << size << " distance " << distance);
        }
    SUCCEED();
}

TEST_CASE("filling writes the value to every byte of the range and to no other") {
    for (size_t size = 0; size <= kLargest; ++size)
        for (size_t to = 0; to < kAlignments; ++to)
            for (const unsigned value : {0x00u, 0x5au, 0x80u, 0xffu}) {
                const Bytes before = pattern(2 * kGuard + kLargest + kAlignments, 50);
                Bytes memory = before;
                Bytes expected = before;
                for (size_t i = 0; i < size; ++i)
                    expected[kGuard + to + i] = static_cast<uint8_t>(value);
                nanont::fill(memory.data() + kGuard + to, static_cast<uint8_t>(value), size);
                if (memory != expected) FAIL("size " << size << " to +" << to << " value " << value);
            }
    SUCCEED();
}
