// SPDX-License-Identifier: MIT
// What the test drivers' objects share: a reference count that begins at 1, and a QueryInterface for one interface.
#pragma once

#include "module/pool.hpp"

template <class Interface> struct Counted : Interface {
    LONG references = 1;
    virtual ~Counted() = default;
    STDMETHODIMP_(ULONG) AddRef() override { return static_cast<ULONG>(InterlockedIncrement(&references)); }
    STDMETHODIMP_(ULONG) Release() override {
        LONG left = InterlockedDecrement(&references);
        if (left == 0) delete this;
        return static_cast<ULONG>(left);
    }
};

template <class Object, class Interface> NTSTATUS answer(Object* object, REFIID asked, REFIID mine, PVOID* out) {
    if (!IsEqualGUIDAligned(asked, mine) && !IsEqualGUIDAligned(asked, IID_IUnknown)) {
        *out = nullptr;
        return STATUS_INVALID_PARAMETER;
    }
    *out = static_cast<Interface*>(object);
    object->AddRef();
    return STATUS_SUCCESS;
}
