/* SPDX-License-Identifier: MIT */
/*
 * nanont's way to the event log, for modules that run on it and on other kernels alike.
 *
 * ks.sys, portcls.sys and agent.sys import documented exports only. What they have to report they send through the
 * functions below, which they look up once by MmGetSystemRoutineAddress(L"NanontEmit") and so on. A kernel that lacks
 * them gives NULL: then nothing is reported, and nothing else changes.
 *
 * Kinds, payload words and correlation ids: device-model/link/mpulab_link_kinds.def and mpulab_link.h.
 */
#ifndef NANONT_EMIT_H
#define NANONT_EMIT_H

/* One record of `Kind`. Any IRQL, interrupts on or off; the IRQL travels in the record. RUN_ENDED does not return. */
typedef VOID(NTAPI NANONT_EMIT)(ULONG Kind, ULONGLONG Corr, ULONGLONG A, ULONGLONG B, ULONGLONG C);
typedef NANONT_EMIT* PNANONT_EMIT;
#define NANONT_EMIT_NAME L"NanontEmit"

/* `Length` bytes as records of a text or data kind, 24 bytes each, the MORE flag on all but the last; one record with
 * count 0 when Length is 0. Any IRQL. The records of one call are never mixed with others of this CPU. */
typedef VOID(NTAPI NANONT_EMIT_BYTES)(ULONG Kind, ULONGLONG Corr, const VOID* Bytes, ULONG Length);
typedef NANONT_EMIT_BYTES* PNANONT_EMIT_BYTES;
#define NANONT_EMIT_BYTES_NAME L"NanontEmitBytes"

/* Rule `Rule` of nanont_rules.def (V01..V84 = 1..84) was broken: FINDING with its text in NAME, unless the run has it
 * switched off. Any IRQL. */
typedef VOID(NTAPI NANONT_FINDING)(ULONG Rule, ULONGLONG Seen, ULONGLONG Expected, PCSTR Text);
typedef NANONT_FINDING* PNANONT_FINDING;
#define NANONT_FINDING_NAME L"NanontFinding"

/* Rule `Rule` is looked at: it could be broken here. RULE_COUNT says at the run's end how often that was. Any IRQL. */
typedef VOID(NTAPI NANONT_JUDGED)(ULONG Rule);
typedef NANONT_JUDGED* PNANONT_JUDGED;
#define NANONT_JUDGED_NAME L"NanontJudged"
#define NANONT_RULE_WORDS 3 /* of mpulab_guest_options::rules_off */

/* A callback of the driver's, `Routine`, has come back: rule V67 is looked at, and told when `Changed`, the answer of
 * nanont_kept_call (common/kept_call.hpp), is not 0. Any IRQL. */
typedef VOID(NTAPI NANONT_JUDGE_REGISTERS)(const VOID* Routine, ULONG Changed);
typedef NANONT_JUDGE_REGISTERS* PNANONT_JUDGE_REGISTERS;
#define NANONT_JUDGE_REGISTERS_NAME L"NanontJudgeRegisters"

/* Whether all of `Size` bytes at `Address` are memory that is there: mapped, or pageable and out. A block that was
 * freed from special pool is not. Any IRQL. */
typedef BOOLEAN(NTAPI NANONT_IS_THERE)(const VOID* Address, SIZE_T Size);
typedef NANONT_IS_THERE* PNANONT_IS_THERE;
#define NANONT_IS_THERE_NAME L"NanontIsThere"

/* Copies the plan's section `Tag` (MPULAB_SECTION_*, device-model/probe/plan.h). In: *Size = room at Buffer; out:
 * *Size = size of the section, 0 when the plan has none.
 * STATUS_SUCCESS; STATUS_BUFFER_TOO_SMALL: nothing was copied (Buffer may be NULL then). IRQL <= DISPATCH_LEVEL. */
typedef NTSTATUS(NTAPI NANONT_READ_PLAN)(ULONG Tag, PVOID Buffer, PULONG Size);
typedef NANONT_READ_PLAN* PNANONT_READ_PLAN;
#define NANONT_READ_PLAN_NAME L"NanontReadPlan"

