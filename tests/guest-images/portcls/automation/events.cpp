// SPDX-License-Identifier: MIT
#include "client_events.hpp"

#include <initializer_list>

namespace {

/// A client that has enabled kPlain through `object`, and is told when it happens.
struct Listener {
    Listener(Object& object, ULONG node = ULONG(-1)) {
        data = by_handle(signal.handle);
        CHECK_EQUAL(enable(object, kSet, kPlain, KSEVENT_TYPE_ENABLE, data, node), STATUS_SUCCESS);
    }
    Signal signal;
    KSEVENTDATA data;
};

} // namespace

void pin_events() {
    Object filter, pin, other;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pin.open_pin(filter), STATUS_SUCCESS);
    CHECK_EQUAL(other.open_pin(filter), STATUS_SUCCESS);
    Listener one(pin);
    CHECK(g_asked.has_stream && g_asked.has_irp);
    CHECK_EQUAL(pin.returned, 0);
    CHECK_EQUAL(g_asked.node, ULONG(-1));
    Listener two(other);
    CHECK_EQUAL(g_asked.adds, 2);
    CHECK(!one.signal.take());
    tell(&kSet, kPlain);
    CHECK(one.signal.take() && two.signal.take());
    tell(nullptr, kPlain); // whatever its set
    CHECK(one.signal.take() && two.signal.take());
    tell_pin(kRender);
    CHECK(one.signal.take() && two.signal.take());
    tell_pin(kBridge);
    tell_node(kNamedNode); // a pin's own event is of no node
    tell(&kOther, kPlain);
    tell(&kSet, kPlain + 7);
    CHECK(!one.signal.take() && !two.signal.take());

    CHECK_EQUAL(disable(pin, &one.data), STATUS_SUCCESS);
    CHECK_EQUAL(g_asked.removes, 1);
    CHECK(g_asked.has_stream && !g_asked.has_irp);
    tell(&kSet, kPlain);
    CHECK(!one.signal.take() && two.signal.take());
    CHECK_EQUAL(disable(pin, &one.data), STATUS_UNSUCCESSFUL); // twice
    CHECK_EQUAL(disable(pin, &two.data), STATUS_UNSUCCESSFUL); // enabled through another handle
    CHECK_EQUAL(disable(filter, &two.data), STATUS_UNSUCCESSFUL);
    CHECK_EQUAL(other.send(IOCTL_KS_DISABLE_EVENT, &two.data, sizeof two.data - 1, nullptr, 0),
                STATUS_INVALID_BUFFER_SIZE);
    CHECK_EQUAL(disable(other, &two.data), STATUS_SUCCESS);
    CHECK_EQUAL(g_asked.removes, 2);
}

void node_events() {
    Object filter, pin;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pin.open_pin(filter), STATUS_SUCCESS);
    Listener of_filter(filter, kNamedNode);
    CHECK(!g_asked.has_stream);
    CHECK_EQUAL(g_asked.node, kNamedNode);
    Listener of_pin(pin, kNamedNode);
    CHECK(g_asked.has_stream);
    tell_node(kNamedNode);
    CHECK(of_filter.signal.take() && of_pin.signal.take());
    tell_pin(kRender);
    CHECK(!of_filter.signal.take() && of_pin.signal.take());
    tell_node(kTypedNode);
    CHECK(!of_filter.signal.take() && !of_pin.signal.take());
    Signal signal;
    KSEVENTDATA data = by_handle(signal.handle);
    for (Object* object : {&filter, &pin}) {
        CHECK_EQUAL(enable(*object, kSet, kPlain, KSEVENT_TYPE_ENABLE, data, kTypedNode), STATUS_PROPSET_NOT_FOUND);
        CHECK_EQUAL(enable(*object, kSet, kPlain, KSEVENT_TYPE_ENABLE, data, kNodes), STATUS_INVALID_PARAMETER);
        const KSEVENT none{{{kSet, kPlain, KSEVENT_TYPE_ENABLE | KSEVENT_TYPE_TOPOLOGY}}};
        CHECK_EQUAL(object->send(IOCTL_KS_ENABLE_EVENT, &none, sizeof none, &data, sizeof data),
                    STATUS_INVALID_BUFFER_SIZE);
    }
    CHECK_EQUAL(disable(filter, &of_filter.data), STATUS_SUCCESS);
    CHECK_EQUAL(disable(pin, &of_pin.data), STATUS_SUCCESS);
    CHECK_EQUAL(g_asked.adds, 2);
    CHECK_EQUAL(g_asked.removes, 2);
}

