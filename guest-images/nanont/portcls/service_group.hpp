// SPDX-License-Identifier: MIT
// IServiceGroup: one DPC that asks each member sink for service (reference portcls-midi.md §2.7, §3.2).
#pragma once

#include "com.hpp"

namespace portcls {

/** Is this one of our live service groups? (V15: Notify with a foreign or freed one.) Any IRQL. */
bool is_service_group(PSERVICEGROUP group);

/** An interrupt routine behind an IInterruptSync runs on this processor while it lives. Above DISPATCH_LEVEL. */
class InterruptCall {
  public:
    InterruptCall();
    ~InterruptCall();
    InterruptCall(const InterruptCall&) = delete;
    InterruptCall& operator=(const InterruptCall&) = delete;

  private:
    PVOID before_thread_; // the one that this one interrupted
    LONG before_;
};

/** How often one call of an interrupt routine notifies the same (V79). */
class NotifyTally {
  public:
    /** IPort::Notify. Outside of an interrupt routine nothing is counted. Any IRQL. */
    void count();

  private:
    LONG call_ = 0;
    ULONG times_ = 0;
};

/** IPort::Notify for a live service group. Any IRQL up to that of the interrupt. */
void notify_group(PSERVICEGROUP group);

} // namespace portcls
