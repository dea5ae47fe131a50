// SPDX-License-Identifier: MIT
// What guest and probe must agree on. The ports themselves are only there in the machine.
#include "probe_port.hpp"

#include <support/catch.hpp>

TEST_CASE("the probe's registers lie apart from each other within the length it claims") {
    const uint32_t ports[] = {MPULAB_PROBE_PORT_ID,     MPULAB_PROBE_PORT_ARGUMENT, MPULAB_PROBE_PORT_COMMIT,
                              MPULAB_PROBE_PORT_SELECT, MPULAB_PROBE_PORT_SIZE,     MPULAB_PROBE_PORT_DATA};
    for (const uint32_t port : ports) {
        INFO(port);
        CHECK(port % 4 == 0);
        CHECK(port + 4 <= MPULAB_PROBE_LENGTH);
    }
}

TEST_CASE("a commit word keeps kind, IRQL, count and flags apart") {
    const uint32_t base = MPULAB_PROBE_COMMIT(0, 0, 0, 0);
    uint32_t seen = base;
    for (const uint32_t word :
         {MPULAB_PROBE_COMMIT(0xff, 0, 0, 0) ^ base, MPULAB_PROBE_COMMIT(0, 0xf, 0, 0) ^ base,
          MPULAB_PROBE_COMMIT(0, 0, 24, 0) ^ base, MPULAB_PROBE_COMMIT(0, 0, 0, MPULAB_RECORD_MORE) ^ base}) {
        INFO(word);
        CHECK(word != 0);
        CHECK((seen & word) == 0);
        seen |= word;
    }
}

TEST_CASE("no probe answers at port 0, and none is asked") {
    CHECK_FALSE(nanont::ProbePort().answers()); // an IN instruction would end this process
    CHECK(nanont::ProbePort().base() == 0);
    CHECK(nanont::ProbePort(0xe00).base() == 0xe00);
}
