// SPDX-License-Identifier: MIT
// usage: core_cost [COUNT]
//
// Nanoseconds that the card itself takes for one access, as JSON: STATUS polled, STATUS read and told, a byte written
// and taken, all through the C face, in UART mode.
#include "mpu401/registers.h"
#include "mpulab_core.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace {

struct Card {
    Card() {
        const mpulab_core_host host = {
            this, [](void* self, const mpulab_core_event*) { ++static_cast<Card*>(self)->events; }};
        core = mpulab_core_create(nullptr, 0, &host, nullptr, 0);
        mpulab_core_write(core, mpu401::kCommandPort, mpu401::kCommandEnterUart, 0);
        mpulab_core_advance(core, now);
        mpulab_core_read(core, mpu401::kDataPort, now);
    }
    ~Card() { mpulab_core_destroy(core); }
    Card(const Card&) = delete;
    Card& operator=(const Card&) = delete;

    mpulab_core* core;
    int64_t now = 1'000'000'000;
    unsigned long events = 0;
    unsigned long sum = 0; // of what was read, so that nothing is optimised away
};

template <typename Access> double ns_each(unsigned long count, bool told, Access&& access) {
    Card card;
    mpulab_core_tell_accesses(card.core, told);
    mpulab_core_next_event(card.core); // as the glue asks after each access that is no poll
    const auto begin = std::chrono::steady_clock::now();
    for (unsigned long i = 0; i < count; ++i)
        access(card);
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
    if (card.sum == 1) std::puts("");
    return taken.count() / static_cast<double>(count);
}

} // namespace

int main(int argc, char** argv) {
    const unsigned long count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20'000'000;
    const double polled = ns_each(count, false, [](Card& card) {
        card.now += 80;
        uint8_t value = 0;
        mpulab_core_poll(card.core, mpu401::kStatusPort, card.now, &value);
        card.sum += value;
    });
    const double told = ns_each(count, true, [](Card& card) {
        card.now += 80;
        card.sum += mpulab_core_read(card.core, mpu401::kStatusPort, card.now);
        card.sum += static_cast<unsigned long>(mpulab_core_next_event(card.core) & 1);
    });
    const double written = ns_each(count / 10, true, [](Card& card) {
        card.now += mpu401::kWireByteNs;
        mpulab_core_write(card.core, mpu401::kDataPort, 0x90, card.now);
        mpulab_core_advance(card.core, card.now + 200'000);
    });
    std::printf("{\"poll\": %.2f, \"read\": %.2f, \"byte\": %.2f}\n", polled, told, written);
    return 0;
}
