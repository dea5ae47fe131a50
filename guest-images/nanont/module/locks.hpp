// SPDX-License-Identifier: MIT
// Guards: taken in the constructor, given back on every way out.
#pragma once

#include "ddk.hpp"

/** A spin lock held for a scope; IRQL is DISPATCH_LEVEL inside. IRQL <= DISPATCH_LEVEL. */
class SpinLockGuard {
  public:
    [[nodiscard]] explicit SpinLockGuard(KSPIN_LOCK& lock) : lock_(lock) { KeAcquireSpinLock(&lock_, &irql_); }
    ~SpinLockGuard() { KeReleaseSpinLock(&lock_, irql_); }
    SpinLockGuard(const SpinLockGuard&) = delete;
    SpinLockGuard& operator=(const SpinLockGuard&) = delete;

  private:
    KSPIN_LOCK& lock_;
    KIRQL irql_;
};

/** Raised to DISPATCH_LEVEL for a scope. IRQL <= DISPATCH_LEVEL. */
class DispatchLevel {
  public:
    [[nodiscard]] DispatchLevel() { KeRaiseIrql(DISPATCH_LEVEL, &irql_); }
    ~DispatchLevel() { KeLowerIrql(irql_); }
    DispatchLevel(const DispatchLevel&) = delete;
    DispatchLevel& operator=(const DispatchLevel&) = delete;

  private:
    KIRQL irql_;
};

/** A lock for PASSIVE_LEVEL code that may block while it holds it. Not recursive. */
class ControlLock {
  public:
    void initialize() { KeInitializeEvent(&free_, SynchronizationEvent, TRUE); }
    void acquire() { KeWaitForSingleObject(&free_, Executive, KernelMode, FALSE, nullptr); }
    void release() { KeSetEvent(&free_, IO_NO_INCREMENT, FALSE); }

  private:
    KEVENT free_;
};

class ControlGuard {
  public:
    [[nodiscard]] explicit ControlGuard(ControlLock& lock) : lock_(lock) { lock_.acquire(); }
    ~ControlGuard() { lock_.release(); }
    ControlGuard(const ControlGuard&) = delete;
    ControlGuard& operator=(const ControlGuard&) = delete;

  private:
    ControlLock& lock_;
};

/** Waits at least `ms` milliseconds, as ticks allow. PASSIVE_LEVEL. */
inline void sleep_ms(ULONG ms) {
    LARGE_INTEGER due;
    due.QuadPart = -10000LL * ms;
    KeDelayExecutionThread(KernelMode, FALSE, &due);
}
