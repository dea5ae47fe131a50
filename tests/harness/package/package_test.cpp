// SPDX-License-Identifier: MIT
// A package's folder: which INF, which device, which file; and what the guest gets of it.
#include "package/package.hpp"

#include "harness/package/inf_texts.hpp"
#include "harness/support/temp_dir.hpp"
#include "package/registry_file.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;
namespace fs = std::filesystem;

namespace {

PackageOptions card_machine() {
    PackageOptions options;
    options.devices = {{"isa-mpu401", "ACPI\\PNPB006", {"*PNPB006", "ACPI\\PNPB006"}},
                       {"pci-mpu401", "PCI\\VEN_1234&DEV_4D50&REV_01", {"PCI\\VEN_1234&DEV_4D50"}}};
    return options;
}

/// A folder with this INF and its driver.
class Folder {
  public:
    explicit Folder(const std::string& inf, const char* driver = "card.sys") {
        dir.file("card.inf", inf);
        dir.file(driver, "MZ");
    }
    Package load() const { return load_package(dir.path(), card_machine()); }
    std::string refused() const {
        return refusal([this] { load(); });
    }

    TempDir dir;
};

std::string with_ids(const std::string& ids) {
    return with(kGoodInf, "ACPI\\PNPB006,*PNPB006", ids);
}

std::string registry(const Package& package, size_t cards = 1) {
    std::vector<std::string> notes;
    return registry_file(package, cards, notes);
}

} // namespace

TEST_CASE("a package for the machine's card is given that device by its ids") {
    const Package package = Folder(kGoodInf).load();
    CHECK(package.name() == "card.inf");
    CHECK(package.driver.filename() == "card.sys");
    CHECK(package.image == bytes_of("MZ"));
    CHECK_FALSE(package.root);
    CHECK(boot_config(package) == "driver=card.sys\nservice=cardsvc\nid=ACPI\\PNPB006\nid=*PNPB006\n");
}

TEST_CASE("a package for a card on another bus says which card the machine must have") {
    const Package package = Folder(with_ids("PCI\\VEN_1234&DEV_4D50")).load();
    CHECK(package.card == "pci-mpu401");
    CHECK(package.device_id == "PCI\\VEN_1234&DEV_4D50&REV_01");
    CHECK(Folder(kGoodInf).load().card == "isa-mpu401");
}

TEST_CASE("files are found whatever case they are written in") {
    CHECK(Folder(kGoodInf, "CARD.SYS").load().driver.filename() == "CARD.SYS");
}

TEST_CASE("a package for a root-enumerated device runs without hardware") {
    const Package package = Folder(with_ids("ROOT\\VirtualPort")).load();
    CHECK(package.root);
    CHECK(boot_config(package) == "driver=card.sys\nservice=cardsvc\nroot=ROOT\\VirtualPort\n");
    CHECK_FALSE(package.has_hardware());
    Package by_hand = package;
    by_hand.resources = AssignedResources{"lc", 0x330, 0x331, 5};
    CHECK(boot_config(by_hand) == "driver=card.sys\nservice=cardsvc\nroot=ROOT\\VirtualPort ports=0x330-0x331 irq=5\n");
    CHECK(by_hand.has_hardware());
}

TEST_CASE("an id without an enumerator is one that somebody makes by hand") {
    CHECK(Folder(with_ids("Loop,Port")).load().root_id == "ROOT\\Loop");
}

TEST_CASE("of several devices the machine's own comes first") {
    const std::string more =
        with(kGoodInf, "%Desc%=Card,ACPI\\PNPB006,*PNPB006\n", "Virtual=Card,ROOT\\V\nReal=Card,*PNPB006\n");
    CHECK(Folder(more).load().model->description == "Real");
}

TEST_CASE("devices on buses that nanont has not are refused with the reason") {
    CHECK_THAT(Folder(with_ids("USB\\VID_1234&PID_5678")).refused(),
               ContainsSubstring("a USB device: nanont has no USB"));
    CHECK_THAT(Folder(with_ids("HDAUDIO\\FUNC_01")).refused(), ContainsSubstring("WaveRT"));
    CHECK_THAT(Folder(with_ids("PCI\\VEN_1234&DEV_5678")).refused(),
               ContainsSubstring("the devices PCI\\VEN_1234&DEV_5678; expected one of this machine's (ACPI\\PNPB006, "
                                 "PCI\\VEN_1234&DEV_4D50)"));
}

TEST_CASE("a driver that is not in the folder is named with its place") {
    const Folder folder(with(kGoodInf, "card.sys=1\n", "card.sys=1,x64\n"));
    CHECK_THAT(folder.refused(), ContainsSubstring("the driver card.sys, which is not in the package at x64/card.sys"));
}

TEST_CASE("a path out of the package's folder leads nowhere") {
    const Folder folder(with(kGoodInf, "card.sys=1\n", "card.sys=1,..\n"));
    CHECK_THAT(folder.refused(), ContainsSubstring("which is not in the package"));
}

TEST_CASE("a folder without an INF, and one that is not there, are named") {
    const TempDir dir;
    CHECK_THAT(refusal([&] { load_package(dir.path(), card_machine()); }),
               ContainsSubstring("there is no INF in package " + dir.path().string()));
    CHECK_THAT(refusal([&] { load_package(dir / "gone", card_machine()); }),
               ContainsSubstring("there is no package at"));
}

