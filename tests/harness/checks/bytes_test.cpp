// SPDX-License-Identifier: MIT
// These bytes and no others, in this order: on MIDI OUT, on MIDI IN, from the capture pin. Each defect is planted.
#include "harness/checks/good_run.hpp"

#include "support/catch.hpp"

using namespace mpulab;
using namespace mpulab::test;

TEST_CASE("a run that carries the song is passed at all three places, byte for byte") {
    const GoodRun good;
    for (const auto check : {check_wire_bytes, check_injected, check_captured}) {
        const CheckResult result = good.check(check);
        CHECK(result.status == CheckStatus::Passed);
        CHECK(result.looked_at == 9);
        CHECK_THAT(result.message, StartsWith("9 bytes "));
    }
    CHECK(good.check(check_wire_bytes).name == "wire");
    CHECK(good.check(check_injected).name == "injected");
    CHECK(good.check(check_captured).name == "captured");
}

TEST_CASE("a lost byte is found where the next one came instead") {
    GoodRun good;
    good.log.drop(kOut, 4);
    const CheckResult result = good.check(check_wire_bytes);
    CHECK(result.status == CheckStatus::Failed);
    CHECK_THAT(result.message, ContainsSubstring("byte 4 of 9 on MIDI OUT differs (8 came, 9 were expected)"));
    CHECK(result.expected == "0x3e, byte 1 of event 1 (track 0, tick 0: 91 3e 41)");
    CHECK(result.seen == "0x41");
    check_place(good, result, kOut);
}

TEST_CASE("a lost last byte is found at the end") {
    GoodRun good;
    good.log.drop(kOut, 8);
    const CheckResult result = good.check(check_wire_bytes);
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.expected == "0x00, byte 2 of event 2 (track 0, tick 500: 80 3c 00)");
    CHECK(result.seen == "no more bytes after 8");
    check_place(good, result, kOut);
}

TEST_CASE("an invented byte is found, in the middle and at the end") {
    GoodRun middle;
    middle.log.wire_out(kSongNs + 100, hex("f8"));
    CHECK(middle.check(check_wire_bytes).seen == "0xf8");
    CHECK(middle.check(check_wire_bytes).expected == "0x3c, byte 1 of event 0 (track 0, tick 0: 90 3c 40)");
    GoodRun end;
    end.log.wire_out(kSongNs + 600 * kMs, hex("f8"));
    const CheckResult result = end.check(check_wire_bytes);
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.expected == "no more bytes");
    CHECK(result.seen == "0xf8");
    check_place(end, result, kOut);
}

TEST_CASE("reordered and changed bytes are found at the first that differs") {
    GoodRun order;
    std::swap(order.log.nth(kOut, 1).a, order.log.nth(kOut, 2).a);
    CHECK_THAT(order.check(check_wire_bytes).message, ContainsSubstring("byte 1 of 9"));
    GoodRun changed;
    changed.log.nth(kOut, 0).a = 0x80;
    const CheckResult result = changed.check(check_wire_bytes);
    CHECK(result.status == CheckStatus::Failed);
    CHECK(result.seen == "0x80");
    CHECK_THAT(result.message, ContainsSubstring("byte 0 of 9"));
}

TEST_CASE("another card's bytes are not this one's") {
    GoodRun good;
    good.log.wire_out(kSongNs + 600 * kMs, hex("f8"));
    good.log.last().unit = 1;
    CHECK(good.check(check_wire_bytes).status == CheckStatus::Passed);
    for (size_t i = 0; i < 9; ++i)
        good.log.nth(kOut, i).unit = 1;
    CHECK(good.check(check_wire_bytes).status == CheckStatus::Error);
}

TEST_CASE("bytes that the bench injected wrongly are an error of the bench, not of the driver") {
    GoodRun lost;
    lost.log.drop(kIn, 4);
    CHECK(lost.check(check_injected).status == CheckStatus::Error);
    CHECK_THAT(lost.check(check_injected).message, ContainsSubstring("byte 4 of 9 on MIDI IN differs"));
}

TEST_CASE("a capture that loses, invents or changes a byte is found") {
    GoodRun changed;
    auto* byte = reinterpret_cast<uint8_t*>(&changed.log.nth(MPULAB_KIND_CAPTURED, 1).a);
    byte[1] = 0x3d;
    const CheckResult result = changed.check(check_captured);
    CHECK(result.status == CheckStatus::Failed);
    CHECK_THAT(result.message, ContainsSubstring("byte 7 of 9 from the capture pin differs"));
    CHECK(result.expected == "0x3c, byte 1 of event 2 (track 0, tick 500: 80 3c 00)");
    CHECK(result.seen == "0x3d");
    check_place(changed, result, MPULAB_KIND_CAPTURED);

    GoodRun lost;
    lost.log.drop(MPULAB_KIND_CAPTURED, 0);
    CHECK(lost.check(check_captured).status == CheckStatus::Failed);
    CHECK_THAT(lost.check(check_captured).message, ContainsSubstring("(3 came, 9 were expected)"));

    GoodRun invented;
    invented.log.at(700 * kMs).captured(hex("fe"));
    CHECK(invented.check(check_captured).expected == "no more bytes");
    CHECK(invented.check(check_captured).seen == "0xfe");
}

TEST_CASE("a capture in pieces of other sizes is the same capture") {
    GoodRun good;
    good.log.drop_all(MPULAB_KIND_CAPTURED).drop_all(MPULAB_KIND_CAPTURED_AT);
    for (const char* part : {"90", "3c 40 91 3e", "41 80", "3c 00"})
        good.log.at(700 * kMs).captured(hex(part));
    CHECK(good.check(check_captured).status == CheckStatus::Passed);
}

TEST_CASE("where no byte came there is nothing to look at, and nothing is passed") {
    GoodRun good;
    good.log.drop_all(kOut).drop_all(kIn).drop_all(MPULAB_KIND_CAPTURED);
    for (const auto check : {check_wire_bytes, check_injected, check_captured}) {
        const CheckResult result = good.check(check);
        CHECK(result.status == CheckStatus::Error);
        CHECK(result.looked_at == 0);
        CHECK_THAT(result.message, StartsWith("nothing to look at: no byte came "));
    }
}
