// SPDX-License-Identifier: MIT
// The guest's end of the probe (device-model/probe/probe_ports.h). No lock in here: the caller keeps interrupts off
// while a record or a text is made, because a processor has one place for a record on its way.
#ifndef NANONT_COMMON_PROBE_PORT_HPP
#define NANONT_COMMON_PROBE_PORT_HPP

#include <mpulab_codes.h>
#include <mpulab_link.h>
#include <plan.h>
#include <probe_ports.h>
#include <stddef.h>
#include <stdint.h>

namespace nanont {

inline void out_dword(uint16_t port, uint32_t value) {
    asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
inline uint32_t in_dword(uint16_t port) {
    uint32_t value;
    asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
inline void out_byte(uint16_t port, uint8_t value) {
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
inline uint8_t in_byte(uint16_t port) {
    uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

class ProbePort {
  public:
    constexpr ProbePort() = default;
    /// `desk`: one page of RAM below 4 GiB for records on their way, by its physical address and where it is mapped.
    ProbePort(uint16_t base, void* desk, uint64_t desk_physical)
        : base_(base), desk_(static_cast<mpulab_guest_record*>(desk)),
          desk_physical_(static_cast<uint32_t>(desk_physical)) {}

    bool answers() const { return base_ != 0 && in_dword(port(MPULAB_PROBE_PORT_ID)) == MPULAB_PROBE_ID; }

    /// `cpu`: number of the processor, below kCpus; each has its own place on the desk.
    void record(uint32_t cpu, uint32_t kind, uint8_t irql, uint64_t corr, uint64_t a, uint64_t b, uint64_t c,
                uint32_t count = 0, uint32_t flags = 0) const {
        desk_[cpu] = {static_cast<uint8_t>(kind),
                      irql,
                      static_cast<uint8_t>(count),
                      static_cast<uint8_t>(flags),
                      0,
                      corr,
                      a,
                      b,
                      c};
        out_dword(port(MPULAB_PROBE_PORT_RECORD),
                  static_cast<uint32_t>(desk_physical_ + cpu * sizeof(mpulab_guest_record)));
    }

    /// Bytes of a text or data kind, 24 a record; one empty record for no bytes.
    void bytes(uint32_t cpu, uint32_t kind, uint8_t irql, uint64_t corr, const void* data, size_t size) const {
        const auto* next = static_cast<const uint8_t*>(data);
        do {
            uint64_t words[3] = {};
            const size_t part = size < MPULAB_RECORD_PAYLOAD ? size : MPULAB_RECORD_PAYLOAD;
            __builtin_memcpy(words, next, part);
            next += part;
            size -= part;
            record(cpu, kind, irql, corr, words[0], words[1], words[2], static_cast<uint32_t>(part),
                   size != 0 ? MPULAB_RECORD_MORE : 0);
        } while (size != 0);
    }

    /// Size in bytes of a section of the plan; rewinds it.
    uint32_t select(uint32_t tag) const {
        out_dword(port(MPULAB_PROBE_PORT_SELECT), tag);
        return in_dword(port(MPULAB_PROBE_PORT_SIZE));
    }

    /// The selected section's next `size` bytes. Reads whole dwords from the port, writes `size` bytes to `out`.
    void read(void* out, size_t size) const {
        void* target = out;
        size_t dwords = size / 4;
        asm volatile("cld; rep insl" : "+D"(target), "+c"(dwords) : "d"(port(MPULAB_PROBE_PORT_DATA)) : "memory");
        if (size % 4 != 0) {
            const uint32_t last = in_dword(port(MPULAB_PROBE_PORT_DATA));
            __builtin_memcpy(static_cast<uint8_t*>(out) + size / 4 * 4, &last, size % 4);
        }
    }

    /// A card's D-state, 0 to 3, which the bus driver has just changed.
    void tell_power(uint32_t unit, uint32_t d_state) const {
        out_dword(port(MPULAB_PROBE_PORT_POWER), MPULAB_PROBE_POWER(unit, d_state));
    }

    /// How many events of a card have come of those that the last AWAIT record asks for.
    uint32_t events() const { return in_dword(port(MPULAB_PROBE_PORT_EVENTS)); }

    uint16_t base() const { return base_; }
    uint64_t desk_physical() const { return desk_physical_; }

    static constexpr size_t kDeskSize = 4096;
    static constexpr uint32_t kCpus = kDeskSize / sizeof(mpulab_guest_record);

  private:
    constexpr uint16_t port(uint32_t offset) const { return static_cast<uint16_t>(base_ + offset); }

    uint16_t base_ = 0;
    mpulab_guest_record* desk_ = nullptr;
    uint32_t desk_physical_ = 0;
};

} // namespace nanont

#endif
