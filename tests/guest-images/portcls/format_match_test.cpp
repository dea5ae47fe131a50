// SPDX-License-Identifier: MIT
// Formats against ranges.
#include "portcls/format_match.hpp"

#include <support/catch.hpp>

namespace {

wire::DataFormat midi() {
    return {sizeof(wire::DataFormat), 0, 0, 0, wire::kTypeMusic, wire::kSubtypeMidi, wire::kSpecifierNone};
}

constexpr wire::Guid kOther{0x12345678, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};

} // namespace

TEST_CASE("MUSIC, MIDI, NONE fits a MIDI range") {
    CHECK(portcls::format_fits(midi(), midi()));
}

TEST_CASE("one GUID that differs makes a format unfit") {
    for (wire::Guid wire::DataFormat::*field :
         {&wire::DataFormat::major, &wire::DataFormat::sub, &wire::DataFormat::specifier}) {
        wire::DataFormat other = midi();
        other.*field = kOther;
        CHECK_FALSE(portcls::format_fits(other, midi()));
        CHECK_FALSE(portcls::format_fits(midi(), other));
    }
}

TEST_CASE("a GUID that differs in its last byte only differs") {
    wire::DataFormat other = midi();
    other.sub.data4[7] ^= 1;
    CHECK_FALSE(portcls::format_fits(other, midi()));
}

TEST_CASE("a wildcard in the pin's range accepts any format, a wildcard in the format does not stand for one") {
    wire::DataFormat range = midi();
    range.specifier = wire::kWildcard;
    CHECK(portcls::format_fits(midi(), range));
    wire::DataFormat format = midi();
    format.sub = wire::kWildcard;
    CHECK_FALSE(portcls::format_fits(format, midi()));
}

TEST_CASE("the intersection of two ranges is a plain format of 64 bytes") {
    wire::DataFormat client = midi();
    client.format_size = 0x60;
    client.sample_size = 99;
    client.specifier = wire::kWildcard;
    wire::DataFormat format{};
    REQUIRE(portcls::intersect(client, midi(), format));
    CHECK(format.format_size == 64);
    CHECK(format.sample_size == 0);
    CHECK(format.specifier == wire::kSpecifierNone);
}

TEST_CASE("ranges that differ have no intersection") {
    wire::DataFormat client = midi();
    client.major = kOther;
    wire::DataFormat format{};
    CHECK_FALSE(portcls::intersect(client, midi(), format));
    CHECK(format.format_size == 0);
}
