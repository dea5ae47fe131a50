// SPDX-License-Identifier: MIT
// What ks, portcls and agent report to the event log: link records through nanont's optional private exports
// (include/nanont_emit.h). On a kernel without them every function here does nothing.
#pragma once

#include "ddk.hpp"

#include <kept_call.hpp>
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

/** Whether memory is still there to be read below DISPATCH_LEVEL: a freed block of special pool is not. True on a
 * kernel that does not say. Any IRQL. */
bool is_there(const void* memory, SIZE_T bytes);

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

/** A callback of the driver's has come back: V67 when `changed`, of nanont_kept_call, is not 0. Any IRQL. */
void judge_registers(const void* routine, uint32_t changed);

/** Calls a routine of the driver's, with a look at the registers that it has to keep (V67). */
template <class Result, class... P, class... A>
Result into(const nanont_call_hooks* hooks, Result(NTAPI* routine)(P...), A... arguments) {
    return nanont::kept_call<Result>(judge_registers, hooks, reinterpret_cast<const void*>(routine),
                                     nanont::register_word<P>(arguments)...);
}

/** The same of a method. */
template <class Object, class Base, class Result, class... P, class... A>
Result into(const nanont_call_hooks* hooks, Object& object, Result (STDMETHODCALLTYPE Base::*method)(P...),
            A... arguments) {
    using Routine = Result(STDMETHODCALLTYPE*)(Base*, P...);
    Base* base = &object;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpmf-conversions" // the address that the vtable has, which is what is called
    const auto routine = (Routine)(base->*method);
#pragma GCC diagnostic pop
    return nanont::kept_call<Result>(judge_registers, hooks, reinterpret_cast<const void*>(routine),
                                     nanont::register_word(base), nanont::register_word<P>(arguments)...);
}

/** A call into the driver: CALL_ENTER right before it, CALL_LEAVE right behind it; tells also when it came back at
 * another IRQL (V03). Any IRQL. */
class Call {
  public:
    explicit Call(mpulab_callback callback, ULONGLONG b = 0, ULONGLONG c = 0, ULONGLONG corr = 0)
        : corr_(corr), b_(b), c_(c), callback_(callback), irql_(KeGetCurrentIrql()) {}
    /** Calls what gives an NTSTATUS, which is the record's. `what`: a routine, or an object and its method; and
     * arguments. */
    template <class... What> NTSTATUS run(What&&... what) {
        const nanont_call_hooks hooks{enter, leave_with, this};
        return into<>(&hooks, static_cast<What&&>(what)...);
    }
    /** Calls what gives something else, or whose call is not over with its return: leave() is to follow. */
    template <class... What> auto begin(What&&... what) {
        const nanont_call_hooks hooks{enter, nullptr, this};
        return into<>(&hooks, static_cast<What&&>(what)...);
    }
    /** `result` goes into word c, see mpulab_callbacks.def. */
    NTSTATUS leave(NTSTATUS status = STATUS_SUCCESS, ULONGLONG result = 0);
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

  private:
    static void enter(void* self);
    static void leave_with(void* self, uintptr_t status);

    ULONGLONG corr_, b_, c_;
    mpulab_callback callback_;
    KIRQL irql_;
};

} // namespace trace
