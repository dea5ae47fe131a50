// SPDX-License-Identifier: MIT
// The exported forms of what drivers' headers mostly do inline with CR8.
#include "dbg/report.hpp"
#include "ke.hpp"
#include "mm/paged.hpp"
#include "vf/rules.hpp"

using namespace nanont;
using namespace nanont::ke;

#undef KeGetCurrentIrql
#undef KeLowerIrql
extern "C" {

// The headers have these as inline functions of the same names; the exports are bound by assembly name.
KIRQL export_KeGetCurrentIrql(void) __asm__("KeGetCurrentIrql");
KIRQL export_KeGetCurrentIrql(void) {
    return current_irql();
}

KIRQL export_KfRaiseIrql(KIRQL NewIrql) __asm__("KfRaiseIrql");
KIRQL export_KfRaiseIrql(KIRQL NewIrql) {
    const KIRQL old = current_irql();
    vf::judged(4);
    if (NewIrql < old) {
        dbg::bugcheck({IRQL_NOT_GREATER_OR_EQUAL, 4}, old, NewIrql, 0, 0, "KfRaiseIrql from %u to %u: that lowers it",
                      old, NewIrql);
    }
    cpu::set_irql_register(NewIrql);
    if (NewIrql >= DISPATCH_LEVEL) {
        mm::irql_has_risen(__builtin_return_address(0));
    }
    return old;
}

void export_KeLowerIrql(KIRQL NewIrql) __asm__("KeLowerIrql");
void export_KeLowerIrql(KIRQL NewIrql) {
    const KIRQL old = current_irql();
    vf::judged(4);
    if (NewIrql > old) {
        dbg::bugcheck({IRQL_NOT_LESS_OR_EQUAL, 4}, old, NewIrql, 0, 0, "KeLowerIrql from %u to %u: that raises it", old,
                      NewIrql);
    }
    cpu::set_irql_register(NewIrql);
}

KIRQL export_KeRaiseIrqlToDpcLevel(void) __asm__("KeRaiseIrqlToDpcLevel");
KIRQL export_KeRaiseIrqlToDpcLevel(void) {
    return export_KfRaiseIrql(DISPATCH_LEVEL);
}

} // extern "C"
