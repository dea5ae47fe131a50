// SPDX-License-Identifier: MIT
// Taking bytes from the card, by interrupt and by polling.
#include "bench_card.hpp"
#include "receive_poll.hpp"

#include <vector>

using namespace mpusynth;

namespace {

std::vector<uint8_t> sequence(size_t count) {
    std::vector<uint8_t> bytes;
    for (size_t n = 0; n < count; ++n)
        bytes.push_back(static_cast<uint8_t>(n * 11 + n / 256));
    return bytes;
}

} // namespace

TEST_CASE("an interrupt costs two accesses a byte and one that sees it is empty") {
    BenchCard card(BenchCard::Properties{{"timing", "authentic"}}, kMillisecond);
    card.leave_in_uart_mode();
    card.midi_in(0x90);
    card.run_for(100 * kMicrosecond);
    REQUIRE(card.irq());
    const uint32_t before = card.reads;
    std::vector<uint8_t> got;
    const Drained drained = drain(card, [&](uint8_t byte) { got.push_back(byte); });
    CHECK(drained.bytes == 1);
    CHECK(drained.empty);
    CHECK(got == std::vector<uint8_t>{0x90});
    CHECK(card.reads - before == 3);
}

TEST_CASE("an interrupt with nothing to read costs one access") {
    BenchCard card;
    card.leave_in_uart_mode();
    const uint32_t before = card.reads;
    const Drained drained = drain(card, [](uint8_t) { FAIL("a byte from nowhere"); });
    CHECK(drained.bytes == 0);
    CHECK(drained.empty);
    CHECK(card.reads - before == 1);
    CHECK(card.forbidden_accesses() == 0);
}

TEST_CASE("a card whose DSR is stuck keeps an interrupt for four bytes, not for ever") {
    ScriptedCard card{0x00};
    uint32_t got = 0;
    const Drained drained = drain(card, [&](uint8_t) { ++got; });
    CHECK(got == 4);
    CHECK(drained.bytes == 4);
    CHECK_FALSE(drained.empty);
    CHECK(card.reads == 8);
}

TEST_CASE("interrupts at full wire rate take every byte once, in order") {
    BenchCard card;
    card.leave_in_uart_mode();
    const std::vector<uint8_t> sent = sequence(3'000);
    std::vector<uint8_t> got;
    for (const uint8_t byte : sent) {
        card.midi_in(byte);
        card.run_for(320 * kMicrosecond);
        if (card.irq()) drain(card, [&](uint8_t taken) { got.push_back(taken); });
    }
    CHECK((got == sent)); // in brackets: thousands of bytes say less than "false"
    CHECK(card.forbidden_accesses() == 0);
}

TEST_CASE("polling once a tick keeps up with full wire rate, waits briefly and loses nothing") {
    BenchCard card(BenchCard::Properties{{"timing", "authentic"}}, kMillisecond);
    card.leave_in_uart_mode();
    const std::vector<uint8_t> sent = sequence(3'000);
    std::vector<uint8_t> got;
    size_t next = 0;
    size_t behind = 0;
    int64_t next_at = card.now_ns();
    const auto feed = [&] {
        for (; next < sent.size() && next_at <= card.now_ns(); next_at += 320 * kMicrosecond)
            card.midi_in(sent[next++]);
    };
    for (int tick = 0; tick < 1'000; ++tick) {
        for (int slice = 0; slice < 12; ++slice) {
            feed();
            const Drained drained = drain_by_polling(card, slice != 0, [&](uint8_t byte) { got.push_back(byte); });
            card.yielded();
            if (drained.empty) break;
        }
        behind = std::max(behind, next - got.size());
        card.wait_for_tick();
    }
    CHECK(behind <= 8); // 2.5 ms of wire: the card's FIFO does not fill up
    CHECK(next == sent.size());
    CHECK(got.size() == sent.size());
    CHECK((got == sent)); // in brackets: thousands of bytes say less than "false"
    CHECK(card.longest_wait_ns() <= 50 * kMicrosecond);
    CHECK(card.forbidden_accesses() == 0);
}

TEST_CASE("polling a silent card is one access a tick") {
    BenchCard card(BenchCard::Properties{{"timing", "authentic"}}, kMillisecond);
    card.leave_in_uart_mode();
    const uint32_t before = card.reads;
    for (int tick = 0; tick < 100; ++tick) {
        CHECK(drain_by_polling(card, false, [](uint8_t) { FAIL("a byte from nowhere"); }).empty);
        card.wait_for_tick();
    }
    CHECK(card.reads - before == 100);
}
