/* SPDX-License-Identifier: MIT */
/*
 * The clock test: a guest whose result depends on everything that ought to be deterministic and on nothing else. One or
 * two CPUs work, halt, take timer and inter-processor interrupts and fight over a lock; each event is folded, with the
 * time stamp counter and the interrupted instruction, into a digest. Two runs agree when their last lines agree.
 *
 * Output: lines "<round> <digest of CPU 0> <digest of CPU 1> <digest of the lock's owners>" on the debug port 0xe9, the
 * last one starting with "end"; then the machine exits through port 0xf4. Command line: "cpus=2", "rounds=N".
 */
#include <stdint.h>

enum { kRounds = 600, kPitHz = 1000, kPitClockHz = 1193182 };
enum { kVectorPit = 0x40, kVectorApicTimer = 0x41, kVectorIpi = 0x42, kVectorSpurious = 0xff };
enum { kCodeSelector = 0x08, kTrampoline = 0x8000 };

#define APIC(offset) (*(volatile uint32_t*)(0xfee00000u + (offset)))
#define IOAPIC(offset) (*(volatile uint32_t*)(0xfec00000u + (offset)))

extern char stub_0x40[], stub_0x41[], stub_0x42[], stub_0xff[], trampoline[], trampoline_end[];

static struct { uint16_t offset_low, selector, type, offset_high; } idt[256] __attribute__((aligned(8)));

static uint64_t digest[2], lock_digest;
static volatile uint32_t lock_word, second_is_up, done[2];
static uint32_t cpu_count = 1, rounds = kRounds;

static void out8(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static uint64_t read_tsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static uint32_t cpu_number(void) {
    return APIC(0x20) >> 24;
}

/* FNV-1a over 64-bit words: order matters, and nothing is ever lost from it by chance of equal sums. */
static void fold(uint64_t* into, uint64_t value) {
    *into = (*into ^ value) * 0x100000001b3ull;
}

void clocktest_interrupt(uint32_t vector, uint32_t interrupted) {
    uint32_t cpu = cpu_number();
    fold(&digest[cpu], (uint64_t)vector << 32 | interrupted);
    fold(&digest[cpu], read_tsc());
    if (vector != kVectorSpurious) APIC(0xb0) = 0;
}

static void put_char(char c) {
    out8(0xe9, (uint8_t)c);
}

static void put_hex(uint64_t value) {
    for (int shift = 60; shift >= 0; shift -= 4)
        put_char("0123456789abcdef"[value >> shift & 15]);
}

static void put_line(const char* name, uint32_t round) {
    while (*name)
        put_char(*name++);
    if (round) put_hex(round);
    for (int i = 0; i < 2; i++) {
        put_char(' ');
        put_hex(digest[i]);
    }
    put_char(' ');
    put_hex(lock_digest);
    put_char('\n');
}

static void set_gate(uint32_t vector, const char* stub) {
    uint32_t address = (uint32_t)stub;
    idt[vector].offset_low = (uint16_t)address;
    idt[vector].selector = kCodeSelector;
    idt[vector].type = 0x8e00;
    idt[vector].offset_high = (uint16_t)(address >> 16);
}

static void start_local_apic(uint32_t timer_period) {
    struct __attribute__((packed)) {
        uint16_t limit;
        uint32_t base;
    } idt_register = {sizeof idt - 1, (uint32_t)idt};
    __asm__ volatile("lidt %0" ::"m"(idt_register));
    APIC(0xf0) = 0x100 | kVectorSpurious;
    APIC(0x80) = 0;
    APIC(0x3e0) = 0xb; /* divide by 1 */
    APIC(0x320) = 0x20000 | kVectorApicTimer;
    APIC(0x380) = timer_period;
}

static void start_pit(void) {
    out8(0x21, 0xff); /* the PICs stay out of it */
    out8(0xa1, 0xff);
    IOAPIC(0x00) = 0x10 + 2 * 2 + 1; /* pin 2: destination CPU 0 */
    IOAPIC(0x10) = 0;
    IOAPIC(0x00) = 0x10 + 2 * 2;
    IOAPIC(0x10) = kVectorPit;
    out8(0x43, 0x34);
    out8(0x40, (uint8_t)(kPitClockHz / kPitHz));
    out8(0x40, (uint8_t)(kPitClockHz / kPitHz >> 8));
}

static void take_lock(uint32_t cpu) {
    __asm__ volatile("cli");
    while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE))
        while (lock_word)
            __asm__ volatile("pause");
    fold(&lock_digest, cpu);
    fold(&lock_digest, read_tsc());
}

