// SPDX-License-Identifier: MIT
// Kernel COM, our side: an object with a reference count that starts at 1 and answers for the interfaces it lists.
// Interface classes have no virtual destructor, so their slots are those of reference portcls-midi.md §2.1; ours comes
// after them. Release to zero destroys the object: PASSIVE_LEVEL, as for the driver's objects (§1.3).
#pragma once

#include "module/pool.hpp"
#include "module/trace.hpp"

namespace portcls {

template <class Interface> const IID& iid_of();

/** How often an object of ours is referenced; its maker's reference is the first. */
class References {
  public:
    ULONG add() { return static_cast<ULONG>(InterlockedIncrement(&count_)); }
    /** The last one gone, `destroy()` ends the object. */
    template <class Destroy> ULONG release(Destroy destroy) {
        const LONG left = InterlockedDecrement(&count_);
        trace::expect(19, left >= 0, static_cast<ULONG>(left), 0, "V19 Release below zero of a PortCls object");
        if (left == 0) {
            count_ = 1; // AddRef and Release inside the destructor must not come here again
            destroy();
        }
        return left > 0 ? static_cast<ULONG>(left) : 0;
    }

  private:
    LONG count_ = 1;
};

/** `First` is the interface that a PUNKNOWN to this object means. */
template <class First, class... More> class ComObject : public First, public More... {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        if (!out) return STATUS_INVALID_PARAMETER;
        *out = nullptr;
        if (IsEqualGUIDAligned(iid, IID_IUnknown))
            *out = static_cast<PUNKNOWN>(static_cast<First*>(this));
        else
            (try_interface<First>(iid, out) || ... || try_interface<More>(iid, out)) || query_more(iid, out);
        if (!*out) return STATUS_INVALID_PARAMETER;
        AddRef();
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(ULONG) AddRef() override { return references_.add(); }
    STDMETHODIMP_(ULONG) Release() override {
        return references_.release([this] { delete this; });
    }

  protected:
    ComObject() = default;
    virtual ~ComObject() = default;
    ComObject(const ComObject&) = delete;
    ComObject& operator=(const ComObject&) = delete;

    /** Further identities of an object, without their reference. */
    virtual bool query_more(REFIID, PVOID*) { return false; }

  private:
    template <class Interface> bool try_interface(REFIID iid, PVOID* out) {
        if (!IsEqualGUIDAligned(iid, iid_of<Interface>())) return false;
        *out = static_cast<Interface*>(this);
        return true;
    }
    References references_;
};

/** Owns one reference. */
template <class T> class ComPtr {
  public:
    ComPtr() = default;
    /** Takes over a reference the caller has. */
    static ComPtr adopt(T* object) {
        ComPtr pointer;
        pointer.object_ = object;
        return pointer;
    }
    /** Adds a reference. */
    static ComPtr share(T* object) {
        if (object) object->AddRef();
        return adopt(object);
    }
    ComPtr(ComPtr&& other) noexcept : object_(other.detach()) {}
    ComPtr& operator=(ComPtr&& other) noexcept {
        reset();
        object_ = other.detach();
        return *this;
    }
    ComPtr(const ComPtr&) = delete;
    ComPtr& operator=(const ComPtr&) = delete;
    ~ComPtr() { reset(); }

    void reset() {
        if (T* object = detach()) object->Release();
    }
    T* detach() {
        T* object = object_;
        object_ = nullptr;
        return object;
    }
    T* get() const { return object_; }
    T* operator->() const { return object_; }
    explicit operator bool() const { return object_ != nullptr; }

  private:
    T* object_ = nullptr;
};

/** QueryInterface with the checks that cost nothing (V21). */
template <class T> ComPtr<T> query(PUNKNOWN unknown, REFIID iid) {
    void* out = reinterpret_cast<void*>(static_cast<ULONG_PTR>(0xA5A5A5A5A5A5A5A5));
    void* const untouched = out;
    NTSTATUS status = unknown->QueryInterface(iid, &out);
    trace::judged(21);
    if (NT_SUCCESS(status) && out && out != untouched) return ComPtr<T>::adopt(static_cast<T*>(out));
    if (NT_SUCCESS(status))
        trace::finding(21, reinterpret_cast<ULONG_PTR>(out), 0, "V21 QueryInterface succeeded without an interface");
    else if (out)
        trace::finding(21, reinterpret_cast<ULONG_PTR>(out), 0,
                       "V21 QueryInterface failed and did not set *out to NULL");
    return {};
}

/** Methods are for PASSIVE_LEVEL (V01); true: the caller may go on. Exported functions are held to it by the kernel. */
inline bool at_passive(const char* function) {
    KIRQL irql = KeGetCurrentIrql();
    return trace::expect(1, irql == PASSIVE_LEVEL, irql, PASSIVE_LEVEL, function);
}

} // namespace portcls
