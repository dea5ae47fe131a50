// SPDX-License-Identifier: MIT
// What is called on the way out, and how code finds its way without an exception.
#include "exceptions.hpp"

#include <initializer_list>

extern "C" __declspec(dllimport) void _local_unwind(void* frame, void* target);

// winnt.h has these; mingw-w64's kernel headers do not.
struct RUNTIME_FUNCTION {
    ULONG BeginAddress, EndAddress, UnwindInfoAddress;
};
using PRUNTIME_FUNCTION = RUNTIME_FUNCTION*;
constexpr ULONG UNW_FLAG_NHANDLER = 0;

extern "C" {
int _abnormal_termination();
PRUNTIME_FUNCTION NTAPI RtlLookupFunctionEntry(ULONG64 ControlPc, ULONG64* ImageBase, PVOID HistoryTable);
PVOID NTAPI RtlVirtualUnwind(ULONG HandlerType, ULONG64 ImageBase, ULONG64 ControlPc, PRUNTIME_FUNCTION FunctionEntry,
                             CONTEXT* ContextRecord, PVOID* HandlerData, ULONG64* EstablisherFrame,
                             PVOID ContextPointers);
PVOID NTAPI RtlPcToFileHeader(PVOID PcValue, PVOID* BaseOfImage);
VOID NTAPI RtlUnwind(PVOID TargetFrame, PVOID TargetIp, PEXCEPTION_RECORD ExceptionRecord, PVOID ReturnValue);
}

namespace {

NOINLINE void clean_up_and_raise(NTSTATUS status, char mark) {
    __try {
        raise_status(status);
    } __finally {
        g_trail.add(_abnormal_termination() ? mark : 'n');
    }
}

NOINLINE int early_return(bool early) {
    __try {
        g_trail.add('b');
        if (early) return 1;
        g_trail.add('c');
    } __finally {
        g_trail.add('f');
    }
    return 2;
}

NOINLINE void raise_in_finally() {
    __try {
        clean_up_and_raise(STATUS_TIMEOUT, 'i');
    } __finally {
        g_trail.add('o');
        raise_status(STATUS_DEVICE_BUSY); // while the first exception is still unwinding
    }
}

NOINLINE void handled_in_finally() {
    __try {
        raise_status(STATUS_TIMEOUT);
    } __finally {
        // Without code here clang 14 puts two guarded calls back to back, and the return address of the one, by which
        // an unwinder finds the scope, lies in the other's.
        g_trail.add('e');
        __try {
            raise_status(STATUS_DEVICE_BUSY); // a whole second exception, taken before the first goes on
        } __except (kExecuteHandler) {
            g_trail.add('2');
        }
    }
}

} // namespace

void finally_on_exception() {
    __try {
        clean_up_and_raise(STATUS_DEVICE_BUSY, 'u');
        g_trail.add('x');
    } __except ((g_trail.add('f'), kExecuteHandler)) { // asked first: nothing is unwound before someone takes it
        g_trail.add('h');
    }
    CHECK_TRAIL("fuh");
}

void finally_without_exception() {
    __try {
        g_trail.add('b');
    } __finally {
        g_trail.add(_abnormal_termination() ? 'x' : 'f');
    }
    g_trail.add('a');
    CHECK_TRAIL("bfa");
}

void return_through_finally() {
    CHECK_EQUAL(early_return(true), 1);
    CHECK_TRAIL("bf");
    g_trail.clear();
    CHECK_EQUAL(early_return(false), 2);
    CHECK_TRAIL("bcf");
}

void nested_unwinds() {
    __try {
        __try {
            __try {
                clean_up_and_raise(STATUS_DEVICE_BUSY, '1');
            } __finally {
                g_trail.add('2');
            }
        } __finally {
            handled_in_finally();
            g_trail.add('x'); // not reached: handled_in_finally's own exception goes on
        }
    } __except (kExecuteHandler) {
        g_trail.add('h');
        CHECK_EQUAL(_exception_code(), static_cast<ULONG>(STATUS_TIMEOUT)); // the last one that nobody took
    }
    CHECK_TRAIL("12e2h");
}

