// SPDX-License-Identifier: MIT
// The few atomic operations a driver needs, for GCC, clang in either ABI, and MSVC. Freestanding, host tests use it
// too.
#pragma once

#if !defined(__GNUC__)
#include <atomic>
#endif

/// An integer or bool shared between a CPU's interrupt or DPC and other CPUs: what is written before store_release()
/// is seen by whoever load_acquire()s the value.
template <class T> class Atomic {
  public:
    constexpr Atomic() = default;
    constexpr explicit Atomic(T value) : value_(value) {}
    Atomic(const Atomic&) = delete;
    Atomic& operator=(const Atomic&) = delete;

#if defined(__GNUC__)
    [[nodiscard]] T load_acquire() const {
        return __atomic_load_n(&value_, __ATOMIC_ACQUIRE);
    }
    [[nodiscard]] T load_relaxed() const {
        return __atomic_load_n(&value_, __ATOMIC_RELAXED);
    }
    void store_release(T value) {
        __atomic_store_n(&value_, value, __ATOMIC_RELEASE);
    }
    T exchange(T value) {
        return __atomic_exchange_n(&value_, value, __ATOMIC_ACQ_REL);
    }
    void add(T value) {
        __atomic_fetch_add(&value_, value, __ATOMIC_RELAXED);
    }

  private:
    T value_{};
#else
    [[nodiscard]] T load_acquire() const {
        return value_.load(std::memory_order_acquire);
    }
    [[nodiscard]] T load_relaxed() const {
        return value_.load(std::memory_order_relaxed);
    }
    void store_release(T value) {
        value_.store(value, std::memory_order_release);
    }
    T exchange(T value) {
        return value_.exchange(value, std::memory_order_acq_rel);
    }
    void add(T value) {
        value_.fetch_add(value, std::memory_order_relaxed);
    }

  private:
    std::atomic<T> value_{};
#endif
};
