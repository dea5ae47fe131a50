// SPDX-License-Identifier: MIT
// Nonpaged pool behind operator new: zeroed, tagged, nullptr when there is none. Everything ks and portcls keep is
// touched at DISPATCH_LEVEL sooner or later, so there is no paged variant.
#pragma once

#include "ddk.hpp"

/** Zeroed nonpaged (no-execute) pool, or nullptr. IRQL <= DISPATCH_LEVEL. Free it with ExFreePoolWithTag(p, tag). */
inline void* allocate_zeroed(SIZE_T bytes, ULONG tag) {
    void* memory = ExAllocatePoolWithTag(NonPagedPoolNx, bytes, tag);
    if (memory) RtlZeroMemory(memory, bytes);
    return memory;
}

struct PoolTag {
    ULONG value;
};
inline constexpr PoolTag kObjectTag{'boNM'}; // MNob

inline void* operator new(size_t bytes, PoolTag tag) noexcept {
    return allocate_zeroed(bytes, tag.value);
}
inline void operator delete(void* memory, PoolTag tag) noexcept {
    ExFreePoolWithTag(memory, tag.value);
}

/** Temporary pool that goes when the scope ends. */
template <class T> class PoolBuffer {
  public:
    explicit PoolBuffer(SIZE_T bytes) : bytes_(static_cast<T*>(allocate_zeroed(bytes ? bytes : 1, kObjectTag.value))) {}
    ~PoolBuffer() {
        if (bytes_) ExFreePoolWithTag(bytes_, kObjectTag.value);
    }
    PoolBuffer(const PoolBuffer&) = delete;
    PoolBuffer& operator=(const PoolBuffer&) = delete;
    explicit operator bool() const { return bytes_ != nullptr; }
    T* get() const { return bytes_; }
    T* operator->() const { return bytes_; }
    T* release() {
        T* bytes = bytes_;
        bytes_ = nullptr;
        return bytes;
    }

  private:
    T* bytes_;
};
