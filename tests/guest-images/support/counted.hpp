// SPDX-License-Identifier: MIT
// What the test drivers' COM objects share: a reference count, and QueryInterface for interfaces they name.
#pragma once

#include "module/pool.hpp"

/// The first interface's IUnknown is the object's own.
template <class First, class... More> struct Counted : First, More... {
    LONG references = 1;
    virtual ~Counted() = default;
    STDMETHODIMP_(ULONG) AddRef() override { return static_cast<ULONG>(InterlockedIncrement(&references)); }
    STDMETHODIMP_(ULONG) Release() override {
        LONG left = InterlockedDecrement(&references);
        if (left == 0) delete this;
        return static_cast<ULONG>(left);
    }

  protected:
    /// True, and a reference in *out: `asked` is `mine`.
    template <class Interface> bool gives(REFIID asked, REFIID mine, PVOID* out) {
        if (!IsEqualGUIDAligned(asked, mine)) return false;
        *out = static_cast<Interface*>(this);
        AddRef();
        return true;
    }
    NTSTATUS gives_unknown(REFIID asked, PVOID* out) {
        *out = nullptr;
        if (!IsEqualGUIDAligned(asked, IID_IUnknown)) return STATUS_INVALID_PARAMETER;
        *out = static_cast<First*>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
};
