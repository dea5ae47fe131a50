// SPDX-License-Identifier: MIT
// Install sections: service, registry values, interfaces, log configurations; and what is wrong in them.
#include "harness/package/inf_texts.hpp"
#include "package/inf_registry.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

std::string refused(const std::string& text) {
    return refusal([&] { install_of(text); });
}

/// The one value that an AddReg line makes.
RegEntry value_of(const std::string& line) {
    return install_of(with(kGoodInf, "HKR,,Driver,,card.sys\nHKR,Drivers,SubClasses,,\"midi\"\n", line + "\n"))
        .device_values.at(0);
}

std::string value_refused(const std::string& line) {
    return refused(with(kGoodInf, "HKR,,Driver,,card.sys\nHKR,Drivers,SubClasses,,\"midi\"\n", line + "\n"));
}

} // namespace

TEST_CASE("service, values, interfaces and what is included are read") {
    const InfInstall install = install_of(kGoodInf);
    CHECK(install.section == "Card.NT");
    CHECK(install.service.name == "cardsvc");
    CHECK(install.service.file == "card.sys");
    CHECK(install.service.display_name == "A card");
    REQUIRE(install.device_values.size() == 2);
    CHECK(install.device_values[1].subkey == "Drivers");
    CHECK(install.device_values[1].text == std::vector<std::string>{"midi"});
    REQUIRE(install.interfaces.size() == 1);
    CHECK(install.interfaces[0].category == "{6994ad04-93ef-11d0-a3cc-00a0c9223196}");
    CHECK(install.interfaces[0].reference == "UART");
    CHECK(install.interfaces[0].values.at(0).name == "FriendlyName");
    CHECK(install.includes == std::vector<std::string>{"ks.inf", "wdmaudio.inf"});
    CHECK(install.needs == std::vector<std::string>{"KS.Registration"});
}

TEST_CASE("the section for amd64 comes before the one for NT, and that before the bare one") {
    CHECK(install_of(kGoodInf + "[Card]\n").section == "Card.NT");
    const std::string both = kGoodInf + "[Card.NTamd64]\n[Card.NTamd64.Services]\nAddService=other,2,Svc\n";
    CHECK(install_of(both).section == "Card.NTamd64");
    CHECK(install_of(both).service.name == "other");
    CHECK(install_of(both).device_values.empty());
}

TEST_CASE("every type of value is read") {
    CHECK(value_of("HKR,,a,0x00010001,0x1234").data == hex("34 12 00 00"));
    CHECK(value_of("HKR,,a,0x00010001,-1").data == hex("ff ff ff ff"));
    CHECK(value_of("HKR,,a,0x00010001,01,02,03,04").data == hex("01 02 03 04"));
    CHECK(value_of("HKR,,a,1,0a,FF").data == hex("0a ff"));
    CHECK(value_of("HKR,,a,0x000b0001,0x1122334455").data == hex("55 44 33 22 11 00 00 00"));
    CHECK(value_of("HKR,,a,0x00020001,01").type == RegType::None);
    CHECK(value_of("HKR,,a,0x00020000,%11%\\x").type == RegType::ExpandSz);
    CHECK(value_of("HKR,,a,0x00010000,x,y").text == std::vector<std::string>{"x", "y"});
    CHECK(value_of("HKR,,a").text == std::vector<std::string>{""});
}

TEST_CASE("flags say what becomes of a value that is there") {
    CHECK(value_of("HKR,,a,0x2,x").only_new);
    CHECK(value_of("HKR,,a,0x4").deletes);
    CHECK(value_of("HKR,,a,0x00010008,x").append);
    CHECK(value_of("HKR,Sub,,0x10").key_only);
    CHECK(value_of("HKLM,Software\\x,a,,y").root == "HKLM");
}

TEST_CASE("hardware values, log configurations and the service's own values are read") {
    const std::string text =
        with(kGoodInf, "Needs=KS.Registration\n", "Needs=KS.Registration\nLogConfig=lc1,lc2\n") +
        "[lc1]\nConfigPriority=NORMAL\nIOConfig=330-331\nIRQConfig=5,7,9\n[lc2]\nIOConfig=2@300-334%FFFE\n"
        "[Card.NT.HW]\nAddReg=Hw\n[Hw]\nHKR,,Deep,0x10001,8\n";
    const InfInstall install = install_of(with(text, "ErrorControl=1\n", "ErrorControl=1\nAddReg=Params\n") +
                                          "[Params]\nHKR,Parameters,Trace,0x10001,1\n");
    REQUIRE(install.log_configs.size() == 2);
    CHECK(install.log_configs[0].lines ==
          std::vector<std::string>{"ConfigPriority=NORMAL", "IOConfig=330-331", "IRQConfig=5,7,9"});
    CHECK(install.hardware_values.at(0).name == "Deep");
    CHECK(install.service.values.at(0).subkey == "Parameters");
}

TEST_CASE("a driver on the driver frameworks is refused by name") {
    CHECK_THAT(
        refused(kGoodInf + "[Card.NT.Wdf]\nKmdfService=cardsvc,Kmdf\n[Kmdf]\nKmdfLibraryVersion=1.15\n"),
        ContainsSubstring(
            "KmdfLibraryVersion 1.15: a driver on the Windows Driver Frameworks; expected a WDM driver on PortCls"));
    CHECK_THAT(refused(kGoodInf + "[Card.NT.Wdf]\nx=y\n"),
               ContainsSubstring("[Card.NT.Wdf]: a driver on the Windows Driver Frameworks"));
}

