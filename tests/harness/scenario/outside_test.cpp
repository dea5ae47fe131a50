// SPDX-License-Identifier: MIT
// What --set and a sweep's axis may set of a scenario, and what of it is refused before anything boots.
#include "scenario/outside.hpp"

#include "common/error.hpp"
#include "harness/support/text.hpp"
#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("properties of the card and keys of the file are set by the words of the format") {
    Scenario scenario;
    set_outside(scenario, "rx-fifo", "0x10", "--set");
    set_outside(scenario, "timing", "fast", "--set");
    set_outside(scenario, "device", "pci-mpu401", "--set");
    set_outside(scenario, "dpc-delay", "2ms", "--set");
    set_outside(scenario, "cpus", "2", "--set");
    set_outside(scenario, "slice", "40", "--set");
    set_outside(scenario, "seed", "77", "--set");
    CHECK(*scenario.card.find("rx-fifo") == "16");
    CHECK(*scenario.card.find("timing") == "fast");
    CHECK(scenario.card.device == "pci-mpu401");
    CHECK(scenario.dpc_delay_ns == 2'000'000);
    CHECK(scenario.cpus == 2);
    CHECK(scenario.slice == 40);
    CHECK(scenario.seed == 77);
    CHECK(scenario.card.io_cost_ns == 1'000);
    scenario.more_cards.resize(1);
    set_outside(scenario, "io-cost", "250ns", "--set");
    CHECK(scenario.card.io_cost_ns == 250);
    CHECK(scenario.more_cards[0].io_cost_ns == 250);
    CHECK(scenario.card.find("io-cost") == nullptr); // nothing that QEMU is told
    set_outside(scenario, "dpc-delay", "0", "--set");
    CHECK(scenario.dpc_delay_ns == 0);
}

TEST_CASE("values that do not fit are refused with what was expected") {
    const auto refused = [](const char* name, const char* value) {
        Scenario scenario;
        return refusal([&] { set_outside(scenario, name, value, "--set"); });
    };
    CHECK_THAT(refused("rx-fifo", "0"), StartsWith("--set rx-fifo=0: '0' does not fit"));
    CHECK_THAT(refused("rx-fifo", "0"), ContainsSubstring("a number from 1 to 65536"));
    CHECK_THAT(refused("timing", "fats"), ContainsSubstring("did you mean 'fast'?"));
    CHECK_THAT(refused("dpc-delay", "2"), ContainsSubstring("a time from 0 to 1s"));
    CHECK_THAT(refused("dpc-delay", "1500ns"), ContainsSubstring("1.5us is no whole number of microseconds"));
    CHECK_THAT(refused("io-cost", "2ms"), ContainsSubstring("a time from 0 to 1ms"));
    CHECK_THAT(refused("io-cost", "-1ns"), ContainsSubstring("a time from 0 to 1ms"));
    CHECK_THAT(refused("cpus", "3"), ContainsSubstring("a number from 1 to 2"));
    CHECK_THAT(refused("slice", "9"), ContainsSubstring("a number from 10 to 50000"));
    CHECK_THAT(refused("dpc-dleay", "2ms"), ContainsSubstring("did you mean 'dpc-delay'?"));
    CHECK_THAT(refused("steps", "x"), ContainsSubstring("neither a parameter of the scenario nor a property"));
}
