// SPDX-License-Identifier: MIT
// mpulab_core.h over Card. Nothing but translation: pointers, and exceptions that must not reach C.
#include "card.hpp"

#include <new>

struct mpulab_core {
    mpulab::Card card;
};

using mpulab::ErrorText;

uint32_t mpulab_core_abi(void) {
    return MPULAB_CORE_ABI;
}

mpulab_core* mpulab_core_create(const mpulab_core_property* properties, size_t count, const mpulab_core_host* host,
                                char* error, size_t error_size) {
    ErrorText text(error, error_size);
    try {
        mpulab::Properties parsed;
        if (!parsed.parse(properties, count, text)) return nullptr;
        return new mpulab_core{mpulab::Card(parsed, host != nullptr ? *host : mpulab_core_host{})};
    } catch (const std::bad_alloc&) {
        text.say("no memory for the card");
        return nullptr;
    }
}

void mpulab_core_destroy(mpulab_core* core) {
    delete core;
}

void mpulab_core_reset(mpulab_core* core, int64_t now_ns) {
    core->card.reset(now_ns);
}

void mpulab_core_power(mpulab_core* core, uint32_t d_state, int64_t now_ns) {
    core->card.power(d_state, now_ns);
}

uint32_t mpulab_core_register_count(const mpulab_core*) {
    return mpu401::kPortCount;
}

uint8_t mpulab_core_read(mpulab_core* core, uint32_t offset, int64_t now_ns) {
    return core->card.read(offset, now_ns);
}

void mpulab_core_write(mpulab_core* core, uint32_t offset, uint8_t value, int64_t now_ns) {
    core->card.write(offset, value, now_ns);
}

void mpulab_core_tell_accesses(mpulab_core* core, bool tell) {
    core->card.tell_accesses(tell);
}

bool mpulab_core_poll(mpulab_core* core, uint32_t offset, int64_t now_ns, uint8_t* value) {
    return core->card.poll(offset, now_ns, *value);
}

void mpulab_core_advance(mpulab_core* core, int64_t now_ns) {
    core->card.advance(now_ns);
}

bool mpulab_core_irq(const mpulab_core* core) {
    return core->card.irq();
}

uint64_t mpulab_core_irq_edges(const mpulab_core* core) {
    return core->card.irq_edges();
}

int64_t mpulab_core_next_event(const mpulab_core* core) {
    return core->card.next_event();
}

bool mpulab_core_wire_in(mpulab_core* core, uint8_t byte, int64_t now_ns) {
    return core->card.wire_in(byte, now_ns);
}

bool mpulab_core_wire_in_room(const mpulab_core* core) {
    return core->card.wire_in_room();
}

bool mpulab_core_set_cues(mpulab_core* core, const void* section, size_t size, char* error, size_t error_size) {
    ErrorText text(error, error_size);
    try {
        return core->card.set_cues(section, size, text);
    } catch (const std::bad_alloc&) {
        return text.say("no memory for cues of %zu bytes", size);
    }
}

void mpulab_core_marker(mpulab_core* core, uint32_t number, int64_t now_ns) {
    core->card.marker(number, now_ns);
}

size_t mpulab_core_save(const mpulab_core* core, void* buffer, size_t size) {
    return core->card.save(buffer, size);
}

bool mpulab_core_load(mpulab_core* core, const void* buffer, size_t size, char* error, size_t error_size) {
    ErrorText text(error, error_size);
    try {
        return core->card.load(buffer, size, text);
    } catch (const std::bad_alloc&) {
        return text.say("no memory for a state of %zu bytes", size);
    }
}
