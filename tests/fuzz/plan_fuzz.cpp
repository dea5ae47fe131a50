// SPDX-License-Identifier: MIT
// The probe against any plan, any state and any guest: the input is a plan, a state, and then port accesses.
#include "probe_core.h"
#include "probe_ports.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

struct Link {
    size_t bytes = 0;
    const uint8_t* memory = nullptr; // the guest's: the input itself, at every multiple of 4 KiB
    size_t memory_size = 0;
    static bool read_memory(void* opaque, uint64_t address, void* to, size_t size) {
        const auto* self = static_cast<Link*>(opaque);
        address %= 4096;
        if (address > self->memory_size || size > self->memory_size - address) return false;
        std::memcpy(to, self->memory + address, size);
        return true;
    }
    static bool flush(void* opaque, const void*, size_t size) {
        static_cast<Link*>(opaque)->bytes += size;
        return true;
    }
    static void complain(void*, const char* text) {
        if (std::strlen(text) == 0) std::abort();
    }
};

uint32_t word_at(const uint8_t* data) {
    uint32_t word = 0;
    std::memcpy(&word, data, sizeof word);
    return word;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 4) return 0;
    const size_t plan_size = data[0] + (size_t{data[1]} << 8);
    const uint8_t mode = data[2];
    data += 4;
    size -= 4;

    Link link;
    link.memory = data;
    link.memory_size = size;
    const mpulab_probe_host host = {&link, Link::flush, Link::read_memory, Link::complain, nullptr};
    mpulab_probe* probe = mpulab_probe_create(&host);
    char error[320];
    mpulab_core* card = mpulab_core_create(nullptr, 0, nullptr, error, sizeof error);
    mpulab_machine_device device = {};
    device.port_base = 0x330;
    device.port_length = 2;
    if (!mpulab_probe_attach(probe, &device, card, error, sizeof error)) std::abort();
    if (mode & 1 && !mpulab_probe_assemble(probe, error, sizeof error)) std::abort();

    const size_t plan_bytes = plan_size < size ? plan_size : size;
    error[0] = '\0';
    if (!mpulab_probe_set_plan(probe, data, plan_bytes, error, sizeof error) && error[0] == '\0') std::abort();
    data += plan_bytes;
    size -= plan_bytes;
    if (!(mode & 1)) mpulab_probe_assemble(probe, error, sizeof error);
    if (mode & 2) mpulab_probe_load(probe, data, size, error, sizeof error);

    mpulab_probe_run(probe, 0);
    int64_t now_ns = 0;
    while (size >= 6) {
        static constexpr uint32_t kSizes[] = {1, 2, 4, 4};
        const uint32_t offset = data[0] % MPULAB_PROBE_LENGTH;
        const uint32_t width = kSizes[data[1] & 3];
        const mpulab_cause cause = {0x1000, static_cast<uint8_t>(data[1] >> 4)};
        now_ns += data[1] & 12 ? 100'000 : 0;
        mpulab_probe_settle(probe, now_ns);
        if (data[0] & 0x80) {
            mpulab_probe_read(probe, offset, width);
        } else {
            mpulab_probe_write(probe, offset, width, word_at(data + 2), &cause, now_ns);
        }
        data += 6;
        size -= 6;
    }
    mpulab_probe_pause(probe);
    mpulab_core_destroy(card);
    mpulab_probe_destroy(probe);
    return 0;
}
