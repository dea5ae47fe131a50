// SPDX-License-Identifier: MIT
// Plays the conformance cases from inside a machine: real IN and OUT, the line read at the 8259, each of its edges
// taken as an interrupt through I/O APIC and local APIC. Judges nothing (table.h).
//
// Time is that of the tables, as far as a guest can: steps that take no time there cost some instructions here, and
// each wait counts from the last access that the card acts upon, so that what happens N us after an access is looked
// for N us after it, to the nanosecond. The runner allows for the sum of the rest, which has to stay under the tables'
// smallest step.
#include "mpulab_codes.h"
#include "mpulab_link.h"
#include "probe_ports.h"
#include "table.h"

extern "C" {
uint8_t in_at(uint32_t at, uint32_t port);
void out_at(uint32_t at, uint32_t port, uint8_t value);
uint8_t send_at(uint32_t at, const uint8_t* byte);
void timer_entry();
void card_entry();
void spurious_entry();
void unfit_entry();
[[noreturn]] void unfit();
[[noreturn]] void play(const uint32_t* multiboot);
volatile uint32_t timer_fired;
volatile uint32_t card_edges;
extern volatile uint64_t accessed_at;
}

namespace {

constexpr uint16_t kData = 0x330;
constexpr uint16_t kStatus = 0x331;
constexpr uint16_t kProbe = 0xe00;
constexpr uint16_t kReset = 0xcf9;
constexpr uint8_t kLine = 7;
constexpr uint8_t kTimerVector = 0x40, kCardVector = 0x41, kSpuriousVector = 0xff;
constexpr uint64_t kGapNs = 500'000'000; // without power between cases: the wire and its pauses come to rest
constexpr uint64_t kSendEveryNs = 10'000;
constexpr uint64_t kSendPatienceNs = 1'000'000'000;

/// What outlives a reset of the machine: RAM does, the image is loaded anew.
struct Progress {
    static constexpr uint32_t kMagic = 0x59414c50;
    uint32_t magic;
    uint32_t step;
    uint32_t edges;
    uint64_t base;
};
Progress& progress = *reinterpret_cast<Progress*>(0x800000);

uint64_t clock_ns() {
    uint64_t now;
    asm volatile("rdtsc" : "=A"(now));
    return now;
}

void out8(uint16_t port, uint8_t value) {
    asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

uint8_t in8(uint16_t port) {
    uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void out32(uint16_t port, uint32_t value) {
    asm volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

volatile uint32_t& apic(uint32_t offset) {
    return *reinterpret_cast<volatile uint32_t*>(0xfee00000 + offset);
}

void io_apic(uint8_t index, uint32_t value) {
    *reinterpret_cast<volatile uint32_t*>(0xfec00000) = index;
    *reinterpret_cast<volatile uint32_t*>(0xfec00010) = value;
}

void record(uint8_t kind, uint64_t a, uint64_t b = 0, uint64_t c = 0) {
    static mpulab_guest_record made;
    made.kind = kind;
    made.a = a;
    made.b = b;
    made.c = c;
    out32(kProbe + MPULAB_PROBE_PORT_RECORD, reinterpret_cast<uint32_t>(&made));
}

[[noreturn]] void end(uint32_t code) {
    record(MPULAB_KIND_RUN_ENDED, code);
    while (true)
        asm volatile("cli; hlt");
}

void set_gate(uint64_t* table, uint8_t vector, void (*entry)()) {
    const auto address = reinterpret_cast<uint32_t>(entry);
    table[vector] = (address & 0xffff) | 8u << 16 | uint64_t{address >> 16 << 16 | 0x8e00u} << 32;
}

void take_interrupts() {
    static uint64_t idt[256];
    for (uint32_t vector = 0; vector < 256; ++vector)
        set_gate(idt, static_cast<uint8_t>(vector), unfit_entry);
    set_gate(idt, kTimerVector, timer_entry);
    set_gate(idt, kCardVector, card_entry);
    set_gate(idt, kSpuriousVector, spurious_entry);
    const struct [[gnu::packed]] {
        uint16_t limit;
        const uint64_t* base;
    } pointer{sizeof idt - 1, idt};
    asm volatile("lidt %0" : : "m"(pointer), "m"(idt));

    out8(0x21, 0xff); // the 8259s interrupt nobody,
    out8(0xa1, 0xff);
    out8(0x4d0, 1 << kLine); // but the first one's request register follows the line (level)
    out8(0x20, 0x0a);
    apic(0xf0) = 0x100 | kSpuriousVector;
    apic(0x80) = 0;
    apic(0x3e0) = 0xb; // the timer counts nanoseconds
    apic(0x320) = kTimerVector;
    io_apic(0x10 + 2 * kLine + 1, apic(0x20));
    io_apic(0x10 + 2 * kLine, kCardVector); // edge, active high
    asm volatile("sti");
}

/// Leaves some microseconds to `at`, without executing instructions until then: an hour costs as much as a millisecond.
void doze_until(uint64_t at) {
    constexpr uint64_t kShortNs = 4'000, kLongestNs = 4'000'000'000;
    while (static_cast<int64_t>(at - clock_ns()) > static_cast<int64_t>(2 * kShortNs)) {
        const uint64_t left = at - clock_ns() - kShortNs;
        timer_fired = 0;
        apic(0x380) = static_cast<uint32_t>(left < kLongestNs ? left : kLongestNs);
        while (true) {
            asm volatile("cli" : : : "memory");
            if (timer_fired != 0) break;
            asm volatile("sti; hlt" : : : "memory");
        }
        asm volatile("sti" : : : "memory");
    }
}

void wait_until(uint64_t at) {
    doze_until(at);
    while (static_cast<int64_t>(clock_ns() - at) < 0) {
    }
}

/// The clock of the case: where the next step stands, and the last access that the card acts upon.
class CaseClock {
  public:
    explicit CaseClock(uint64_t base) : at_(base), exact_(false) {}

    uint64_t at() const { return at_; }
    void run(uint64_t ns) {
        at_ += ns;
        exact_ = true;
    }
    /// An access at once, or when the time that was run has passed.
    uint32_t next() {
        if (exact_) doze_until(at_);
        exact_ = false;
        return static_cast<uint32_t>(at_);
    }
    void settle() {
        if (exact_) wait_until(at_);
        exact_ = false;
    }
    /// The card acts upon what was done at `at`.
    void cause(uint64_t at) { at_ = at; }

  private:
    uint64_t at_;
    bool exact_; // time was run since the last access
};

void write(CaseClock& clock, uint16_t port, uint8_t value) {
    out_at(clock.next(), port, value);
    clock.cause(accessed_at);
}

uint8_t poll(CaseClock& clock) {
    return in_at(clock.next(), kStatus);
}

bool send(CaseClock& clock, uint8_t value) {
    for (uint64_t waited = 0; waited <= kSendPatienceNs; waited += kSendEveryNs) {
        if ((send_at(clock.next(), &value) & 0x40) == 0) {
            clock.cause(accessed_at);
            return false;
        }
        clock.run(kSendEveryNs);
    }
    return true;
}

uint8_t await(CaseClock& clock, const table_step& step) {
    for (uint64_t waited = 0;; waited += step.time_ns) {
        const uint8_t seen = poll(clock);
        if ((seen & step.mask) == step.value || waited + step.time_ns > step.limit_ns) return seen;
        clock.run(step.time_ns);
    }
}

uint8_t never(CaseClock& clock, const table_step& step) {
    uint8_t seen = 0;
    for (uint64_t waited = 0; waited <= step.limit_ns; waited += step.time_ns) {
        seen = poll(clock);
        if ((seen & step.mask) == step.value) break;
        clock.run(step.time_ns);
    }
    return seen;
}

void power(uint8_t d_state) {
    out32(kProbe + MPULAB_PROBE_PORT_POWER, MPULAB_PROBE_POWER(0, d_state));
}

void begin_case(CaseClock& clock) {
    clock.settle();
    power(3);
    wait_until(clock_ns() + kGapNs);
    card_edges = 0;
    power(0);
    clock = CaseClock(clock_ns());
}

[[noreturn]] void reset_machine(CaseClock& clock, uint32_t next_step) {
    clock.settle();
    progress = {Progress::kMagic, next_step, card_edges, clock_ns()};
    out8(kReset, 0x02);
    out8(kReset, 0x06);
    unfit();
}

uint64_t play_step(CaseClock& clock, const table_step& step, uint32_t number) {
    switch (step.verb) {
    case TABLE_CASE:
        begin_case(clock);
        return 0;
    case TABLE_DATA:
        write(clock, kData, step.value);
        return 0;
    case TABLE_COMMAND:
        write(clock, kStatus, step.value);
        return 0;
    case TABLE_SEND:
        return send(clock, step.value);
    case TABLE_READ_DATA: {
        const uint8_t seen = in_at(clock.next(), kData);
        clock.cause(accessed_at);
        return seen;
    }
    case TABLE_READ_STATUS:
        return poll(clock);
    case TABLE_RUN:
        clock.run(step.time_ns);
        return 0;
    case TABLE_MARKER:
        clock.settle();
        record(MPULAB_KIND_MARKER, step.time_ns);
        clock.cause(clock_ns());
        return 0;
    case TABLE_IRQ:
        clock.settle();
        return in8(0x20) >> kLine & 1;
    case TABLE_EDGES: {
        clock.settle();
        const uint32_t seen = card_edges;
        card_edges = 0;
        return seen;
    }
    case TABLE_LOG:
        clock.settle();
        return 0;
    case TABLE_AWAIT:
        return await(clock, step);
    case TABLE_NEVER:
        return never(clock, step);
    case TABLE_POWER_ON:
        reset_machine(clock, number + 1);
    case TABLE_POWER:
        clock.settle();
        power(step.value);
        clock.cause(clock_ns());
        return 0;
    default:
        unfit();
    }
}

} // namespace

void unfit() {
    end(MPULAB_END_GUEST_UNFIT);
}

void play(const uint32_t* multiboot) {
    const bool resumed = progress.magic == Progress::kMagic;
    const uint32_t modules = multiboot[5];
    if (modules != 1) unfit();
    const auto* table = *reinterpret_cast<const table_step* const*>(multiboot[6]);
    take_interrupts();
    uint32_t number = resumed ? progress.step : 0;
    card_edges = resumed ? progress.edges : 0;
    CaseClock clock(resumed ? progress.base : clock_ns());
    progress.magic = 0;
    if (resumed) record(MPULAB_KIND_STEP_END, TABLE_POWER_ON, 0, number - 1);
    for (; table[number].verb != TABLE_END; ++number) {
        const uint64_t seen = play_step(clock, table[number], number);
        if (table[number].verb != TABLE_RUN) record(MPULAB_KIND_STEP_END, table[number].verb, seen, number);
    }
    end(MPULAB_END_SCORE_DONE);
}
