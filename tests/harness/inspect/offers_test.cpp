// SPDX-License-Identifier: MIT
// What a driver registered, from the log; and the pins a song is sent through.
#include "inspect/offers.hpp"

#include "harness/support/log_builder.hpp"
#include "harness/support/text.hpp"
#include "scenario/song_targets.hpp"

#include "support/catch.hpp"

#include <cstring>

using namespace mpulab;
using namespace mpulab::test;

namespace {

const char* kPort = "{b4c90a43-5791-11d0-86f9-00a0c911b544}";
const char* kAudio = "{6994ad04-93ef-11d0-a3cc-00a0c9223196}";
const char* kRender = "{65e8773e-8f56-11d0-a3b9-00a0c9223196}";

std::pair<uint64_t, uint64_t> halves(const char* text) {
    const Guid guid = guid_of(text);
    std::pair<uint64_t, uint64_t> words;
    std::memcpy(&words.first, guid.data(), 8);
    std::memcpy(&words.second, guid.data() + 8, 8);
    return words;
}

/// A log in which a driver registers subdevices.
struct Offers {
    LogBuilder log;
    uint64_t count = 0;

    Offers() { log.started(1).at(1); }

    Offers& subdevice(const std::string& name, const std::string& device = "ACPI#PNPB006#0",
                      const char* category = kAudio) {
        log.add(MPULAB_KIND_SUBDEVICE, ++count, halves(kPort).first, halves(kPort).second).name(name);
        log.add(MPULAB_KIND_CATEGORY, count, halves(category).first, halves(category).second)
            .name("\\??\\" + device + "#" + category + "\\" + name);
        return *this;
    }
    Offers& pin(uint64_t id, uint64_t flow, uint64_t communication, uint64_t instances = 1,
                const char* sub = "{1d262760-e957-11cf-a5d6-28db04c10000}") {
        log.add(MPULAB_KIND_PIN, count << 32 | id, uint64_t{1} << 32 | communication << 8 | flow,
                instances << 32 | instances);
        Bytes range(92);
        const Guid major = guid_of("{e725d360-62cc-11cf-a5d6-28db04c10000}");
        const Guid minor = guid_of(sub);
        range[0] = 92;
        std::copy(major.begin(), major.end(), range.begin() + 16);
        std::copy(minor.begin(), minor.end(), range.begin() + 32);
        log.data(MPULAB_KIND_RANGE, range);
        return *this;
    }
    std::vector<OfferedSubdevice> read() {
        log.ended();
        return read_offers(log.log());
    }
    SongTargets targets() { return choose_targets(read()); }
};

} // namespace

TEST_CASE("a subdevice's name, port, interfaces, pins and ranges are read") {
    const auto offers =
        Offers().subdevice("UART").pin(0, 1, 1).pin(1, 2, 0, 0, "{2ca15fa0-6cfe-11cf-a5d6-28db04c10000}").read();
    REQUIRE(offers.size() == 1);
    CHECK(offers[0].name == "UART");
    CHECK(guid_name(offers[0].port_class) == "CLSID_PortMidi");
    REQUIRE(offers[0].interfaces.size() == 1);
    CHECK(guid_name(offers[0].interfaces[0].category) == "KSCATEGORY_AUDIO");
    REQUIRE(offers[0].pins.size() == 2);
    CHECK(offers[0].pins[0].streams_midi());
    CHECK_FALSE(offers[0].pins[1].streams_midi());
    CHECK_THAT(offers[0].pins[1].ranges.at(0).text(), StartsWith("MUSIC / MIDI_BUS / "));
}

TEST_CASE("a GUID survives the way from text to bytes and back, and what is none is zero") {
    CHECK(guid_text(guid_of("{6994AD04-93EF-11D0-A3CC-00A0C9223196}")) == kAudio);
    CHECK(guid_of("{6994AD04}") == Guid{});
    CHECK(guid_of(std::string(kAudio) + "00") == Guid{});
}

TEST_CASE("the song goes through the first pins that stream MIDI, whatever their numbers") {
    const SongTargets targets =
        Offers().subdevice("Topo").pin(0, 1, 0).subdevice("Port A").pin(4, 2, 1).pin(7, 1, 1).targets();
    REQUIRE(targets.render);
    CHECK(targets.render->reference == u"Port A");
    CHECK(targets.render->pin == 7);
    REQUIRE(targets.capture);
    CHECK(targets.capture->pin == 4);
    CHECK(targets.render->same_filter(*targets.capture));
}

TEST_CASE("a capture pin on another subdevice will do, and one direction alone, too") {
    const SongTargets both = Offers().subdevice("Out").pin(0, 1, 1).subdevice("In").pin(0, 2, 1).targets();
    CHECK(both.capture->reference == u"In");
    CHECK_FALSE(both.render->same_filter(*both.capture));
    CHECK_FALSE(Offers().subdevice("Out").pin(0, 1, 1).targets().capture);
    CHECK_FALSE(Offers().subdevice("In").pin(0, 2, 1).targets().render);
}

TEST_CASE("the device's instance is that of the symbolic link") {
    CHECK(Offers().subdevice("A", "ROOT#LOOP#0003").pin(0, 1, 1).targets().render->unit == 3);
}

TEST_CASE("KSCATEGORY_AUDIO is opened where there is a choice, another category where there is none") {
    CHECK(guid_name(Offers().subdevice("A", "ROOT#L#0000", kRender).pin(0, 1, 1).targets().render->category) ==
          "KSCATEGORY_RENDER");
}

TEST_CASE("a name that no score has room for is not needed for the first of its category") {
    const std::string name(40, 'n');
    CHECK(Offers().subdevice(name).pin(0, 1, 1).targets().render->reference.empty());
    CHECK(Offers()
              .subdevice("A")
              .pin(0, 2, 0)
              .subdevice(name)
              .pin(0, 1, 1)
              .subdevice("B")
              .pin(0, 1, 1)
              .targets()
              .render->reference == u"B");
}

TEST_CASE("no subdevice, and none that streams MIDI, are refused with what there was") {
    CHECK_THAT(refusal([] { Offers().targets(); }),
               StartsWith("the driver started and registered no subdevice; next: "));
    CHECK_THAT(
        refusal([] { Offers().subdevice("Wave").pin(0, 1, 1, 1, "{00000001-0000-0010-8000-00aa00389b71}").targets(); }),
        ContainsSubstring("the driver registered Wave (CLSID_PortMidi, 1 pins)"));
    CHECK_THAT(refusal([] { Offers().subdevice("A").pin(0, 1, 1, 0).targets(); }),
               ContainsSubstring("no pin that a client can stream MIDI through"));
}

TEST_CASE("what was taken away again is not played to") {
    Offers offers;
    offers.subdevice("A").pin(0, 1, 1);
    offers.log.add(MPULAB_KIND_SUBDEVICE_GONE, 1);
    CHECK_THAT(refusal([&] { offers.targets(); }), ContainsSubstring("gone again"));
}

TEST_CASE("pins and ranges of nobody, and ranges cut short, do no harm") {
    Offers offers;
    offers.pin(0, 1, 1);
    offers.log.data(MPULAB_KIND_RANGE, hex("01 02 03"));
    offers.subdevice("A");
    offers.log.add(MPULAB_KIND_PIN, offers.count << 32, uint64_t{1} << 32 | 0x101, 1);
    offers.log.data(MPULAB_KIND_RANGE, hex("01 02 03"));
    const auto read = offers.read();
    REQUIRE(read.size() == 1);
    CHECK_FALSE(read[0].pins.at(0).streams_midi());
}
