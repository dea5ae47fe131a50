// SPDX-License-Identifier: MIT
// The UART miniports' ring: order, bounds, and indexes that wrap.
#include "portcls/uart_ring.hpp"

#include <support/catch.hpp>

using Ring = portcls::UartRing<4>;

TEST_CASE("a ring gives bytes back in order and takes no more than it holds") {
    Ring ring;
    for (uint8_t byte = 1; byte <= 4; ++byte)
        CHECK(ring.put(byte));
    CHECK_FALSE(ring.put(5));
    CHECK(ring.size() == 4);
    CHECK(ring.room() == 0);
    uint8_t bytes[8] = {};
    CHECK(ring.take(bytes, 3) == 3);
    CHECK(bytes[0] == 1);
    CHECK(bytes[2] == 3);
    CHECK(ring.put(5));
    CHECK(ring.take(bytes, 8) == 2);
    CHECK(bytes[0] == 4);
    CHECK(bytes[1] == 5);
}

TEST_CASE("an empty ring gives nothing, and looking at the front takes nothing") {
    Ring ring;
    uint8_t byte = 0xA5;
    CHECK_FALSE(ring.front(byte));
    CHECK(byte == 0xA5);
    CHECK(ring.take(&byte, 1) == 0);
    CHECK(ring.put(7));
    CHECK(ring.front(byte));
    CHECK(ring.front(byte));
    CHECK(byte == 7);
    ring.pop();
    CHECK(ring.size() == 0);
}

TEST_CASE("a ring that is cleared tells how much was in it and goes on, over many turns") {
    Ring ring;
    for (uint32_t turn = 0; turn < 1000; ++turn) {
        for (uint32_t i = 0; i < 3; ++i)
            REQUIRE(ring.put(static_cast<uint8_t>(turn + i)));
        if (turn % 2) {
            REQUIRE(ring.clear() == 3);
            continue;
        }
        uint8_t bytes[4];
        REQUIRE(ring.take(bytes, 4) == 3);
        REQUIRE(bytes[2] == static_cast<uint8_t>(turn + 2));
    }
}
