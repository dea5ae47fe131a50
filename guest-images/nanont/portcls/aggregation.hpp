// SPDX-License-Identifier: MIT
// Objects that a driver's own object may make a part of itself: the OuterUnknown of PcNewInterruptSync,
// PcNewServiceGroup, PcNewResourceList, PcNewResourceSublist, PcNewRegistryKey and NewStream (Microsoft Learn: "an
// object that needs to aggregate the object"). What that means is COM's rule (Microsoft Learn: Aggregation), and
// portcls.h adds nothing to it:
//
//  - The maker gets the inner object's own face: its AddRef, Release and QueryInterface are the inner object's, and the
//    last Release of it destroys the inner object. IUnknown asked of it is that face again.
//  - Every other interface asked of it is the face for the world: there AddRef, Release and QueryInterface are the
//  outer
//    object's, so that a client cannot tell the two apart.
//  - The inner object holds no reference to the outer one.
//
// Without an outer unknown there is the own face only.
#pragma once

#include "com.hpp"

namespace portcls {

template <class Interface> class Aggregatable;

/** The face whose IUnknown is the inner object's own. */
template <class Interface> class OwnFace : public Interface {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) final { return object().query_own(iid, out); }
    STDMETHODIMP_(ULONG) AddRef() final { return object().add_own_reference(); }
    STDMETHODIMP_(ULONG) Release() final { return object().release_own_reference(); }

  private:
    Aggregatable<Interface>& object() { return static_cast<Aggregatable<Interface>&>(*this); }
};

/** The face whose IUnknown is the outer object's. */
template <class Interface> class OuterFace : public Interface {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) final { return outer()->QueryInterface(iid, out); }
    STDMETHODIMP_(ULONG) AddRef() final { return outer()->AddRef(); }
    STDMETHODIMP_(ULONG) Release() final { return outer()->Release(); }

  private:
    PUNKNOWN outer() { return static_cast<Aggregatable<Interface>&>(*this).outer(); }
};

/** An object with one interface. A method that the object's class overrides is overridden in both faces. The last own
 * Release destroys it: PASSIVE_LEVEL. */
template <class Interface> class Aggregatable : public OwnFace<Interface>, public OuterFace<Interface> {
  public:
    using OwnFace<Interface>::AddRef;
    using OwnFace<Interface>::QueryInterface;
    using OwnFace<Interface>::Release;

    /** What the maker gets. */
    Interface* own() { return static_cast<OwnFace<Interface>*>(this); }
    /** What the world sees: what is handed to callbacks. */
    Interface* identity() { return outer_ ? static_cast<OuterFace<Interface>*>(this) : own(); }
    PUNKNOWN outer() const { return outer_; }

    NTSTATUS query_own(REFIID iid, PVOID* out) {
        if (!out) return STATUS_INVALID_PARAMETER;
        *out = nullptr;
        Interface* face;
        if (IsEqualGUIDAligned(iid, IID_IUnknown))
            face = own();
        else if (IsEqualGUIDAligned(iid, iid_of<Interface>()))
            face = identity();
        else
            return STATUS_INVALID_PARAMETER;
        face->AddRef();
        *out = face;
        return STATUS_SUCCESS;
    }
    ULONG add_own_reference() { return references_.add(); }
    ULONG release_own_reference() {
        return references_.release([this] { destroy(); });
    }

  protected:
    explicit Aggregatable(PUNKNOWN outer) : outer_(outer) {}
    virtual ~Aggregatable() = default;
    /** The last own reference is gone. */
    virtual void destroy() { delete this; }
    Aggregatable(const Aggregatable&) = delete;
    Aggregatable& operator=(const Aggregatable&) = delete;

  private:
    const PUNKNOWN outer_; // not counted
    References references_;
};

/** `made` to its maker. STATUS_INSUFFICIENT_RESOURCES: there is none. */
template <class Object, class Interface> NTSTATUS hand_out(Object* made, Interface** out) {
    *out = made ? made->own() : nullptr;
    return made ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

} // namespace portcls
