// SPDX-License-Identifier: MIT
// Reset and ENTER_UART from every state a card can be found in (reference mpu401.md §2).
#include "bench_card.hpp"

using namespace mpusynth;

namespace {

constexpr int64_t kLongestWait = 110 * kMicrosecond; // at PASSIVE_LEVEL; anybody may interrupt it

// What MidiMiniport does without an interrupt.

template <class Card> Report reset(Card& card) {
    PolledReceiver receiver{card};
    CHECK(discard_pending(card, receiver));
    return reset_card(card, receiver);
}

Report enter_uart(BenchCard& card) {
    PolledReceiver receiver{card};
    receiver.begin_ack_watch();
    REQUIRE(write_enter_uart(card).answer == Answer::Ok);
    return await_uart(card, receiver);
}

void check_ready_for_midi(BenchCard& card) {
    CHECK(card.mode() == MPULAB_MODE_UART);
    const int64_t written = card.now_ns();
    card.write(mpu401::kDataPort, 0xfe);
    card.run_for(kMillisecond);
    REQUIRE_FALSE(card.wire().empty());
    CHECK(card.wire().back().byte == 0xfe);
    CHECK(card.wire().back().start_ns - written < 300 * kMicrosecond);
    CHECK(card.forbidden_accesses() == 0);
    CHECK(card.longest_wait_ns() <= kLongestWait);
}

/// Brought into UART mode after so many RESETs.
void check_brought_up(BenchCard& card, uint32_t resets) {
    const Report report = reset(card);
    CHECK(report.answer == Answer::Ok);
    CHECK(report.resets == resets);
    CHECK(card.mode() == MPULAB_MODE_INTELLIGENT);
    CHECK(enter_uart(card).answer == Answer::Ok);
    check_ready_for_midi(card);
}

} // namespace

TEST_CASE("a card after power-on answers the first RESET and enters UART mode") {
    for (const char* timing : {"authentic", "fast"}) {
        INFO(timing);
        BenchCard card(BenchCard::Properties{{"timing", timing}});
        check_brought_up(card, 1);
    }
}

TEST_CASE("a card left in UART mode gets a second RESET, because it does not answer the first") {
    BenchCard card;
    card.leave_in_uart_mode();
    const int64_t start = card.now_ns();
    const Report report = reset(card);
    CHECK(report.answer == Answer::Ok);
    CHECK(report.resets == 2);
    CHECK(card.now_ns() - start < 150 * kMillisecond);
    CHECK(card.mode() == MPULAB_MODE_INTELLIGENT);
    CHECK(enter_uart(card).answer == Answer::Ok);
    check_ready_for_midi(card);
}

TEST_CASE("a card that does answer RESET in UART mode is believed") {
    BenchCard card(BenchCard::Properties{{"timing", "authentic"}, {"uart-reset-ack", "on"}});
    card.leave_in_uart_mode();
    check_brought_up(card, 1);
}

TEST_CASE("a card left in UART mode with MIDI IN unread is brought back") {
    BenchCard card;
    card.leave_in_uart_mode();
    for (int n = 0; n < 200; ++n) {
        card.midi_in(n % 3 == 0 ? 0xfe : 0x90); // Active Sensing looks like an ACK
        card.run_for(320 * kMicrosecond);
    }
    CHECK(reset(card).answer == Answer::Ok);
    CHECK(card.mode() == MPULAB_MODE_INTELLIGENT);
    CHECK(enter_uart(card).answer == Answer::Ok);
    check_ready_for_midi(card);
}

TEST_CASE("an ACK that somebody left unread is not taken for the RESET's") {
    BenchCard card;
    card.write(mpu401::kCommandPort, mpu401::kCommandReset);
    card.run_for(100 * kMillisecond);
    card.write(mpu401::kCommandPort, mpu401::kCommandEnterUart); // UART mode, its FEh unread, as Linux leaves it
    card.run_for(100 * kMillisecond);
    const Report report = reset(card);
    CHECK(report.answer == Answer::Ok);
    CHECK(report.resets == 2);
    CHECK(card.mode() == MPULAB_MODE_INTELLIGENT);
}

TEST_CASE("a card that is still busy with somebody's RESET is waited for") {
    for (const int64_t since_us : {0, 60, 5'000, 27'000}) {
        INFO(since_us << " us after a RESET");
        BenchCard card;
        card.leave_in_uart_mode();
        card.write(mpu401::kCommandPort, mpu401::kCommandReset);
        card.run_for(since_us * kMicrosecond);
        CHECK(reset(card).answer == Answer::Ok);
        CHECK(enter_uart(card).answer == Answer::Ok);
        check_ready_for_midi(card);
    }
}

TEST_CASE("a card that is busy with leaving UART mode answers a RESET 60 ms later, and gets no second one") {
    BenchCard card;
    card.leave_in_uart_mode();
    leave_uart(card);
    check_brought_up(card, 1);
}

TEST_CASE("a track request in the way of the ACK is skipped") {
    ScriptedCard card{0x80};
    card.reply = {0xf0, 0xf3, 0xfe};
    const Report report = reset(card);
    CHECK(report.answer == Answer::Ok);
    CHECK(report.resets == 1);
    CHECK(card.answers.empty());
}

TEST_CASE("an ACK that an interrupt should have brought and did not is found in the card") {
    ScriptedCard card{0x80};
    card.reply = {0xfe};
    DeafReceiver<ScriptedCard> receiver{card};
    const Report report = reset_card(card, receiver);
    CHECK(report.answer == Answer::Ok);
    CHECK(report.resets == 1);
    CHECK(report.waited_ms >= kFirstAckLimitMs);
}

