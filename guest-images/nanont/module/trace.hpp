// SPDX-License-Identifier: MIT
// What ks, portcls and agent report to the event log: link records through nanont's optional private exports
// (include/nanont_emit.h). On a kernel without them every function here does nothing.
#pragma once

#include "ddk.hpp"

#include <mpulab_link.h>
#include <nanont_emit.h>
#include <split_mix.h>

namespace trace {

/** Looks the exports up, once; call it from every PASSIVE_LEVEL entry into the module. */
void attach();

/** One record. Any IRQL. */
void record(ULONG kind, ULONGLONG corr, ULONGLONG a = 0, ULONGLONG b = 0, ULONGLONG c = 0);

/** Text or data bytes as records of `kind`. Any IRQL. */
void bytes(ULONG kind, ULONGLONG corr, const void* data, ULONG length);

/** A rule of include/nanont_rules.def (V01..V84 = 1..84) was broken: FINDING with its text in NAME, unless the run has
 * it switched off. Any IRQL. */
void finding(ULONG rule, ULONGLONG seen, ULONGLONG expected, const char* text);

/** The rule is looked at here: it could fire. The result of a run says how often that was. Any IRQL. */
void judged(ULONG rule);

/** Looks at the rule, and tells when it is broken; `holds` is handed through. Any IRQL. */
inline bool expect(ULONG rule, bool holds, ULONGLONG seen, ULONGLONG expected, const char* text) {
    judged(rule);
    if (!holds) finding(rule, seen, expected, text);
    return holds;
}

/** MPULAB_CORR of an IRP, 0 when the kernel does not number them. Any IRQL. */
ULONGLONG irp(PIRP irp);

/** See NANONT_SET_CORRELATION. */
void set_correlation(ULONGLONG corr);

/** Which alternative of an undocumented answer this run takes (include/nanont_choices.def); 0 on a kernel that does not
 * choose. IRQL <= DISPATCH_LEVEL. */
ULONG choose(nanont_choice choice);

/** Reproducible lots for alternatives that say "drawn": SplitMix64 of a count that the caller keeps. Pure. */
constexpr ULONG draw(ULONGLONG& count, ULONG most) {
    return static_cast<ULONG>(mpulab_split_mix_64(count++ * MPULAB_GOLDEN) % most) + 1;
}

/** CALL_ENTER now, CALL_LEAVE by leave(); tells also when the callee came back at another IRQL (V03). Any IRQL. */
class Call {
  public:
    explicit Call(mpulab_callback callback, ULONGLONG b = 0, ULONGLONG c = 0, ULONGLONG corr = 0)
        : corr_(corr), callback_(callback), irql_(KeGetCurrentIrql()) {
        record(MPULAB_KIND_CALL_ENTER, corr_, callback_, b, c);
    }
    /** `result` goes into word c, see mpulab_callbacks.def. */
    NTSTATUS leave(NTSTATUS status = STATUS_SUCCESS, ULONGLONG result = 0);
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

  private:
    ULONGLONG corr_;
    mpulab_callback callback_;
    KIRQL irql_;
};

} // namespace trace
