// SPDX-License-Identifier: MIT
// Plans: right ones are taken whole, all others are refused with section, value and expectation.
#include "plan_bytes.hpp"

#include "plan.hpp"

#include <catch.hpp>

#include <string>

using namespace mpulab;

namespace {

std::string refusal(const Bytes& bytes) {
    Plan plan;
    char text[320];
    ErrorText error(text, sizeof text);
    if (plan.parse(bytes.data(), bytes.size(), error)) return "taken";
    CHECK(plan.size() == 0);
    return text;
}

void set_u32(Bytes& bytes, size_t at, uint32_t value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
}

Bytes good() {
    return plan_bytes({{MPULAB_SECTION_SCORE, 0, {1, 2, 3, 4, 5}},
                       {MPULAB_SECTION_OPTIONS, 0, Bytes(sizeof(mpulab_guest_options))},
                       {MPULAB_SECTION_CUES, 3, cue_section({inject(0, 0, 0, 1)}, {9})}},
                      0x1122334455667788);
}

constexpr size_t kFirstSection = sizeof(mpulab_plan_header);

} // namespace

TEST_CASE("a plan gives seed and sections as they were written") {
    Plan plan;
    char text[320];
    ErrorText error(text, sizeof text);
    const Bytes bytes = good();
    REQUIRE(plan.parse(bytes.data(), bytes.size(), error));
    CHECK(plan.seed() == 0x1122334455667788);
    CHECK(plan.size() == bytes.size());
    const auto score = plan.section(MPULAB_SECTION_SCORE, 0);
    CHECK(Bytes(score.begin(), score.end()) == Bytes{1, 2, 3, 4, 5});
    CHECK(plan.section(MPULAB_SECTION_CUES, 3).size() == 32 + 64 + 1);
    CHECK(plan.section(MPULAB_SECTION_CUES, 0).empty());
}

TEST_CASE("a plan without sections is a plan") {
    CHECK(refusal(plan_bytes({})) == "taken");
}

TEST_CASE("a plan with a bent header is refused by the field") {
    const auto bent = [](size_t at, uint32_t value) {
        Bytes bytes = good();
        set_u32(bytes, at, value);
        return refusal(bytes);
    };
    CHECK(bent(0, 0) == "plan: does not begin with \"MPLBPLAN\"");
    CHECK_THAT(bent(8, 1), StartsWith("plan: version 1; 2 expected"));
    CHECK_THAT(bent(12, 100), StartsWith("plan: says it has 100 bytes, has "));
    CHECK_THAT(bent(16, 65), StartsWith("plan: 65 sections; at most 64"));
    CHECK_THAT(bent(16, 20), StartsWith("plan: 20 sections"));
    CHECK(bent(20, 7) == "plan: reserved word is 0x7; 0 expected");
    CHECK(refusal({}) == "plan: 0 bytes; 32 to 16777216 expected");
    CHECK_THAT(refusal(Bytes(MPULAB_PLAN_MAX_BYTES + 1)), StartsWith("plan: 16777217 bytes"));
}

TEST_CASE("a section that is not right is refused by number, name and value") {
    const auto bent = [](size_t field, uint32_t value) {
        Bytes bytes = good();
        set_u32(bytes, kFirstSection + field, value);
        return refusal(bytes);
    };
    CHECK_THAT(bent(0, 0x12345678), StartsWith("plan: section 0: tag 0x12345678 is unknown"));
    CHECK_THAT(bent(0, MPULAB_SECTION_MACHINE), StartsWith("plan: section 0 (MACHINE): the probe makes it"));
    CHECK_THAT(bent(0, MPULAB_SECTION_SEED), StartsWith("plan: section 0 (SEED): the probe makes it"));
    CHECK_THAT(bent(0, MPULAB_SECTION_OPTIONS), StartsWith("plan: section 0 (OPTIONS): size 5; 32 expected"));
    CHECK_THAT(bent(0, MPULAB_SECTION_CHOICES), StartsWith("plan: section 0 (CHOICES): size 5; a multiple of 8"));
    CHECK(bent(4, 1) == "plan: section 0 (SCORE): unit 1; 0 expected");
    CHECK(bent(8, 81) == "plan: section 0 (SCORE): offset 81 is no multiple of 8");
    CHECK_THAT(bent(8, 0), StartsWith("plan: section 0 (SCORE): offset 0 and size 5 do not lie between"));
    CHECK_THAT(bent(8, 0xfffffff8), StartsWith("plan: section 0 (SCORE): offset 4294967288"));
    CHECK_THAT(bent(12, 0xffffffff), StartsWith("plan: section 0 (SCORE): offset 80 and size 4294967295"));
    CHECK_THAT(bent(12, 9), StartsWith("plan: section 1 (OPTIONS): bytes 88 to 120 overlap section 0 (SCORE)"));
}

TEST_CASE("a section that is there twice is refused, cues for two cards are two sections") {
    CHECK_THAT(refusal(plan_bytes({{MPULAB_SECTION_SCORE, 0, {1}}, {MPULAB_SECTION_SCORE, 0, {2}}})),
               StartsWith("plan: section 1 (SCORE, unit 0): there is one already, section 0"));
    CHECK_THAT(refusal(plan_bytes({{MPULAB_SECTION_CUES, 1, {1}}, {MPULAB_SECTION_CUES, 1, {2}}})),
               StartsWith("plan: section 1 (CUES, unit 1): there is one already"));
    CHECK(refusal(plan_bytes({{MPULAB_SECTION_CUES, 0, {1}}, {MPULAB_SECTION_CUES, 1, {2}}})) == "taken");
}

TEST_CASE("choices are whole pairs, at most 256, none forced twice") {
    const auto choices = [](std::initializer_list<uint32_t> words) {
        Bytes bytes(words.size() * 4);
        size_t at = 0;
        for (const uint32_t word : words) {
            set_u32(bytes, at, word);
            at += 4;
        }
        return refusal(plan_bytes({{MPULAB_SECTION_CHOICES, 0, bytes}}));
    };
    CHECK(choices({}) == "taken");
    CHECK(choices({7, 1, 8, 0}) == "taken");
    CHECK(choices({7, 1, 8, 0, 7, 1}) == "plan: section 0 (CHOICES): choice 7 is forced twice");
    CHECK(refusal(plan_bytes({{MPULAB_SECTION_CHOICES, 0, Bytes(257 * 8)}})) ==
          "plan: section 0 (CHOICES): size 2056; a multiple of 8, at most 2048, expected");
}

TEST_CASE("a plan cut off at any byte is refused") {
    const Bytes bytes = good();
    for (size_t size = 0; size < bytes.size(); ++size) {
        CHECK(refusal({bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)}) != "taken");
    }
}
