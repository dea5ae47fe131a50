// SPDX-License-Identifier: MIT
#include "probe.hpp"

#include "../common/bytes.hpp"

#include <algorithm>
#include <utility>

namespace mpulab {

Probe::Probe(const mpulab_probe_host& host) : host_(host), link_(host.flush, host.opaque) {}

bool Probe::set_plan(const void* bytes, size_t size, ErrorText& error) {
    Plan plan;
    if (!plan.parse(bytes, size, error)) return false;
    if (assembled_ && !hand_out_cues(plan, error)) {
        char ignored[1];
        ErrorText no_error(ignored, sizeof ignored);
        hand_out_cues(plan_, no_error); // was accepted before: cannot be refused now
        return false;
    }
    plan_ = std::move(plan);
    for (size_t i = 0; i < seed_.size(); ++i)
        seed_[i] = static_cast<uint8_t>(plan_.seed() >> 8 * i);
    started_ = false;
    ended_ = false;
    return true;
}

bool Probe::hand_out_cues(const Plan& plan, ErrorText& error) {
    for (const mpulab_plan_section& section : plan.sections()) {
        if (section.tag != MPULAB_SECTION_CUES) continue;
        const bool known = std::any_of(cards_.begin(), cards_.end(),
                                       [&](const AttachedCard& card) { return card.device.unit == section.unit; });
        if (!known) {
            return error.say("plan: CUES for unit %u, but the machine has %zu cards and none with that number",
                             section.unit, cards_.size());
        }
    }
    for (const AttachedCard& card : cards_) {
        const auto cues = plan.section(MPULAB_SECTION_CUES, card.device.unit);
        char reason[256];
        if (!mpulab_core_set_cues(card.core, cues.data(), cues.size(), reason, sizeof reason)) {
            return error.say("plan: CUES for unit %u: %s", card.device.unit, reason);
        }
    }
    return true;
}

bool Probe::attach(const mpulab_machine_device& device, mpulab_core* core, ErrorText& error) {
    for (const AttachedCard& other : cards_) {
        if (other.device.unit == device.unit) {
            return error.say("unit %u is taken by the card at port 0x%x", device.unit, other.device.port_base);
        }
        if (device.port_base < other.device.port_base + other.device.port_length &&
            other.device.port_base < device.port_base + device.port_length) {
            return error.say("port 0x%x overlaps card %u at port 0x%x", device.port_base, other.device.unit,
                             other.device.port_base);
        }
    }
    const auto place = std::find_if(cards_.begin(), cards_.end(),
                                    [&](const AttachedCard& card) { return card.device.unit > device.unit; });
    cards_.insert(place, {device, core});
    return true;
}

void Probe::detach(const mpulab_core* core) {
    std::erase_if(cards_, [core](const AttachedCard& card) { return card.core == core; });
}

bool Probe::assemble(ErrorText& error) {
    if (!hand_out_cues(plan_, error)) return false;
    build_machine_section();
    assembled_ = true;
    return true;
}

void Probe::build_machine_section() {
    const auto write_all = [this](ByteWriter& out) {
        for (const AttachedCard& card : cards_) {
            out.put_bytes(card.device.hardware_id, sizeof card.device.hardware_id);
            out.put(card.device.unit);
            out.put(card.device.port_base);
            out.put(card.device.port_length);
            out.put(card.device.irq);
            out.put(card.device.irq_flags);
            out.put(card.device.bus);
            out.put(card.device.address);
            out.put(uint32_t{0});
        }
    };
    machine_.assign(cards_.size() * sizeof(mpulab_machine_device), 0);
    ByteWriter out(machine_.data(), machine_.size());
    write_all(out);
}

void Probe::run(int64_t now_ns) {
    running_ = true;
    if (started_) return;
    started_ = true;
    ended_ = false;
    link_.begin();
    mpulab_record first = {};
    first.time_ns = static_cast<uint64_t>(now_ns);
    first.kind = MPULAB_KIND_RUN_STARTED;
    first.cpu = MPULAB_NO_CPU;
    first.unit = MPULAB_NO_UNIT;
    first.count = 1;
    first.a = plan_.seed();
    first.b = plan_.size();
    first.c = cards_.size();
    record(first);
}

void Probe::pause() {
    running_ = false;
    link_.flush();
}

void Probe::record(mpulab_record record) {
    if (running_ && !ended_) link_.put(record);
}

// Bounded by what is due: each round, the card whose turn it is gets past that moment.
void Probe::settle(int64_t now_ns) {
    for (;;) {
        mpulab_core* next = nullptr;
        int64_t at = MPULAB_CORE_NEVER;
        for (const AttachedCard& card : cards_) {
            const int64_t due = mpulab_core_next_event(card.core);
            if (due < at) {
                at = due;
                next = card.core;
            }
        }
        if (next == nullptr || at > now_ns) return;
        mpulab_core_advance(next, at);
    }
}

void Probe::card_event(uint8_t unit, const mpulab_cause* cause, const mpulab_core_event& event) {
    if (!running_ || ended_) return;
    if (cause == nullptr) cause = power_cause_;
    mpulab_record made = {};
    made.time_ns = static_cast<uint64_t>(event.time_ns);
    made.corr = event.corr;
    made.pc = cause != nullptr ? cause->pc : 0;
    made.kind = event.kind;
    made.cpu = cause != nullptr ? cause->cpu : MPULAB_NO_CPU;
    made.unit = unit;
    made.count = 1;
    made.a = event.a;
    made.b = event.b;
    made.c = event.c;
    link_.put(made);
    count_event(unit, event);
}

} // namespace mpulab
