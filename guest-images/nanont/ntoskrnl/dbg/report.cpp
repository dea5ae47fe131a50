// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <format.hpp>

#include "arch/cpu.hpp"
#include "io/io.hpp"
#include "ke/ke.hpp"
#include "vf/rules.hpp"

namespace nanont::dbg {
namespace {

ProbePort g_probe;
KSPIN_LOCK g_plan_lock; // SELECT and DATA belong together

UCHAR irql() {
    return static_cast<UCHAR>(cpu::irql_register());
}

ULONG cpu_number() {
    return ke::this_processor().number;
}

} // namespace

void init(const BootBlock& block) {
    g_probe = ProbePort(static_cast<uint16_t>(block.probe_port), reinterpret_cast<void*>(kDirectMap + block.probe_desk),
                        block.probe_desk);
}

void emit(ULONG kind, ULONGLONG corr, ULONGLONG a, ULONGLONG b, ULONGLONG c) {
    cpu::InterruptsOff off;
    g_probe.record(cpu_number(), kind, irql(), corr, a, b, c);
}

void emit_bytes(ULONG kind, ULONGLONG corr, const void* bytes, size_t size) {
    cpu::InterruptsOff off;
    g_probe.bytes(cpu_number(), kind, irql(), corr, bytes, size);
}

void name(const char* text) {
    emit_bytes(MPULAB_KIND_NAME, 0, text, string_length(text));
}

namespace {

constexpr size_t kLongestLine = 512; // as DbgPrint's on Windows

void say_list(const char* pattern, va_list arguments, bool is_a_line = false) {
    char line[kLongestLine];
    BoundedText<char> text{line, sizeof(line)};
    format(text.sink(), pattern, arguments);
    if (is_a_line && text.length < sizeof(line)) {
        line[text.length++] = '\n';
    }
    emit_bytes(MPULAB_KIND_TEXT, 0, line, text.length < sizeof(line) ? text.length : sizeof(line));
}

} // namespace

void say(const char* pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    say_list(pattern, arguments, true);
    va_end(arguments);
}

void end_run(ULONG end_code, ULONG detail) {
    cpu::interrupts_off();
    vf::tell_counts();
    g_probe.record(cpu_number(), MPULAB_KIND_RUN_ENDED, irql(), 0, end_code, detail, 0);
    for (;;) {
        asm volatile("cli; hlt"); // the machine has stopped; should anybody let it go on, there is nothing to do
    }
}

bool read_plan(ULONG tag, void* buffer, ULONG& size) {
    ke::SpinLockGuard guard(g_plan_lock);
    const ULONG room = buffer != nullptr ? size : 0;
    size = g_probe.select(tag);
    if (size > room) {
        return false;
    }
    g_probe.read(buffer, size);
    return true;
}

void tell_power(ULONG unit, ULONG d_state) {
    g_probe.tell_power(unit, d_state);
}

} // namespace nanont::dbg

using namespace nanont;

extern "C" {

// The private exports of include/nanont_emit.h.

VOID NTAPI NanontEmit(ULONG Kind, ULONGLONG Corr, ULONGLONG A, ULONGLONG B, ULONGLONG C) {
    if (Kind == MPULAB_KIND_RUN_ENDED) {
        dbg::end_run(static_cast<ULONG>(A), static_cast<ULONG>(B));
    }
    dbg::emit(Kind, Corr, A, B, C);
}

VOID NTAPI NanontEmitBytes(ULONG Kind, ULONGLONG Corr, const VOID* Bytes, ULONG Length) {
    dbg::emit_bytes(Kind, Corr, Bytes, Length);
}

NTSTATUS NTAPI NanontReadPlan(ULONG Tag, PVOID Buffer, PULONG Size) {
    return dbg::read_plan(Tag, Buffer, *Size) ? STATUS_SUCCESS : STATUS_BUFFER_TOO_SMALL;
}

ULONG NTAPI NanontCardEvents(VOID) {
    return dbg::g_probe.events();
}

VOID NTAPI NanontSetCorrelation(ULONGLONG Corr) {
    ke::current_thread()->correlation = Corr;
}

// DbgPrint: every call is one run of TEXT records, at any IRQL.

ULONG __cdecl DbgPrint(PCSTR Format, ...) {
    va_list arguments;
    va_start(arguments, Format);
    dbg::say_list(Format, arguments);
    va_end(arguments);
    return STATUS_SUCCESS;
}

ULONG __cdecl DbgPrintEx(ULONG, ULONG, PCSTR Format, ...) {
    va_list arguments;
    va_start(arguments, Format);
    dbg::say_list(Format, arguments);
    va_end(arguments);
    return STATUS_SUCCESS;
}

ULONG NTAPI vDbgPrintEx(ULONG, ULONG, PCCH Format, va_list ArgList) {
    dbg::say_list(Format, ArgList);
    return STATUS_SUCCESS;
}

ULONG NTAPI vDbgPrintExWithPrefix(PCCH Prefix, ULONG, ULONG, PCCH Format, va_list ArgList) {
    char line[dbg::kLongestLine];
    BoundedText<char> text{line, sizeof(line)};
    const FormatSink sink = text.sink();
    for (const char* at = Prefix; *at != '\0'; ++at) {
        sink.put(sink.context, static_cast<unsigned char>(*at));
    }
    format(sink, Format, ArgList);
    dbg::emit_bytes(MPULAB_KIND_TEXT, 0, line, text.length < sizeof(line) ? text.length : sizeof(line));
    return STATUS_SUCCESS;
}

#undef KdDebuggerEnabled
#undef KdDebuggerNotPresent
BOOLEAN export_KdDebuggerEnabled __asm__("KdDebuggerEnabled") = FALSE;
BOOLEAN export_KdDebuggerNotPresent __asm__("KdDebuggerNotPresent") = TRUE;

#undef DbgBreakPoint
VOID NTAPI DbgBreakPoint(VOID) {
    asm volatile("int3");
}

} // extern "C"
