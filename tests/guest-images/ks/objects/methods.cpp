// SPDX-License-Identifier: MIT
// Methods of an object, by an IOCTL of its own: what the client's buffer is for the item says (KSMETHOD_ITEM).
#include "objects.hpp"

namespace {

const GUID kMethods = {0x3a1c59a4, 0x21a4, 0x4a4c, {0x9d, 0x5e, 0x53, 0x0c, 0x6f, 0x1e, 0x88, 0x05}};
const GUID kMoreMethods = {0x3a1c59a4, 0x21a4, 0x4a4c, {0x9d, 0x5e, 0x53, 0x0c, 0x6f, 0x1e, 0x88, 0x06}};
constexpr ULONG kDouble = 1, kSilent = 2, kAbsent = 3;

ULONG g_called;

/// The number that comes in goes out doubled, where the item lets it.
NTSTATUS NTAPI twice(PIRP, PKSIDENTIFIER, PVOID data) {
    ++g_called;
    *static_cast<ULONG*>(data) *= 2;
    return STATUS_SUCCESS;
}

KSMETHOD asked(const GUID& set, ULONG id, ULONG flags) {
    return {{{set, id, flags}}};
}

} // namespace

NTSTATUS handle_method(PIRP irp) {
    static KSMETHOD_ITEM items[2];
    items[0].MethodId = kDouble;
    items[0].MethodHandler = twice;
    items[0].MinMethod = sizeof(KSMETHOD);
    items[0].MinData = sizeof(ULONG);
    items[0].Flags = KSMETHOD_TYPE_MODIFY;
    items[1] = items[0];
    items[1].MethodId = kSilent;
    items[1].Flags = KSMETHOD_TYPE_READ; // from the client, and nothing back
    static KSMETHOD_SET sets[2];
    sets[0].Set = &kMethods;
    sets[0].MethodsCount = 2;
    sets[0].MethodItem = items;
    sets[1].Set = &kMoreMethods;
    return KsMethodHandler(irp, 2, sets);
}

void methods() {
    Object root;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    g_called = 0;
    ULONG value = 21;
    const auto send = [&](const KSMETHOD& method, PVOID data, ULONG bytes) {
        return root.send(kMethodIoctl, &method, sizeof method, data, bytes);
    };
    CHECK_EQUAL(send(asked(kMethods, kDouble, KSMETHOD_TYPE_SEND), &value, sizeof value), STATUS_SUCCESS);
    CHECK_EQUAL(value, 42);
    CHECK_EQUAL(root.returned, sizeof value);
    CHECK_EQUAL(send(asked(kMethods, kSilent, KSMETHOD_TYPE_SEND), &value, sizeof value), STATUS_SUCCESS);
    CHECK_EQUAL(value, 42);
    CHECK_EQUAL(g_called, 2);

    UCHAR little = 0;
    CHECK_EQUAL(send(asked(kMethods, kDouble, KSMETHOD_TYPE_SEND), &little, 1), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(send(asked(kMethods, kDouble, KSMETHOD_TYPE_SEND), nullptr, 0), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(root.returned, sizeof value);
    CHECK_EQUAL(send(asked(kMethods, kAbsent, KSMETHOD_TYPE_SEND), &value, sizeof value), STATUS_NOT_FOUND);
    CHECK_EQUAL(send(asked(kNobodys, kDouble, KSMETHOD_TYPE_SEND), &value, sizeof value), STATUS_PROPSET_NOT_FOUND);
    CHECK_EQUAL(g_called, 2);

    CHECK_EQUAL(send(asked(kMethods, kDouble, KSMETHOD_TYPE_BASICSUPPORT), &value, sizeof value), STATUS_SUCCESS);
    CHECK_EQUAL(value, KSMETHOD_TYPE_MODIFY);
    CHECK_EQUAL(send(asked(kMoreMethods, 0, KSMETHOD_TYPE_SETSUPPORT), nullptr, 0), STATUS_SUCCESS);
    CHECK_EQUAL(send(asked(kNobodys, 0, KSMETHOD_TYPE_SETSUPPORT), nullptr, 0), STATUS_PROPSET_NOT_FOUND);
    GUID sets[3] = {};
    CHECK_EQUAL(send(asked({}, 0, KSMETHOD_TYPE_SETSUPPORT), nullptr, 0), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(root.returned, 2 * sizeof(GUID));
    CHECK_EQUAL(send(asked({}, 0, KSMETHOD_TYPE_SETSUPPORT), sets, sizeof(GUID)), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(send(asked({}, 0, KSMETHOD_TYPE_SETSUPPORT), sets, sizeof sets), STATUS_SUCCESS);
    CHECK_EQUAL(root.returned, 2 * sizeof(GUID));
    CHECK(IsEqualGUIDAligned(sets[0], kMethods) && IsEqualGUIDAligned(sets[1], kMoreMethods));
}
