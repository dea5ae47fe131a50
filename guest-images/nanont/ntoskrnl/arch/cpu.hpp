// SPDX-License-Identifier: MIT
// Instructions C++ has no words for.
#ifndef NANONT_ARCH_CPU_HPP
#define NANONT_ARCH_CPU_HPP

#include "nt.hpp"

namespace nanont::cpu {

inline ULONGLONG flags() {
    ULONGLONG value;
    asm volatile("pushfq; popq %0" : "=r"(value) : : "memory");
    return value;
}
inline constexpr ULONGLONG kInterruptFlag = 0x200;

inline void interrupts_off() {
    asm volatile("cli" : : : "memory");
}
inline void interrupts_on() {
    asm volatile("sti" : : : "memory");
}
/// Sleeps until an interrupt; none is lost between the two instructions.
inline void wait_for_interrupt() {
    asm volatile("sti; hlt" : : : "memory");
}
inline ULONGLONG irql_register() {
    ULONGLONG value;
    asm volatile("movq %%cr8, %0" : "=r"(value) : : "memory");
    return value;
}
inline void set_irql_register(ULONGLONG value) {
    asm volatile("movq %0, %%cr8" : : "r"(value) : "memory");
}
inline ULONGLONG fault_address() {
    ULONGLONG value;
    asm volatile("movq %%cr2, %0" : "=r"(value));
    return value;
}
inline void set_fault_address(ULONGLONG value) {
    asm volatile("movq %0, %%cr2" : : "r"(value));
}
inline ULONGLONG control_register_0() {
    ULONGLONG value;
    asm volatile("movq %%cr0, %0" : "=r"(value));
    return value;
}
inline ULONGLONG control_register_4() {
    ULONGLONG value;
    asm volatile("movq %%cr4, %0" : "=r"(value));
    return value;
}
inline void set_page_table_root(ULONGLONG value) {
    asm volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}
inline ULONGLONG page_table_root() {
    ULONGLONG value;
    asm volatile("movq %%cr3, %0" : "=r"(value));
    return value;
}
inline void forget_page(ULONGLONG address) {
    asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}
inline void set_gs_base(const void* base) {
    constexpr ULONG kGsBase = 0xc0000101;
    __writemsr(kGsBase, reinterpret_cast<ULONGLONG>(base));
}

/// Interrupts are off while it lives, and as they were afterwards.
class InterruptsOff {
  public:
    InterruptsOff() : were_on_((flags() & kInterruptFlag) != 0) { interrupts_off(); }
    ~InterruptsOff() {
        if (were_on_) {
            interrupts_on();
        }
    }
    InterruptsOff(const InterruptsOff&) = delete;
    InterruptsOff& operator=(const InterruptsOff&) = delete;

  private:
    bool were_on_;
};

} // namespace nanont::cpu

#endif
