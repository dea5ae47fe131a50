// SPDX-License-Identifier: MIT
// agent.sys: takes the score from the plan, refuses it whole or plays it, and ends the run.
#include "player.hpp"

#include <mpulab_codes.h>
#include <plan.h>

namespace agent {
namespace {

constexpr ULONG kTag = 'csAM';

/** The score's bytes in pool, kept to the end of the run; NULL: there are none. */
uint8_t* read_score(ULONG& size) {
    size = 0;
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, NANONT_READ_PLAN_NAME);
    auto read_plan = reinterpret_cast<PNANONT_READ_PLAN>(MmGetSystemRoutineAddress(&name));
    if (!read_plan) {
        DbgPrint("agent.sys: this kernel does not export NanontReadPlan: there is no way to a score\n");
        return nullptr;
    }
    read_plan(MPULAB_SECTION_SCORE, nullptr, &size);
    if (size == 0 || size > MPULAB_PLAN_MAX_BYTES) {
        DbgPrint("agent.sys: the plan's score has %u bytes, expected 1..%u\n", size, MPULAB_PLAN_MAX_BYTES);
        return nullptr;
    }
    auto* score = static_cast<uint8_t*>(allocate_zeroed(size, kTag));
    if (!score) {
        DbgPrint("agent.sys: no memory for a score of %u bytes\n", size);
        return nullptr;
    }
    NTSTATUS status = read_plan(MPULAB_SECTION_SCORE, score, &size);
    if (NT_SUCCESS(status)) return score;
    DbgPrint("agent.sys: the score could not be read: status 0x%08x\n", status);
    ExFreePoolWithTag(score, kTag);
    return nullptr;
}

PlayEnd run() {
    ULONG size;
    uint8_t* score = read_score(size);
    if (!score) return {MPULAB_END_SCORE_REFUSED, STATUS_NOT_FOUND};
    ScoreFault fault = check_score(score, size);
    if (fault.reason) {
        DbgPrint("agent.sys: score refused: step %u: %s (seen %llu, expected %llu)\n", fault.step, fault.reason,
                 fault.seen, fault.expected);
        return {MPULAB_END_SCORE_REFUSED, STATUS_INVALID_PARAMETER};
    }
    static Player player;
    NTSTATUS status = player.initialize();
    if (!NT_SUCCESS(status)) {
        DbgPrint("agent.sys: no memory or no event for the player: status 0x%08x\n", status);
        return {MPULAB_END_GUEST_UNFIT, status};
    }
    trace::record(MPULAB_KIND_PHASE, 0, MPULAB_PHASE_SCORE_BEGINS);
    return player.play(score);
}

VOID NTAPI main_thread(PVOID) {
    PlayEnd end = run();
    trace::set_correlation(0);
    trace::record(MPULAB_KIND_RUN_ENDED, 0, end.code, static_cast<ULONG>(end.detail)); // does not return on nanont
    PsTerminateSystemThread(STATUS_SUCCESS);
}

} // namespace
} // namespace agent

/** Starts the thread that plays the score. */
extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING) {
    trace::attach();
    HANDLE thread;
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, nullptr, OBJ_KERNEL_HANDLE, nullptr, nullptr);
    NTSTATUS status =
        PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, &attributes, nullptr, nullptr, agent::main_thread, nullptr);
    if (NT_SUCCESS(status)) ZwClose(thread);
    return status;
}
