// SPDX-License-Identifier: MIT
// One wrong INF for each rule, and a right one.
#include "package/inf_lint.hpp"

#include "harness/package/inf_texts.hpp"
#include "harness/support/temp_dir.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

std::vector<InfFinding> lint(const std::string& text) {
    const TempDir dir;
    dir.file("card.sys", "driver");
    return lint_inf(InfFile::parse(Bytes(text.begin(), text.end()), "card.inf"), dir.path());
}

struct Rule {
    const char* name;
    std::string from, to, seen;
};

} // namespace

TEST_CASE("a right INF gives the linter nothing to say") {
    for (const InfFinding& finding : lint(kGoodInf))
        FAIL(finding.line << ": " << finding.seen);
}

TEST_CASE("each mistake in an INF is one finding, with its line") {
    const Rule rules[] = {
        {"catalogue", "CatalogFile=card.cat\n", "", "no CatalogFile"},
        {"class", "Class=MEDIA", "Class=Net", "Class Net with ClassGuid"},
        {"date", "02/03/2024", "13/03/2024", "DriverVer 13/03/2024"},
        {"version", "1.2.3.4", "1.2.3.70000", "DriverVer 02/03/2024,1.2.3.70000"},
        {"string", "Desc=\"A card\"", "Else=\"A card\"", "%Desc%"},
        {"source disk file", "card.sys=1", "other.sys=1", "card.sys is copied"},
        {"copied section", "CopyFiles=Card.Files", "CopyFiles=Card.Gone", "CopyFiles names [Card.Gone]"},
        {"file in the folder", "card.sys=1", "card.sys=1,amd64", "card.sys, which is not in the package"},
        {"registry section", "AddReg=Card.Reg", "AddReg=Card.Gone", "AddReg names [Card.Gone]"},
        {"service section", "0x2,Svc", "0x2,Gone", "AddService names [Gone]"},
        {"start type", "StartType=3", "StartType=9", "StartType 9"},
        {"service type", "ServiceType=1", "ServiceType=0x10", "ServiceType 0x10"},
        {"service binary", "%12%\\card.sys", "c:\\card.sys", "ServiceBinary 'c:"},
        {"models", "[Models.NTamd64]", "[Models.NTx86]", "[Models.NTamd64], which is not there"},
        {"PCI id", "ACPI\\PNPB006,", "PCI\\VEN_12&DEV_34,", "the hardware id 'PCI\\VEN_12&DEV_34'"},
    };
    for (const Rule& rule : rules) {
        INFO(rule.name);
        const std::vector<InfFinding> found = lint(with(kGoodInf, rule.from, rule.to));
        REQUIRE(found.size() == 1);
        CHECK(found[0].seen.find(rule.seen) == 0);
        CHECK(found[0].line > 0);
        CHECK_FALSE(found[0].expected.empty());
    }
}

namespace {

/// kGoodInf with a card that no bus reports, in two install sections, and `lines` as its LogConfig.
std::vector<InfFinding> lint_log(const std::string& lines) {
    std::string text = with(kGoodInf, "[Card.Files]", "LogConfig=Usual\n[Card.Root]\nLogConfig=Usual\n[Card.Files]");
    return lint(text + "[Usual]\n" + lines);
}

} // namespace

TEST_CASE("a LogConfig that Windows' setup can read gives nothing to say") {
    CHECK(lint_log("ConfigPriority=NORMAL\nIOConfig=330-331,2@300-33f%fffe(3ff::)\nIRQConfig=S:5,7\n").empty());
    CHECK(lint_log("ConfigPriority=hardwired,BASIC\nMemConfig=whatever\n").empty());
}

TEST_CASE("a mistake in a LogConfig is told once, however many sections name it") {
    const std::pair<const char*, const char*> kinds[] = {
        {"ConfigPriority=NORMAL\nIOConfig=330-xyz\n", "[Usual] IOConfig=330-xyz: '330-xyz' is neither"},
        {"ConfigPriority=NORMAL\nIRQConfig=5,16\n", "[Usual] IRQConfig=5,16: '16' is neither"},
        {"ConfigPriority=SOON\nIOConfig=330-331\n", "ConfigPriority SOON"},
        {"IOConfig=330-331\n", "no ConfigPriority in [Usual]"},
        {"ConfigPriority=NORMAL\nConfigPriority=NORMAL\n", "a second ConfigPriority in [Usual]"},
    };
    for (const auto& [lines, seen] : kinds) {
        INFO(lines);
        const std::vector<InfFinding> found = lint_log(lines);
        REQUIRE(found.size() == 1);
        CHECK(found[0].seen.find(seen) == 0);
        CHECK_FALSE(found[0].expected.empty());
    }
}

TEST_CASE("a service that two install sections name has its mistakes told once") {
    std::string text = with(kGoodInf, "StartType=3", "StartType=9");
    text = with(text, "[Svc]\n", "[Card.Other.Services]\nAddService=cardsvc,0x2,Svc\n[Svc]\n");
    CHECK(lint(text).size() == 1);
}
