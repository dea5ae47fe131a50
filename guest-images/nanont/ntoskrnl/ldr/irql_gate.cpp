// SPDX-License-Identifier: MIT
// Gates are written when a driver first asks for their export. They stand between the driver and nanont's modules only:
// what the modules call of each other costs nothing, and a gate is no frame on the stack (it jumps). A call that can
// fail for want of resources is counted in its gate too (failing_call.hpp).
#include "irql_gate.hpp"

#include <algorithm>
#include <array>
#include <pe_image.hpp>
#include <string_view>

#include "dbg/report.hpp"
#include "failing_call.hpp"
#include "irql_range.hpp"
#include "ke/ke.hpp"
#include "mm/mm.hpp"
#include "seh/seh.hpp"
#include "vf/rules.hpp"
#include "vf/troubles.hpp"

namespace nanont::ldr {
namespace {

struct Limit {
    std::string_view name; // zero-terminated
    IrqlRange irql;
};

constexpr Limit kUnsorted[] = {
#define NANONT_EXPORT(name, state, limit, missing, ...) {#name, k##limit},
#define NANONT_EXPORT_DATA(name, state, missing, ...)
#include "exports.inc"

#include "../hal/exports.inc"
#include "../ks/exports.inc"
#include "../portcls/exports.inc"
#undef NANONT_EXPORT
#undef NANONT_EXPORT_DATA
};

/// The pool looks at IRQL itself: Windows has a bugcheck of its own for that, with more to tell (BAD_POOL_CALLER 8 and
/// 9).
constexpr bool looks_itself(std::string_view name) {
    return name.starts_with("ExAllocatePool") || name.starts_with("ExFreePool");
}

constexpr FailableCall kFailable[] = {
#define NANONT_FAILABLE(name, result) {#name, static_cast<ULONG>(result)},
#include <nanont_failable.def>
#undef NANONT_FAILABLE
};
constexpr const FailableCall* failable(std::string_view name) {
    const auto found =
        std::ranges::find(kFailable, name, [](const FailableCall& call) { return std::string_view(call.name); });
    return found != std::end(kFailable) ? found : nullptr;
}

constexpr bool has_range(IrqlRange irql) {
    return irql.lowest != kAny.lowest || irql.highest != kAny.highest;
}
constexpr bool has_gate(const Limit& limit) {
    return (has_range(limit.irql) && !looks_itself(limit.name)) || failable(limit.name) != nullptr;
}
constexpr auto kLimits = [] {
    std::array<Limit, std::ranges::count_if(kUnsorted, has_gate)> limits{};
    std::ranges::copy_if(kUnsorted, limits.begin(), has_gate);
    for (Limit& limit : limits) {
        limit.irql = looks_itself(limit.name) ? kAny : limit.irql;
    }
    std::ranges::sort(limits, {}, &Limit::name);
    return limits;
}();
static_assert(std::ranges::count_if(kLimits, [](const Limit& l) { return failable(l.name) != nullptr; }) ==
                  std::ranges::ssize(kFailable),
              "a failable call that no module exports");
static_assert(std::ranges::adjacent_find(kLimits, {}, &Limit::name) == kLimits.end(), "a name in two exports.inc");

constexpr size_t kGateSize = 176; // a multiple of 16: what /guard:cf may call
constexpr ULONG kAreaSize = (kLimits.size() * kGateSize + kPageSize - 1) / kPageSize * kPageSize;
ULONGLONG g_area;
bool g_written[kLimits.size()];

/// Where a gate jumps to when IRQL is none of its export's, with its limit for an argument; the return address on the
/// stack is still the driver's.
[[noreturn]] void wrong_irql(const Limit& limit) {
    const auto caller = reinterpret_cast<ULONG_PTR>(__builtin_return_address(0));
    const KIRQL now = ke::current_irql();
    const bool one_alone = limit.irql.lowest == limit.irql.highest && limit.irql.lowest != PASSIVE_LEVEL;
    if (now < limit.irql.lowest) {
        dbg::bugcheck({IRQL_NOT_GREATER_OR_EQUAL, 1}, caller, now, 8, caller,
                      "%s was called at IRQL %u; it may be called at IRQL %u %s", limit.name.data(), now,
                      limit.irql.lowest, one_alone ? "only" : "or above");
    }
    dbg::bugcheck({IRQL_NOT_LESS_OR_EQUAL, 1}, caller, now, 8, caller,
                  "%s was called at IRQL %u; it may be called at IRQL %u %s", limit.name.data(), now,
                  limit.irql.highest, one_alone ? "only" : "or below");
}

/// Where a gate calls when the stack is off by what a hand-written call leaves it: each function of the kernel may hold
/// SSE registers there, at an address that has to be a multiple of 16 (the x64 calling convention).
[[noreturn]] void misaligned_stack(const Limit& limit, ULONG_PTR caller, ULONG_PTR stack) {
    Context context{}; // the caller's, as it will be when the call returns
    rtl_capture_context(&context);
    context.rip = caller;
    context.rsp() = stack + sizeof(ULONG_PTR);
    context.flags |= kContextUnwound;
    char text[160];
    _snprintf(text, sizeof(text) - 1, "%s was called with the stack at %p; expected a multiple of 16 before the call",
              limit.name.data(), reinterpret_cast<PVOID>(context.rsp()));
    text[sizeof(text) - 1] = '\0';
    dbg::bugcheck_at(context, {KMODE_EXCEPTION_NOT_HANDLED, 68}, static_cast<ULONG>(STATUS_DATATYPE_MISALIGNMENT),
                     caller, context.rsp(), 0, text);
}

/// Machine code, byte by byte.
struct Writer {
    uint8_t* at;

