// SPDX-License-Identifier: MIT
// What `inspect` says of an image: the same as nanont's loader would find, without a machine.
#include "inspect/image_report.hpp"

#include "guest-images/common/pe_builder.hpp"

#include "support/catch.hpp"

#include <cstring>
#include <nlohmann/json.hpp>

using namespace mpulab;

namespace {

// The builder's two modules under names that nanont has, and three functions of one's choice.
struct Wanted {
    const char* first_module = "hal.dll"; // One, and ordinal 7
    const char* one = "Nil";              // three letters is the room there is
    const char* second_module = "ks.sys"; // Two
    const char* two = "Nil";
};

Bytes image(const Wanted& wanted) {
    Bytes file = pe::make();
    const size_t at = pe::file_offset(pe::kIdata);
    pe::put_text(file, at + 0xc0, wanted.first_module);
    pe::put_text(file, at + 0xd0, wanted.second_module);
    pe::put_text(file, at + 0x162, wanted.one);
    pe::put_text(file, at + 0x192, wanted.two);
    for (const size_t thunk : {0x60, 0x80})
        pe::put<uint64_t>(file, at + thunk, pe::kIdata + 0x160);
    pe::put<uint64_t>(file, at + 0xa0, pe::kIdata + 0x190);
    return file;
}

Bytes without_ordinal(Bytes file) {
    const size_t at = pe::file_offset(pe::kIdata);
    pe::put<uint64_t>(file, at + 0x68, 0);
    pe::put<uint64_t>(file, at + 0x88, 0);
    return file;
}

Bytes good_image() {
    return without_ordinal(image({"ntoskrnl.exe", "KeSetEvent", "portcls.sys", "PcNewServiceGroup"}));
}

ImageReport report_of(const Bytes& file) {
    return inspect_image("x.sys", file);
}

} // namespace

TEST_CASE("an image whose imports are all there runs") {
    const ImageReport report = report_of(good_image());
    CHECK(report.defect.empty());
    REQUIRE(report.imports.size() == 2);
    CHECK(report.imports[0].module == "ntoskrnl.exe");
    CHECK(report.imports[0].name == "KeSetEvent");
    CHECK(report.imports[0].info.state == ExportState::Complete);
    CHECK(report.runs());
    CHECK(image_verdict(report) == "nanont can run it");
}

TEST_CASE("a partial import runs, and its limits are said") {
    const ImageReport report =
        report_of(without_ordinal(image({"portcls.sys", "PcNewDmaChannel", "ntoskrnl.exe", "KeSetEvent"})));
    CHECK(report.runs());
    CHECK(report.count(ExportState::Partial) == 1);
    CHECK_THAT(image_text(report), ContainsSubstring("partial  portcls.sys!PcNewDmaChannel: no DMA"));
    CHECK_FALSE(image_json(report)["imports"][0]["limits"].get<std::string>().empty());
}

TEST_CASE("absent functions, ordinals and unknown modules are each named") {
    const ImageReport report = report_of(image({"hal.dll", "HalFly", "wdmsec.sys", "WdmlibFly"}));
    CHECK_FALSE(report.runs());
    CHECK(report.count(ExportState::Absent) == 2);
    CHECK(report.count(ExportState::UnknownModule) == 1);
    const std::string text = image_text(report);
    CHECK_THAT(text, ContainsSubstring("absent   hal.dll!HalFly"));
    CHECK_THAT(text, ContainsSubstring("absent   hal.dll!#7"));
    CHECK_THAT(text, ContainsSubstring("absent   wdmsec.sys!WdmlibFly"));
    CHECK_THAT(text, ContainsSubstring("1 from modules nanont lacks"));
    CHECK_THAT(image_verdict(report), ContainsSubstring("it lacks 3 of its imports"));
    CHECK(image_next(report) == "\"mpulab inspect --exports hal.dll\" lists what there is");
    CHECK_THAT(image_next(report_of(image({"wdmsec.sys", "WdmlibFly"}))),
               EndsWith("a driver that needs no wdmsec.sys"));
    CHECK(image_json(report)["runs"] == false);
}

TEST_CASE("modules are found whatever the case of their names, functions are not") {
    CHECK(find_export_state("PORTCLS.SYS", "PcNewPort").state == ExportState::Partial);
    CHECK(find_export_state("NtosKrnl.EXE", "KeSetEvent").state == ExportState::Complete);
    CHECK(find_export_state("ntoskrnl.exe", "kesetevent").state == ExportState::Absent);
    CHECK(find_export_state("ntoskrnl", "KeSetEvent").state == ExportState::UnknownModule);
}

TEST_CASE("the kernel answers to the names that kits link against") {
    for (const char* name : {"ntoskrnl.exe", "ntkrnlpa.exe", "ntkrnlmp.exe", "ntkrpamp.exe"})
        CHECK(find_export_state(name, "KeSetEvent").state == ExportState::Complete);
}

TEST_CASE("what is no image is refused by the field that says so") {
    CHECK_THAT(report_of({}).defect, ContainsSubstring("expected"));
    CHECK_FALSE(report_of({}).runs());
    Bytes file = pe::make();
    pe::put<uint16_t>(file, pe::kFileHeader, 0x014c);
    CHECK_THAT(report_of(file).defect, ContainsSubstring("0x14c"));
    CHECK_THAT(image_verdict(report_of(file)), ContainsSubstring("nanont cannot run it: "));
    CHECK_THAT(image_next(report_of(file)), ContainsSubstring("whole .sys for amd64"));
}

TEST_CASE("an image cut off anywhere is refused or read, never past its end") {
    const Bytes whole = good_image();
    REQUIRE(report_of(whole).runs());
    for (size_t size = 0; size < whole.size(); size += 7) {
        const Bytes part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
        CHECK_FALSE(report_of(part).runs());
    }
}

TEST_CASE("an image that was changed after linking is refused: its sum is another") {
    Bytes file = good_image();
    constexpr size_t kCheckSum = pe::kOptional + 64;
    pe::put<uint32_t>(file, kCheckSum, report_of(file).right_checksum);
    CHECK(report_of(file).runs());
    file[pe::file_offset(pe::kText)] ^= 1;
    CHECK_THAT(report_of(file).defect, ContainsSubstring("CheckSum"));
}

TEST_CASE("an image without an entry is no driver") {
    Bytes file = good_image();
    pe::put<uint32_t>(file, pe::kOptional + 16, 0);
    CHECK_THAT(report_of(file).defect, ContainsSubstring("AddressOfEntryPoint"));
}

TEST_CASE("sections are told with the rights they will have") {
    const ImageReport report = report_of(pe::make());
    REQUIRE(report.sections.size() == 5);
    CHECK(report.sections[0].executable);
    CHECK_FALSE(report.sections[0].writable);
    CHECK(report.sections[2].writable);
    CHECK(report.sections[4].discardable);
    CHECK_THAT(image_text(report), ContainsSubstring("section  .text    0x01000 + 0x00200  rx\n"));
}

TEST_CASE("a section's name that is no UTF-8 does not spoil the JSON") {
    Bytes file = pe::make();
    std::memcpy(file.data() + pe::section(0), "\xff\xfe", 2);
    const auto json = image_json(report_of(file));
    CHECK_NOTHROW(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}