/// What it comes to depends on a choice of nanont's: the test reads the lines.
void filter_events() {
    struct {
        KSEVENT event;
        ULONG pin, reserved;
    } of_bridge{{{{kSet, kPlain, KSEVENT_TYPE_ENABLE}}}, kBridge, 0};
    Object filter;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    Signal plain, bridge;
    KSEVENTDATA one = by_handle(plain.handle), two = by_handle(bridge.handle);
    NTSTATUS status = enable(filter, kSet, kPlain, KSEVENT_TYPE_ENABLE, one);
    DbgPrint("automation: event of the filter 0x%08x\n", status);
    if (!NT_SUCCESS(status)) return;
    CHECK_EQUAL(filter.send(IOCTL_KS_ENABLE_EVENT, &of_bridge, sizeof of_bridge, &two, sizeof two), STATUS_SUCCESS);
    tell_pin(kBridge);
    DbgPrint("automation: told of the bridge pin: %d %d\n", plain.take(), bridge.take());
    tell(&kSet, kPlain);
    DbgPrint("automation: told of all: %d %d\n", plain.take(), bridge.take());
    CHECK_EQUAL(disable(filter, nullptr), STATUS_SUCCESS); // all of this client's
    CHECK_EQUAL(g_asked.removes, 2);
    tell(&kSet, kPlain);
    CHECK(!plain.take() && !bridge.take());
    CHECK_EQUAL(disable(filter, nullptr), STATUS_SUCCESS); // none is left, which is no error
}

void wrong_event_requests() {
    Object filter, pin;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pin.open_pin(filter), STATUS_SUCCESS);
    Signal signal;
    KSEVENTDATA data = by_handle(signal.handle);
    CHECK_EQUAL(enable(pin, kNobodys, kPlain, KSEVENT_TYPE_ENABLE, data), STATUS_PROPSET_NOT_FOUND);
    CHECK_EQUAL(enable(pin, kSet, 77, KSEVENT_TYPE_ENABLE, data), STATUS_NOT_FOUND);
    CHECK_EQUAL(enable(pin, kSet, kPlain, 0, data), STATUS_INVALID_DEVICE_REQUEST);
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLEBUFFERED, data), STATUS_NOT_SUPPORTED);
    CHECK_EQUAL(enable(pin, kOther, kPlain, KSEVENT_TYPE_ONESHOT, data), STATUS_NOT_FOUND); // the item has ENABLE only
    CHECK_EQUAL(g_asked.adds, 0);
    const KSEVENT asked{{{kSet, kPlain, KSEVENT_TYPE_ENABLE}}};
    CHECK_EQUAL(pin.send(IOCTL_KS_ENABLE_EVENT, &asked, sizeof asked - 1, &data, sizeof data),
                STATUS_INVALID_BUFFER_SIZE);
    CHECK_EQUAL(pin.send(IOCTL_KS_ENABLE_EVENT, nullptr, 0, &data, sizeof data), STATUS_INVALID_BUFFER_SIZE);
    CHECK_EQUAL(pin.send(IOCTL_KS_ENABLE_EVENT, &asked, sizeof asked, &data, sizeof data - 1), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(pin.send(IOCTL_KS_ENABLE_EVENT, &asked, sizeof asked, nullptr, 0), STATUS_BUFFER_TOO_SMALL);
    data.NotificationType = 0;
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLE, data), STATUS_INVALID_PARAMETER);
    data.NotificationType = KSEVENTF_EVENT_HANDLE | KSEVENTF_DPC;
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLE, data), STATUS_INVALID_PARAMETER);
    data = by_handle(nullptr);
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLE, data), STATUS_INVALID_HANDLE);
    data = by_handle(pin.handle); // a file's
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLE, data), STATUS_OBJECT_TYPE_MISMATCH);
    CHECK_EQUAL(g_asked.adds, 0);
    data = by_handle(signal.handle);
    CHECK_EQUAL(enable(pin, kSet, kRefused, KSEVENT_TYPE_ENABLE, data), STATUS_DEVICE_BUSY); // the driver's own answer
    CHECK_EQUAL(g_asked.adds, 1);
    tell(&kSet, kRefused);
    CHECK(!signal.take());
    CHECK_EQUAL(disable(pin, &data), STATUS_UNSUCCESSFUL);
    CHECK_EQUAL(g_asked.removes, 0);
}

