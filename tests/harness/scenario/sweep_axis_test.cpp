// SPDX-License-Identifier: MIT
// An axis of a sweep as it is written on the command line.
#include "scenario/sweep_axis.hpp"

#include "harness/support/text.hpp"
#include "support/catch.hpp"

using namespace mpulab;
using mpulab::test::refusal;
using Words = std::vector<std::string>;

TEST_CASE("an axis is a range, a range in steps, one with a unit, or a list") {
    CHECK(parse_sweep_axis("rx-fifo=1..4").name == "rx-fifo");
    CHECK(parse_sweep_axis("rx-fifo=1..4").values == Words{"1", "2", "3", "4"});
    CHECK(parse_sweep_axis("d=1..10:4").values == Words{"1", "5", "9"});
    CHECK(parse_sweep_axis("d=7..7").values == Words{"7"});
    CHECK(parse_sweep_axis("late=0..2ms").values == Words{"0ms", "1ms", "2ms"});
    CHECK(parse_sweep_axis("late=0..4ms:2ms").values == Words{"0ms", "2ms", "4ms"});
    CHECK(parse_sweep_axis("late=0..4ms:2").values == Words{"0ms", "2ms", "4ms"});
    CHECK(parse_sweep_axis("msi=on,off").values == Words{"on", "off"});
    CHECK(parse_sweep_axis("msi=on").values == Words{"on"});
    CHECK(parse_sweep_axis("a=18446744073709551615..18446744073709551615").values.size() == 1);
}

TEST_CASE("what is no axis is refused with what is wrong and examples") {
    for (const auto& [text, why] : {std::pair{"rx-fifo", "no NAME="},
                                    {"=1..2", "no NAME="},
                                    {"a=1..", "whole numbers"},
                                    {"a=..2", "whole numbers"},
                                    {"a=x..2", "whole numbers"},
                                    {"a=4..1", "counts down"},
                                    {"a=1..2:0", "step of 0"},
                                    {"a=1..2:x", "after ':'"},
                                    {"a=0..4ms:1s", "after ':'"},
                                    {"a=0..10000", "10,000"},
                                    {"a=0..99999999999999999999", "whole numbers"},
                                    {"a=", "empty"},
                                    {"a=1,,2", "empty"}}) {
        CAPTURE(text);
        CHECK_THAT(refusal([&, text = text] { parse_sweep_axis(text); }), ContainsSubstring(why));
    }
}
