// SPDX-License-Identifier: MIT
// Who is asked, in which order, and what a filter sees and may change.
#include "exceptions.hpp"

namespace {

int* const kNull = reinterpret_cast<int*>(0x10); // in the first page: no user mode maps it

NOINLINE NTSTATUS status_of(void (*run)(NTSTATUS), NTSTATUS status) {
    NTSTATUS seen = STATUS_SUCCESS;
    __try {
        run(status);
    } __except (kExecuteHandler) {
        seen = static_cast<NTSTATUS>(_exception_code());
    }
    return seen;
}

NOINLINE void break_here(NTSTATUS) {
    __asm__ volatile("int3");
}

int note(char what, int answer) {
    g_trail.add(what);
    return answer;
}

int g_spare;

/** Lets the store go elsewhere and says: go on. The store's address is in a register; it is found by its value. */
int redirect(EXCEPTION_POINTERS* pointers) {
    ULONG64* const registers = &pointers->ContextRecord->Rax; // rax..r15 lie in a row
    for (int i = 0; i < 16; ++i) {
        if (registers[i] == reinterpret_cast<ULONG64>(kNull)) registers[i] = reinterpret_cast<ULONG64>(&g_spare);
    }
    g_trail.add('r');
    return kContinueExecution;
}

struct Seen {
    ULONG code, flags, parameters;
    ULONG_PTR access, address;
    bool in_touch, rip_is_address;
};

int look(EXCEPTION_POINTERS* pointers, Seen& seen) {
    const EXCEPTION_RECORD& record = *pointers->ExceptionRecord;
    const auto place = reinterpret_cast<ULONG_PTR>(record.ExceptionAddress);
    const auto touch_at = reinterpret_cast<ULONG_PTR>(&touch);
    seen = {static_cast<ULONG>(record.ExceptionCode),
            static_cast<ULONG>(record.ExceptionFlags),
            static_cast<ULONG>(record.NumberParameters),
            record.ExceptionInformation[0],
            record.ExceptionInformation[1],
            place >= touch_at && place < touch_at + 64,
            pointers->ContextRecord->Rip == place};
    return kExecuteHandler;
}

/** Raises when it is asked first; asked about its own exception, it wants nothing to do with it. */
int fault_in_filter(ULONG code) {
    g_trail.add(code == static_cast<ULONG>(STATUS_TIMEOUT) ? 'f' : 's');
    if (code == static_cast<ULONG>(STATUS_TIMEOUT)) raise_status(STATUS_DEVICE_BUSY);
    return kContinueSearch;
}

NOINLINE int deep(int level) {
    volatile char room[200];
    room[0] = static_cast<char>(level);
    const int below = level == 0 ? (raise_status(STATUS_TIMEOUT), 0) : deep(level - 1);
    return below + room[0];
}

} // namespace

void access_violation() {
    NTSTATUS seen = STATUS_SUCCESS;
    __try {
        touch(kNull);
        g_trail.add('x'); // not reached
    } __except (_exception_code() == static_cast<ULONG>(STATUS_ACCESS_VIOLATION) ? kExecuteHandler : kContinueSearch) {
        seen = static_cast<NTSTATUS>(_exception_code());
        g_trail.add('h');
    }
    CHECK_EQUAL(seen, STATUS_ACCESS_VIOLATION);
    CHECK_TRAIL("h");
}

void divide_error() {
    NTSTATUS seen = STATUS_SUCCESS;
    int result = 7;
    __try {
        result = divide(0);
    } __except (kExecuteHandler) {
        seen = static_cast<NTSTATUS>(_exception_code());
    }
    CHECK_EQUAL(seen, STATUS_INTEGER_DIVIDE_BY_ZERO);
    CHECK_EQUAL(result, 7);
    CHECK_EQUAL(divide(4), 25);
}

void raised_statuses() {
    CHECK_EQUAL(status_of(raise_status, STATUS_DEVICE_BUSY), STATUS_DEVICE_BUSY);
    CHECK_EQUAL(status_of([](NTSTATUS) { ExRaiseAccessViolation(); }, 0), STATUS_ACCESS_VIOLATION);
    CHECK_EQUAL(status_of([](NTSTATUS) { ExRaiseDatatypeMisalignment(); }, 0), STATUS_DATATYPE_MISALIGNMENT);
    CHECK_EQUAL(status_of([](NTSTATUS) {}, 0), STATUS_SUCCESS);
}

void software_breakpoint() {
    CHECK_EQUAL(status_of(break_here, 0), STATUS_BREAKPOINT);
}

