// SPDX-License-Identifier: MIT
// Drivers that have a handle on a device hear before it is removed, and may refuse ("Using PnP Target Device Change
// Notification"). They close their handle when they are asked, and open it again when the removal is off.
#include "io.hpp"
#include "notification.hpp"

namespace nanont::io {
namespace {

constexpr GUID target_event(ULONG first) {
    return {first, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};
}
constexpr GUID kQueryRemove = target_event(0xcb3a4006);
constexpr GUID kRemoveCancelled = target_event(0xcb3a4007);
constexpr GUID kRemoveComplete = target_event(0xcb3a4008);

NTSTATUS tell_event(Registration& registration, const GUID& event) {
    TARGET_DEVICE_REMOVAL_NOTIFICATION told{1, sizeof(TARGET_DEVICE_REMOVAL_NOTIFICATION), event, registration.file};
    return tell(registration, &told);
}

auto listens_to(const DeviceNode& node) {
    return [&node](const Registration& registration) { return registration.target == &node; };
}

void tell_everybody(const DeviceNode& node, const GUID& event) {
    Listeners listeners(listens_to(node));
    for (size_t i = 0; i < listeners.count(); ++i) {
        tell_event(listeners[i], event); // its status means something for a query only
    }
}

} // namespace

NTSTATUS ask_listeners(DeviceNode& node) {
    Listeners listeners(listens_to(node));
    for (size_t i = 0; i < listeners.count(); ++i) {
        const NTSTATUS status = tell_event(listeners[i], kQueryRemove);
        if (!NT_SUCCESS(status)) {
            for (size_t told = 0; told <= i; ++told) {
                tell_event(listeners[told], kRemoveCancelled);
            }
            return status;
        }
    }
    return STATUS_SUCCESS;
}

void tell_removal_is_off(DeviceNode& node) {
    tell_everybody(node, kRemoveCancelled);
}

void tell_removed(DeviceNode& node) {
    tell_everybody(node, kRemoveComplete);
}

} // namespace nanont::io
