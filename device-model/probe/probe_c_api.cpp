// SPDX-License-Identifier: MIT
// probe_core.h over Probe. Nothing but translation: pointers, and exceptions that must not reach C.
#include "probe.hpp"

#include <new>

struct mpulab_probe {
    mpulab::Probe probe;
};

using mpulab::ErrorText;

namespace {

template <typename Call> bool guarded(char* error, size_t error_size, Call&& call) {
    ErrorText text(error, error_size);
    try {
        return call(text);
    } catch (const std::bad_alloc&) {
        return text.say("no memory for the probe");
    }
}

} // namespace

mpulab_probe* mpulab_probe_create(const mpulab_probe_host* host) {
    try {
        return new mpulab_probe{mpulab::Probe(*host)};
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void mpulab_probe_destroy(mpulab_probe* probe) {
    delete probe;
}

bool mpulab_probe_set_plan(mpulab_probe* probe, const void* plan, size_t size, char* error, size_t error_size) {
    return guarded(error, error_size, [&](ErrorText& text) { return probe->probe.set_plan(plan, size, text); });
}

uint64_t mpulab_probe_seed(const mpulab_probe* probe) {
    return probe->probe.seed();
}

bool mpulab_probe_attach(mpulab_probe* probe, const mpulab_machine_device* device, mpulab_core* core, char* error,
                         size_t error_size) {
    return guarded(error, error_size, [&](ErrorText& text) { return probe->probe.attach(*device, core, text); });
}

void mpulab_probe_detach(mpulab_probe* probe, const mpulab_core* core) {
    probe->probe.detach(core);
}

bool mpulab_probe_assemble(mpulab_probe* probe, char* error, size_t error_size) {
    return guarded(error, error_size, [&](ErrorText& text) { return probe->probe.assemble(text); });
}

void mpulab_probe_run(mpulab_probe* probe, int64_t now_ns) {
    probe->probe.run(now_ns);
}

void mpulab_probe_pause(mpulab_probe* probe) {
    probe->probe.pause();
}

void mpulab_probe_flush(mpulab_probe* probe) {
    probe->probe.flush();
}

bool mpulab_probe_ended(const mpulab_probe* probe) {
    return probe->probe.ended();
}

void mpulab_probe_stop_at(mpulab_probe* probe, uint32_t phase) {
    probe->probe.stop_at(phase);
}

void mpulab_probe_stop_at_marker(mpulab_probe* probe, uint32_t marker) {
    probe->probe.stop_at_marker(marker);
}

void mpulab_probe_settle(mpulab_probe* probe, int64_t now_ns) {
    probe->probe.settle(now_ns);
}

void mpulab_probe_card_event(mpulab_probe* probe, uint8_t unit, const mpulab_cause* cause,
                             const mpulab_core_event* event) {
    probe->probe.card_event(unit, cause, *event);
}

void mpulab_probe_no_device(mpulab_probe* probe, uint32_t port, uint32_t size, uint32_t value, bool is_write,
                            const mpulab_cause* cause, int64_t now_ns) {
    probe->probe.no_device(port, size, value, is_write, *cause, now_ns);
}

bool mpulab_probe_watches(const mpulab_probe* probe, uint64_t pc) {
    return probe->probe.watches(pc);
}

void mpulab_probe_irql_written(mpulab_probe* probe, uint8_t irql, uint8_t before, const mpulab_cause* cause,
                               int64_t now_ns) {
    probe->probe.irql_written(irql, before, *cause, now_ns);
}

uint32_t mpulab_probe_read(mpulab_probe* probe, uint32_t offset, uint32_t size) {
    return probe->probe.read(offset, size);
}

mpulab_probe_action mpulab_probe_write(mpulab_probe* probe, uint32_t offset, uint32_t size, uint32_t value,
                                       const mpulab_cause* cause, int64_t now_ns) {
    return probe->probe.write(offset, size, value, *cause, now_ns);
}

void mpulab_probe_reset(mpulab_probe* probe) {
    probe->probe.reset();
}

size_t mpulab_probe_save(const mpulab_probe* probe, void* buffer, size_t size) {
    return probe->probe.save(buffer, size);
}

bool mpulab_probe_load(mpulab_probe* probe, const void* buffer, size_t size, char* error, size_t error_size) {
    return guarded(error, error_size, [&](ErrorText& text) { return probe->probe.load(buffer, size, text); });
}
