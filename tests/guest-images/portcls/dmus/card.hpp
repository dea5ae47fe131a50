// SPDX-License-Identifier: MIT
// An MPU-401 in UART mode, driven as reference portcls-midi.md §2.2 describes it: two ports, one interrupt.
#pragma once

#include "pins.hpp"

class Card {
  public:
    Card();
    /** Resets it into UART mode and connects its interrupt, which fires `port`'s service groups. PASSIVE_LEVEL. */
    NTSTATUS start(PRESOURCELIST resources, PPORTDMUS port);
    void stop();

    /** False: it takes no byte, even when it is given some time. IRQL <= DISPATCH_LEVEL. */
    bool send(UCHAR byte, ULONG& polls);
    /** A captured byte. False: there is none. IRQL <= DISPATCH_LEVEL. */
    bool take(UCHAR& byte);

  private:
    static constexpr ULONG kRing = 1024;
    bool command(UCHAR code);
    static NTSTATUS NTAPI interrupt(IInterruptSync*, PVOID context);

    PUCHAR data_ = nullptr, status_ = nullptr;
    PINTERRUPTSYNC sync_ = nullptr;
    PPORTDMUS port_ = nullptr;
    UCHAR ring_[kRing] = {};
    volatile ULONG written_ = 0; // by the interrupt routine
    volatile ULONG read_ = 0;
};
