// SPDX-License-Identifier: MIT
// The properties of a card: the table in device-model/README.md says what mpulab_properties.def says; wrong values are
// refused by name; a state goes only to a card with the same ones.
#include "test_card.hpp"

#include <fstream>
#include <iterator>

namespace {

std::string quoted_list(std::string_view allowed) {
    std::string list;
    while (!allowed.empty()) {
        const size_t bar = allowed.find('|');
        list += (list.empty() ? "`" : ", `") + std::string(allowed.substr(0, bar)) + "`";
        allowed.remove_prefix(bar == std::string_view::npos ? allowed.size() : bar + 1);
    }
    return list;
}

std::string row(const std::string& name, const std::string& value, const std::string& allowed, const char* help) {
    return "| `" + name + "` | " + value + " | " + allowed + " | " + help + " |\n";
}

std::string error_of(const Properties& properties) {
    std::vector<mpulab_core_property> raw;
    for (const auto& [name, value] : properties)
        raw.push_back({name.c_str(), value.c_str()});
    char error[256] = "";
    mpulab_core* core = mpulab_core_create(raw.data(), raw.size(), nullptr, error, sizeof error);
    mpulab_core_destroy(core);
    return core == nullptr ? error : "taken";
}

} // namespace

TEST_CASE("README.md has the row of each property, in the words of mpulab_properties.def") {
    std::ifstream file(MPULAB_SOURCE_DIR "/device-model/README.md");
    const std::string readme((std::istreambuf_iterator<char>(file)), {});
    std::string table;
#define MPULAB_CHOICE(field, name, value, allowed, help)                                                               \
    table += row(name, std::string("`") + value + "`", quoted_list(allowed), help);
#define MPULAB_SWITCH(field, name, value, help)                                                                        \
    table += row(name, value != 0 ? "`on`" : "`off`", quoted_list("off|on"), help);
#define MPULAB_NUMBER(field, name, value, low, high, help)                                                             \
    table += row(name, std::to_string(value), #low "–" #high, help);
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
    INFO("expected:\n" << table);
    CHECK(readme.find(table) != std::string::npos);
}

TEST_CASE("a property is refused with its name, its value and what is allowed") {
    const std::string names =
        "profile, timing, midi-clock-out, uart-reset-ack, version, status-unused, tx-fifo, rx-fifo, "
        "refill-gap, silence-on-reset, sysex-delay";
    const std::pair<std::pair<const char*, const char*>, std::string> cases[] = {
        {{"profile", "gus"}, "property \"profile\": \"gus\" is neither roland nor uart-only"},
        {{"timing", "slow"}, "property \"timing\": \"slow\" is neither authentic nor fast"},
        {{"timing", ""}, "property \"timing\": \"\" is neither authentic nor fast"},
        {{"timing", "authentic|fast"}, "property \"timing\": \"authentic|fast\" is neither authentic nor fast"},
        {{"midi-clock-out", "yes"}, "property \"midi-clock-out\": \"yes\" is none of auto, on, off"},
        {{"uart-reset-ack", "yes"}, "property \"uart-reset-ack\": \"yes\" is neither on nor off"},
        {{"version", "65536"}, "property \"version\": \"65536\" is no number from 0 to 65535"},
        {{"status-unused", "64"}, "property \"status-unused\": \"64\" is no number from 0 to 63"},
        {{"status-unused", "-0x1"}, "property \"status-unused\": \"-0x1\" is no number from 0 to 63"},
        {{"tx-fifo", "0"}, "property \"tx-fifo\": \"0\" is no number from 1 to 65536"},
        {{"tx-fifo", "65537"}, "property \"tx-fifo\": \"65537\" is no number from 1 to 65536"},
        {{"rx-fifo", "12x"}, "property \"rx-fifo\": \"12x\" is no number from 1 to 65536"},
        {{"rx-fifo", ""}, "property \"rx-fifo\": \"\" is no number from 1 to 65536"},
        {{"rx-fifo", "4294967297"}, "property \"rx-fifo\": \"4294967297\" is no number from 1 to 65536"},
        {{"refill-gap", "-2"}, "property \"refill-gap\": \"-2\" is no number from -1 to 1000000"},
        {{"silence-on-reset", "1"}, "property \"silence-on-reset\": \"1\" is neither on nor off"},
        {{"sysex-delay", "40"}, "property \"sysex-delay\": \"40\" is neither off nor mt32"},
        {{"colour", "red"}, "no property \"colour\"; there are " + names},
    };
    for (const auto& [property, expected] : cases)
        CHECK(error_of({property}) == expected);
    CHECK(error_of({{"profile", "uart-only"}, {"midi-clock-out", "on"}}) ==
          "property \"midi-clock-out\": \"on\" needs profile=roland; a uart-only card has no clock");
}

TEST_CASE("each bound of a property's range is taken, in decimal and in hexadecimal") {
    for (const auto& property : Properties{{"status-unused", "0"},
                                           {"status-unused", "0x3f"},
                                           {"tx-fifo", "1"},
                                           {"tx-fifo", "0x10000"},
                                           {"refill-gap", "-1"},
                                           {"refill-gap", "1000000"},
                                           {"version", "0XFFFF"}}) {
        CAPTURE(property.first, property.second);
        CHECK(error_of({property}) == "taken");
    }
}

TEST_CASE("a property without a name or a value is refused by its place") {
    char error[256];
    const mpulab_core_property nameless[] = {{"timing", "fast"}, {nullptr, "fast"}};
    CHECK(mpulab_core_create(nameless, 2, nullptr, error, sizeof error) == nullptr);
    CHECK(std::string(error) == "property number 1 has no name");
    const mpulab_core_property valueless = {"timing", nullptr};
    CHECK(mpulab_core_create(&valueless, 1, nullptr, error, sizeof error) == nullptr);
    CHECK(std::string(error) == "property number 0 has no value");
}

TEST_CASE("a state of a card with other properties is refused by the property's name and both values") {
    const std::pair<Properties, std::string> others[] = {
        {{{"profile", "uart-only"}}, "profile uart-only; this one has roland"},
        {{{"timing", "fast"}}, "timing fast; this one has authentic"},
        {{{"midi-clock-out", "off"}}, "midi-clock-out off; this one has auto"},
        {{{"uart-reset-ack", "on"}}, "uart-reset-ack on; this one has off"},
        {{{"version", "0x1402"}}, "version 5122; this one has 5377"},
        {{{"status-unused", "0"}}, "status-unused 0; this one has 63"},
        {{{"tx-fifo", "255"}}, "tx-fifo 255; this one has 256"},
        {{{"rx-fifo", "1744"}}, "rx-fifo 1744; this one has 1745"},
        {{{"refill-gap", "1"}}, "refill-gap 1; this one has -1"},
        {{{"silence-on-reset", "on"}}, "silence-on-reset on; this one has off"},
        {{{"sysex-delay", "mt32"}}, "sysex-delay mt32; this one has off"},
    };
    TestCard card;
    for (const auto& [properties, difference] : others) {
        TestCard other(properties);
        CHECK_FALSE(card.load(other.save()));
        CHECK(card.error == "state: made by a card with " + difference);
    }
}
