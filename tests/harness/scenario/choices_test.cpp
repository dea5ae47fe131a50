// SPDX-License-Identifier: MIT
// Choices on the command line, in a plan, and in a log.
#include "scenario/choices.hpp"

#include "harness/support/log_builder.hpp"
#include "harness/support/text.hpp"

#include "support/catch.hpp"

#include <set>

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("every choice has a name of its own, a reason, and two alternatives at least") {
    std::set<std::string> names;
    std::set<uint32_t> numbers;
    for (const ChoiceInfo& choice : known_choices()) {
        CHECK(names.insert(choice.name).second);
        CHECK(numbers.insert(choice.number).second);
        CHECK_FALSE(choice.what.empty());
        CHECK(choice.alternatives.size() >= 2);
        CHECK(find_choice(choice.number) == &choice);
    }
    CHECK_FALSE(names.empty());
    CHECK(find_choice(0) == nullptr);
}

TEST_CASE("a choice is forced by its name and a number") {
    const ChoiceInfo& first = known_choices().front();
    const auto choices = parse_choices({first.name + "=1"});
    REQUIRE(choices.size() == 1);
    CHECK(choices[0].number == first.number);
    CHECK(choices[0].alternative == 1);
    CHECK(choice_text(choices[0]) == first.name + ": " + first.alternatives[1]);
    const PlanSection section = choices_section(choices);
    CHECK(section.tag == MPULAB_SECTION_CHOICES);
    CHECK(read_pod<uint32_t>(section.bytes, 4) == 1);
}

TEST_CASE("a name, a number or a form that is none is wrong usage, and what there is is listed") {
    const ChoiceInfo& first = known_choices().front();
    for (const std::string& word :
         {std::string("colour=1"), std::string("=1"), std::string(), first.name, first.name + "=", first.name + "=x",
          first.name + "=-1", first.name + "=1 ", first.name + "=99"}) {
        CHECK(refusal_code([&] { parse_choices({word}); }) == ExitCode::Usage);
    }
    CHECK_THAT(refusal([] { parse_choices({"colour=1"}); }), ContainsSubstring(first.name));
    CHECK_THAT(refusal([&] { parse_choices({first.name + "=99"}); }), ContainsSubstring(first.alternatives[0]));
    CHECK_THAT(refusal([&] {
                   parse_choices({first.name + "=0", first.name + "=1"});
               }),
               ContainsSubstring("given twice"));
}

TEST_CASE("a log's choices are listed once, and those nobody knows have a number") {
    LogBuilder log;
    log.started(1)
        .add(MPULAB_KIND_CHOICE, 1, 2, 5)
        .add(MPULAB_KIND_CHOICE, 1, 3, 5)
        .add(MPULAB_KIND_CHOICE, 9999, 1, 2)
        .ended();
    const auto choices = choices_of(log.log());
    REQUIRE(choices.size() == 2);
    CHECK(choices[0].alternative == 2);
    CHECK(choice_text(choices[1]) == "choice 9999: alternative 1");
}
