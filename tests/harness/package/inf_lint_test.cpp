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
