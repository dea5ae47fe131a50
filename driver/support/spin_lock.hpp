// SPDX-License-Identifier: MIT
#pragma once

#include "wdk.hpp"

/// A KSPIN_LOCK; cannot change its address.
class SpinLock {
  public:
    SpinLock() { KeInitializeSpinLock(&lock_); }
    SpinLock(const SpinLock&) = delete;
    SpinLock& operator=(const SpinLock&) = delete;

  private:
    friend class SpinLockGuard;
    KSPIN_LOCK lock_;
};

/// Holds the lock, at DISPATCH_LEVEL, until the end of its scope. <= DISPATCH_LEVEL.
class [[nodiscard]] SpinLockGuard {
  public:
    explicit SpinLockGuard(SpinLock& lock) : lock_(lock) { KeAcquireSpinLock(&lock_.lock_, &irql_); }
    ~SpinLockGuard() { KeReleaseSpinLock(&lock_.lock_, irql_); }
    SpinLockGuard(const SpinLockGuard&) = delete;
    SpinLockGuard& operator=(const SpinLockGuard&) = delete;

  private:
    SpinLock& lock_;
    KIRQL irql_;
};