void filter_order() {
    __try {
        __try {
            __try {
                raise_status(STATUS_DEVICE_BUSY);
            } __except (note('1', kContinueSearch)) {
                g_trail.add('x');
            }
        } __except (note('2', kExecuteHandler)) {
            g_trail.add('h');
        }
        g_trail.add('a');
    } __except (note('3', kExecuteHandler)) {
        g_trail.add('x');
    }
    CHECK_TRAIL("12ha");
}

void continue_execution() {
    g_spare = 0;
    __try {
        touch(kNull);
        g_trail.add('a'); // reached: the filter let it go on
    } __except (redirect(static_cast<EXCEPTION_POINTERS*>(_exception_info()))) {
        g_trail.add('x');
    }
    CHECK_EQUAL(g_spare, 1);
    CHECK_TRAIL("ra");
}

void record_and_context() {
    Seen seen{};
    __try {
        touch(kNull);
    } __except (look(static_cast<EXCEPTION_POINTERS*>(_exception_info()), seen)) {
    }
    CHECK_EQUAL(seen.code, static_cast<ULONG>(STATUS_ACCESS_VIOLATION));
    CHECK_EQUAL(seen.flags, 0);
    CHECK_EQUAL(seen.parameters, 2);
    CHECK_EQUAL(seen.access, 1); // a write
    CHECK_EQUAL(seen.address, reinterpret_cast<ULONG_PTR>(kNull));
    CHECK(seen.in_touch);
    CHECK(seen.rip_is_address);
    __try {
        raise_status(STATUS_DEVICE_BUSY);
    } __except (look(static_cast<EXCEPTION_POINTERS*>(_exception_info()), seen)) {
    }
    CHECK_EQUAL(seen.flags, EXCEPTION_NONCONTINUABLE);
    CHECK_EQUAL(seen.parameters, 0);
}

/** A filter that raises: the new exception's search starts at the filter, and so meets the same scope once more. */
void exception_in_filter() {
    NTSTATUS seen = STATUS_SUCCESS;
    __try {
        __try {
            raise_status(STATUS_TIMEOUT);
        } __except (fault_in_filter(_exception_code())) {
            g_trail.add('x');
        }
    } __except (note('o', kExecuteHandler)) {
        seen = static_cast<NTSTATUS>(_exception_code());
    }
    CHECK_TRAIL("fso");
    CHECK_EQUAL(seen, STATUS_DEVICE_BUSY);
}

void many_frames() {
    NTSTATUS seen = STATUS_SUCCESS;
    __try {
        deep(30);
    } __except (kExecuteHandler) {
        seen = static_cast<NTSTATUS>(_exception_code());
    }
    CHECK_EQUAL(seen, STATUS_TIMEOUT);
}

namespace {

/** Fills the registers a caller may count on, then raises. */
NOINLINE void spoil_and_raise() {
    __asm__ volatile(
        "xor %%ebx, %%ebx\n xor %%esi, %%esi\n xor %%edi, %%edi\n xor %%r12d, %%r12d\n xor %%r13d, %%r13d\n"
        "xor %%r14d, %%r14d\n xor %%r15d, %%r15d\n pxor %%xmm6, %%xmm6\n pxor %%xmm15, %%xmm15" ::
            : "rbx", "rsi", "rdi", "r12", "r13", "r14", "r15", "xmm6", "xmm15");
    raise_status(STATUS_DEVICE_BUSY);
}

NOINLINE bool caught() {
    __try {
        spoil_and_raise();
    } __except (kExecuteHandler) {
        return true;
    }
    return false;
}

} // namespace

void nonvolatile_registers() {
    ULONG64 rbx = 0, r12 = 0, r15 = 0, low = 0x1122334455667788, xmm6 = 0, xmm15 = 0;
    bool (*volatile call)() = caught;
    // The frame has room for a callee's home already: calls below need it.
    __asm__ volatile(
        "mov %[low], %%rbx\n mov %[low], %%r12\n mov %[low], %%r15\n movq %[low], %%xmm6\n movq %[low], %%xmm15\n"
        "call *%[call]\n"
        "mov %%rbx, %[rbx]\n mov %%r12, %[r12]\n mov %%r15, %[r15]\n movq %%xmm6, %[xmm6]\n movq %%xmm15, %[xmm15]"
        : [rbx] "=m"(rbx), [r12] "=m"(r12), [r15] "=m"(r15), [xmm6] "=m"(xmm6), [xmm15] "=m"(xmm15)
        : [low] "m"(low), [call] "m"(call)
        : "rax", "rcx", "rdx", "rbx", "r8", "r9", "r10", "r11", "r12", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
          "xmm5", "xmm6", "xmm15", "memory");
    CHECK_EQUAL(rbx, low);
    CHECK_EQUAL(r12, low);
    CHECK_EQUAL(r15, low);
    CHECK_EQUAL(xmm6, low);
    CHECK_EQUAL(xmm15, low);
}