static void release_lock(void) {
    __atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
    __asm__ volatile("sti");
}

static void work(uint32_t cpu) {
    uint32_t random = 0x9e3779b9u + cpu;
    for (uint32_t round = 1; round <= rounds; round++) {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        switch (random % 5) {
        case 0:
            for (volatile uint32_t i = random >> 8 & 0x3fff; i; i--)
                fold(&digest[cpu], i);
            break;
        case 1:
            __asm__ volatile("hlt");
            break;
        case 2: /* I/O in a string: ends translation blocks, and each access is an exit */
            for (uint32_t i = random >> 8 & 0xff; i; i--)
                out8(0x80, (uint8_t)i);
            break;
        case 3:
            take_lock(cpu);
            for (volatile uint32_t i = random >> 8 & 0x3ff; i; i--)
                continue;
            release_lock();
            break;
        case 4:
            if (cpu_count > 1) {
                APIC(0x310) = (1 - cpu) << 24;
                APIC(0x300) = kVectorIpi;
            }
            break;
        }
        fold(&digest[cpu], read_tsc());
        if (cpu == 0 && round % 50 == 0) {
            take_lock(cpu);
            put_line("", round);
            release_lock();
        }
    }
    done[cpu] = 1;
}

void clocktest_second(uint32_t cpu) {
    start_local_apic(1700003);
    second_is_up = 1;
    __asm__ volatile("sti");
    work(cpu);
    for (;;)
        __asm__ volatile("hlt");
}

static void start_second_cpu(void) {
    char* to = (char*)kTrampoline;
    for (char* from = trampoline; from != trampoline_end;)
        *to++ = *from++;
    APIC(0x310) = 1u << 24;
    APIC(0x300) = 0x4500; /* INIT */
    for (volatile uint32_t i = 0; i < 100000; i++)
        continue;
    APIC(0x310) = 1u << 24;
    APIC(0x300) = 0x4600 | kTrampoline >> 12; /* start-up */
    while (!second_is_up)
        __asm__ volatile("pause");
}

static int same_start(const char* a, const char* b, uint32_t n) {
    for (; n; n--, a++, b++)
        if (*a != *b || !*a) return 0;
    return 1;
}

static void read_command_line(const char* text) {
    for (; *text; text++) {
        if (same_start(text, "cpus=", 5)) cpu_count = (uint32_t)(text[5] - '0');
        if (same_start(text, "rounds=", 7)) {
            rounds = 0;
            for (const char* digit = text + 7; *digit >= '0' && *digit <= '9'; digit++)
                rounds = rounds * 10 + (uint32_t)(*digit - '0');
        }
    }
}

void clocktest_main(uint32_t cpu, const uint32_t* info) {
    if (info[0] & 4) read_command_line((const char*)info[4]);
    set_gate(kVectorPit, stub_0x40);
    set_gate(kVectorApicTimer, stub_0x41);
    set_gate(kVectorIpi, stub_0x42);
    set_gate(kVectorSpurious, stub_0xff);
    start_local_apic(1300007);
    if (cpu_count > 1) start_second_cpu();
    start_pit();
    __asm__ volatile("sti");
    work(cpu);
    while (cpu_count > 1 && !done[1])
        __asm__ volatile("hlt");
    __asm__ volatile("cli");
    put_line("end", 0);
    out8(0xf4, 0);
}
