// SPDX-License-Identifier: MIT
#include "driver_call.hpp"

#include "dbg/report.hpp"
#include "rules.hpp"

namespace nanont::vf {
namespace {

const char* const kChanged[] = {"rbx", "rbp", "rsi", "rdi",           "r12",
                                "r13", "r14", "r15", "xmm6 to xmm15", "the direction flag"};

} // namespace

void judge_registers(const void* routine, uint32_t changed) {
    judged(67);
    if (changed == 0) {
        return;
    }
    char text[224];
    int length = _snprintf(text, sizeof(text) - 1,
                           "V67 routine %s came back with other nonvolatile registers:", dbg::Place(routine).text);
    for (ULONG bit = 0; bit < RTL_NUMBER_OF(kChanged) && length > 0; ++bit) {
        if ((changed >> bit & 1) != 0) {
            const size_t room = sizeof(text) - 1 - static_cast<size_t>(length);
            const int more = _snprintf(text + length, room, " %s", kChanged[bit]);
            length = more > 0 ? length + more : -1; // no more room
        }
    }
    text[sizeof(text) - 1] = '\0';
    finding(67, changed, 0, text);
}

} // namespace nanont::vf

/// See include/nanont_emit.h.
extern "C" VOID NTAPI NanontJudgeRegisters(const VOID* Routine, ULONG Changed) {
    nanont::vf::judge_registers(Routine, Changed);
}
