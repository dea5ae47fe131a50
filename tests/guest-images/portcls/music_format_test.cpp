// SPDX-License-Identifier: MIT
// KSMUSICFORMAT records, with lengths that lie.
#include "portcls/music_format.hpp"

#include "records.hpp"

#include <support/catch.hpp>

using portcls::MusicReader;
using portcls::MusicRecord;
using portcls::MusicStatus;

namespace {

MusicReader reader(const Bytes& data) {
    return {data.data(), static_cast<uint32_t>(data.size())};
}

} // namespace

TEST_CASE("records are read with their bytes, each at a multiple of 4") {
    Bytes data;
    add_record(data, 5, {0x90, 60, 64});
    add_record(data, 7, {0xf0, 1, 2, 3, 4, 0xf7});
    MusicReader it = reader(data);
    MusicRecord record{};
    REQUIRE(it.next(record) == MusicStatus::Record);
    CHECK(record.delta_100ns == 50'000);
    CHECK(Bytes(record.bytes, record.bytes + record.count) == Bytes{0x90, 60, 64});
    REQUIRE(it.next(record) == MusicStatus::Record);
    CHECK(record.delta_100ns == 70'000);
    CHECK(record.count == 6);
    CHECK(it.next(record) == MusicStatus::End);
}

TEST_CASE("a last record without its padding is whole") {
    Bytes data;
    add_record(data, 0, {0xf8});
    data.resize(9);
    MusicReader it = reader(data);
    MusicRecord record{};
    REQUIRE(it.next(record) == MusicStatus::Record);
    CHECK(record.count == 1);
    CHECK(it.next(record) == MusicStatus::End);
}

TEST_CASE("fewer than 9 bytes are padding, whatever they hold") {
    for (size_t length = 0; length < 9; ++length) {
        const Bytes data(length, 0xff);
        MusicReader it = reader(data);
        MusicRecord record{};
        CHECK(it.next(record) == MusicStatus::End);
    }
}

TEST_CASE("a ByteCount past the end is malformed, also when it would wrap") {
    for (uint32_t count : {2u, 0x7fffffffu, 0xfffffff7u, 0xfffffff8u, 0xffffffffu}) {
        Bytes data;
        add_record(data, 0, {0xf8});
        data.resize(9);
        put(data, 4, count);
        MusicReader it = reader(data);
        MusicRecord record{};
        CHECK(it.next(record) == MusicStatus::Malformed);
    }
}

TEST_CASE("a record without bytes is passed over and still counts its time") {
    Bytes data;
    add_record(data, 3, {});
    add_record(data, 4, {0xfe});
    MusicReader it = reader(data);
    MusicRecord record{};
    REQUIRE(it.next(record) == MusicStatus::Record);
    CHECK(record.count == 0);
    CHECK(record.delta_100ns == 30'000);
    REQUIRE(it.next(record) == MusicStatus::Record);
    CHECK(record.count == 1);
}

TEST_CASE("the largest TimeDeltaMs does not overflow") {
    Bytes data;
    add_record(data, 0xffffffff, {1});
    MusicReader it = reader(data);
    MusicRecord record{};
    REQUIRE(it.next(record) == MusicStatus::Record);
    CHECK(record.delta_100ns == 42'949'672'950'000);
}

TEST_CASE("a record written is the record read, padded with zeros") {
    Bytes buffer(32, 0xcc);
    const uint8_t bytes[] = {0xf0, 1, 2, 3, 0xf7};
    const uint32_t used = portcls::write_music_record(buffer.data(), 77, bytes, 5);
    CHECK(used == 16);
    CHECK(Bytes(buffer.begin() + 13, buffer.begin() + 16) == Bytes{0, 0, 0});
    CHECK(buffer[16] == 0xcc);
    buffer.resize(used);
    MusicReader it = reader(buffer);
    MusicRecord record{};
    REQUIRE(it.next(record) == MusicStatus::Record);
    CHECK(record.delta_100ns == 770'000);
    CHECK(record.count == 5);
}

TEST_CASE("a record's room counts its head and its padding") {
    CHECK(portcls::record_room(0) == 0);
    CHECK(portcls::record_room(8) == 0);
    CHECK(portcls::record_room(11) == 0);
    CHECK(portcls::record_room(12) == 4);
    CHECK(portcls::record_room(15) == 4);
    CHECK(portcls::record_room(2056) == 2048);
}
