// SPDX-License-Identifier: MIT
// V04 over the log: what a driver's own code writes to CR8.
#include "harness/checks/rule_scene.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

Scene& write(Scene& scene, uint64_t irql, uint64_t before) {
    scene.log.add(MPULAB_KIND_IRQL_WRITTEN, irql, before);
    scene.log.last().pc = kDriver + 0x300;
    return scene;
}

Scene within(uint64_t callback, uint8_t irql) {
    Scene scene;
    scene.at(20 * kMs).enter(callback);
    scene.log.last().irql = irql;
    return scene;
}

} // namespace

TEST_CASE("V04: IRQL may go up and come back to what a routine was called at, and no lower") {
    for (const uint8_t irql : {uint8_t{0}, uint8_t{2}, uint8_t{8}}) {
        Scene scene = within(MPULAB_CALLBACK_DeferredRoutine, irql);
        write(write(scene, 15, irql), irql, 15);
        INFO(int{irql});
        CHECK(scene.fired() == Rules{});
        CHECK(scene.books().looks[4] == 2);
        if (irql == 0) continue;
        write(scene, irql - 1, irql);
        CHECK(scene.fired() == Rules{4});
    }
}

TEST_CASE("V04: the finding names place, routine and both IRQLs") {
    Scene scene = within(MPULAB_CALLBACK_DeferredRoutine, 2);
    const RuleBooks books = write(scene, 1, 2).books();
    REQUIRE(books.told.size() == 1);
    CHECK(books.told[0].text ==
          "V04: IRQL is lowered to 1 at testcard.sys+0x300, within DeferredRoutine, which was called at 2");
    CHECK(books.told[0].seen == "IRQL 1");
    CHECK(books.told[0].expected == "2 or more until it returns");
}

TEST_CASE("V04: the innermost routine on that CPU counts, and outside of any there is none to ask") {
    Scene scene = within(MPULAB_CALLBACK_DeferredRoutine, 2);
    scene.leave(MPULAB_CALLBACK_DeferredRoutine);
    write(scene, 0, 2);
    CHECK(scene.fired() == Rules{});
    Scene nested = within(MPULAB_CALLBACK_Write, 0);
    nested.enter(MPULAB_CALLBACK_InterruptRoutine);
    nested.log.last().irql = 8;
    Scene other_cpu = nested;
    write(other_cpu, 2, 8).log.last().cpu = 1;
    CHECK(other_cpu.fired() == Rules{});
    CHECK(write(nested, 2, 8).fired() == Rules{4});
}

TEST_CASE("V04: while a spin lock is held IRQL stays at DISPATCH_LEVEL or above") {
    const auto held = [](uint64_t lowered_at) {
        Scene scene = within(MPULAB_CALLBACK_Write, 0);
        scene.at(lowered_at);
        write(write(scene, 0, 2), 2, 0);
        scene.at(22 * kMs).log.add(MPULAB_KIND_LOCK_HELD, kDriver + 0x111, 22 * kMs - 10 * kUs, kDriver + 0x222);
        return scene;
    };
    CHECK(held(21 * kMs).fired() == Rules{}); // before it was taken
    const RuleBooks books = held(22 * kMs - 5 * kUs).books();
    REQUIRE(books.told.size() == 1);
    CHECK(books.told[0].text == "V04: IRQL is lowered to 0 at testcard.sys+0x300, while the spin lock taken at "
                                "testcard.sys+0x111 is held");
}
