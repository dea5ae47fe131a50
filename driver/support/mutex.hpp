// SPDX-License-Identifier: MIT
#pragma once

#include "wdk.hpp"

/// A KMUTEX: one thread at a time, which may wait and sleep inside and may take it again. Cannot change its address.
class Mutex {
  public:
    Mutex() { KeInitializeMutex(&mutex_, 0); }
    Mutex(const Mutex&) = delete;
    Mutex& operator=(const Mutex&) = delete;

  private:
    friend class MutexGuard;
    KMUTEX mutex_;
};

/// Holds the mutex until the end of its scope. PASSIVE_LEVEL, and APC_LEVEL at most.
class [[nodiscard]] MutexGuard {
  public:
    explicit MutexGuard(Mutex& mutex) : mutex_(mutex) {
        KeWaitForSingleObject(&mutex_.mutex_, Executive, KernelMode, FALSE, nullptr);
    }
    ~MutexGuard() { KeReleaseMutex(&mutex_.mutex_, FALSE); }
    MutexGuard(const MutexGuard&) = delete;
    MutexGuard& operator=(const MutexGuard&) = delete;

  private:
    Mutex& mutex_;
};
