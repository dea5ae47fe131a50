// SPDX-License-Identifier: MIT
// The card against any guest, any cues and any snapshot: the input is a cue section, accesses with steps of time, and
// changes to a state that is loaded back in mid-run. After each access the promises of mpulab_core.h must hold, and a
// saved card must go on as itself.
#include "cue_input.hpp"
#include "mpulab_core.h"
#include "mpulab_link.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <vector>

namespace {

class Input {
  public:
    Input(const uint8_t* data, size_t size) : data_(data), left_(size) {}
    bool empty() const { return left_ == 0; }
    uint8_t byte() {
        if (left_ == 0) return 0;
        --left_;
        return *data_++;
    }
    size_t take(size_t wanted, const uint8_t*& from) {
        const size_t size = wanted < left_ ? wanted : left_;
        from = data_;
        data_ += size;
        left_ -= size;
        return size;
    }

  private:
    const uint8_t* data_;
    size_t left_;
};

struct Watch {
    int64_t last_ns = 0;
    int64_t now_ns = 0;
    uint64_t hash = 0;
    bool plain = true; // no cue meddles with the line or STATUS
    bool level = false;
    uint64_t rises = 0;

    static void emit(void* opaque, const mpulab_core_event* event) {
        auto* self = static_cast<Watch*>(opaque);
        if (event->time_ns < self->last_ns || event->time_ns > self->now_ns) std::abort();
        self->last_ns = event->time_ns;
        if (event->kind == MPULAB_KIND_IRQ) {
            if ((event->a != 0) == self->level) std::abort();
            self->level = event->a != 0;
            if (self->level && self->rises != 0 && event->b != self->rises + 1) std::abort();
            if (self->level) self->rises = event->b;
        }
        for (const uint64_t word : {static_cast<uint64_t>(event->time_ns), event->corr, uint64_t{event->kind}, event->a,
                                    event->b, event->c}) {
            self->hash = (self->hash ^ word) * 0x100000001b3u;
        }
    }
};

mpulab_core* make(uint8_t variant, Watch* watch) {
    const mpulab_core_property properties[] = {
        {"timing", variant & 1 ? "fast" : "authentic"},   {"tx-fifo", variant & 2 ? "2" : "256"},
        {"rx-fifo", variant & 4 ? "1" : "1745"},          {"uart-reset-ack", variant & 8 ? "on" : "off"},
        {"silence-on-reset", variant & 8 ? "on" : "off"}, {"sysex-delay", variant & 4 ? "mt32" : "off"},
        {"midi-clock-out", variant & 2 ? "on" : "auto"},  {"refill-gap", variant & 16 ? "0" : "-1"}};
    const mpulab_core_host host = {watch, Watch::emit};
    char error[128];
    mpulab_core* core = mpulab_core_create(properties, std::size(properties), &host, error, sizeof error);
    if (core == nullptr) std::abort();
    return core;
}

void access(mpulab_core* core, Watch& watch, uint8_t what, uint8_t value) {
    watch.now_ns += int64_t{what >> 4} * int64_t{what >> 4} * int64_t{what >> 4} * 20'000; // 0 to 67 ms
    switch (what & 7) {
    case 0:
        mpulab_core_advance(core, watch.now_ns);
        break;
    case 1:
    case 2:
        mpulab_core_write(core, what & 1, value, watch.now_ns);
        break;
    case 3:
    case 4:
        mpulab_core_read(core, what & 1, watch.now_ns);
        break;
    case 5:
        mpulab_core_wire_in(core, value, watch.now_ns);
        break;
    case 6:
        mpulab_core_marker(core, value & 3, watch.now_ns);
        break;
    default:
        if (value == 0xff) mpulab_core_reset(core, watch.now_ns);
        if (value < 8) mpulab_core_power(core, value, watch.now_ns); // D4 to D7 are none
        break;
    }
    mpulab_core_advance(core, watch.now_ns);
    const uint8_t status = mpulab_core_read(core, 1, watch.now_ns);
    if (watch.plain && mpulab_core_irq(core) != ((status & 0x80) == 0)) std::abort();
    if (mpulab_core_irq(core) != watch.level) std::abort();
    if (mpulab_core_next_event(core) <= watch.now_ns) std::abort();
}

// A snapshot that somebody has been at. Refused, or taken: then it may stand at any time, so the clock leaps ahead.
void load_bent_state(mpulab_core* core, Watch& watch, Input& input) {
    std::vector<uint8_t> state(mpulab_core_save(core, nullptr, 0));
    mpulab_core_save(core, state.data(), state.size());
    for (size_t changes = input.byte() % 8; changes > 0; --changes) {
        const size_t at = input.byte() + (size_t{input.byte()} << 8);
        state[at % state.size()] = input.byte();
    }
    char error[256] = "";
    if (mpulab_core_load(core, state.data(), state.size(), error, sizeof error)) {
        // Its time is not known here, only what comes next: until then nothing happens, however long that is. A card
        // whose clock is on has something due every few milliseconds, and would do all of it in a leap.
        watch.now_ns = std::min<int64_t>(mpulab_core_next_event(core), INT64_MAX / 2);
        watch.last_ns = 0;
        watch.plain = false; // its cues may be others
        watch.level = mpulab_core_irq(core);
        watch.rises = 0;
    } else if (error[0] == '\0') {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Input input(data, size);
    const uint8_t variant = input.byte();
    Watch watch;
    mpulab_core* core = make(variant, &watch);
    char error[256];
    if (variant & 64) {
        const CueInput cues = make_cues([&input] { return input.byte(); });
        error[0] = '\0';
        const bool taken = mpulab_core_set_cues(core, cues.section.data(), cues.section.size(), error, sizeof error);
        if (!taken && error[0] == '\0') std::abort();
        watch.plain = !taken || !cues.has_faults;
    } else if (variant & 128) { // bytes of any kind
        const uint8_t* from = nullptr;
        const size_t length = input.take(input.byte(), from);
        if (mpulab_core_set_cues(core, from, length, error, sizeof error) && length != 0) watch.plain = false;
    }
    const size_t steps_before_save = input.byte();
    for (size_t i = 0; i < steps_before_save && !input.empty(); ++i) {
        const uint8_t what = input.byte();
        access(core, watch, what, input.byte());
    }
    if (variant & 32) load_bent_state(core, watch, input);

    std::vector<uint8_t> state(mpulab_core_save(core, nullptr, 0));
    mpulab_core_save(core, state.data(), state.size());
    Watch twin_watch = watch;
    mpulab_core* twin = make(variant, &twin_watch);
    if (!mpulab_core_load(twin, state.data(), state.size(), error, sizeof error)) std::abort();
    while (!input.empty()) {
        const uint8_t what = input.byte();
        const uint8_t value = input.byte();
        access(core, watch, what, value);
        access(twin, twin_watch, what, value);
        if (watch.hash != twin_watch.hash) std::abort();
    }
    mpulab_core_destroy(twin);
    mpulab_core_destroy(core);
    return 0;
}
