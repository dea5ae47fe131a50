// SPDX-License-Identifier: MIT
// The rules about time: what instructions took, and what accesses to a card are charged with.
#include "harness/checks/rule_scene.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

namespace {

struct Limit {
    uint64_t callback;
    uint32_t rule;
    uint64_t ns;
};
constexpr Limit kLimits[] = {{MPULAB_CALLBACK_InterruptRoutine, 11, 50 * kUs},
                             {MPULAB_CALLBACK_DeferredRoutine, 11, 100 * kUs},
                             {MPULAB_CALLBACK_SynchronizedRoutine, 46, 50 * kUs}};

/// A call of `callback` that takes `ns` and reads STATUS `accesses` times.
Scene call(uint64_t callback, uint64_t ns, uint64_t accesses, uint64_t io_cost_ns = 1 * kUs) {
    Scene scene;
    scene.io_costs.ns = {io_cost_ns};
    scene.at(20 * kMs).line(1).enter(callback, kDriver + 0x500);
    for (uint64_t i = 0; i < accesses; ++i)
        scene.status(0x80);
    scene.at(20 * kMs + ns).leave(callback, 0xC0000001);
    return scene;
}

Scene held(uint64_t taken, uint64_t released, std::vector<uint64_t> accesses) {
    Scene scene;
    for (const uint64_t when : accesses)
        scene.at(when).status(0x80);
    scene.at(released).log.add(MPULAB_KIND_LOCK_HELD, kDriver + 0x111, taken, kDriver + 0x222);
    return scene;
}

} // namespace

TEST_CASE("V11 and V46: a routine may take its limit and no nanosecond more") {
    for (const Limit& limit : kLimits) {
        INFO(limit.callback);
        const Scene good = call(limit.callback, limit.ns, 0);
        CHECK(good.fired() == Rules{});
        CHECK(good.books().looks[limit.rule] == 1);
        CHECK(call(limit.callback, limit.ns + 1, 0).fired() == Rules{limit.rule});
    }
}

TEST_CASE("V11 and V46: each access is charged its card's io-cost on top of the instructions") {
    for (const Limit& limit : kLimits) {
        INFO(limit.callback);
        const uint64_t accesses = 10;
        CHECK(call(limit.callback, limit.ns - accesses * kUs, accesses).fired() == Rules{});
        CHECK(call(limit.callback, limit.ns - accesses * kUs + 1, accesses).fired() == Rules{limit.rule});
        CHECK(call(limit.callback, limit.ns, accesses, 0).fired() == Rules{});
        CHECK(call(limit.callback, limit.ns - 20 * kUs + 1, accesses, 2 * kUs).fired() == Rules{limit.rule});
    }
}

TEST_CASE("V11: the finding names the routine, instructions, accesses and charge") {
    const RuleBooks books = call(MPULAB_CALLBACK_DeferredRoutine, 70 * kUs, 40).books();
    REQUIRE(books.told.size() == 1);
    CHECK(books.told[0].text == "V11: the DPC testcard.sys+0x500 took 110.0 us: 70.0 us of instructions, and 40 "
                                "register accesses charged with 40.0 us; 100 us at most are meant");
    CHECK(books.told[0].seen == "110000 ns");
    CHECK(books.told[0].expected == "100000 ns");
}

TEST_CASE("V11: an access inside a nested call counts for the outer one, one of another CPU does not") {
    Scene scene;
    scene.at(20 * kMs).enter(MPULAB_CALLBACK_DeferredRoutine);
    scene.line(1).enter(MPULAB_CALLBACK_SynchronizedRoutine);
    for (int i = 0; i < 45; ++i)
        scene.read_data();
    scene.leave(MPULAB_CALLBACK_SynchronizedRoutine);
    for (int i = 0; i < 55; ++i)
        scene.status(0x80);
    Scene good = scene;
    CHECK(good.leave(MPULAB_CALLBACK_DeferredRoutine).fired() == Rules{});
    Scene other = scene;
    other.status(0x80).log.last().cpu = 1;
    CHECK(other.leave(MPULAB_CALLBACK_DeferredRoutine).fired() == Rules{});
    CHECK(scene.status(0x80).leave(MPULAB_CALLBACK_DeferredRoutine).fired() == Rules{11});
}

TEST_CASE("V11: what an interrupt routine in between takes and touches is its own") {
    // The DPC takes 80 us, 10 accesses of its own with it, and each ISR 35: two of them, the second with one within.
    const auto dpc = [](uint64_t more_ns) {
        Scene scene;
        scene.at(20 * kMs).enter(MPULAB_CALLBACK_DeferredRoutine);
        const auto isr = [&](uint64_t began, bool another_within) {
            scene.at(began).line(1).enter(MPULAB_CALLBACK_InterruptRoutine);
            for (int i = 0; i < 9; ++i)
                scene.read_data();
            if (another_within) {
                scene.at(began + 2 * kUs).enter(MPULAB_CALLBACK_InterruptRoutine).read_data();
                scene.at(began + 22 * kUs).leave(MPULAB_CALLBACK_InterruptRoutine);
            }
            scene.at(began + 35 * kUs).leave(MPULAB_CALLBACK_InterruptRoutine);
        };
        isr(20 * kMs + 10 * kUs, false);
        for (int i = 0; i < 10; ++i)
            scene.status(0x80);
        isr(20 * kMs + 60 * kUs, true);
        scene.at(20 * kMs + 160 * kUs + more_ns).leave(MPULAB_CALLBACK_DeferredRoutine);
        return scene.fired();
    };
    CHECK(dpc(0) == Rules{});
    CHECK(dpc(1) == Rules{11});
}

