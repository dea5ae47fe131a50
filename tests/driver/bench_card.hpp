// SPDX-License-Identifier: MIT
// The card's model on a virtual clock, as the driver's `Io` (driver/mpusynth/hardware.hpp): each access costs a
// microsecond, as on an ISA bus; sleeping ends on a clock tick. It watches what the driver does: accesses, the longest
// stretch of waiting without giving the CPU away, and what a card forbids.
#pragma once

#include "mpulab_codes.h"
#include "mpulab_core.h"
#include "mpulab_link.h"

#include "ack_watch.hpp"
#include "hardware.hpp"
#include "receive_poll.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

inline constexpr int64_t kMicrosecond = 1'000;
inline constexpr int64_t kMillisecond = 1'000'000;

/// Clock, tick and bookkeeping of every kind of `Io` in these tests.
class BenchClock {
  public:
    explicit BenchClock(int64_t tick_ns) : tick_ns_(tick_ns) {}

    [[nodiscard]] int64_t now_ns() const { return now_ns_; }
    [[nodiscard]] uint64_t now_100ns() const { return static_cast<uint64_t>(now_ns_) / 100; }
    void pass(int64_t ns) { now_ns_ += ns; }

    void stall_us(uint32_t us) {
        CHECK(us <= 50); // KeStallExecutionProcessor's own rule
        pass(us * kMicrosecond);
        waited(us * kMicrosecond);
    }
    void sleep_ms(uint32_t ms) {
        const int64_t due = now_ns_ + ms * kMillisecond;
        now_ns_ = (due + tick_ns_ - 1) / tick_ns_ * tick_ns_;
        ++sleeps_;
        yielded();
    }
    void wait_for_tick() {
        now_ns_ = (now_ns_ / tick_ns_ + 1) * tick_ns_;
        yielded();
    }
    /// Time that has passed already was spent waiting.
    void add_wait(int64_t ns) { waited(ns); }
    /// Other DPCs, or threads, have had their turn.
    void yielded() { wait_ns_ = 0; }

    [[nodiscard]] int64_t longest_wait_ns() const { return longest_wait_ns_; }
    [[nodiscard]] int64_t total_wait_ns() const { return total_wait_ns_; }
    [[nodiscard]] uint32_t sleeps() const { return sleeps_; }

  protected:
    void waited(int64_t ns) {
        wait_ns_ += ns;
        total_wait_ns_ += ns;
        longest_wait_ns_ = std::max(longest_wait_ns_, wait_ns_);
    }

  private:
    int64_t tick_ns_;
    int64_t now_ns_ = 10 * kMillisecond; // no driver runs at time 0
    int64_t wait_ns_ = 0;
    int64_t total_wait_ns_ = 0;
    int64_t longest_wait_ns_ = 0;
    uint32_t sleeps_ = 0;
};

struct WireByte {
    uint8_t byte;
    int64_t start_ns;
};

/// device-model/core behind the driver's `Io`.
class BenchCard : public BenchClock {
  public:
    using Properties = std::vector<mpulab_core_property>;

    explicit BenchCard(const Properties& properties = {{"timing", "authentic"}}, int64_t tick_ns = 15'625'000)
        : BenchClock(tick_ns) {
        const mpulab_core_host host = {this, on_event};
        char error[200] = "";
        core_ = mpulab_core_create(properties.data(), properties.size(), &host, error, sizeof(error));
        INFO(error);
        REQUIRE(core_ != nullptr);
        mpulab_core_advance(core_, now_ns());
    }
    ~BenchCard() { mpulab_core_destroy(core_); }
    BenchCard(const BenchCard&) = delete;
    BenchCard& operator=(const BenchCard&) = delete;

    // Io
    uint8_t read(uint32_t offset) {
        access();
        ++reads;
        if (offset == mpu401::kDataPort) {
            yielded(); // progress: what follows is another wait
        } else {
            waited(kMicrosecond);
        }
        return mpulab_core_read(core_, offset, now_ns());
    }
    void write(uint32_t offset, uint8_t value) {
        access();
        yielded(); // the next wait is another one
        ++writes;
        mpulab_core_write(core_, offset, value, now_ns());
    }

