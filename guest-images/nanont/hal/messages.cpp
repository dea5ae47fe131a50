// SPDX-License-Identifier: MIT
// Message-signalled interrupts: vectors for them, and the write that raises one (Intel SDM volume 3, "Message Signalled
// Interrupts": address FEExxxxxh names the processor, the data its vector, edge-triggered).
#include "hal.hpp"

namespace hal {
namespace {

// One class (IRQL) for all, above most lines and below the highest; the low digits are none that ISA lines have.
constexpr ULONG kIrql = 10;
constexpr ULONG kFirst = kIrql << 4 | 2;
constexpr ULONG kMostMessages = 6;

volatile LONG g_given; // how many

} // namespace
} // namespace hal

extern "C" ULONG NTAPI HalAllocateMessageVector(VOID) {
    const ULONG number = static_cast<ULONG>(InterlockedIncrement(&hal::g_given)) - 1;
    return number < hal::kMostMessages ? hal::kFirst + number : 0;
}

extern "C" BOOLEAN NTAPI HalIsMessageVector(ULONG Vector) {
    return Vector >= hal::kFirst && Vector < hal::kFirst + hal::kMostMessages;
}

extern "C" VOID NTAPI HalGetMessage(ULONG Vector, ULONG ApicId, PULONGLONG Address, PULONG Data) {
    *Address = 0xfee00000u | ApicId << 12;
    *Data = Vector;
}
