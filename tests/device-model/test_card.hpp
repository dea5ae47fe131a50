// SPDX-License-Identifier: MIT
// A card on a bench: the core behind its C face, a clock the test steps, and every event it makes. Names of registers,
// bits and commands are those of mpu401/registers.h.
#pragma once

#include "mpu401/registers.h"
#include "mpulab_codes.h"
#include "mpulab_core.h"
#include "mpulab_link.h"

#include <catch.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

inline bool operator==(const mpulab_core_event& a, const mpulab_core_event& b) {
    return a.time_ns == b.time_ns && a.corr == b.corr && a.kind == b.kind && a.a == b.a && a.b == b.b && a.c == b.c;
}

inline constexpr int64_t kMicrosecond = 1'000;
inline constexpr int64_t kMillisecond = 1'000'000;

using Properties = std::vector<std::pair<std::string, std::string>>;

class TestCard {
  public:
    explicit TestCard(const Properties& properties = {}) {
        std::vector<mpulab_core_property> raw;
        for (const auto& [name, value] : properties)
            raw.push_back({name.c_str(), value.c_str()});
        const mpulab_core_host host = {this, [](void* self, const mpulab_core_event* event) {
                                           static_cast<TestCard*>(self)->events.push_back(*event);
                                       }};
        char reason[256] = "";
        core = mpulab_core_create(raw.data(), raw.size(), &host, reason, sizeof reason);
        INFO(reason);
        REQUIRE(core != nullptr);
    }
    ~TestCard() { mpulab_core_destroy(core); }
    TestCard(const TestCard&) = delete;
    TestCard& operator=(const TestCard&) = delete;

    uint8_t read(uint32_t offset) { return mpulab_core_read(core, offset, now); }
    uint8_t data() { return read(mpu401::kDataPort); }
    uint8_t status() { return read(mpu401::kStatusPort); }
    bool byte_waits() { return mpu401::byte_waits_for_host(status()); }
    bool may_write() { return mpu401::host_may_write(status()); }
    void command(uint8_t value) { mpulab_core_write(core, mpu401::kCommandPort, value, now); }
    void send(uint8_t value) { mpulab_core_write(core, mpu401::kDataPort, value, now); }
    bool irq() const { return mpulab_core_irq(core); }
    void power(uint32_t d_state) { mpulab_core_power(core, d_state, now); }
    bool arrive(uint8_t byte) { return mpulab_core_wire_in(core, byte, now); }

    void run_for(int64_t ns) {
        now += ns;
        mpulab_core_advance(core, now);
    }
    // Steps from event to event until the condition holds; fails after `limit_ns`.
    template <typename Condition> void run_until(Condition&& condition, int64_t limit_ns = 200 * kMillisecond) {
        const int64_t end = now + limit_ns;
        while (!condition()) {
            const int64_t next = mpulab_core_next_event(core);
            REQUIRE(next <= end);
            run_for(next - now);
        }
    }

    // From power-on to UART mode with nothing pending on either side.
    void enter_uart() {
        command(mpu401::kCommandEnterUart);
        run_for(40 * kMillisecond);
        REQUIRE(data() == mpu401::kAck);
        run_for(kMillisecond);
        events.clear();
    }
    // A host that waits for DRR before each byte.
    void send_all(const std::vector<uint8_t>& bytes) {
        for (const uint8_t byte : bytes) {
            run_until([this] { return may_write(); });
            send(byte);
        }
    }

    std::vector<mpulab_core_event> of_kind(uint16_t kind) const {
        std::vector<mpulab_core_event> found;
        for (const auto& event : events) {
            if (event.kind == kind) found.push_back(event);
        }
        return found;
    }
    // What the host sent, without the Stop and the clocks that the card sends by itself.
    std::vector<uint8_t> wire_out() const { return wire_out(MPULAB_CORR_TX_BYTE); }
    std::vector<uint8_t> own_out() const { return wire_out(MPULAB_CORR_OWN_BYTE); }
    std::vector<uint8_t> wire_out(uint8_t space) const {
        std::vector<uint8_t> bytes;
        for (const auto& event : of_kind(MPULAB_KIND_WIRE_OUT)) {
            if (MPULAB_CORR_SPACE(event.corr) == space) bytes.push_back(static_cast<uint8_t>(event.a));
        }
        return bytes;
    }

    std::vector<uint8_t> save() const {
        std::vector<uint8_t> state(mpulab_core_save(core, nullptr, 0));
        REQUIRE(mpulab_core_save(core, state.data(), state.size()) == state.size());
        return state;
    }
    bool load(const std::vector<uint8_t>& state) {
        char reason[256] = "";
        const bool loaded = mpulab_core_load(core, state.data(), state.size(), reason, sizeof reason);
        error = reason;
        return loaded;
    }
    bool set_cues(const std::vector<uint8_t>& section) {
        char reason[256] = "";
        const bool taken = mpulab_core_set_cues(core, section.data(), section.size(), reason, sizeof reason);
        error = reason;
        return taken;
    }

    mpulab_core* core = nullptr;
    int64_t now = 0;
    std::vector<mpulab_core_event> events;
    std::string error;
};

// Reproducible lots (SplitMix64); the seed is printed by the test that draws.
class Lots {
  public:
    explicit Lots(uint64_t seed) : state_(seed) {}
    uint64_t next() {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    uint64_t below(uint64_t limit) { return next() % limit; }
    uint8_t byte() { return static_cast<uint8_t>(next()); }

  private:
    uint64_t state_;
};
