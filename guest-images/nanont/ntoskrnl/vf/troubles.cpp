// SPDX-License-Identifier: MIT
#include "troubles.hpp"

#include <plan.h>
#include <split_mix.h>

#include "dbg/report.hpp"
#include "ke/ke.hpp"

namespace nanont::vf {
namespace {

constexpr ULONG kTroubles = 4;
constexpr ULONG kOneIn = 8;
constexpr ULONG kLongestPreemption = 250; // us

bool g_begun;
bool g_on[kTroubles];
ULONGLONG g_seed;
volatile LONGLONG g_drawn[kTroubles]; // lots so far

static_assert(NANONT_CHOICE_SPECIAL_POOL == MPULAB_FIRST_TROUBLE + kTroubles, "looked up where it is needed, not here");

} // namespace

void begin_troubles() {
    ULONG size = sizeof(g_seed);
    dbg::read_plan(MPULAB_SECTION_SEED, &g_seed, size);
    for (ULONG i = 0; i < kTroubles; ++i) {
        g_on[i] = NanontChoose(MPULAB_FIRST_TROUBLE + i) != 0;
    }
    g_begun = true;
    if (g_on[NANONT_CHOICE_LATE_DPCS - MPULAB_FIRST_TROUBLE]) {
        ke::let_dpcs_be_late();
    }
}

bool has_trouble(nanont_choice trouble) {
    return g_begun && g_on[trouble - MPULAB_FIRST_TROUBLE];
}

ULONG draw_trouble(nanont_choice trouble, ULONG most) {
    const ULONG i = trouble - MPULAB_FIRST_TROUBLE;
    if (!has_trouble(trouble)) {
        return 0;
    }
    const auto n = static_cast<ULONGLONG>(__atomic_fetch_add(&g_drawn[i], 1, __ATOMIC_RELAXED));
    return static_cast<ULONG>(mpulab_split_mix_64((g_seed ^ trouble) + n * MPULAB_GOLDEN) % most) + 1;
}

bool calls_are_preempted() {
    return NanontChoose(NANONT_CHOICE_PREEMPTION) != 0;
}

} // namespace nanont::vf

/// What a thread sees that loses its processor: time has passed, and whatever was due meanwhile has been done.
extern "C" void ki_preempt() {
    using namespace nanont;
    if (ke::current_irql() > APC_LEVEL) {
        return;
    }
    const ULONG lot = vf::draw_trouble(NANONT_CHOICE_PREEMPTION, vf::kOneIn * vf::kLongestPreemption);
    if (lot != 0 && lot % vf::kOneIn == 0) {
        KeStallExecutionProcessor(lot / vf::kOneIn);
    }
}