    void midi_in(uint8_t byte) { mpulab_core_wire_in(core_, byte, now_ns()); }
    void run_for(int64_t ns) {
        pass(ns);
        mpulab_core_advance(core_, now_ns());
    }
    [[nodiscard]] uint64_t irq_edges() const { return rising_edges_; }
    [[nodiscard]] int64_t next_event() const { return mpulab_core_next_event(core_); }
    [[nodiscard]] bool irq() const { return mpulab_core_irq(core_); }
    /// Accesses a careful driver never makes: DATA read while empty, anything written while not ready.
    [[nodiscard]] size_t forbidden_accesses() const { return guest_errors_; }
    [[nodiscard]] const std::vector<WireByte>& wire() const { return wire_; }
    [[nodiscard]] std::vector<uint8_t> wire_bytes() const {
        std::vector<uint8_t> bytes;
        for (const WireByte& sent : wire_)
            bytes.push_back(sent.byte);
        return bytes;
    }
    [[nodiscard]] uint64_t mode() const { return mode_; }

    /// As another driver would leave it: in UART mode and ready.
    void leave_in_uart_mode() {
        write(mpu401::kCommandPort, mpu401::kCommandReset);
        run_for(100 * kMillisecond);
        write(mpu401::kCommandPort, mpu401::kCommandEnterUart);
        run_for(100 * kMillisecond);
        while (mpu401::byte_waits_for_host(read(mpu401::kStatusPort))) {
            read(mpu401::kDataPort);
            run_for(kMillisecond);
        }
        REQUIRE(mode_ == MPULAB_MODE_UART);
    }

    uint32_t reads = 0;
    uint32_t writes = 0;

  private:
    void access() {
        pass(kMicrosecond);
        mpulab_core_advance(core_, now_ns());
    }
    static void on_event(void* opaque, const mpulab_core_event* event) {
        auto& self = *static_cast<BenchCard*>(opaque);
        if (event->kind == MPULAB_KIND_WIRE_OUT) {
            if (MPULAB_CORR_SPACE(event->corr) == MPULAB_CORR_OWN_BYTE) return; // Stop and clocks: not the driver's
            self.wire_.push_back({static_cast<uint8_t>(event->a), event->time_ns});
        } else if (event->kind == MPULAB_KIND_GUEST_ERROR) {
            ++self.guest_errors_;
        } else if (event->kind == MPULAB_KIND_IRQ) {
            self.rising_edges_ = event->b;
        } else if (event->kind == MPULAB_KIND_MODE) {
            self.mode_ = event->a;
        }
    }

    mpulab_core* core_ = nullptr;
    std::vector<WireByte> wire_;
    uint64_t mode_ = MPULAB_MODE_INTELLIGENT;
    size_t guest_errors_ = 0;
    uint64_t rising_edges_ = 0;
};

/// A card that is not the one of the model: STATUS and DATA as a test says. Counts like BenchCard.
class ScriptedCard : public BenchClock {
  public:
    explicit ScriptedCard(uint8_t status, int64_t tick_ns = 15'625'000) : BenchClock(tick_ns), status_(status) {}

    uint8_t read(uint32_t offset) {
        pass(kMicrosecond);
        waited(kMicrosecond);
        ++reads;
        if (offset == mpu401::kDataPort) {
            if (answers.empty()) return status_ == mpu401::kFloatingBus ? 0xff : stuck_byte;
            const uint8_t byte = answers.front();
            answers.erase(answers.begin());
            return byte;
        }
        const bool waiting = !answers.empty();
        return waiting ? static_cast<uint8_t>(status_ & ~mpu401::kStatusDsr) : status_;
    }
    void write(uint32_t offset, uint8_t value) {
        pass(kMicrosecond);
        yielded();
        written.push_back({offset, value});
        answers.insert(answers.end(), reply.begin(), reply.end());
    }

    std::vector<uint8_t> answers; // what DATA gives next
    std::vector<uint8_t> reply;   // added to it by each write
    uint8_t stuck_byte = 0x55;
    std::vector<std::pair<uint32_t, uint8_t>> written;
    uint32_t reads = 0;

  private:
    uint8_t status_;
};

/// Input's part in the handshake (driver/mpusynth/input.hpp) where no interrupt is connected.
template <class Card> class PolledReceiver {
  public:
    explicit PolledReceiver(Card& card) : card_(card) {}

    uint32_t take() {
        return mpusynth::drain(
                   card_, [&](uint8_t byte) { watch_.takes(byte); }, mpusynth::kDrainLimit)
            .bytes;
    }
    void begin_ack_watch() { watch_.begin(); }
    bool acknowledged() {
        take();
        return watch_.arrived();
    }

  protected:
    mpusynth::AckWatch watch_;

  private:
    Card& card_;
};

/// The same with an interrupt connected that does not come: nobody looks until somebody calls take().
template <class Card> class DeafReceiver : public PolledReceiver<Card> {
  public:
    using PolledReceiver<Card>::PolledReceiver;
    bool acknowledged() { return this->watch_.arrived(); }
};
