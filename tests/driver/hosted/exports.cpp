// SPDX-License-Identifier: MIT
// ntoskrnl and hal for the hosted driver: what it imports, over Kernel.
#include "kernel.hpp"

#include <cstring>

namespace {

using nt::Status;
using nt::Ulong;

Kernel& kernel() {
    return Kernel::current();
}

MS_ABI void stall(Ulong microseconds) {
    CHECK(microseconds <= 50); // the page of KeStallExecutionProcessor
    kernel().card.add_wait(microseconds * kMicrosecond);
    kernel().spend(microseconds * kMicrosecond);
}

MS_ABI Status delay(char, uint8_t, const int64_t* interval) {
    kernel().sleep_until(kernel().now_ns() - *interval * 100);
    return nt::kSuccess;
}

MS_ABI uint8_t acquire_spin_lock(void* lock) {
    kernel().require_irql(nt::kDispatch, "KeAcquireSpinLock");
    const uint8_t before = kernel().raise(nt::kDispatch);
    kernel().locked(lock, true);
    return before;
}

MS_ABI void release_spin_lock(void* lock, uint8_t irql) {
    kernel().locked(lock, false);
    kernel().lower(irql);
}

MS_ABI void initialize_dpc(void* dpc, nt::DpcRoutine routine, void* context) {
    kernel().set_dpc(dpc, routine, context);
}

MS_ABI uint8_t insert_queue_dpc(void* dpc, void*, void*) {
    return kernel().queue_dpc(dpc);
}

MS_ABI void flush_queued_dpcs() {
    kernel().require_irql(nt::kPassive, "KeFlushQueuedDpcs");
    kernel().drain_dpcs();
}

MS_ABI void initialize_timer(void*) {}

MS_ABI uint8_t set_timer(void* timer, int64_t due, void* dpc) {
    return kernel().set_timer(timer, kernel().last_tick_ns() - due * 100, dpc);
}

MS_ABI uint8_t cancel_timer(void* timer) {
    return kernel().cancel_timer(timer);
}

MS_ABI Ulong set_timer_resolution(Ulong, uint8_t set) {
    kernel().require_irql(nt::kApc, "ExSetTimerResolution");
    kernel().resolution_requests += set != 0 ? 1 : -1;
    return 10'000;
}

MS_ABI void* allocate_pool(int type, size_t size, Ulong tag) {
    CHECK(type == 0x200); // nonpaged, not executable
    CHECK(tag == 0x3130344D);
    return kernel().allocate(size);
}

MS_ABI void free_pool(void* memory) {
    kernel().release(memory);
}

MS_ABI Status get_version(uint32_t* version) {
    version[1] = 10; // major
    version[2] = 0;
    return nt::kSuccess;
}

MS_ABI void bugcheck(Ulong code, uint64_t, uint64_t, uint64_t, uint64_t) {
    FAIL_CHECK("bugcheck " << code);
}

/// Only what the driver's messages use: %s, and %lu and %lx with a width; long has 32 bits there.
MS_ABI Ulong debug_print(Ulong, Ulong, const char* format, ...) {
    __builtin_ms_va_list arguments;
    __builtin_ms_va_start(arguments, format);
    std::string out;
    for (const char* at = format; *at != 0; ++at) {
        if (*at != '%') {
            out += *at;
            continue;
        }
        std::string spec = "%";
        while (std::strchr("0123456789l", *++at) != nullptr) {
            if (*at != 'l') spec += *at;
        }
        if (*at == 's') {
            out += __builtin_va_arg(arguments, const char*);
            continue;
        }
        CHECK((*at == 'u' || *at == 'x'));
        char number[24];
        spec += *at;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        std::snprintf(number, sizeof(number), spec.c_str(), __builtin_va_arg(arguments, uint32_t));
#pragma GCC diagnostic pop
        out += number;
    }
    __builtin_ms_va_end(arguments);
    kernel().text += out;
    return 0;
}

MS_ABI void* set_memory(void* to, int value, size_t count) {
    return std::memset(to, value, count);
}

template <class F> void* address(F* function) {
    return reinterpret_cast<void*>(function);
}

} // namespace

void* find_portcls_export(const std::string& name);

void* find_export(const std::string& name) {
    static const std::map<std::string, void*> exports = {
        {"KeStallExecutionProcessor", address(stall)},
        {"KeDelayExecutionThread", address(delay)},
        {"KeAcquireSpinLockRaiseToDpc", address(acquire_spin_lock)},
        {"KeReleaseSpinLock", address(release_spin_lock)},
        {"KeInitializeDpc", address(initialize_dpc)},
        {"KeInsertQueueDpc", address(insert_queue_dpc)},
        {"KeFlushQueuedDpcs", address(flush_queued_dpcs)},
        {"KeInitializeTimer", address(initialize_timer)},
        {"KeSetTimer", address(set_timer)},
        {"KeCancelTimer", address(cancel_timer)},
        {"ExSetTimerResolution", address(set_timer_resolution)},
        {"ExAllocatePoolWithTag", address(allocate_pool)},
        {"ExFreePool", address(free_pool)},
        {"RtlGetVersion", address(get_version)},
        {"KeBugCheckEx", address(bugcheck)},
        {"DbgPrintEx", address(debug_print)},
        {"memset", address(set_memory)},
    };
    const auto found = exports.find(name);
    return found != exports.end() ? found->second : find_portcls_export(name);
}
