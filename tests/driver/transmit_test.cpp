// SPDX-License-Identifier: MIT
// The pump: when each byte is given to the card, and what that costs everybody else.
#include "bench_card.hpp"
#include "byte_ring.hpp"
#include "transmit_pump.hpp"

#include <random>
#include <vector>

using namespace mpusynth;

namespace {

using Queue = ByteRing<256>;
using Next = TransmitPump::Next;

/// A card that needs `service_us` for each byte and sends it on a wire behind a FIFO that never fills; the service
/// times of other cards than the model's.
class SlowCard : public BenchClock {
  public:
    explicit SlowCard(int64_t service_us) : BenchClock(kMillisecond), service_ns_(service_us * kMicrosecond) {}

    uint8_t read(uint32_t) {
        pass(kMicrosecond);
        waited(kMicrosecond);
        ++accesses;
        return now_ns() < ready_at_ ? 0xff : 0xbf;
    }
    void write(uint32_t, uint8_t byte) {
        pass(kMicrosecond);
        yielded();
        ++accesses;
        if (now_ns() < ready_at_) ++overwritten;
        ready_at_ = now_ns() + service_ns_;
        wire_free_at = std::max(wire_free_at, ready_at_) + mpu401::kWireByteNs;
        bytes.push_back(byte);
    }

    std::vector<uint8_t> bytes;
    uint32_t accesses = 0;
    uint32_t overwritten = 0;
    int64_t wire_free_at = 0;

  private:
    int64_t service_ns_;
    int64_t ready_at_ = 0;
};

/// Does what Output's DPC does, until the queue is empty: at once after Yield, at the next tick after Tick.
template <class Io> void pump_until_idle(Io& io, TransmitPump& pump, Queue& queue, int most_slices = 1'000'000) {
    for (int slice = 0; slice < most_slices; ++slice) {
        io.yielded();
        switch (pump.run_slice(io, queue)) {
        case Next::Idle:
            return;
        case Next::Yield:
            break;
        case Next::Tick:
            io.wait_for_tick();
            break;
        }
    }
    FAIL("the pump does not come to an end");
}

void fill(Queue& queue, const std::vector<uint8_t>& bytes) {
    for (const uint8_t byte : bytes)
        REQUIRE(queue.push(byte));
}

/// A client that always has more: tops the queue up at each tick. Returns the time from first to last byte written.
template <class Io> int64_t stream(Io& io, TransmitPump& pump, Queue& queue, const std::vector<uint8_t>& bytes) {
    const int64_t start = io.now_ns();
    size_t next = 0;
    for (int slice = 0; slice < 1'000'000 && (next < bytes.size() || !queue.empty()); ++slice) {
        while (next < bytes.size() && queue.push(bytes[next]))
            ++next;
        io.yielded();
        if (pump.run_slice(io, queue) == Next::Tick) io.wait_for_tick();
    }
    return io.now_ns() - start;
}

std::vector<uint8_t> random_bytes(std::mt19937& random, size_t count) {
    std::vector<uint8_t> bytes(count);
    for (uint8_t& byte : bytes)
        byte = static_cast<uint8_t>(random());
    return bytes;
}

} // namespace

TEST_CASE("any stream of bytes, cut anyhow, reaches the wire unharmed") {
    const uint32_t seed = GENERATE(1u, 2u, 3u, 4u);
    INFO("seed " << seed);
    std::mt19937 random{seed};
    BenchCard card(BenchCard::Properties{{"timing", seed % 2 == 0 ? "fast" : "authentic"}}, kMillisecond);
    card.leave_in_uart_mode();
    TransmitPump pump;
    Queue queue;
    std::vector<uint8_t> sent;
    while (sent.size() < 3'000) {
        const std::vector<uint8_t> piece = random_bytes(random, 1 + random() % 200);
        fill(queue, piece);
        sent.insert(sent.end(), piece.begin(), piece.end());
        pump_until_idle(card, pump, queue);
        card.run_for(static_cast<int64_t>(random()) % (5 * kMillisecond));
    }
    card.run_for(200 * kMillisecond);
    CHECK((card.wire_bytes() == sent));
    CHECK(card.forbidden_accesses() == 0);
    CHECK(card.longest_wait_ns() <= 50 * kMicrosecond);
}

