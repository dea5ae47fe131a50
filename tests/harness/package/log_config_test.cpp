// SPDX-License-Identifier: MIT
// LogConfig: which ports and which interrupt a card gets that no bus reports.
#include "package/log_config.hpp"

#include "common/error.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"
#include <fmt/format.h>

using namespace mpulab;
using namespace mpulab::test;

namespace {

const std::vector<InfLogConfig> kUsual = {{"usual", {"ConfigPriority=NORMAL", "IOConfig=330-331", "IRQConfig=2,5,7"}},
                                          {"other", {"IOConfig=300-301,310-311(3ff::)", "IRQConfig=S:2,3,10-12"}}};

std::string shown(const AssignedResources& r) {
    return fmt::format("{} {:x}-{:x} {}", r.section, r.first_port, r.last_port,
                       r.irq ? std::to_string(*r.irq) : std::string("none"));
}

std::string chosen(const std::vector<InfLogConfig>& configs, std::optional<uint32_t> port = {},
                   std::optional<uint32_t> irq = {}) {
    try {
        return shown(choose_log_config(configs, port, irq));
    } catch (const Error& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE(
    "a card whose settings are not said gets the first offer, and never a line that this machine has for itself") {
    CHECK(chosen(kUsual) == "usual 330-331 5");
    CHECK(chosen({{"only", {"IRQConfig=2", "IOConfig=330-331"}}, {"next", {"IOConfig=300-301"}}}) ==
          "next 300-301 none");
    CHECK(chosen({{"most", {"IRQConfig=0-2,8,9,13,11", "IOConfig=330-331"}}}) == "most 330-331 11");
    CHECK(chosen({{"most", {"IRQConfig=9", "IOConfig=330-331"}}}, {}, 9) == "most 330-331 9");
}

TEST_CASE("interrupts that this machine has for itself alone are no offer, and the error says which are free") {
    CHECK(chosen({{"sci", {"IRQConfig=9", "IOConfig=330-331"}}}) ==
          "none of the INF's LogConfig sections ([sci]) offers a port range with an interrupt that this machine has "
          "for a card (3, 4, 5, 6, 7, 10, 11, 12, 14, 15)");
}

TEST_CASE("a card's settings are looked for in all sections") {
    CHECK(chosen(kUsual, 0x330, 7) == "usual 330-331 7");
    CHECK(chosen(kUsual, 0x310) == "other 310-311 3");
    CHECK(chosen(kUsual, 0x300, 11) == "other 300-301 11");
    CHECK(chosen(kUsual, {}, 12) == "other 300-301 12");
    CHECK(chosen(kUsual, 0x330, 2) == "usual 330-331 2");
}

TEST_CASE("settings that no section offers are named with the sections") {
    CHECK(chosen(kUsual, 0x360) == "none of the INF's LogConfig sections ([usual], [other]) offers ports from 0x360");
    CHECK(chosen(kUsual, 0x330, 12) ==
          "none of the INF's LogConfig sections ([usual], [other]) offers ports from 0x330 with interrupt 12");
    CHECK(chosen({{"memory", {"MemConfig=C8000-C8FFF"}}}) ==
          "none of the INF's LogConfig sections ([memory]) offers a port range");
}

TEST_CASE("a size within a window is put at the card's setting, or at the first that fits") {
    const std::vector<InfLogConfig> window = {{"window", {"IOConfig=2@301-334%FFF0"}}};
    CHECK(chosen(window) == "window 310-311 none");
    CHECK(chosen(window, 0x320) == "window 320-321 none");
    for (const uint32_t port : {0x300, 0x322, 0x340})
        CHECK_THAT(chosen(window, port), StartsWith("none of the INF's"));
}

TEST_CASE("a line that is no list of ranges is named") {
    for (const char* line : {"IOConfig=x", "IOConfig=331-330", "IOConfig=10000-10001", "IOConfig=0@300-331",
                             "IRQConfig=16", "IRQConfig=7x", "IOConfig=330-", "IOConfig=2@300-301%", "IOConfig=-"}) {
        CHECK_THAT(chosen({{"odd", {line}}}),
                   StartsWith("[odd] ") && ContainsSubstring("is neither a number nor a range"));
    }
}
