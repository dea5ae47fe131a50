// SPDX-License-Identifier: MIT
// Choices: where Windows is undocumented nanont takes one of several answers
// (guest-images/nanont/include/nanont_choices.def). A run's log tells which it depended on; a plan can force them.
#pragma once

#include "events/event_log.hpp"
#include "scenario/plan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mpulab {

struct ChoiceInfo {
    uint32_t number = 0;
    std::string name; // "read-buffer"
    std::string what; // what is undocumented
    std::vector<std::string> alternatives;
};

/// All of them, as the guest was built with.
const std::vector<ChoiceInfo>& known_choices();

/// nullptr: there is none of that number.
const ChoiceInfo* find_choice(uint32_t number);

/// "read-buffer=2", any number of them: the answers to be taken. Throws Error with ExitCode::Usage that lists what
/// there is.
std::vector<mpulab_choice> parse_choices(const std::vector<std::string>& words);

/// A CHOICES section.
PlanSection choices_section(const std::vector<mpulab_choice>& choices);

/// Choices a run depended on, in the order it first consulted them.
std::vector<mpulab_choice> choices_of(const EventLog& log);

/// "read-buffer: 3 bytes".
std::string choice_text(const mpulab_choice& choice);

} // namespace mpulab