TEST_CASE("of several INFs the one that can be run is meant") {
    const Folder folder(kGoodInf);
    folder.dir.file("extension.inf", with(with(kGoodInf, "{4d36e96c-e325-11ce-bfc1-08002be10318}",
                                               "{e2f84ce7-8efa-411c-aa69-97454ca4cb57}"),
                                          "Class=MEDIA", "Class=Extension"));
    CHECK(folder.load().name() == "card.inf");
    folder.dir.file("second.inf", kGoodInf);
    CHECK_THAT(folder.refused(), ContainsSubstring("2 INFs in package"));
    CHECK(load_package(folder.dir / "second.inf", card_machine()).name() == "second.inf");
}

TEST_CASE("when none of several INFs can be run, the first reason is given") {
    const TempDir dir;
    dir.file("a.inf", "[Version]\nSignature=$CHICAGO$\nClass=Net\n");
    dir.file("b.inf", "");
    CHECK_THAT(refusal([&] { load_package(dir.path(), card_machine()); }),
               ContainsSubstring("a.inf:3: device class Net"));
}

TEST_CASE("a bare image is a package that is given every device") {
    const TempDir dir;
    const Package package = load_package(dir.file("own.sys", "MZ"), card_machine());
    CHECK(boot_config(package) == "driver=own.sys\nservice=own\n");
    CHECK(registry(package).empty());
}

TEST_CASE("a catalogue that is not there is a note") {
    CHECK(Folder(kGoodInf).load().notes.back() == "CatalogFile card.cat is not in the package: it is not signed");
}

TEST_CASE("the registry has the service, the device's software key and its interfaces") {
    const std::string text = registry(Folder(kGoodInf).load());
    CHECK_THAT(
        text,
        StartsWith(
            "Windows Registry Editor Version "
            "5.00\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\cardsvc]\n\"Type\"=dword:00000001\n"));
    CHECK_THAT(text,
               ContainsSubstring(
                   "\\Control\\Class\\{4d36e96c-e325-11ce-bfc1-08002be10318}\\0000]\n\"DriverDesc\"=\"A card\"\n"));
    CHECK_THAT(text, ContainsSubstring("\\0000\\Drivers]\n\"SubClasses\"=\"midi\"\n"));
    CHECK_THAT(text, ContainsSubstring(
                         "\\DeviceClasses\\{6994ad04-93ef-11d0-a3cc-00a0c9223196}\\##?#ACPI#PNPB006#0#{6994ad04-93ef-"
                         "11d0-a3cc-00a0c9223196}\\#UART\\Device Parameters]\n\"FriendlyName\"=\"A card\"\n"));
}

TEST_CASE("every card of the machine has its keys, and a root device comes after them") {
    CHECK_THAT(registry(Folder(kGoodInf).load(), 2), ContainsSubstring("##?#ACPI#PNPB006#1#"));
    const std::string text = registry(Folder(with_ids("ROOT\\Loop")).load(), 0);
    CHECK_THAT(text, ContainsSubstring("##?#ROOT#Loop#0000#{6994ad04-"));
}

TEST_CASE("a device found by its PnP-ISA id is the ACPI device of that name") {
    CHECK_THAT(registry(Folder(with_ids("*PNPB006")).load()), ContainsSubstring("##?#ACPI#PNPB006#0#"));
}

TEST_CASE("values are written as Windows' editor writes them") {
    const std::string lines =
        "HKR,,s,,\"a \"\"q\"\" \\ "
        "b\"\nHKR,,e,0x20000,%%x\nHKR,,m,0x10000,p,q\nHKR,,b,1,01,ff\nHKR,,q,0xb0001,5\nHKR,,,,d\n";
    const std::string text =
        registry(Folder(with(kGoodInf, "HKR,,Driver,,card.sys\nHKR,Drivers,SubClasses,,\"midi\"\n", lines)).load());
    CHECK_THAT(text, ContainsSubstring("\"s\"=\"a \\\"q\\\" \\\\ b\"\n"));
    CHECK_THAT(text, ContainsSubstring("\"e\"=hex(2):25,00,78,00,00,00\n"));
    CHECK_THAT(text, ContainsSubstring("\"m\"=hex(7):70,00,00,00,71,00,00,00,00,00\n"));
    CHECK_THAT(text, ContainsSubstring("\"b\"=hex:01,ff\n"));
    CHECK_THAT(text, ContainsSubstring("\"q\"=hex(b):05,00,00,00,00,00,00,00\n"));
    CHECK_THAT(text, ContainsSubstring("@=\"d\"\n"));
}

TEST_CASE("later lines replace, keep, append or delete as their flags say") {
    const std::string lines = "HKR,,a,,1\nHKR,,A,,2\nHKR,,k,,1\nHKR,,k,2,2\nHKR,,m,0x10000,p\nHKR,,m,0x10008,q\nHKR,,d,"
                              ",x\nHKR,,d,4\nHKU,,u,,x\n";
    const Folder folder(with(kGoodInf, "HKR,,Driver,,card.sys\nHKR,Drivers,SubClasses,,\"midi\"\n", lines));
    std::vector<std::string> notes;
    const std::string text = registry_file(folder.load(), 1, notes);
    CHECK_THAT(text, ContainsSubstring("\"A\"=\"2\"\n\"k\"=\"1\"\n\"m\"=hex(7):70,00,00,00,71,00,00,00,00,00\n\n"));
    REQUIRE(notes.size() == 1);
    CHECK_THAT(notes[0], ContainsSubstring("HKU"));
}