    template <typename... Bytes> void code(Bytes... bytes) { ((*at++ = static_cast<uint8_t>(bytes)), ...); }
    void address(ULONGLONG value) {
        RtlCopyMemory(at, &value, sizeof(value));
        at += sizeof(value);
    }
};

using FailHandler = ULONGLONG (*)(const FailableCall&);

/// The part of a gate that counts a failable call, and hands the one that brings the count to 0 to `fail`.
void write_countdown(Writer& gate, volatile LONG& count, const FailableCall& call, FailHandler fail) {
    gate.code(0x48, 0xb8); // mov rax, count
    gate.address(reinterpret_cast<ULONG_PTR>(&count));
    gate.code(0xf0, 0xff, 0x08); // lock dec dword [rax]
    gate.code(0x75, 22);         // jnz over the next three
    gate.code(0x48, 0xb9);       // mov rcx, call
    gate.address(reinterpret_cast<ULONG_PTR>(&call));
    gate.code(0x48, 0xb8); // mov rax, fail
    gate.address(reinterpret_cast<ULONG_PTR>(fail));
    gate.code(0xff, 0xe0); // jmp rax
}

/// The part of a gate that counts a look at the stack, and hands one that is off to misaligned_stack.
void write_stack_check(Writer& gate, const Limit& limit) {
    gate.code(0x48, 0xb8); // mov rax, counter of V68
    gate.address(reinterpret_cast<ULONG_PTR>(vf::counter(68)));
    gate.code(0xf0, 0x48, 0xff, 0x00);       // lock inc qword [rax]
    gate.code(0x48, 0x8d, 0x44, 0x24, 0x08); // lea rax, [rsp + 8]: where it stood before the call
    gate.code(0xa8, 0x0f);                   // test al, 15
    gate.code(0x74, 37);                     // jz over the rest
    gate.code(0x48, 0xb9);                   // mov rcx, limit
    gate.address(reinterpret_cast<ULONG_PTR>(&limit));
    gate.code(0x48, 0x8b, 0x14, 0x24); // mov rdx, [rsp]
    gate.code(0x49, 0x89, 0xe0);       // mov r8, rsp
    gate.code(0x48, 0x83, 0xe4, 0xf0); // and rsp, -16
    gate.code(0x48, 0x83, 0xec, 0x20); // sub rsp, 32
    gate.code(0x48, 0xb8);             // mov rax, misaligned_stack
    gate.address(reinterpret_cast<ULONG_PTR>(&misaligned_stack));
    gate.code(0xff, 0xd0); // call rax
}

/// `memory` is written through the direct map: the gates' own pages are never writable.
void write_gate(uint8_t* memory, const Limit& limit, ULONGLONG target) {
    Writer gate{memory};
    write_stack_check(gate, limit);
    if (const FailableCall* call = failable(limit.name)) {
        write_countdown(gate, g_calls_until_failure, *call, fail_call);
    }
    if (has_range(limit.irql)) {
        gate.code(0x48, 0xb8); // mov rax, counter of V01
        gate.address(reinterpret_cast<ULONG_PTR>(vf::counter(1)));
        gate.code(0xf0, 0x48, 0xff, 0x00); // lock inc qword [rax]
    }
    gate.code(0x44, 0x0f, 0x20, 0xc0);  // mov rax, cr8: no argument is in rax, and a call may change it
    gate.code(0x2c, limit.irql.lowest); // sub al, lowest
    gate.code(0x3c, limit.irql.highest - limit.irql.lowest); // cmp al, width: below the lowest it has wrapped around
    const bool preempted = vf::calls_are_preempted();
    gate.code(0x77, preempted ? 22 : 12); // ja over what goes to the export
    if (preempted) {
        gate.code(0x49, 0xba); // mov r10, target
        gate.address(target);
        target = reinterpret_cast<ULONG_PTR>(&ki_preempt_and_jump);
    }
    gate.code(0x48, 0xb8); // mov rax, target
    gate.address(target);
    gate.code(0xff, 0xe0); // jmp rax
    gate.code(0x48, 0xb9); // mov rcx, limit
    gate.address(reinterpret_cast<ULONG_PTR>(&limit));
    gate.code(0x48, 0xb8); // mov rax, wrong_irql
    gate.address(reinterpret_cast<ULONG_PTR>(&wrong_irql));
    gate.code(0xff, 0xe0); // jmp rax
}

/// To pages that are never writable by their own address. A gate may cross from one into the next, and the pages behind
/// them need not be neighbours.
void put_gate(ULONGLONG address, const uint8_t* gate, size_t size) {
    for (size_t i = 0; i < size; ++i) {
        const PHYSICAL_ADDRESS physical = MmGetPhysicalAddress(reinterpret_cast<PVOID>(address + i));
        *static_cast<uint8_t*>(mm::direct(static_cast<ULONGLONG>(physical.QuadPart))) = gate[i];
    }
}

bool make_area() {
    if (g_area == 0) {
        g_area = mm::allocate_image(kAreaSize);
        for (ULONG at = 0; g_area != 0 && at < kAreaSize; at += kPageSize) {
            mm::protect_image_page(g_area + at, PageRights::Execute);
        }
    }
    return g_area != 0;
}

} // namespace

ULONGLONG irql_gate(const char* export_name, ULONGLONG target) {
    const auto found = std::ranges::lower_bound(kLimits, std::string_view(export_name), {}, &Limit::name);
    if (found == kLimits.end() || found->name != export_name) {
        return target;
    }
    if (!make_area()) {
        dbg::say("no memory for the IRQL gates of the driver's imports; calls at too high an IRQL pass unseen");
        return target;
    }
    const size_t index = static_cast<size_t>(found - kLimits.begin());
    const ULONGLONG address = g_area + index * kGateSize;
    if (!g_written[index]) {
        uint8_t gate[kGateSize] = {};
        write_gate(gate, *found, target);
        put_gate(address, gate, kGateSize);
        g_written[index] = true;
    }
    return address;
}

ULONGLONG port_gate(const char* export_name, ULONGLONG target) {
    constexpr size_t kPortGateSize = 64; // a multiple of 16, as above
    static_assert(std::size(kFailable) * kPortGateSize <= kPageSize);
    static ULONGLONG area;
    const FailableCall* call = failable(export_name);
    if (call == nullptr) {
        return target;
    }
    if (area == 0) {
        area = mm::allocate_image(kPageSize);
        if (area == 0) {
            return target;
        }
        mm::protect_image_page(area, PageRights::Execute);
    }
    uint8_t bytes[kPortGateSize] = {};
    Writer gate{bytes};
    write_countdown(gate, g_port_calls_until_failure, *call, fail_port_call);
    gate.code(0x48, 0xb8); // mov rax, target
    gate.address(target);
    gate.code(0xff, 0xe0); // jmp rax
    const ULONGLONG address = area + static_cast<size_t>(call - kFailable) * kPortGateSize;
    put_gate(address, bytes, sizeof(bytes));
    return address;
}

bool is_irql_gate(ULONGLONG address) {
    const ULONGLONG offset = address - g_area;
    return g_area != 0 && offset < kLimits.size() * kGateSize && offset % kGateSize == 0 &&
           g_written[offset / kGateSize];
}

} // namespace nanont::ldr
