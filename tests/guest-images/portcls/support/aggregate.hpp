// SPDX-License-Identifier: MIT
// An object of portcls.sys made a part of one of the test driver's, and held to COM's rules of aggregation (Microsoft
// Learn: Aggregation). CHECKS_OF is defined before this is included.
#pragma once

#include "../../support/checks.hpp"

/** The outer object: its own IUnknown, and one interface that is the inner object's. On the stack: it is counted, and
 * never deleted. */
struct Outer final : IUnknown {
    explicit Outer(REFIID of) : iid(of) {}
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID asked, PVOID* out) override {
        if (IsEqualGUIDAligned(asked, iid) && inner) return inner->QueryInterface(asked, out);
        *out = nullptr;
        if (!IsEqualGUIDAligned(asked, IID_IUnknown)) return STATUS_INVALID_PARAMETER;
        *out = static_cast<IUnknown*>(this);
        AddRef();
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(ULONG) AddRef() override { return ++references; }
    STDMETHODIMP_(ULONG) Release() override { return --references; }

    const IID iid;
    PUNKNOWN inner = nullptr;
    ULONG references = 1;
};

/** The address of whatever interface `from` gives for `iid`, whose reference is given back at once. */
inline PVOID asked(PUNKNOWN from, REFIID iid) {
    PVOID out = nullptr;
    if (!NT_SUCCESS(from->QueryInterface(iid, &out)) || !out) return nullptr;
    static_cast<PUNKNOWN>(out)->Release();
    return out;
}

/** `make(outer, &out)` makes the object, `use(face)` calls methods of it: through the maker's own face and through the
 * world's. Afterwards it is gone. */
template <class Interface, class Make, class Use>
void check_aggregated(const char* what, REFIID iid, Make make, Use use) {
    static const GUID kNobodys = {0x0badc0de, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
    Outer outer(iid);
    Interface* own = nullptr;
    const NTSTATUS status = make(static_cast<PUNKNOWN>(&outer), &own);
    CHECK_EQUAL(status, STATUS_SUCCESS);
    CHECK(own != nullptr);
    if (!own) return;
    outer.inner = own;
    CHECK_EQUAL(outer.references, 1); // the inner object counts none of the outer one's
    CHECK_EQUAL(own->AddRef(), 2);
    CHECK_EQUAL(own->Release(), 1);
    CHECK_EQUAL(outer.references, 1);
    CHECK(asked(own, IID_IUnknown) == static_cast<PVOID>(own));
    CHECK_EQUAL(outer.references, 1);
    PVOID none = &none;
    CHECK_EQUAL(own->QueryInterface(kNobodys, &none), STATUS_INVALID_PARAMETER);
    CHECK(none == nullptr);

    Interface* face = nullptr;
    CHECK_EQUAL(own->QueryInterface(iid, reinterpret_cast<PVOID*>(&face)), STATUS_SUCCESS);
    CHECK_EQUAL(outer.references, 2);
    if (face) {
        CHECK_EQUAL(face->AddRef(), 3);
        CHECK_EQUAL(face->Release(), 2);
        CHECK(asked(face, IID_IUnknown) == static_cast<PUNKNOWN>(&outer)); // one identity
        CHECK(asked(face, iid) == static_cast<PVOID>(face));
        CHECK(asked(face, kNobodys) == nullptr);
        use(face);
        CHECK_EQUAL(face->Release(), 1);
    }
    use(own);
    CHECK_EQUAL(outer.references, 1);
    CHECK_EQUAL(own->Release(), 0);
    CHECK_EQUAL(outer.references, 1);
    DbgPrint(CHECKS_OF ": aggregated %s\n", what);
}
