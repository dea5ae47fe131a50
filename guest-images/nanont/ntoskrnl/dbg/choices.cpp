// SPDX-License-Identifier: MIT
// NanontChoose: one answer where Windows is undocumented (include/nanont_choices.def), the same for the whole run. The
// plan is asked when a choice is consulted for the first time, not at boot: a machine put back to a snapshot is handed
// another plan before anything that a run may decide for itself has been decided.
#include "report.hpp"

#include <plan.h>
#include <split_mix.h>

#include "ke/ke.hpp"

namespace nanont::dbg {
namespace {

struct Choice {
    ULONG number, alternatives;
};

constexpr Choice kChoices[] = {
#define NANONT_CHOICE(number, NAME, alternatives, ...) {number, alternatives},
#include <nanont_choices.def>
#undef NANONT_CHOICE
};
constexpr size_t kCount = sizeof(kChoices) / sizeof(kChoices[0]);
constexpr ULONG kUndecided = ~0u;

KSPIN_LOCK g_lock;
ULONG g_taken[kCount]; // alternative + 1; 0: not consulted yet; under g_lock
mpulab_choice g_forced[MPULAB_PLAN_MAX_CHOICES];

size_t find(ULONG number) {
    size_t at = 0;
    while (at < kCount && kChoices[at].number != number)
        ++at;
    return at;
}

[[noreturn]] void refuse(const char* what, const mpulab_choice& it, ULONG known) {
    say("plan: CHOICES force choice %u to alternative %u: %s (%lu)", it.number, it.alternative, what, known);
    end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_INVALID_PARAMETER));
}

/// Reads what the plan forces into g_forced; the count. Under g_lock.
size_t read_forced() {
    ULONG size = sizeof(g_forced);
    if (!read_plan(MPULAB_SECTION_CHOICES, g_forced, size)) {
        return 0; // the probe has bounded it: there is none
    }
    return size / sizeof(g_forced[0]);
}

ULONG forced_alternative(ULONG number) {
    const size_t count = read_forced();
    for (size_t i = 0; i < count; ++i) {
        if (g_forced[i].number == number) {
            return g_forced[i].alternative;
        }
    }
    return kUndecided;
}

ULONG decide(const Choice& choice) {
    const ULONG forced = forced_alternative(choice.number);
    if (forced != kUndecided) {
        if (forced >= choice.alternatives) {
            refuse("the choice has fewer alternatives", {choice.number, forced}, choice.alternatives);
        }
        return forced;
    }
    ULONGLONG seed = 0;
    ULONG size = sizeof(seed);
    read_plan(MPULAB_SECTION_SEED, &seed, size);
    return mpulab_drawn_alternative(seed, choice.number, choice.alternatives);
}

} // namespace

void check_choices() {
    ke::SpinLockGuard guard(g_lock);
    const size_t count = read_forced();
    for (size_t i = 0; i < count; ++i) {
        const size_t at = find(g_forced[i].number);
        if (at == kCount) {
            refuse("there is no such choice; so many are known", g_forced[i], kCount);
        }
        if (g_forced[i].alternative >= kChoices[at].alternatives) {
            refuse("the choice has fewer alternatives", g_forced[i], kChoices[at].alternatives);
        }
    }
}

} // namespace nanont::dbg

using namespace nanont;

/// See include/nanont_emit.h. A number that is not in the list: 0, and it is told.
extern "C" ULONG NTAPI NanontChoose(ULONG Choice) {
    const size_t at = dbg::find(Choice);
    if (at == dbg::kCount) {
        dbg::say("NanontChoose(%lu): there is no such choice in this kernel; 0 it is", Choice);
        return 0;
    }
    ke::SpinLockGuard guard(dbg::g_lock);
    if (dbg::g_taken[at] == 0) {
        dbg::g_taken[at] = dbg::decide(dbg::kChoices[at]) + 1;
        if (Choice < MPULAB_FIRST_TROUBLE || dbg::g_taken[at] != 1) {
            dbg::emit(MPULAB_KIND_CHOICE, 0, Choice, dbg::g_taken[at] - 1, dbg::kChoices[at].alternatives);
        }
    }
    return dbg::g_taken[at] - 1;
}
