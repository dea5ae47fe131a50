// SPDX-License-Identifier: MIT
// "Did you mean": one slip of a finger is found, another word is not.
#include "common/nearest.hpp"

#include "support/catch.hpp"

using namespace mpulab;

TEST_CASE("a letter too many, too few, another, and two exchanged are one edit each") {
    CHECK(edit_distance("write", "write") == 0);
    CHECK(edit_distance("writte", "write") == 1);
    CHECK(edit_distance("wrte", "write") == 1);
    CHECK(edit_distance("wrote", "write") == 1);
    CHECK(edit_distance("wirte", "write") == 1);
    CHECK(edit_distance("", "write") == 5);
    CHECK(edit_distance("abc", "xyz") == 3);
}

TEST_CASE("the nearest word is the first of those that need fewest edits, when they are few") {
    const std::vector<std::string> words = {"rx-fifo", "tx-fifo", "irq", "write"};
    CHECK(nearest_word("rx-fifi", words) == "rx-fifo");
    CHECK(nearest_word("sx-fifo", words) == "rx-fifo");
    CHECK(nearest_word("irk", words) == "irq");
    CHECK(nearest_word("nonsense", words).empty());
    CHECK(nearest_word("", words).empty());
    CHECK(nearest_word("ir", words).empty());
    CHECK(nearest_word(std::string(1'000'000, 'x'), words).empty());
    CHECK(nearest_word("write", {}).empty());
    CHECK(did_you_mean("wirte", words) == " (did you mean 'write'?)");
    CHECK(did_you_mean("nonsense", words).empty());
}