void one_shot_events() {
    Object filter, pin;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pin.open_pin(filter), STATUS_SUCCESS);
    Signal signal;
    KSEVENTDATA data = by_handle(signal.handle);
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ONESHOT, data), STATUS_SUCCESS);
    tell(&kSet, kPlain);
    tell(&kSet, kPlain);
    CHECK(signal.take());
    CHECK(!signal.take()); // once
    CHECK_EQUAL(disable(pin, &data), STATUS_UNSUCCESSFUL);
    for (ULONG i = 0; i < 100 && g_asked.removes == 0; ++i)
        pause(1); // the handler is told from a thread of the system's
    CHECK_EQUAL(g_asked.removes, 1);
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ONESHOT, data), STATUS_SUCCESS);
    CHECK_EQUAL(disable(pin, &data), STATUS_SUCCESS); // before it has happened
    CHECK_EQUAL(g_asked.removes, 2);
}

void closing_handles() {
    Signal signal;
    {
        Object filter;
        CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
        KSEVENTDATA data[3] = {by_handle(signal.handle), by_handle(signal.handle), by_handle(signal.handle)};
        CHECK_EQUAL(enable(filter, kSet, kPlain, KSEVENT_TYPE_ENABLE, data[0], kNamedNode), STATUS_SUCCESS);
        {
            Object pin;
            CHECK_EQUAL(pin.open_pin(filter), STATUS_SUCCESS);
            CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ENABLE, data[1]), STATUS_SUCCESS);
            CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_ONESHOT, data[2]), STATUS_SUCCESS);
            tell(&kSet, kPlain); // one is on its way out when the handle closes
        }
        for (ULONG i = 0; i < 100 && g_asked.removes < 2; ++i)
            pause(1);
        CHECK_EQUAL(g_asked.removes, 2);
        CHECK(signal.take());
        tell(&kSet, kPlain); // the filter's still is
        CHECK(signal.take());
    }
    CHECK_EQUAL(g_asked.removes, 3);
    tell(&kSet, kPlain);
    CHECK(!signal.take());
}

void support_queries() {
    Object filter, pin;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pin.open_pin(filter), STATUS_SUCCESS);
    KSEVENTDATA none{};
    CHECK_EQUAL(enable(pin, kSet, kPlain, KSEVENT_TYPE_BASICSUPPORT, none), STATUS_SUCCESS);
    CHECK_EQUAL(g_asked.supports, 1);
    CHECK_EQUAL(enable(pin, kSet, kRefused, KSEVENT_TYPE_BASICSUPPORT, none), STATUS_DEVICE_BUSY);
    CHECK_EQUAL(enable(pin, kOther, kPlain, KSEVENT_TYPE_BASICSUPPORT, none), STATUS_SUCCESS); // it is in the table
    CHECK_EQUAL(enable(pin, kSet, 77, KSEVENT_TYPE_BASICSUPPORT, none), STATUS_NOT_FOUND);
    CHECK_EQUAL(enable(pin, kSet, 0, KSEVENT_TYPE_SETSUPPORT, none), STATUS_SUCCESS);
    CHECK_EQUAL(enable(pin, kNobodys, 0, KSEVENT_TYPE_SETSUPPORT, none), STATUS_PROPSET_NOT_FOUND);
    CHECK_EQUAL(g_asked.supports, 2);
    GUID sets[4] = {};
    const KSEVENT all{{{{}, 0, KSEVENT_TYPE_SETSUPPORT}}};
    CHECK_EQUAL(pin.send(IOCTL_KS_ENABLE_EVENT, &all, sizeof all, nullptr, 0), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(pin.returned, 2 * sizeof(GUID));
    CHECK_EQUAL(pin.send(IOCTL_KS_ENABLE_EVENT, &all, sizeof all, sets, sizeof sets), STATUS_SUCCESS);
    CHECK_EQUAL(pin.returned, 2 * sizeof(GUID));
    CHECK(IsEqualGUIDAligned(sets[0], kSet) && IsEqualGUIDAligned(sets[1], kOther));
    CHECK_EQUAL(pin.send(IOCTL_KS_ENABLE_EVENT, &all, sizeof all, sets, sizeof(GUID)), STATUS_BUFFER_TOO_SMALL);
}
