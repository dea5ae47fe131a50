// SPDX-License-Identifier: MIT
#include "scenario/choices.hpp"

#include "common/error.hpp"
#include "common/text.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace mpulab {
namespace {

const ChoiceInfo* find_by_name(std::string_view name) {
    for (const ChoiceInfo& choice : known_choices()) {
        if (equal_ignoring_ascii_case(choice.name, name)) return &choice;
    }
    return nullptr;
}

std::string names() {
    std::string list;
    for (const ChoiceInfo& choice : known_choices())
        list += (list.empty() ? "" : ", ") + choice.name;
    return list;
}

} // namespace

const std::vector<ChoiceInfo>& known_choices() {
    static const std::vector<ChoiceInfo> choices = {
#define NANONT_CHOICE(number, NAME, alternatives, name, what, ...) {number, name, what, {__VA_ARGS__}},
#include "nanont/include/nanont_choices.def"
#undef NANONT_CHOICE
    };
    return choices;
}

const ChoiceInfo* find_choice(uint32_t number) {
    for (const ChoiceInfo& choice : known_choices()) {
        if (choice.number == number) return &choice;
    }
    return nullptr;
}

std::vector<mpulab_choice> parse_choices(const std::vector<std::string>& words) {
    std::vector<mpulab_choice> choices;
    for (const std::string& word : words) {
        const size_t equals = word.find('=');
        const ChoiceInfo* choice = find_by_name(std::string_view(word).substr(0, equals));
        if (choice == nullptr) {
            throw Error(fmt::format("--choice: there is no choice in '{}'", word), "take one of " + names(),
                        ExitCode::Usage);
        }
        uint32_t alternative = 0;
        const char* end = word.data() + word.size();
        const char* begin = equals == std::string::npos ? end : word.data() + equals + 1;
        const auto [parsed, failure] = std::from_chars(begin, end, alternative);
        if (failure != std::errc{} || parsed != end || alternative >= choice->alternatives.size()) {
            std::string list;
            for (size_t i = 0; i < choice->alternatives.size(); ++i)
                list += fmt::format("{}{}: {}", i ? ", " : "", i, choice->alternatives[i]);
            throw Error(fmt::format("--choice: '{}' is no NAME=NUMBER of {}", word, choice->name),
                        "take one of " + list, ExitCode::Usage);
        }
        const auto same = [&](const mpulab_choice& other) { return other.number == choice->number; };
        if (std::any_of(choices.begin(), choices.end(), same)) {
            throw Error(fmt::format("--choice: {} is given twice", choice->name), "give it once", ExitCode::Usage);
        }
        choices.push_back({choice->number, alternative});
    }
    return choices;
}

PlanSection choices_section(const std::vector<mpulab_choice>& choices) {
    PlanSection section{MPULAB_SECTION_CHOICES, 0, {}};
    for (const mpulab_choice& choice : choices)
        append_pod(section.bytes, choice);
    return section;
}

std::vector<mpulab_choice> choices_of(const EventLog& log) {
    std::vector<mpulab_choice> choices;
    for (const mpulab_record& record : log.records()) {
        if (record.kind != MPULAB_KIND_CHOICE || choices.size() == MPULAB_PLAN_MAX_CHOICES) continue;
        const auto same = [&](const mpulab_choice& other) { return other.number == record.a; };
        if (std::any_of(choices.begin(), choices.end(), same)) continue;
        choices.push_back({static_cast<uint32_t>(record.a), static_cast<uint32_t>(record.b)});
    }
    return choices;
}

std::string choice_text(const mpulab_choice& choice) {
    const ChoiceInfo* info = find_choice(choice.number);
    if (info == nullptr || choice.alternative >= info->alternatives.size()) {
        return fmt::format("choice {}: alternative {}", choice.number, choice.alternative);
    }
    return fmt::format("{}: {}", info->name, info->alternatives[choice.alternative]);
}

} // namespace mpulab