TEST_CASE("where no card is, nothing is written and the report says so") {
    ScriptedCard card{mpu401::kFloatingBus};
    const int64_t start = card.now_ns();
    const Report report = reset(card);
    CHECK(report.answer == Answer::Absent);
    CHECK(report.status == 0xff);
    CHECK(report.waited_ms >= kReadyLimitMs);
    CHECK(report.resets == 0);
    CHECK(card.written.empty());
    CHECK(card.now_ns() - start < 200 * kMillisecond);
    CHECK(card.longest_wait_ns() <= kLongestWait);
}

TEST_CASE("a card that never becomes ready is told from an absent one") {
    ScriptedCard card{0xc0};
    const Report report = reset(card);
    CHECK(report.answer == Answer::NotReady);
    CHECK(report.status == 0xc0);
    CHECK(card.written.empty());
}

TEST_CASE("a card that never answers gets two RESETs and half a second at most") {
    ScriptedCard card{0x80};
    const int64_t start = card.now_ns();
    const Report report = reset(card);
    CHECK(report.answer == Answer::NoAck);
    CHECK(report.resets == 2);
    CHECK(report.status == 0x80);
    CHECK(report.waited_ms >= kFirstAckLimitMs + kSecondAckLimitMs);
    CHECK(card.now_ns() - start < 500 * kMillisecond);
    CHECK(card.longest_wait_ns() <= kLongestWait);
}

TEST_CASE("a card that sends rubbish for ever gets bounded attention") {
    ScriptedCard card{0x00}; // always something to read, never an ACK
    PolledReceiver receiver{card};
    const Report report = reset_card(card, receiver);
    CHECK(report.answer == Answer::NoAck);
    CHECK(report.resets == 2);
    CHECK(card.reads < 10'000);
}

TEST_CASE("a card that does not answer ENTER_UART is a warning after a bounded wait") {
    ScriptedCard card{0x80};
    CHECK(write_enter_uart(card).answer == Answer::Ok);
    PolledReceiver receiver{card};
    receiver.begin_ack_watch();
    const Report report = await_uart(card, receiver);
    CHECK(report.answer == Answer::NoAck);
    CHECK(report.status == 0x80);
    CHECK(report.waited_ms >= kReadyLimitMs);
    CHECK(report.waited_ms < 2 * kReadyLimitMs);
}

TEST_CASE("ENTER_UART is not written to a card that is not ready") {
    ScriptedCard busy{0xc0};
    CHECK(write_enter_uart(busy).answer == Answer::NotReady);
    CHECK(busy.written.empty());
    ScriptedCard gone{mpu401::kFloatingBus};
    CHECK(write_enter_uart(gone).answer == Answer::Absent);
    CHECK(gone.written.empty());
}

TEST_CASE("leaving UART mode silences MIDI IN") {
    BenchCard card;
    card.leave_in_uart_mode();
    leave_uart(card);
    card.run_for(kMillisecond);
    CHECK(card.mode() == MPULAB_MODE_INTELLIGENT);
    card.midi_in(0x90);
    card.run_for(100 * kMillisecond);
    CHECK_FALSE(card.irq());
    CHECK(card.forbidden_accesses() == 0);
}

TEST_CASE("a card that is gone is left alone after a bounded wait") {
    ScriptedCard card{mpu401::kFloatingBus};
    const int64_t start = card.now_ns();
    leave_uart(card);
    CHECK(card.written.empty());
    CHECK(card.now_ns() - start < 100 * kMillisecond);
}

namespace {

/// A Roland in UART mode whose FIFO is full, with MIDI IN going on at wire rate: the next byte shows 35 us after the
/// last one was read (reference mpu401.md §3.2).
class TalkingRoland : public BenchClock {
  public:
    TalkingRoland() : BenchClock(kMillisecond), started_(now_ns()) {}

    uint8_t read(uint32_t offset) {
        pass(kMicrosecond);
        const bool shows = now_ns() >= next_ && taken_ < kFifo + (now_ns() - started_) / (320 * kMicrosecond);
        if (offset == mpu401::kStatusPort) return shows ? 0x00 : 0x80;
        REQUIRE(shows);
        ++taken_;
        next_ = now_ns() + 35 * kMicrosecond;
        return 0xfe;
    }
    void write(uint32_t, uint8_t) {}

  private:
    static constexpr int64_t kFifo = 1'745;
    int64_t started_;
    int64_t next_ = 0;
    int64_t taken_ = 0;
};

} // namespace

TEST_CASE("a full Roland to which somebody goes on playing is no card whose DSR is stuck") {
    TalkingRoland card;
    PolledReceiver receiver{card};
    const int64_t start = card.now_ns();
    CHECK(discard_pending(card, receiver)); // what is left of it, RESET throws away
    CHECK(card.now_ns() - start < 50 * kMillisecond);
}

TEST_CASE("a card that always has one more byte is told from one with a full FIFO") {
    ScriptedCard stuck{0x00};
    PolledReceiver endless{stuck};
    CHECK_FALSE(discard_pending(stuck, endless));
    CHECK(stuck.reads < 5'000);

    ScriptedCard full{0x80};
    full.answers.assign(1'745, 0x90);
    PolledReceiver receiver{full};
    CHECK(discard_pending(full, receiver));
    CHECK(full.answers.empty());
}
