// SPDX-License-Identifier: MIT
// Owner of one reference to a COM object.
#pragma once

#include "wdk.hpp"

template <class T> class ComPtr {
  public:
    ComPtr() = default;
    ComPtr(const ComPtr&) = delete;
    ComPtr& operator=(const ComPtr&) = delete;
    ~ComPtr() { reset(); }

    /// Takes over a reference somebody else made.
    void attach(T* owned) {
        reset();
        object_ = owned;
    }
    /// Takes a reference of its own.
    void copy_from(T* lent) {
        if (lent != nullptr) lent->AddRef();
        attach(lent);
    }
    /// Adds a reference for the receiver of an output parameter; NULL stays NULL.
    [[nodiscard]] T* copy() const {
        if (object_ != nullptr) object_->AddRef();
        return object_;
    }
    /// Gives the reference away.
    [[nodiscard]] T* detach() {
        T* given = object_;
        object_ = nullptr;
        return given;
    }
    void reset() {
        T* old = object_;
        object_ = nullptr; // first: Release may run code that looks at us
        if (old != nullptr) old->Release();
    }
    /// For functions that hand a reference out through a pointer: empties first.
    [[nodiscard]] T** put() {
        reset();
        return &object_;
    }

    [[nodiscard]] T* get() const { return object_; }
    T* operator->() const { return object_; }
    explicit operator bool() const { return object_ != nullptr; }

  private:
    T* object_ = nullptr;
};