TEST_CASE("an install section that is not there is refused with the names it could have") {
    CHECK_THAT(refused(with(kGoodInf, "%Desc%=Card,", "%Desc%=Gone,")),
               ContainsSubstring("card.inf:15: the install section [Gone], which is not there; expected "
                                 "[Gone.NTamd64], [Gone.NT] or [Gone]"));
}

TEST_CASE("services that are missing, unnamed, doubled or of another kind are refused") {
    CHECK_THAT(refused(with(kGoodInf, "[Card.NT.Services]", "[Card.Services]")),
               ContainsSubstring("no [Card.NT.Services]"));
    CHECK_THAT(refused(with(kGoodInf, "AddService=cardsvc,0x2,Svc", "AddService=cardsvc,,Svc")),
               ContainsSubstring("no AddService with flag 2"));
    CHECK_THAT(refused(with(kGoodInf, "AddService=cardsvc,0x2,Svc", "AddService=,2")),
               ContainsSubstring("an AddService without a name"));
    CHECK_THAT(refused(with(kGoodInf, "AddService=cardsvc,0x2,Svc", "AddService=a,2,Svc\nAddService=b,2,Svc")),
               ContainsSubstring("a second AddService"));
    CHECK_THAT(refused(with(kGoodInf, "AddService=cardsvc,0x2,Svc", "AddService=a,two,Svc")),
               ContainsSubstring("the flags 'two'"));
    CHECK_THAT(refused(with(kGoodInf, "AddService=cardsvc,0x2,Svc", "AddService=a,2,Gone")),
               ContainsSubstring("[Gone], which is not there"));
    CHECK_THAT(refused(with(kGoodInf, "ServiceType=1", "ServiceType=0x10")), ContainsSubstring("ServiceType 16"));
    CHECK_THAT(refused(with(kGoodInf, "ServiceType=1", "ServiceType=kernel")), ContainsSubstring("ServiceType=kernel"));
    CHECK_THAT(refused(with(kGoodInf, "ServiceBinary=%12%\\card.sys\n", "")),
               ContainsSubstring("no ServiceBinary in [Svc]"));
    CHECK_THAT(refused(with(kGoodInf, "ServiceBinary=%12%\\card.sys", "ServiceBinary=\"%12%\\\"")),
               ContainsSubstring("ServiceBinary"));
}

TEST_CASE("registry lines that are none are refused at their line") {
    CHECK_THAT(value_refused("HKX,,a,,b"), ContainsSubstring("card.inf:24: the registry root 'HKX'"));
    CHECK_THAT(value_refused("HKR,,a,many,b"), ContainsSubstring("card.inf:24: the flags 'many'"));
    CHECK_THAT(value_refused("HKR,,a,0x00040000,b"), ContainsSubstring("card.inf:24: the flags 0x00040000"));
    CHECK_THAT(value_refused("HKR,,a,1,100"), ContainsSubstring("card.inf:24: '100' as a byte"));
    CHECK_THAT(value_refused("HKR,,a,0x10001,lots"), ContainsSubstring("card.inf:24: 'lots' as a value of 32 bits"));
    CHECK_THAT(value_refused("HKR,,a,0x10001,0x123456789"), ContainsSubstring("as a value of 32 bits"));
    CHECK_THAT(value_refused("a=b"), ContainsSubstring("card.inf:24: 'a='"));
    CHECK_THAT(refused(with(kGoodInf, "AddReg=Card.Reg", "AddReg=Gone")),
               ContainsSubstring("AddReg names the section [Gone], which is not there"));
}

TEST_CASE("an interface without a GUID is refused") {
    CHECK_THAT(refused(with(kGoodInf, "{6994AD04-93EF-11D0-A3CC-00A0C9223196}", "%KSCATEGORY_AUDIO%")),
               ContainsSubstring("'%KSCATEGORY_AUDIO%' as a GUID"));
    CHECK_THAT(
        refused(with(kGoodInf, "{6994AD04-93EF-11D0-A3CC-00A0C9223196}", "{6994AD04-93EF-11D0-A3CC-00A0C922319}")),
        ContainsSubstring("as a GUID"));
}

TEST_CASE("a file's place follows disks, folders and renaming") {
    const auto path = [](const std::string& text) {
        const InfFile inf = inf_of(text);
        return inf_source_path(inf, install_of(text), "card.sys");
    };
    CHECK(path(kGoodInf) == "card.sys");
    CHECK(path(with(kGoodInf, "card.sys=1\n", "card.sys=1,amd64\n")) == "amd64/card.sys");
    CHECK(path(with(with(kGoodInf, "1=%Disk%\n", "1=%Disk%,,,\\x64\n"), "card.sys=1\n",
                    "card.sys=1,\"sub\\dir\\\"\n")) == "x64/sub/dir/card.sys");
    CHECK(path(with(with(kGoodInf, "[Card.Files]\ncard.sys\n", "[Card.Files]\ncard.sys,card64.sys\n"), "card.sys=1\n",
                    "card64.sys=1,bin\n")) == "bin/card64.sys");
    CHECK(path(kGoodInf + "[SourceDisksFiles.amd64]\ncard.sys=1,only64\n") == "only64/card.sys");
}