/** The second exception's unwind meets the frames that the first was leaving: none is cleaned up twice. */
void exception_in_finally() {
    NTSTATUS seen = STATUS_SUCCESS;
    __try {
        raise_in_finally();
    } __except (kExecuteHandler) {
        seen = static_cast<NTSTATUS>(_exception_code());
        g_trail.add('h');
    }
    CHECK_EQUAL(seen, STATUS_DEVICE_BUSY);
    CHECK_TRAIL("ioh");
}

namespace {

struct Target {
    CONTEXT context;
    ULONG64 frame;
    volatile bool back;
    bool is_local; // by what a compiler calls for a jump out of a __try, which is the same with less to say
};

NOINLINE void unwind_to(Target& target) {
    __try {
        g_trail.add('u');
        auto* const frame = reinterpret_cast<PVOID>(target.frame);
        auto* const place = reinterpret_cast<PVOID>(target.context.Rip);
        if (target.is_local)
            _local_unwind(frame, place);
        else
            RtlUnwind(frame, place, nullptr, nullptr);
    } __finally {
        g_trail.add('f');
    }
    g_trail.add('x');
}

/** The frame of this function's own caller, as its unwind information has it. */
NOINLINE ULONG64 establisher_of(const CONTEXT& place) {
    CONTEXT context = place;
    ULONG64 base = 0, frame = 0;
    PVOID data = nullptr;
    PRUNTIME_FUNCTION entry = RtlLookupFunctionEntry(context.Rip, &base, nullptr);
    if (entry == nullptr) return 0;
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context.Rip, entry, &context, &data, &frame, nullptr);
    return frame;
}

} // namespace

/** RtlUnwind by hand, as setjmp and longjmp use it, and _local_unwind: handlers on the way run, and code goes on at the
 * target. */
void own_unwind() {
    static Target target;
    for (const bool is_local : {false, true}) {
        target.is_local = is_local;
        target.back = false;
        RtlCaptureContext(&target.context);
        if (!target.back) {
            target.back = true;
            target.frame = establisher_of(target.context);
            CHECK(target.frame != 0);
            unwind_to(target);
            g_trail.add('x');
        }
    }
    CHECK_TRAIL("ufuf");
}

namespace {

NOINLINE int count_frames(int deeper, bool& found) {
    if (deeper != 0) {
        volatile int result = count_frames(deeper - 1, found);
        return result;
    }
    CONTEXT context;
    RtlCaptureContext(&context);
    int frames = 0;
    while (frames < 40) {
        ULONG64 base = 0, frame = 0;
        PVOID data = nullptr;
        PRUNTIME_FUNCTION entry = RtlLookupFunctionEntry(context.Rip, &base, nullptr);
        if (entry == nullptr) break;
        PVOID header = nullptr;
        if (RtlPcToFileHeader(reinterpret_cast<PVOID>(context.Rip), &header) != reinterpret_cast<PVOID>(base))
            return -1;
        const bool in_driver_entry =
            context.Rip - base >= entry->BeginAddress && context.Rip - base < entry->EndAddress;
        if (!in_driver_entry) return -2;
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context.Rip, entry, &context, &data, &frame, nullptr);
        ++frames;
        found = true;
    }
    return frames;
}

} // namespace

void walk_by_hand() {
    bool found = false;
    const int shallow = count_frames(0, found);
    const int deep = count_frames(5, found);
    CHECK(found);
    CHECK(shallow >= 3); // this, DriverEntry, the kernel
    CHECK_EQUAL(deep - shallow, 5);
    ULONG64 base = 0;
    CHECK(RtlLookupFunctionEntry(0xfffff70012345678, &base, nullptr) == nullptr);
}
