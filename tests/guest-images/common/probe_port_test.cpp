// SPDX-License-Identifier: MIT
// What guest and probe must agree on. The ports themselves are only there in the machine.
#include "probe_port.hpp"

#include <support/catch.hpp>

#include <set>

TEST_CASE("the probe's registers lie apart from each other within the length it claims") {
    const uint32_t ports[] = {MPULAB_PROBE_PORT_ID, MPULAB_PROBE_PORT_SELECT, MPULAB_PROBE_PORT_SIZE,
                              MPULAB_PROBE_PORT_DATA, MPULAB_PROBE_PORT_TEXT};
    std::set<uint32_t> seen;
    for (const uint32_t port : ports) {
        INFO(port);
        CHECK(port % 4 == 0);
        CHECK(port + 4 <= MPULAB_PROBE_LENGTH);
        CHECK(seen.insert(port).second);
    }
}

TEST_CASE("the probe's id reads MPLB in memory") {
    const uint32_t id = MPULAB_PROBE_ID;
    CHECK(__builtin_memcmp(&id, "MPLB", 4) == 0);
}

TEST_CASE("no probe answers at port 0, and none is asked") {
    CHECK_FALSE(nanont::ProbePort().answers()); // an IN instruction would end this process
    CHECK(nanont::ProbePort().base() == 0);
}
