// SPDX-License-Identifier: MIT
#include "kernel.hpp"

namespace agent {
namespace {

PNANONT_ASK_DEVICE ask;
PNANONT_REMOVE_DEVICE remove_whole;
PNANONT_SLEEP sleep;
PNANONT_CARD_EVENTS events;

template <class Pointer> void look_up(Pointer& pointer, const wchar_t* name) {
    UNICODE_STRING string;
    RtlInitUnicodeString(&string, name);
    pointer = reinterpret_cast<Pointer>(MmGetSystemRoutineAddress(&string));
}

} // namespace

void attach_kernel() {
    look_up(ask, NANONT_ASK_DEVICE_NAME);
    look_up(remove_whole, NANONT_REMOVE_DEVICE_NAME);
    look_up(sleep, NANONT_SLEEP_NAME);
    look_up(events, NANONT_CARD_EVENTS_NAME);
}

NTSTATUS ask_device(ULONG unit, ULONG request, ULONG argument) {
    return ask ? ask(unit, request, argument) : STATUS_NOT_SUPPORTED;
}

NTSTATUS remove_device(ULONG unit) {
    return remove_whole ? remove_whole(unit) : STATUS_NOT_SUPPORTED;
}

void sleep_exactly(ULONGLONG time_100ns) {
    if (sleep) {
        sleep(time_100ns);
        return;
    }
    LARGE_INTEGER time;
    time.QuadPart = -static_cast<LONGLONG>(time_100ns);
    KeDelayExecutionThread(KernelMode, FALSE, &time);
}

bool card_events(ULONG& count) {
    count = events ? events() : 0;
    return events != nullptr;
}

} // namespace agent
