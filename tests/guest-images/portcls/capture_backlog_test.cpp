// SPDX-License-Identifier: MIT
// Captured bytes waiting for reads.
#include "portcls/capture_backlog.hpp"

#include "records.hpp"

#include <support/catch.hpp>

#include <memory>

using portcls::CaptureBacklog;

namespace {

struct Popped {
    uint32_t used, stamp, count;
    Bytes bytes;
};

Popped pop(CaptureBacklog& backlog, uint32_t extent) {
    Bytes buffer(extent + 4, 0xcc);
    Popped popped{};
    popped.used = backlog.pop_record(buffer.data(), extent);
    for (size_t i = popped.used; i < buffer.size(); ++i)
        CHECK(buffer[i] == 0xcc); // nothing is written behind DataUsed
    if (popped.used) {
        std::memcpy(&popped.stamp, buffer.data(), 4);
        std::memcpy(&popped.count, buffer.data() + 4, 4);
        popped.bytes.assign(buffer.begin() + 8, buffer.begin() + 8 + popped.count);
    }
    return popped;
}

uint32_t push(CaptureBacklog& backlog, uint32_t stamp, const Bytes& bytes) {
    return backlog.push(stamp * int64_t{10'000}, 1, bytes.data(), static_cast<uint32_t>(bytes.size()));
}

uint32_t push_losing_old(CaptureBacklog& backlog, const Bytes& bytes) {
    return backlog.push(0, 1, bytes.data(), static_cast<uint32_t>(bytes.size()), CaptureBacklog::Overflow::LosesOld);
}

} // namespace

TEST_CASE("a read gets one chunk as one record with its stamp") {
    auto backlog = std::make_unique<CaptureBacklog>();
    push(*backlog, 11, {0x90, 60, 64});
    push(*backlog, 12, {0xf8});
    Popped popped = pop(*backlog, 2056);
    CHECK(popped.used == 12);
    CHECK(popped.stamp == 11);
    CHECK(popped.bytes == Bytes{0x90, 60, 64});
    popped = pop(*backlog, 2056);
    CHECK(popped.stamp == 12);
    CHECK(popped.bytes == Bytes{0xf8});
    CHECK(backlog->empty());
    CHECK(pop(*backlog, 2056).used == 0);
}

TEST_CASE("what does not fit into one read comes with the next, under the same stamp") {
    auto backlog = std::make_unique<CaptureBacklog>();
    push(*backlog, 5, {1, 2, 3, 4, 5, 6, 7});
    CHECK(pop(*backlog, 12).bytes == Bytes{1, 2, 3, 4});
    const Popped rest = pop(*backlog, 15);
    CHECK(rest.bytes == Bytes{5, 6, 7});
    CHECK(rest.stamp == 5);
}

TEST_CASE("a read without room for one byte gets nothing, and nothing is lost") {
    auto backlog = std::make_unique<CaptureBacklog>();
    push(*backlog, 5, {1});
    for (uint32_t extent : {0u, 7u, 8u, 11u})
        CHECK(pop(*backlog, extent).used == 0);
    CHECK(pop(*backlog, 12).bytes == Bytes{1});
}

TEST_CASE("a full backlog keeps the oldest bytes and counts the lost ones") {
    auto backlog = std::make_unique<CaptureBacklog>();
    const Bytes most(CaptureBacklog::kCapacityBytes - 3, 1);
    CHECK(push(*backlog, 1, most) == most.size());
    CHECK(push(*backlog, 2, {2, 3, 4, 5, 6}) == 3);
    CHECK(push(*backlog, 3, {7}) == 0);
    CHECK(backlog->lost() == 3);
    CHECK(backlog->size() == CaptureBacklog::kCapacityBytes);
    CHECK(backlog->take_lost() == 3);
    CHECK(backlog->lost() == 0);
}

TEST_CASE("a full backlog that loses the oldest takes what is new, a chunk at a time") {
    auto backlog = std::make_unique<CaptureBacklog>();
    push(*backlog, 1, {1, 2, 3});
    push(*backlog, 2, Bytes(CaptureBacklog::kCapacityBytes - 3, 9));
    CHECK_FALSE(backlog->fits(1));
    CHECK(push_losing_old(*backlog, {4, 5}) == 2);
    CHECK(backlog->lost() == 3); // the whole first chunk
    CHECK(backlog->fits(1));
    CHECK(push_losing_old(*backlog, Bytes(CaptureBacklog::kCapacityBytes, 7)) == CaptureBacklog::kCapacityBytes);
    CHECK(pop(*backlog, 64).bytes == Bytes(56, 7));
    CHECK(backlog->lost() == 3 + CaptureBacklog::kCapacityBytes - 3 + 2);
}

TEST_CASE("a chunk comes out as a DirectMusic event, with its time and channel group beside it") {
    auto backlog = std::make_unique<CaptureBacklog>();
    const Bytes note = {0x90, 60, 64};
    backlog->push(12'345, 7, note.data(), 3);
    Bytes buffer(64, 0xcc);
    int64_t time = 0;
    CHECK(backlog->pop_event(buffer.data(), 23, time) == 0); // no room for a byte
    REQUIRE(backlog->pop_event(buffer.data(), 64, time) == 24);
    CHECK(time == 12'345);
    CHECK(Bytes(buffer.begin(), buffer.begin() + 25) ==
          Bytes{3, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x90, 60, 64, 0, 0xcc});
    CHECK(backlog->pop_event(buffer.data(), 64, time) == 0);
}

TEST_CASE("the number of chunks is bounded too") {
    auto backlog = std::make_unique<CaptureBacklog>();
    for (uint32_t i = 0; i < CaptureBacklog::kCapacityChunks; ++i)
        CHECK(push(*backlog, i, {static_cast<uint8_t>(i)}) == 1);
    CHECK(push(*backlog, 0, {0}) == 0);
    CHECK(backlog->lost() == 1);
    CHECK(pop(*backlog, 64).stamp == 0);
    CHECK(push(*backlog, 9999, {9}) == 1);
}

TEST_CASE("bytes come out in order over many turns of the ring, whatever the sizes") {
    auto backlog = std::make_unique<CaptureBacklog>();
    uint32_t in = 0, out = 0, seed = 1;
    const auto random = [&seed](uint32_t limit) {
        seed = seed * 1664525u + 1013904223u;
        return (seed >> 8) % limit;
    };
    while (out < 8 * CaptureBacklog::kCapacityBytes) {
        Bytes chunk(1 + random(256));
        for (uint8_t& byte : chunk)
            byte = static_cast<uint8_t>(in++ * 7);
        const uint32_t kept = push(*backlog, 0, chunk);
        in -= static_cast<uint32_t>(chunk.size()) - kept; // a lost tail is sent again
        for (uint32_t reads = random(4); reads > 0; --reads) {
            const Popped popped = pop(*backlog, 12 + random(300));
            for (uint8_t byte : popped.bytes)
                REQUIRE(byte == static_cast<uint8_t>(out++ * 7));
        }
    }
}

TEST_CASE("STOP drops what waits and says how much") {
    auto backlog = std::make_unique<CaptureBacklog>();
    push(*backlog, 1, {1, 2, 3});
    CHECK(backlog->clear() == 3);
    CHECK(backlog->empty());
    CHECK(backlog->clear() == 0);
    push(*backlog, 2, {9});
    CHECK(pop(*backlog, 12).bytes == Bytes{9});
}
