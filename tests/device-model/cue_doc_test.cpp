// SPDX-License-Identifier: MIT
// core/CUES.md says of triggers and actions what their two lists say, no more and no less.
#include "plan_bytes.hpp"
#include "test_card.hpp"

#include <fstream>
#include <set>
#include <sstream>

namespace {

// 4294967295 -> 4,294,967,295
std::string grouped(uint64_t number) {
    std::string text = std::to_string(number);
    for (size_t at = text.size(); at > 3; at -= 3)
        text.insert(at - 3, ",");
    return text;
}

std::string field(const std::string& what, uint64_t least, uint64_t most) {
    if (what == "-") return "–";
    return what + ": " + grouped(least) + "–" + grouped(most);
}

std::string row(std::initializer_list<std::string> cells) {
    std::string text = "|";
    for (const std::string& cell : cells)
        text += " " + cell + " |";
    return text;
}

std::multiset<std::string> expected_rows() {
    return {
#define MPULAB_TRIGGER(number, NAME, name, text, argument, most)                                                       \
    row({#number, "`" name "`", text, field(argument, 0, most)}),
#include "mpulab_cue_triggers.def"
#undef MPULAB_TRIGGER
#define MPULAB_ACTION(number, NAME, name, text, c, least_c, most_c, t, least_t, most_t, v, least_v, most_v)            \
    row({#number, "`" name "`", text, field(c, least_c, most_c), field(t, least_t, most_t), field(v, least_v, most_v)}),
#include "mpulab_cue_actions.def"
#undef MPULAB_ACTION
    };
}

std::vector<std::string> document() {
    std::ifstream file(MPULAB_SOURCE_DIR "/device-model/core/CUES.md");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
        lines.push_back(line);
    return lines;
}

} // namespace

TEST_CASE("CUES.md lists every trigger and every action with the bounds of its fields, and no other") {
    std::multiset<std::string> rows;
    for (const std::string& line : document()) { // rows that begin with a number
        if (line.size() > 2 && line[0] == '|' && std::isdigit(static_cast<unsigned char>(line[2])) != 0)
            rows.insert(line);
    }
    CHECK(rows == expected_rows());
}

TEST_CASE("CUES.md has an example for every action and says what every fault records") {
    std::string examples, faults;
    std::string* part = nullptr;
    for (const std::string& line : document()) {
        if (line.starts_with("## ")) part = nullptr;
        if (line == "## One example each") part = &examples;
        if (line == "## What the log shows") part = &faults;
        if (part != nullptr && line.starts_with("| ")) *part += line + "\n";
    }
#define MPULAB_ACTION(number, NAME, name, text, c, least_c, most_c, t, least_t, most_t, v, least_v, most_v)            \
    {                                                                                                                  \
        const std::string quoted = "`" name "`";                                                                       \
        CAPTURE(quoted);                                                                                               \
        CHECK(examples.find(quoted) != std::string::npos);                                                             \
        const std::string group = quoted.substr(0, quoted.find('-')) + "-*`";                                          \
        CHECK((number == MPULAB_ACTION_INJECT || faults.find(quoted) != std::string::npos ||                           \
               faults.find(group) != std::string::npos));                                                              \
    }
#include "mpulab_cue_actions.def"
#undef MPULAB_ACTION
}

TEST_CASE("numbers and names of triggers and actions are there once") {
    std::multiset<std::string> triggers, actions;
#define MPULAB_TRIGGER(number, NAME, name, text, argument, most)                                                       \
    triggers.insert(#number);                                                                                          \
    triggers.insert(name);
#include "mpulab_cue_triggers.def"
#undef MPULAB_TRIGGER
#define MPULAB_ACTION(number, NAME, name, text, c, least_c, most_c, t, least_t, most_t, v, least_v, most_v)            \
    actions.insert(#number);                                                                                           \
    actions.insert(name);
#include "mpulab_cue_actions.def"
#undef MPULAB_ACTION
    CHECK(std::set<std::string>(triggers.begin(), triggers.end()).size() == triggers.size());
    CHECK(std::set<std::string>(actions.begin(), actions.end()).size() == actions.size());
}
