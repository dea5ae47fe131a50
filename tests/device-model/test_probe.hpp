// SPDX-License-Identifier: MIT
// A probe on a bench, with cards where the test adds them; what goes to the link and what is complained about is kept.
#pragma once

#include "plan_bytes.hpp"
#include "test_card.hpp"

#include "link_writer.hpp"
#include "probe_core.h"
#include "probe_ports.h"

#include <cstring>
#include <memory>

class TestProbe {
  public:
    TestProbe() {
        const mpulab_probe_host host = {
            this,
            [](void* self, const void* bytes, size_t size) {
                auto& to = static_cast<TestProbe*>(self)->link;
                const auto* from = static_cast<const uint8_t*>(bytes);
                to.insert(to.end(), from, from + size);
                return true;
            },
            [](void* self, uint64_t address, void* to, size_t size) {
                const auto& from = static_cast<TestProbe*>(self)->memory;
                if (address > from.size() || size > from.size() - address) return false;
                std::memcpy(to, from.data() + address, size);
                return true;
            },
            [](void* self, const char* text) { static_cast<TestProbe*>(self)->complaints.emplace_back(text); },
            [](void* self) { ++static_cast<TestProbe*>(self)->drivers_loaded; }};
        probe = mpulab_probe_create(&host);
    }
    ~TestProbe() {
        for (mpulab_core* card : cards)
            mpulab_core_destroy(card);
        mpulab_probe_destroy(probe);
    }
    TestProbe(const TestProbe&) = delete;
    TestProbe& operator=(const TestProbe&) = delete;

    struct Emitter {
        TestProbe* self;
        uint8_t unit;
    };

    mpulab_core* add_card(uint32_t unit, uint32_t port, uint32_t bus = MPULAB_BUS_ISA) {
        emitters.push_back(std::make_unique<Emitter>(Emitter{this, static_cast<uint8_t>(unit)}));
        const mpulab_core_host host = {emitters.back().get(), [](void* opaque, const mpulab_core_event* event) {
                                           auto* from = static_cast<Emitter*>(opaque);
                                           mpulab_probe_card_event(from->self->probe, from->unit, nullptr, event);
                                       }};
        char text[256];
        const mpulab_core_property quiet = {"midi-clock-out", "off"}; // a card that does nothing unasked
        cards.push_back(mpulab_core_create(&quiet, 1, &host, text, sizeof text));
        mpulab_machine_device device = {};
        std::memcpy(device.hardware_id, "PNPB006", 7);
        device.unit = unit;
        device.port_base = port;
        device.port_length = 2;
        device.irq = 7;
        device.irq_flags = MPULAB_IRQ_LATCHED;
        device.bus = bus;
        attached = mpulab_probe_attach(probe, &device, cards.back(), text, sizeof text);
        error = text;
        return cards.back();
    }
    bool set_plan(const Bytes& plan) {
        char text[320] = "";
        const bool taken = mpulab_probe_set_plan(probe, plan.data(), plan.size(), text, sizeof text);
        error = text;
        return taken;
    }
    bool assemble() {
        char text[320] = "";
        const bool done = mpulab_probe_assemble(probe, text, sizeof text);
        error = text;
        return done;
    }
    void start() {
        REQUIRE(assemble());
        mpulab_probe_run(probe, now);
    }

    mpulab_probe_action out(uint32_t offset, uint32_t value, uint32_t size = 4) {
        mpulab_probe_settle(probe, now);
        return mpulab_probe_write(probe, offset, size, value, &cause, now);
    }
    uint32_t in(uint32_t offset, uint32_t size = 4) { return mpulab_probe_read(probe, offset, size); }
    mpulab_probe_action commit(uint32_t kind, const std::vector<uint64_t>& words = {}, uint32_t count = 1,
                               uint32_t flags = 0, uint32_t irql = 0) {
        const auto word = [&](size_t at) { return at < words.size() ? words[at] : 0; };
        const auto byte = [](uint32_t value) { return static_cast<uint8_t>(value); };
        return commit({byte(kind), byte(irql), byte(count), byte(flags), 0, word(0), word(1), word(2), word(3)});
    }
    mpulab_probe_action commit(const mpulab_guest_record& record, uint32_t address = 64) {
        std::memcpy(memory.data() + address, &record, sizeof record); // this host is little-endian, as a guest is
        return out(MPULAB_PROBE_PORT_RECORD, address);
    }
    void text(const std::string& bytes) {
        for (const char byte : bytes)
            out(MPULAB_PROBE_PORT_TEXT, static_cast<uint8_t>(byte), 1);
    }
    Bytes section(uint32_t tag) {
        out(MPULAB_PROBE_PORT_SELECT, tag);
        Bytes bytes;
        const uint32_t size = in(MPULAB_PROBE_PORT_SIZE);
        while (bytes.size() < size)
            append(bytes, in(MPULAB_PROBE_PORT_DATA));
        bytes.resize(size);
        return bytes;
    }
    std::vector<mpulab_record> records(size_t from = 0) {
        mpulab_probe_flush(probe);
        std::vector<mpulab_record> found;
        for (size_t at = from + sizeof(mpulab_link_header); at + 64 <= link.size(); at += 64) {
            uint8_t raw[64];
            std::memcpy(raw, link.data() + at, sizeof raw);
            found.push_back(mpulab::decode_record(raw));
        }
        return found;
    }

    mpulab_probe* probe = nullptr;
    std::vector<mpulab_core*> cards;
    std::vector<std::unique_ptr<Emitter>> emitters;
    mpulab_cause cause = {0xfffff80000001000, 0};
    int64_t now = 0;
    bool attached = false;
    Bytes memory = Bytes(4096); // the guest's
    Bytes link;
    std::vector<std::string> complaints;
    int drivers_loaded = 0; // times that it was told
    std::string error;
};
