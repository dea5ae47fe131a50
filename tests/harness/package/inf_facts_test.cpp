// SPDX-License-Identifier: MIT
// What an INF says of a driver for amd64, and the INFs that nanont's packages cannot be.
#include "package/inf_facts.hpp"

#include "harness/package/inf_texts.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

std::string refused(const std::string& text, WindowsVersion target = {10, 0, 19045}) {
    return refusal([&] { facts_of(text, target); });
}

/// kGoodInf whose models come in these decorated sections, each with a device of its own.
std::string decorated(const std::vector<std::string>& decorations) {
    std::string list = "%Maker%=Models";
    std::string sections;
    for (const std::string& d : decorations) {
        list += "," + d;
        sections += "[Models." + d + "]\n%Desc%=Card,ROOT\\" + d + "\n";
    }
    return with(with(kGoodInf, "%Maker%=Models,NTamd64", list),
                "[Models.NTamd64]\n%Desc%=Card,ACPI\\PNPB006,*PNPB006\n", sections);
}

std::string chosen(const std::vector<std::string>& decorations, WindowsVersion target = {10, 0, 19045}) {
    return facts_of(decorated(decorations), target).models.at(0).hardware_id;
}

} // namespace

TEST_CASE("version, class, provider and devices are read") {
    const InfFacts facts = facts_of(kGoodInf);
    CHECK(facts.class_name == "MEDIA");
    CHECK(facts.provider == "Maker");
    CHECK(facts.driver_date == "02/03/2024");
    CHECK(facts.driver_version == "1.2.3.4");
    CHECK(facts.catalog == "card.cat");
    CHECK_FALSE(facts.minimum);
    REQUIRE(facts.models.size() == 1);
    CHECK(facts.models[0].description == "A card");
    CHECK(facts.models[0].install == "Card");
    CHECK(facts.models[0].hardware_id == "ACPI\\PNPB006");
    CHECK(facts.models[0].compatible_ids == std::vector<std::string>{"*PNPB006"});
}

TEST_CASE("the class's name will do where its GUID is missing, and the GUID decides where both are there") {
    CHECK(facts_of(with(kGoodInf, "ClassGuid={4d36e96c-e325-11ce-bfc1-08002be10318}\n", "")).class_guid ==
          "{4d36e96c-e325-11ce-bfc1-08002be10318}");
    CHECK(facts_of(with(kGoodInf, "Class=MEDIA\n", "Class=Sound\n")).class_name == "Sound");
}

TEST_CASE("of several Windows versions the one nearest below the target is taken") {
    CHECK(chosen({"NTamd64", "NTamd64.6.1", "NTamd64.10.0"}) == "ROOT\\NTamd64.10.0");
    CHECK(chosen({"NTamd64.10.0...22000", "NTamd64.10.0...16299"}) == "ROOT\\NTamd64.10.0...16299");
    CHECK(chosen({"NTamd64.10.0...22000", "NTamd64.6.0"}, {6, 1, 7601}) == "ROOT\\NTamd64.6.0");
    CHECK(chosen({"NTx86", "NTamd64", "NTarm64"}) == "ROOT\\NTamd64");
    CHECK(chosen({"NT.10.0"}) == "ROOT\\NT.10.0");
}

TEST_CASE("the lowest decoration is the minimum Windows") {
    CHECK(facts_of(decorated({"NTamd64.10.0...16299", "NTamd64.10.0...22000"})).minimum->text() == "10.0.16299");
    CHECK_FALSE(facts_of(decorated({"NTamd64", "NTamd64.10.0"})).minimum);
}

TEST_CASE("a package for a newer Windows is refused with both versions and the way out") {
    const std::string error = refused(decorated({"NTamd64.10.0...22000"}));
    CHECK_THAT(error, ContainsSubstring("it wants Windows 10.0.22000 or newer"));
    CHECK_THAT(error, ContainsSubstring("--profile"));
}

TEST_CASE("a package for other machines is refused with what it is for") {
    CHECK_THAT(refused(decorated({"NTx86", "NTarm64"})),
               ContainsSubstring("no models for amd64, only [Models.NTx86] [Models.NTarm64]"));
    CHECK_THAT(refused(with(kGoodInf, "Models,NTamd64", "Models")),
               ContainsSubstring("[Models] (undecorated: for x86)"));
}

TEST_CASE("a decoration that is none is refused at its line") {
    for (const char* bad : {"amd64", "NTamd64.ten", "NTamd64.1.2.3.4.5.6"})
        CHECK_THAT(refused(with(kGoodInf, "Models,NTamd64", std::string("Models,") + bad)),
                   StartsWith("card.inf:13: the decoration '"));
}

TEST_CASE("another device class is refused by name and GUID") {
    const std::string error =
        refused(with(with(kGoodInf, "{4d36e96c-e325-11ce-bfc1-08002be10318}", "{4D36E972-E325-11CE-BFC1-08002BE10318}"),
                     "Class=MEDIA", "Class=Net"));
    CHECK_THAT(
        error,
        StartsWith("card.inf:4: device class Net {4d36e972-e325-11ce-bfc1-08002be10318}; expected MEDIA {4d36e96c-"));
    CHECK_THAT(refused("[Version]\nSignature=\"$Windows NT$\"\n"), ContainsSubstring("device class without a name"));
}

TEST_CASE("no version section, no signature and a wrong one are refused") {
    CHECK_THAT(refused("[Strings]\na=b\n"), ContainsSubstring("no section [Version]"));
    CHECK_THAT(refused("[Version]\nClass=MEDIA\n"), ContainsSubstring("no Signature"));
    CHECK_THAT(refused(with(kGoodInf, "$Windows NT$", "$Amiga$")),
               StartsWith("card.inf:2: Signature '$Amiga$'; expected"));
}

TEST_CASE("no manufacturer, and one without models, are refused") {
    CHECK_THAT(refused("[Version]\nSignature=$CHICAGO$\nClass=MEDIA\n[DefaultInstall]\n"),
               ContainsSubstring("only a [DefaultInstall]"));
    CHECK_THAT(refused("[Version]\nSignature=$CHICAGO$\nClass=MEDIA\n"), ContainsSubstring("no [Manufacturer]"));
    CHECK_THAT(refused(with(kGoodInf, "[Models.NTamd64]", "[Other.NTamd64]")),
               ContainsSubstring("no device in [Models.NTamd64]"));
    CHECK_THAT(refused(with(kGoodInf, "%Maker%=Models,NTamd64", "%Maker%=,NTamd64")),
               ContainsSubstring("a manufacturer without a models section"));
}

TEST_CASE("a model without an install section is refused at its line") {
    CHECK_THAT(refused(with(kGoodInf, "%Desc%=Card,ACPI\\PNPB006,*PNPB006", "%Desc%")), StartsWith("card.inf:15:"));
    CHECK_THAT(refused(with(kGoodInf, "%Desc%=Card,ACPI\\PNPB006,*PNPB006", "%Desc%=,ROOT\\X")),
               StartsWith("card.inf:15:"));
}

TEST_CASE("a string that is missing is a note, not an error") {
    const InfFacts facts = facts_of(with(kGoodInf, "Disk=\"Disk\"\n", ""));
    REQUIRE(facts.notes.size() == 1);
    CHECK(facts.notes[0] == "card.inf:9: %Disk% stands in no [Strings] section");
}
