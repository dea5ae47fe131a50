// SPDX-License-Identifier: MIT
// CUnknown, which stdunk.h declares: the WDK has it in stdunk.lib, mingw-w64 does not have it.
#if defined(__GNUC__)
#include "wdk.hpp"

namespace {

/// CUnknown's half of an object, as the IUnknown that aggregation hands out: both tables begin with the same three
/// functions.
PUNKNOWN as_unknown(PNONDELEGATINGUNKNOWN object) {
    return reinterpret_cast<PUNKNOWN>(object);
}

} // namespace

CUnknown::CUnknown(PUNKNOWN outer)
    : m_ref_count(0), m_outer_unknown(outer != nullptr ? outer : as_unknown(static_cast<PNONDELEGATINGUNKNOWN>(this))) {
}

CUnknown::~CUnknown() = default;

STDMETHODIMP_(ULONG) CUnknown::NonDelegatingAddRef() {
    return static_cast<ULONG>(InterlockedIncrement(&m_ref_count));
}

/// The last one must come at PASSIVE_LEVEL: destructors disconnect interrupts.
STDMETHODIMP_(ULONG) CUnknown::NonDelegatingRelease() {
    const LONG left = InterlockedDecrement(&m_ref_count);
    if (left > 0) return static_cast<ULONG>(left);
    m_ref_count = 1; // a destructor that lends the object out again must not end up here twice
    delete this;
    return 0;
}

STDMETHODIMP_(NTSTATUS) CUnknown::NonDelegatingQueryInterface(REFIID interface_id, PVOID* object) {
    *object = nullptr;
    if (!IsEqualGUIDAligned(interface_id, IID_IUnknown)) return STATUS_INVALID_PARAMETER;
    NonDelegatingAddRef();
    *object = as_unknown(this);
    return STATUS_SUCCESS;
}
#endif