TEST_CASE("V11: each of several cards has its own io-cost") {
    Scene scene;
    scene.io_costs.ns = {0, 60 * kUs};
    scene.at(20 * kMs).enter(MPULAB_CALLBACK_DeferredRoutine).status(0x80).status(0x80);
    scene.log.last().unit = 1;
    Scene good = scene;
    CHECK(good.leave(MPULAB_CALLBACK_DeferredRoutine).fired() == Rules{});
    scene.status(0x80).log.last().unit = 1;
    scene.leave(MPULAB_CALLBACK_DeferredRoutine);
    CHECK(scene.fired() == Rules{11});
    CHECK(scene.books().findings[11] == 1); // once, not for each card
}

TEST_CASE("V11: of two CPUs that take turns, an eleventh of the time is the routine's own") {
    for (const uint64_t over : {0, 11}) {
        Scene scene;
        scene.at(20 * kMs).enter(MPULAB_CALLBACK_DeferredRoutine);
        scene.log.add(MPULAB_KIND_DPC, 0, 0);
        scene.log.last().cpu = 1;
        scene.at(20 * kMs + 1100 * kUs + over).leave(MPULAB_CALLBACK_DeferredRoutine);
        CHECK(scene.fired() == (over == 0 ? Rules{} : Rules{11}));
    }
}

TEST_CASE("V09: a lock is held for 100 us at most, accesses since it was taken charged") {
    const uint64_t taken = 20 * kMs;
    const Scene good = held(taken, taken + 100 * kUs, {});
    CHECK(good.fired() == Rules{});
    CHECK(good.books().looks[9] == 1);
    CHECK(held(taken, taken + 100 * kUs + 1, {}).fired() == Rules{9});
    CHECK(held(taken, taken + 99 * kUs, {taken + 1}).fired() == Rules{});
    CHECK(held(taken, taken + 99 * kUs, {taken - 2, taken - 1, taken + 1}).fired() == Rules{});

    const RuleBooks bad = held(taken, taken + 99 * kUs, {taken, taken + 1}).books();
    REQUIRE(bad.told.size() == 1);
    CHECK(bad.told[0].text == "V09: the lock taken at testcard.sys+0x111 and released at testcard.sys+0x222 was held "
                              "for 101.0 us: 99.0 us of instructions, and 2 register accesses charged with 2.0 us; 100 "
                              "us at most are meant");
}

TEST_CASE("V09: what an interrupt routine in between takes and touches is not charged to the lock") {
    const uint64_t taken = 20 * kMs;
    for (const uint64_t more_ns : {0, 1}) {
        Scene scene;
        const auto isr = [&](uint64_t began) {
            scene.at(began).line(1).enter(MPULAB_CALLBACK_InterruptRoutine).read_data().read_data();
            scene.at(began + 20 * kUs).read_data().leave(MPULAB_CALLBACK_InterruptRoutine);
        };
        isr(taken - 30 * kUs); // over by then
        scene.at(taken).status(0x80);
        isr(taken + 10 * kUs);
        scene.at(taken + 40 * kUs).status(0x80);
        isr(taken + 50 * kUs);
        scene.at(taken + 138 * kUs + more_ns).log.add(MPULAB_KIND_LOCK_HELD, kDriver + 0x111, taken, kDriver + 0x222);
        INFO(more_ns);
        CHECK(scene.fired() == (more_ns == 0 ? Rules{} : Rules{9}));
    }
}

TEST_CASE("V09: of a lock that an interrupt routine itself takes, its time is the lock's") {
    Scene scene;
    const uint64_t began = 20 * kMs;
    scene.at(began).line(1).enter(MPULAB_CALLBACK_InterruptRoutine).read_data();
    scene.at(began + 10 * kUs).read_data();
    scene.at(began + 110 * kUs).log.add(MPULAB_KIND_LOCK_HELD, kDriver + 0x111, began + 10 * kUs, kDriver + 0x222);
    const RuleBooks books = scene.books();
    REQUIRE(books.told.size() == 1);
    CHECK(books.told[0].seen == "101000 ns");
}

TEST_CASE("V09: a lock from before the log's clock is no finding") {
    CHECK(held(21 * kMs, 20 * kMs, {}).fired() == Rules{});
}

TEST_CASE("V81: a hundred lines at DISPATCH_LEVEL within 10 ms, at PASSIVE_LEVEL none") {
    for (const uint8_t irql : {uint8_t{0}, uint8_t{2}}) {
        for (const uint64_t apart : {50 * kUs, 200 * kUs}) {
            Scene scene;
            for (uint64_t i = 0; i < 120; ++i) {
                scene.at(20 * kMs + i * apart).log.text("here again\n");
                scene.log.last().irql = irql;
            }
            INFO(int{irql} << " " << apart);
            CHECK(scene.fired() == (irql == 2 && apart == 50 * kUs ? Rules{81} : Rules{}));
        }
    }
}
