// SPDX-License-Identifier: MIT
// The table of rules, and the switches that --verifier and a scenario's verifier take.
#include "checks/rules.hpp"

#include "common/error.hpp"

#include "support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

using namespace mpulab;

namespace {

std::filesystem::path tree() {
    return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path().parent_path();
}

std::string refusal(std::string_view text) {
    try {
        parse_verifier(text);
    } catch (const Error& error) {
        CHECK(error.code() == ExitCode::Usage);
        CHECK(!error.next().empty());
        return error.what();
    }
    return "";
}

size_t count_of(JudgedBy judged) {
    return static_cast<size_t>(std::count_if(known_rules().begin(), known_rules().end(),
                                             [&](const RuleInfo& rule) { return rule.judged == judged; }));
}

} // namespace

TEST_CASE("the table has the 84 rules in their order, each with a name of its own and a group that is there") {
    std::set<std::string> names, groups;
    for (const RuleGroup& group : known_rule_groups())
        groups.insert(group.name);
    CHECK(groups.size() == known_rule_groups().size());
    REQUIRE(known_rules().size() == kRules);
    for (size_t i = 0; i < kRules; ++i) {
        const RuleInfo& rule = known_rules()[i];
        INFO(rule.id());
        CHECK(rule.number == i + 1);
        CHECK(names.insert(rule.name).second);
        CHECK(groups.contains(rule.group));
        CHECK(!rule.rule.empty());
        CHECK(!rule.windows.empty());
        CHECK(!rule.how.empty());
    }
    CHECK(known_rules()[7].id() == "V08");
}

TEST_CASE("what a driven rule says it is driven by is in the tree") {
    const std::regex place("tests/[a-z_/]+(\\.py)?");
    for (const RuleInfo& rule : known_rules()) {
        for (std::sregex_iterator at(rule.how.begin(), rule.how.end(), place), end; at != end; ++at) {
            INFO(rule.id() << " " << at->str());
            CHECK(std::filesystem::exists(tree() / at->str()));
        }
    }
}

TEST_CASE("all is nothing off, none is everything off that can be") {
    CHECK(parse_verifier("all").none());
    const RuleSet off = parse_verifier("none");
    CHECK(off.count() == count_of(JudgedBy::Guest) + count_of(JudgedBy::Log) + count_of(JudgedBy::Both));
    CHECK(!off[5]); // it stops the run
    CHECK(!off[2]); // nobody looks
    CHECK(off[16]);
}

TEST_CASE("a list is what is on, a minus takes away, and a list that begins with one starts from all") {
    const RuleSet one = parse_verifier("V16");
    CHECK(!one[16]);
    CHECK(one.count() == parse_verifier("none").count() - 1);
    CHECK(parse_verifier("all,-V16").count() == 1);
    CHECK(parse_verifier("-V16") == parse_verifier("all,-V16"));
    CHECK(parse_verifier("none,v16") == one);
    CHECK(parse_verifier(" group-reference ") == one);
    const RuleSet deadlock = parse_verifier("deadlock");
    CHECK(!deadlock[7]);
    CHECK(!deadlock[8]);
    CHECK(deadlock[16]);
    CHECK(parse_verifier("deadlock,-V08")[8]);
    CHECK(!parse_verifier("deadlock,-V08")[7]);
}

TEST_CASE("switches written out and read again are the same") {
    for (const char* text : {"all", "none", "-V16", "all,-card", "deadlock,V16,-V08"}) {
        const RuleSet off = parse_verifier(text);
        INFO(text << " is " << verifier_text(off));
        CHECK(parse_verifier(verifier_text(off)) == off);
    }
    CHECK(verifier_text({}) == "all");
}

TEST_CASE("unknown words are refused with what there is") {
    CHECK(refusal("V85") == "verifier: 'V85' is neither a rule nor a group of rules");
    CHECK(refusal("V00") == "verifier: 'V00' is neither a rule nor a group of rules");
    CHECK(refusal("deadlocks") == "verifier: 'deadlocks' is neither a rule nor a group of rules");
    CHECK(refusal("") == "verifier: '' has an empty word");
    CHECK(refusal("V16,") == "verifier: 'V16,' has an empty word");
    CHECK(refusal("-") == "verifier: '-' has an empty word");
}

TEST_CASE("contradictions are refused") {
    CHECK(refusal("V16,-V16") == "verifier: V16 is given both with and without a minus in 'V16,-V16'");
    CHECK(refusal("V16,group-reference") == "verifier: group-reference is given twice in 'V16,group-reference'");
    CHECK(refusal("card,card") == "verifier: card is given twice in 'card,card'");
    CHECK(refusal("V16,none") == "verifier: 'none' stands behind other words or after a minus in 'V16,none'");
    CHECK(refusal("-all") == "verifier: 'all' stands behind other words or after a minus in '-all'");
    CHECK(refusal("-V05") ==
          "verifier: V05 (lock-twice) cannot be switched off: where it is broken the guest cannot go on");
    CHECK(refusal("all,-irql") == "verifier: the rules of irql cannot be switched off: where they are broken the guest "
                                  "cannot go on");
    CHECK(refusal("low-resources") == "verifier: the rules of low-resources have no checker to switch");
    CHECK(refusal("all,-low-resources") == "verifier: the rules of low-resources have no checker to switch");
    CHECK(refusal("none,-V24") == "verifier: -V24 changes nothing in 'none,-V24'");
    CHECK(refusal("irql,-portcls") == "verifier: -portcls changes nothing in 'irql,-portcls'");
    CHECK(refusal("all,V16") == "verifier: V16 changes nothing in 'all,V16'");
    CHECK(refusal("V66").find("verifier: V66 (float-unsaved) has no checker to switch") == 0);
}

TEST_CASE("the page in the tree is what mpulab rules prints") {
    std::ifstream file(tree() / "guest-images/verifier.md");
    const std::string page((std::istreambuf_iterator<char>(file)), {});
    INFO("write it anew: build/harness/mpulab rules > guest-images/verifier.md");
    CHECK(page == rules_text());
}

TEST_CASE("the printed table has a row for each rule, and so has its JSON") {
    const std::string text = rules_text();
    for (const RuleInfo& rule : known_rules()) {
        INFO(rule.id());
        CHECK(text.find("\n| " + rule.id() + " | " + rule.name + " |") != std::string::npos);
    }
    CHECK(text.find("| V16 | group-reference | portcls | guest |") != std::string::npos);
    const auto json = rules_json();
    REQUIRE(json.size() == kRules);
    CHECK(json[4]["rule"] == "V05");
    CHECK(json[4]["judged_by"] == "guest, stops");
}
