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

NTSTATUS Call::leave(NTSTATUS status, ULONGLONG result) {
    KIRQL now = KeGetCurrentIrql();
    record(MPULAB_KIND_CALL_LEAVE, corr_, callback_, static_cast<ULONG>(status), result);
    expect(3, now == irql_, now, irql_, "V03 callback came back at another IRQL than it was called at");
    return status;
}

} // namespace trace
