// SPDX-License-Identifier: MIT
// Who wants to hear of plug and play (notification.cpp), and the two kinds of news: device interfaces that come and go
// (interface_change.cpp), a device that is about to go (target_change.cpp).
#ifndef NANONT_IO_NOTIFICATION_HPP
#define NANONT_IO_NOTIFICATION_HPP

#include "ke/ke.hpp"
#include "nt.hpp"

namespace nanont::io {

struct DeviceNode;

/// One driver's wish. `callback` nullptr: news of its category never come here.
struct Registration {
    LIST_ENTRY link;
    IO_NOTIFICATION_EVENT_CATEGORY kind;
    GUID category;      // of interfaces
    DeviceNode* target; // a device
    PFILE_OBJECT file; // by which the device was named; never touched, for its handle is closed while we are registered
    PDRIVER_NOTIFICATION_CALLBACK_ROUTINE callback;
    PVOID context;
    PDRIVER_OBJECT driver; // referenced
    LONG holders;          // the list, and each call under way
    KEVENT idle;           // no call is under way, and none will come
    ke::Thread* caller;    // that runs the callback
    bool is_orphan;        // unregistered from within: the last holder frees it
};

/// Those who are registered now, held while they are told: callbacks may register and unregister. PASSIVE_LEVEL.
class Listeners {
  public:
    static constexpr size_t kMost = 64;

    /// `wanted(registration)` is called under the list's lock.
    template <typename Wanted> explicit Listeners(Wanted wanted) {
        collect([](const Registration& registration,
                   void* context) { return (*static_cast<Wanted*>(context))(registration); },
                &wanted);
    }
    ~Listeners();
    Listeners(const Listeners&) = delete;
    Listeners& operator=(const Listeners&) = delete;

    size_t count() const { return count_; }
    Registration& operator[](size_t i) { return *found_[i]; }

  private:
    void collect(bool (*wanted)(const Registration&, void*), void* context);

    Registration* found_[kMost];
    size_t count_ = 0;
};

/// Calls the callback with a notification structure; its status. PASSIVE_LEVEL.
NTSTATUS tell(Registration& registration, PVOID structure);

// interface_change.cpp

/// Tells those who registered for the category, from a worker and in order. PASSIVE_LEVEL; the caller may hold the
/// interfaces' mutex.
void interface_changed(const GUID& category, const UNICODE_STRING& name, bool arrived);
/// What is there already, to one who is not on the list yet. PASSIVE_LEVEL.
void tell_existing(Registration& registration);

// target_change.cpp: at once, in the thread of the one who holds the DeviceLock. PASSIVE_LEVEL.

/// Before IRP_MN_QUERY_REMOVE_DEVICE. The first failure ends it, and those who were told hear that it is off.
NTSTATUS ask_listeners(DeviceNode& node);
/// The removal they agreed to does not take place.
void tell_removal_is_off(DeviceNode& node);
/// The device has been removed, or has gone without being asked.
void tell_removed(DeviceNode& node);

} // namespace nanont::io

#endif
