// SPDX-License-Identifier: MIT
#include "trace.hpp"

namespace trace {
namespace {

PNANONT_EMIT emit;
PNANONT_EMIT_BYTES emit_bytes;
PNANONT_IRP_NUMBER irp_number;
PNANONT_SET_CORRELATION correlate;
PNANONT_CHOOSE chooser;
PNANONT_FINDING tell_finding;
PNANONT_JUDGED count_look;
PNANONT_IS_THERE look_at_memory;
PNANONT_JUDGE_REGISTERS look_at_registers;
bool attached;

template <class Pointer> Pointer look_up(const wchar_t* name) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    return reinterpret_cast<Pointer>(MmGetSystemRoutineAddress(&string));
}

} // namespace

void attach() {
    if (attached) return;
    emit = look_up<PNANONT_EMIT>(NANONT_EMIT_NAME);
    emit_bytes = look_up<PNANONT_EMIT_BYTES>(NANONT_EMIT_BYTES_NAME);
    irp_number = look_up<PNANONT_IRP_NUMBER>(NANONT_IRP_NUMBER_NAME);
    correlate = look_up<PNANONT_SET_CORRELATION>(NANONT_SET_CORRELATION_NAME);
    chooser = look_up<PNANONT_CHOOSE>(NANONT_CHOOSE_NAME);
    tell_finding = look_up<PNANONT_FINDING>(NANONT_FINDING_NAME);
    count_look = look_up<PNANONT_JUDGED>(NANONT_JUDGED_NAME);
    look_at_memory = look_up<PNANONT_IS_THERE>(NANONT_IS_THERE_NAME);
    look_at_registers = look_up<PNANONT_JUDGE_REGISTERS>(NANONT_JUDGE_REGISTERS_NAME);
    attached = true;
}

void record(ULONG kind, ULONGLONG corr, ULONGLONG a, ULONGLONG b, ULONGLONG c) {
    if (emit) emit(kind, corr, a, b, c);
}

void bytes(ULONG kind, ULONGLONG corr, const void* data, ULONG length) {
    if (emit_bytes) emit_bytes(kind, corr, data, length);
}

void finding(ULONG rule, ULONGLONG seen, ULONGLONG expected, const char* text) {
    if (tell_finding) tell_finding(rule, seen, expected, text);
}

void judged(ULONG rule) {
    if (count_look) count_look(rule);
}

void judge_registers(const void* routine, uint32_t changed) {
    if (look_at_registers) look_at_registers(routine, changed);
}

bool is_there(const void* memory, SIZE_T bytes) {
    return !look_at_memory || look_at_memory(memory, bytes) != FALSE;
}

ULONGLONG irp(PIRP irp) {
    ULONGLONG number = irp_number ? irp_number(irp) : 0;
    return number ? MPULAB_CORR(MPULAB_CORR_IRP, number) : 0;
}

void set_correlation(ULONGLONG corr) {
    if (correlate) correlate(corr);
}

ULONG choose(nanont_choice choice) {
    return chooser ? chooser(choice) : 0;
}

void Call::enter(void* self) {
    const Call& call = *static_cast<Call*>(self);
    record(MPULAB_KIND_CALL_ENTER, call.corr_, call.callback_, call.b_, call.c_);
}

void Call::leave_with(void* self, uintptr_t status) {
    static_cast<Call*>(self)->leave(static_cast<NTSTATUS>(status));
}

NTSTATUS Call::leave(NTSTATUS status, ULONGLONG result) {
    KIRQL now = KeGetCurrentIrql();
    record(MPULAB_KIND_CALL_LEAVE, corr_, callback_, static_cast<ULONG>(status), result);
    expect(3, now == irql_, now, irql_, "V03 callback came back at another IRQL than it was called at");
    return status;
}

} // namespace trace