/* Correlation number of an IRP: n of MPULAB_CORR(MPULAB_CORR_IRP, n), given when it is first sent to a driver.
 * 0: not sent yet, or memory the driver initialised as an IRP by itself. Any IRQL. */
typedef ULONGLONG(NTAPI NANONT_IRP_NUMBER)(PIRP Irp);
typedef NANONT_IRP_NUMBER* PNANONT_IRP_NUMBER;
#define NANONT_IRP_NUMBER_NAME L"NanontIrpNumber"

/* What the calling thread works on from now on: a correlation id, MPULAB_CORR(MPULAB_CORR_STEP, n) while a score step
 * is played, 0 for nothing. Every IRP_MADE record of an IRP this thread makes carries it as its word c, which is how an
 * IRP is traced back to its step. IRQL <= APC_LEVEL. */
typedef VOID(NTAPI NANONT_SET_CORRELATION)(ULONGLONG Corr);
typedef NANONT_SET_CORRELATION* PNANONT_SET_CORRELATION;
#define NANONT_SET_CORRELATION_NAME L"NanontSetCorrelation"

/* What a user does in the device manager: QUERY_REMOVE_DEVICE and REMOVE_DEVICE to the stack of machine device `Unit`,
 * and DriverUnload after the last device of its driver is gone. Returns when that is done. PASSIVE_LEVEL.
 * STATUS_NO_SUCH_DEVICE: there is none, or it is not started. A driver's refusal of the query is returned as it is. */
typedef NTSTATUS(NTAPI NANONT_REMOVE_DEVICE)(ULONG Unit);
typedef NANONT_REMOVE_DEVICE* PNANONT_REMOVE_DEVICE;
#define NANONT_REMOVE_DEVICE_NAME L"NanontRemoveDevice"

/* What the PnP manager or the power manager does with machine device `Unit`: `Request` and `Argument` are those of
 * guest-images/agent/score_requests.def. Returns when it is done; PASSIVE_LEVEL.
 * STATUS_NO_SUCH_DEVICE: there is none of that unit for the driver. STATUS_INVALID_DEVICE_STATE: it is in a state in
 * which Windows does not ask this. STATUS_INVALID_PARAMETER: no such request or argument. STATUS_DEVICE_BUSY: open
 * handles keep it. Else the status of the driver's stack. */
typedef NTSTATUS(NTAPI NANONT_ASK_DEVICE)(ULONG Unit, ULONG Request, ULONG Argument);
typedef NANONT_ASK_DEVICE* PNANONT_ASK_DEVICE;
#define NANONT_ASK_DEVICE_NAME L"NanontAskDevice"

/* The calling thread sleeps for `Time`, in 100 ns, and wakes then: not at a clock tick, as all that Windows offers.
 * IRQL <= APC_LEVEL. */
typedef VOID(NTAPI NANONT_SLEEP)(ULONGLONG Time);
typedef NANONT_SLEEP* PNANONT_SLEEP;
#define NANONT_SLEEP_NAME L"NanontSleep"

/* How many events a card has had of those that the last AWAIT record asks for (device-model/link). Any IRQL. */
typedef ULONG(NTAPI NANONT_CARD_EVENTS)(VOID);
typedef NANONT_CARD_EVENTS* PNANONT_CARD_EVENTS;
#define NANONT_CARD_EVENTS_NAME L"NanontCardEvents"

/* Which alternative of an undocumented answer this run takes: 0 .. alternatives - 1 of nanont_choices.def. The plan
 * forces it or the seed draws it; the first question of a run makes the CHOICE record. A kernel without this function
 * means alternative 0. IRQL <= DISPATCH_LEVEL. */
enum nanont_choice {
#define NANONT_CHOICE(number, NAME, ...) NANONT_CHOICE_##NAME = number,
#include "nanont_choices.def"
#undef NANONT_CHOICE
};
typedef ULONG(NTAPI NANONT_CHOOSE)(ULONG Choice);
typedef NANONT_CHOOSE* PNANONT_CHOOSE;
#define NANONT_CHOOSE_NAME L"NanontChoose"

#endif /* NANONT_EMIT_H */
