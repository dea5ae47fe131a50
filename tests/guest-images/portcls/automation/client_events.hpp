// SPDX-License-Identifier: MIT
// What the cases of events do to one: enable, disable, make it happen.
#pragma once

#include "automation.hpp"

inline KSEVENTDATA by_handle(HANDLE event) {
    KSEVENTDATA data{};
    data.NotificationType = KSEVENTF_EVENT_HANDLE;
    data.EventHandle.Event = event;
    return data;
}

inline NTSTATUS enable(Object& object, const GUID& set, ULONG id, ULONG flags, KSEVENTDATA& data,
                       ULONG node = ULONG(-1)) {
    KSE_NODE asked{};
    asked.Event = {{{set, id, flags}}};
    asked.NodeId = node;
    if (node != ULONG(-1)) asked.Event.Flags |= KSEVENT_TYPE_TOPOLOGY;
    return object.send(IOCTL_KS_ENABLE_EVENT, &asked, node == ULONG(-1) ? sizeof(KSEVENT) : sizeof asked, &data,
                       sizeof data);
}

/// nullptr: all of this handle's.
inline NTSTATUS disable(Object& object, KSEVENTDATA* data) {
    return object.send(IOCTL_KS_DISABLE_EVENT, data, data ? sizeof *data : 0, nullptr, 0);
}

inline void tell(const GUID* set, ULONG id) {
    g_events->GenerateEventList(const_cast<GUID*>(set), id, FALSE, 0, FALSE, 0);
}

inline void tell_pin(ULONG pin) {
    g_events->GenerateEventList(const_cast<GUID*>(&kSet), kPlain, TRUE, pin, FALSE, 0);
}

inline void tell_node(ULONG node) {
    g_events->GenerateEventList(const_cast<GUID*>(&kSet), kPlain, FALSE, 0, TRUE, node);
}
