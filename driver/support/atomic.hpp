// SPDX-License-Identifier: MIT
// The few atomic operations a driver needs, for GCC, clang in either ABI, and MSVC. Freestanding, host tests use it
// too.
#pragma once

#if defined(__GNUC__)
#define ALWAYS_INLINE [[gnu::always_inline]] inline // where a call costs more than what it calls, whatever -Os thinks
#else
#define ALWAYS_INLINE __forceinline
#include <intrin.h> // <atomic> wants more of a C++ library than a kernel module has
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
    [[nodiscard]] ALWAYS_INLINE T load_acquire() const {
        return __atomic_load_n(&value_, __ATOMIC_ACQUIRE);
    }
    [[nodiscard]] ALWAYS_INLINE T load_relaxed() const {
        return __atomic_load_n(&value_, __ATOMIC_RELAXED);
    }
    ALWAYS_INLINE void store_release(T value) {
        __atomic_store_n(&value_, value, __ATOMIC_RELEASE);
    }
    ALWAYS_INLINE T exchange(T value) {
        return __atomic_exchange_n(&value_, value, __ATOMIC_ACQ_REL);
    }
    ALWAYS_INLINE void add(T value) {
        __atomic_fetch_add(&value_, value, __ATOMIC_RELAXED);
    }

  private:
    T value_{};
#else // on x86 a load acquires and a store releases; volatile keeps the compiler from moving them (/volatile:ms)
    [[nodiscard]] ALWAYS_INLINE T load_acquire() const {
        return value_;
    }
    [[nodiscard]] ALWAYS_INLINE T load_relaxed() const {
        return value_;
    }
    ALWAYS_INLINE void store_release(T value) {
        value_ = value;
    }
    ALWAYS_INLINE T exchange(T value) {
        if constexpr (sizeof(T) == 1) {
            return static_cast<T>(
                _InterlockedExchange8(reinterpret_cast<volatile char*>(&value_), static_cast<char>(value)) != 0);
        } else {
            return static_cast<T>(
                _InterlockedExchange(reinterpret_cast<volatile long*>(&value_), static_cast<long>(value)));
        }
    }
    ALWAYS_INLINE void add(T value) {
        static_assert(sizeof(T) == sizeof(long));
        _InterlockedExchangeAdd(reinterpret_cast<volatile long*>(&value_), static_cast<long>(value));
    }

  private:
    volatile T value_{};
#endif
};
