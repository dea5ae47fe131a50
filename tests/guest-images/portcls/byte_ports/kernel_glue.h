// SPDX-License-Identifier: MIT
// What mingw-w64's ddk headers need before they compile as C++, and the little runtime a kernel C++ file needs.
// Include it in one translation unit only: it defines the allocation operators.
#pragma once

#include <sdkddkver.h>
#ifndef NTDDI_WINVISTA
#define NTDDI_WINVISTA NTDDI_VISTA // wdm.h tests a macro nobody defines
#endif
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet // wdm.h brings its own
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
#define DECLSPEC_NOVTABLE
#define DECLSPEC_NOTHROW __attribute__((nothrow))

extern "C" {
#include <ntddk.h>
}

#include <initguid.h> // after ntddk.h: here the PortCls IIDs become data of this file

#define TCHAR WCHAR            // one camera structure in ksmedia.h
#define _NEW_DELETE_OPERATORS_ // the header's operator new may not return NULL as far as GCC is concerned
#include <portcls.h>
#undef TCHAR

#include <atomic>
#include <cstddef>
#include <utility>

constexpr ULONG kPoolTag = 'trPB';

// noexcept is what keeps the caller's NULL check alive.
inline void* operator new(std::size_t size, POOL_TYPE pool) noexcept {
    void* memory = ExAllocatePoolWithTag(pool, size, kPoolTag);
    if (memory != nullptr) {
        RtlZeroMemory(memory, size);
    }
    return memory;
}

void operator delete(void* memory) noexcept {
    if (memory != nullptr) {
        ExFreePoolWithTag(memory, kPoolTag);
    }
}

void operator delete(void* memory, std::size_t) noexcept {
    operator delete(memory);
}

extern "C" void __cxa_pure_virtual() {
    KeBugCheckEx(MANUALLY_INITIATED_CRASH, 0xB17E, 0, 0, 0);
}

// Releases one reference and forgets the pointer, so that a teardown run twice does no harm.
template <typename Interface> void drop(Interface*& pointer) {
    Interface* last = pointer;
    pointer = nullptr;
    if (last != nullptr) {
        last->Release();
    }
}

// A byte queue with one reader and one writer, which may be on different processors and at different IRQLs.
// The indices run freely; their difference is the fill, so no slot is wasted. N is a power of two.
template <ULONG N> class ByteQueue {
    static_assert((N & (N - 1)) == 0);

  public:
    ULONG fill() const { return head_.load(std::memory_order_acquire) - tail_.load(std::memory_order_acquire); }
    ULONG room() const { return N - fill(); }
    bool push(UCHAR byte) {
        if (room() == 0) {
            return false;
        }
        const ULONG head = head_.load(std::memory_order_relaxed);
        bytes_[head & (N - 1)] = byte;
        head_.store(head + 1, std::memory_order_release);
        return true;
    }
    UCHAR front() const { return bytes_[tail_.load(std::memory_order_relaxed) & (N - 1)]; }
    void pop() { tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }
    // Reader's side only: forgets everything written so far.
    void discard() { tail_.store(head_.load(std::memory_order_acquire), std::memory_order_release); }

  private:
    std::atomic<ULONG> head_;
    std::atomic<ULONG> tail_;
    UCHAR bytes_[N];
};

// IUnknown for all the interfaces of an object. Aggregation is not offered, so there is nothing to delegate.
template <typename Self, typename... Interfaces> class Counted : public Interfaces... {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        *out = static_cast<Self*>(this)->findInterface(iid);
        if (*out == nullptr) {
            return STATUS_INVALID_PARAMETER;
        }
        AddRef();
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(ULONG) AddRef() override { return ULONG(InterlockedIncrement(&references_)); }
    STDMETHODIMP_(ULONG) Release() override {
        const LONG left = InterlockedDecrement(&references_);
        if (left == 0) {
            delete static_cast<Self*>(this);
        }
        return ULONG(left);
    }

  private:
    LONG references_ = 1; // the creator's
};