TEST_CASE("a short message on a free wire starts at once and leaves no gap") {
    BenchCard card(BenchCard::Properties{{"timing", "authentic"}}, kMillisecond);
    card.leave_in_uart_mode();
    TransmitPump pump;
    Queue queue;
    for (int message = 0; message < 20; ++message) {
        const int64_t written = card.now_ns();
        const size_t before = card.wire().size();
        fill(queue, {0x90, 0x3c, 0x40});
        pump_until_idle(card, pump, queue);
        card.run_for(7'300 * kMicrosecond);
        REQUIRE(card.wire().size() == before + 3);
        CHECK(card.wire()[before].start_ns - written <= 300 * kMicrosecond);
        CHECK(card.wire()[before + 1].start_ns - card.wire()[before].start_ns == mpu401::kWireByteNs);
        CHECK(card.wire()[before + 2].start_ns - card.wire()[before + 1].start_ns == mpu401::kWireByteNs);
    }
}

TEST_CASE("a long stream keeps the wire of the authentic card busy from end to end") {
    BenchCard card(BenchCard::Properties{{"timing", "authentic"}}, kMillisecond);
    card.leave_in_uart_mode();
    TransmitPump pump;
    Queue queue;
    std::mt19937 random{9};
    const std::vector<uint8_t> bytes = random_bytes(random, 2'000);
    const uint32_t accesses_before = card.reads + card.writes;
    const int64_t waited_before = card.total_wait_ns();
    const int64_t duration = stream(card, pump, queue, bytes);
    const uint32_t accesses = card.reads + card.writes - accesses_before;
    const int64_t waited = card.total_wait_ns() - waited_before;
    card.run_for(20 * kMillisecond);
    REQUIRE((card.wire_bytes() == bytes));
    for (size_t n = 1; n < card.wire().size(); ++n) {
        const int64_t gap = card.wire()[n].start_ns - card.wire()[n - 1].start_ns;
        if (gap != mpu401::kWireByteNs) FAIL("byte " << n << " starts " << gap << " ns after the one before it");
    }
    CHECK(accesses <= 3 * bytes.size()); // a look, a look that sees it is ready, the byte
    CHECK(waited < duration / 3);
}

TEST_CASE("every card from quick to slow is kept busy, and nobody waits long for the pump") {
    const int64_t service_us = GENERATE(0, 1, 16, 52, 75, 100, 155);
    INFO("a byte takes the card " << service_us << " us");
    SlowCard card{service_us};
    TransmitPump pump;
    Queue queue;
    std::mt19937 random{static_cast<uint32_t>(service_us)};
    const std::vector<uint8_t> bytes = random_bytes(random, 1'000);
    const int64_t start = card.now_ns();
    stream(card, pump, queue, bytes);
    CHECK((card.bytes == bytes));
    CHECK(card.overwritten == 0);
    CHECK(card.longest_wait_ns() <= 50 * kMicrosecond);
    CHECK(card.total_wait_ns() <= (card.now_ns() - start) / 2);
    CHECK(card.wire_free_at - start <= 1'001 * mpu401::kWireByteNs + kMillisecond);
}

TEST_CASE("the pump waits little more than half of the time at most, however often it is called") {
    SlowCard card{155};
    TransmitPump pump;
    Queue queue;
    fill(queue, std::vector<uint8_t>(200, 0x40));
    const int64_t start = card.now_ns();
    while (card.now_ns() - start < 900 * kMicrosecond) {
        card.yielded();
        if (pump.run_slice(card, queue) == Next::Tick) card.pass(20 * kMicrosecond);
    }
    CHECK(card.total_wait_ns() <= 540 * kMicrosecond); // 11 slices of 45 us, and the looks in them
}

TEST_CASE("the card is never more than a few milliseconds ahead of the wire") {
    BenchCard card(BenchCard::Properties{{"timing", "fast"}}, kMillisecond);
    card.leave_in_uart_mode();
    TransmitPump pump;
    Queue queue;
    fill(queue, std::vector<uint8_t>(200, 0xf8));
    CHECK(pump.run_slice(card, queue) == Next::Tick);
    CHECK(queue.size() == 200 - 16);
    CHECK(pump.wire_free_at() - card.now_100ns() <= kLead100ns + kWireByte100ns);
}

TEST_CASE("a DPC that comes five milliseconds late leaves no gap on the wire") {
    BenchCard card(BenchCard::Properties{{"timing", "authentic"}}, kMillisecond);
    card.leave_in_uart_mode();
    TransmitPump pump;
    Queue queue;
    fill(queue, std::vector<uint8_t>(200, 0x22));
    for (int slice = 0; slice < 10'000 && queue.size() > 100; ++slice) { // the lead is built up
        card.yielded();
        if (pump.run_slice(card, queue) == Next::Tick) card.wait_for_tick();
    }
    card.run_for(4'500 * kMicrosecond);
    pump_until_idle(card, pump, queue);
    card.run_for(20 * kMillisecond);
    REQUIRE(card.wire().size() == 200);
    CHECK(card.wire().back().start_ns - card.wire().front().start_ns == 199 * mpu401::kWireByteNs);
}

TEST_CASE("a card that takes nothing is looked at once a tick") {
    ScriptedCard card{0xc0, kMillisecond};
    TransmitPump pump;
    Queue queue;
    fill(queue, {0x90, 0x3c, 0x40});
    for (int tick = 0; tick < 100; ++tick) {
        CHECK(pump.run_slice(card, queue) == Next::Tick);
        card.wait_for_tick();
    }
    CHECK(card.written.empty());
    CHECK(card.reads == 100);
    CHECK(queue.size() == 3);
}

TEST_CASE("bytes that come one by one while the card is busy do not make the pump wait more") {
    SlowCard card{155};
    TransmitPump pump;
    Queue queue;
    const int64_t start = card.now_ns();
    std::vector<uint8_t> sent;
    while (card.now_ns() - start < 100 * kMillisecond) {
        const auto byte = static_cast<uint8_t>(sent.size());
        if (queue.push(byte)) sent.push_back(byte);
        card.yielded();
        pump.run_slice(card, queue); // the DPC is started anew by each byte, whatever the slice before came to
        card.pass(7 * kMicrosecond);
    }
    CHECK(card.longest_wait_ns() <= 50 * kMicrosecond);
    CHECK(card.total_wait_ns() <= 54 * kMillisecond);
    CHECK((card.bytes == std::vector<uint8_t>(sent.begin(), sent.begin() + static_cast<ptrdiff_t>(card.bytes.size()))));
    CHECK(card.overwritten == 0);
    CHECK(card.bytes.size() >= 300);
}

TEST_CASE("nothing to send costs no access") {
    ScriptedCard card{0x80};
    TransmitPump pump;
    Queue queue;
    CHECK(pump.run_slice(card, queue) == Next::Idle);
    CHECK(card.reads == 0);
    CHECK(card.written.empty());
}

TEST_CASE("bytes held back by a card that was busy for 34 ms all arrive when it is ready") {
    BenchCard card(BenchCard::Properties{{"timing", "authentic"}}, kMillisecond);
    PolledReceiver receiver{card};
    reset_card(card, receiver);
    receiver.begin_ack_watch();
    REQUIRE(write_enter_uart(card).answer == Answer::Ok);
    REQUIRE(detail::wait_until(card, 50, [&] { return receiver.acknowledged(); }));
    TransmitPump pump;
    Queue queue;
    std::vector<uint8_t> bytes;
    for (uint8_t n = 0; n < 100; ++n)
        bytes.push_back(n);
    fill(queue, bytes);
    pump_until_idle(card, pump, queue);
    card.run_for(100 * kMillisecond);
    CHECK((card.wire_bytes() == bytes));
    CHECK(card.forbidden_accesses() == 0);
}
