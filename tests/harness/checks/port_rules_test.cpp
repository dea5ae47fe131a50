// SPDX-License-Identifier: MIT
// V33: a driver that accesses ports which are not its own, and which no device has.
#include "harness/checks/rule_scene.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

constexpr uint64_t kNoResource = 0, kPortResource = 1, kInterruptResource = 2, kWrite = 0x100;
constexpr uint64_t kSecond = 1 << 8; // device

/// A device with two ports at 0x330, and an access to `port` by code at `pc`.
Scene access_to(uint64_t port, uint64_t pc = kDriver + 0x1234, uint64_t how = 1) {
    Scene scene;
    scene.log.add(MPULAB_KIND_RESOURCE, kPortResource, 0x330, 2).add(MPULAB_KIND_RESOURCE, kInterruptResource, 0x37, 3);
    scene.log.add(MPULAB_KIND_NO_DEVICE, port, 0xff, how);
    scene.log.last().pc = pc;
    return scene;
}

} // namespace

TEST_CASE("V33: a port behind the driver's, with the access, its place and what the driver's own are") {
    const RuleBooks books = access_to(0x332, kDriver + 0x1234, kWrite | 1).books();
    REQUIRE(books.told.size() == 1);
    CHECK(books.told[0].rule == 33);
    CHECK(books.told[0].text ==
          "V33: port 0x332 is written at testcard.sys+0x1234; it is not among the driver's, and no "
          "device has it");
    CHECK(books.told[0].seen == "port 0x332");
    CHECK(books.told[0].expected == "0x330 to 0x331");
}

TEST_CASE("V33: the vector of an interrupt is no port, and the port before the first is none of the driver's") {
    CHECK(access_to(0x37).fired() == Rules{33});
    CHECK(access_to(0x32f).fired() == Rules{33});
}

TEST_CASE("V33: the driver's own ports are its own though nobody answers there, whichever it was started with") {
    CHECK(access_to(0x330).fired() == Rules{});
    Scene two = access_to(0x331);
    two.log.add(MPULAB_KIND_RESOURCE, kSecond | kNoResource)
        .add(MPULAB_KIND_RESOURCE, kSecond | kPortResource, 0xc000, 4);
    for (const uint64_t port : {0x330, 0xc003}) {
        two.log.add(MPULAB_KIND_NO_DEVICE, port, 0xff, 1);
        two.log.last().pc = kDriver + 8;
    }
    CHECK(two.fired() == Rules{});
    two.log.last().a = 0xc004;
    CHECK(two.fired() == Rules{33});
}

TEST_CASE("V33: what a device had before it was moved, or removed, is its own no more") {
    Scene scene;
    scene.log.add(MPULAB_KIND_RESOURCE, kPortResource, 0x330, 2).add(MPULAB_KIND_RESOURCE, kNoResource);
    scene.log.add(MPULAB_KIND_RESOURCE, kPortResource, 0x300, 2).add(MPULAB_KIND_NO_DEVICE, 0x330, 0xff, 1);
    scene.log.last().pc = kDriver;
    REQUIRE(scene.fired() == Rules{33});
    CHECK(scene.books().told[0].expected == "0x300 to 0x301");
}

TEST_CASE("V33: firmware, kernel and HAL look for hardware where they like") {
    CHECK(access_to(0x332, 0).fired() == Rules{});
    CHECK(access_to(0x332, kDriver - 1).fired() == Rules{});
    Scene scene = access_to(0x332, 0xfffff80100001000);
    scene.log.module("hal.dll", 0xfffff80100000000, 0x10000);
    CHECK(scene.fired() == Rules{});
}

TEST_CASE("V33: a driver without ports has no port of its own") {
    Scene scene;
    scene.log.add(MPULAB_KIND_NO_DEVICE, 0x300, 0xff, 1);
    scene.log.last().pc = kDriver;
    const RuleBooks books = scene.books();
    REQUIRE(books.told.size() == 1);
    CHECK(books.told[0].expected == "no port: its device has none");
}

TEST_CASE("V33 could fire at each access to a card and at each to nobody") {
    Scene scene = access_to(0x330);
    scene.status(0x80).write_data();
    CHECK(scene.books().looks[33] == 3);
    scene.off[33] = true;
    CHECK(scene.books().looks[33] == 0);
}

TEST_CASE(
    "V33: a log that names ranges or devices without end is read in bounded memory, and no port is called foreign") {
    for (const uint64_t step : {uint64_t{0}, kSecond}) {
        Scene scene;
        for (uint64_t i = 0; i < 10'000; ++i)
            scene.log.add(MPULAB_KIND_RESOURCE, i * step | kPortResource, i * 4, 2);
        scene.log.add(MPULAB_KIND_NO_DEVICE, 3 * 4 + 3, 0, 1).add(MPULAB_KIND_NO_DEVICE, 9'999 * 4, 0, 1);
        scene.log.last().pc = kDriver;
        CHECK(scene.fired() == Rules{});
    }
    Scene scene;
    scene.log.add(MPULAB_KIND_RESOURCE, kPortResource, ~uint64_t{0}, ~uint64_t{0}).add(MPULAB_KIND_NO_DEVICE, 2, 0, 1);
    scene.log.last().pc = kDriver;
    CHECK(scene.fired() == Rules{33});
}
