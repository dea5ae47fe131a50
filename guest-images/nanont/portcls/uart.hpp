// SPDX-License-Identifier: MIT
// An MPU-401 in UART mode, as the system's own miniports drive it (reference mpu401.md §1, §2; portcls-midi.md §2.2):
// two ports, and an interrupt for received bytes only. Output waits in a ring that a 1 ms timer empties whenever the
// card takes bytes; input is read in the interrupt routine, or by that timer where the device has no interrupt.
#pragma once

#include "com.hpp"
#include "uart_ring.hpp"

#include "module/locks.hpp"

namespace portcls {

/** Who a Uart works for. */
class UartOwner {
  public:
    /** Bytes wait for Uart::receive(). Up to the interrupt's IRQL. */
    virtual void received() = 0;
    /** Uart::send() has room again. DISPATCH_LEVEL, no lock held. */
    virtual void room() = 0;

  protected:
    ~UartOwner() = default;
};

class Uart {
  public:
    Uart();
    Uart(const Uart&) = delete;
    Uart& operator=(const Uart&) = delete;

    /** Takes ports and interrupt, and puts the card into UART mode. The adapter's IInterruptSync is used where it
     * answers for one, else one is made; no interrupt at all: input is polled. STATUS_DEVICE_CONFIGURATION_ERROR: other
     * resources than these. STATUS_IO_DEVICE_ERROR: the card does not answer. PASSIVE_LEVEL. */
    NTSTATUS start(PUNKNOWN adapter, PRESOURCELIST resources, UartOwner& owner);
    /** Leaves UART mode and disconnects; nothing of it runs any more on return. PASSIVE_LEVEL. */
    void stop();
    /** The card loses its power, or has it again and is put into UART mode anew. PASSIVE_LEVEL. */
    void power(bool on);

    /** Takes what fits into the ring, in multiples of `unit` unless it is all. IRQL <= DISPATCH_LEVEL. */
    ULONG send(const UCHAR* bytes, ULONG count, ULONG unit = 1);
    /** Bytes wait, and the card has taken none for half a second. */
    bool is_stuck();
    /** Whether what waits goes out, or is held (PAUSE). PASSIVE_LEVEL. */
    void let_out(bool out);
    /** STOP: what has not gone out is dropped. PASSIVE_LEVEL. */
    void discard();

    /** Whether what comes in is kept, from now on; what waits is dropped. PASSIVE_LEVEL. */
    void listen(bool on);
    /** Received bytes in order. IRQL <= DISPATCH_LEVEL, one caller at a time. */
    ULONG receive(UCHAR* bytes, ULONG room) { return in_.take(bytes, room); }

  private:
    NTSTATUS take_resources(PUNKNOWN adapter, PRESOURCELIST resources);
    NTSTATUS connect();
    NTSTATUS enter_uart_mode();
    bool command(UCHAR code);
    bool wait_acknowledged();
    template <class Condition> bool wait(Condition condition);
    bool ready() const;
    void look_for_input();
    bool drain();
    bool pump();
    void arm();
    static NTSTATUS NTAPI on_interrupt(IInterruptSync*, PVOID context);
    static NTSTATUS NTAPI on_synchronized(IInterruptSync*, PVOID context);
    static VOID NTAPI on_timer(PKDPC, PVOID context, PVOID, PVOID);

    PUCHAR data_ = nullptr, status_ = nullptr, command_ = nullptr;
    PINTERRUPTSYNC sync_ = nullptr;
    bool connected_ = false; // by us
    UartOwner* owner_ = nullptr;
    volatile bool powered_ = false, listening_ = false, acknowledged_ = false;
    UartRing<1024> in_; // written by the interrupt routine
    ULONG lost_ = 0;    // input without room
    KSPIN_LOCK lock_;   // what follows
    UartRing<256> out_;
    bool held_ = true;
    int64_t tick_ = 0;     // when polls_ was last filled up
    ULONG polls_ = 0;      // how often the card may be waited for in this tick
    int64_t progress_ = 0; // when the card last took a byte, or had none to take
    KTIMER timer_;
    KDPC dpc_;
};

} // namespace portcls
