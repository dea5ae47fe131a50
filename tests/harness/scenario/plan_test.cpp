// SPDX-License-Identifier: MIT
// A plan's bytes, as device-model/probe/plan.h lays them out.
#include "scenario/plan.hpp"

#include "harness/support/text.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr uint32_t kScore = 0x524f4353;   // "SCOR"
constexpr uint32_t kOptions = 0x5354504f; // "OPTS"
constexpr uint32_t kCues = 0x53455543;    // "CUES"
constexpr size_t kMaxPlan = 16u << 20;

} // namespace

TEST_CASE("a plan without sections is its header: magic, version, size, no section, seed") {
    CHECK(write_plan(0x1122334455667788, {}) == hex("4d 50 4c 42 50 4c 41 4e  02 00 00 00  20 00 00 00"
                                                    "00 00 00 00  00 00 00 00  88 77 66 55 44 33 22 11"));
}

TEST_CASE("sections stand in the table as given, each at a multiple of eight with zeros behind it") {
    const Bytes plan = write_plan(1, {{kScore, 0, hex("01 02 03")}, {kCues, 3, hex("04 05 06 07 08 09 0a 0b 0c")}});
    CHECK(plan == hex("4d 50 4c 42 50 4c 41 4e  02 00 00 00  58 00 00 00  02 00 00 00  00 00 00 00"
                      "01 00 00 00 00 00 00 00"
                      "53 43 4f 52  00 00 00 00  40 00 00 00  03 00 00 00"
                      "43 55 45 53  03 00 00 00  48 00 00 00  09 00 00 00"
                      "01 02 03 00 00 00 00 00"
                      "04 05 06 07 08 09 0a 0b 0c 00 00 00 00 00 00 00"));
}

TEST_CASE("the options are eight words, the flags first") {
    const PlanSection section = options_section(1);
    CHECK(section.tag == kOptions);
    CHECK(section.unit == 0);
    CHECK(section.bytes == joined(hex("01 00 00 00"), Bytes(28)));
    CHECK(options_section(0, 7601, 2'000'000).bytes == joined(hex("00 00 00 00  b1 1d 00 00  d0 07 00 00"), Bytes(20)));
}

TEST_CASE("the largest plan the probe takes is written, a larger one is refused with both sizes") {
    const size_t room = kMaxPlan - 32 - 16;
    CHECK(write_plan(0, {{kScore, 0, Bytes(room)}}).size() == kMaxPlan);
    const std::string text = refusal([&] { write_plan(0, {{kScore, 0, Bytes(room + 1)}}); });
    CHECK_THAT(text, ContainsSubstring("16777224 bytes in 1 sections, a machine takes 16777216 in 64"));
    CHECK_THAT(text, ContainsSubstring("next: cut the song into parts"));
}

TEST_CASE("64 sections are written, 65 are refused") {
    CHECK(write_plan(0, std::vector<PlanSection>(64)).size() == 32 + 64 * 16);
    CHECK_THAT(refusal([] { write_plan(0, std::vector<PlanSection>(65)); }), ContainsSubstring("in 65 sections"));
}
