// SPDX-License-Identifier: MIT
// Create items: those given with a header, those added later, how they are found and how they go.
#include "objects.hpp"

namespace {

/// A Create that stays in the middle until it is let go.
struct Gate {
    KEVENT entered, go;
    NTSTATUS status;
    volatile LONG left;
} g_gate;

NTSTATUS NTAPI create_slowly(PDEVICE_OBJECT device, PIRP irp) {
    KeSetEvent(&g_gate.entered, IO_NO_INCREMENT, FALSE);
    KeWaitForSingleObject(&g_gate.go, Executive, KernelMode, FALSE, nullptr);
    pause(5);
    InterlockedIncrement(&g_gate.left);
    return create(device, irp);
}

VOID NTAPI open_slowly(PVOID) {
    Object slow;
    g_gate.status = slow.open(L"slow");
    slow.close();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

VOID NTAPI let_go_later(PVOID) {
    pause(20); // the item is being taken away
    CHECK_EQUAL(g_gate.left, 0);
    KeSetEvent(&g_gate.go, IO_NO_INCREMENT, FALSE);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

NTSTATUS add(KSDEVICE_HEADER header, PCWSTR name, PVOID context, PDRIVER_DISPATCH routine = create) {
    return KsAddObjectCreateItemToDeviceHeader(header, routine, context, const_cast<PWSTR>(name), nullptr);
}

NTSTATUS add_child(const Object& parent, PCWSTR name, PVOID context) {
    return KsAddObjectCreateItemToObjectHeader(parent.opened().header, create, context, const_cast<PWSTR>(name),
                                               nullptr);
}

NTSTATUS take_away(PCWSTR name) {
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, name);
    return KsFreeObjectCreateItem(g_header, &text);
}

} // namespace

void device_objects() {
    CHECK(KsQueryDevicePnpObject(g_header) == nullptr); // nothing was set yet
    KsSetDevicePnpAndBaseObject(g_header, g_device, g_device);
    CHECK(KsQueryDevicePnpObject(g_header) == g_device);
    KIRQL old;
    KeRaiseIrql(HIGH_LEVEL, &old);
    const PDEVICE_OBJECT high = KsQueryDevicePnpObject(g_header);
    KeLowerIrql(old);
    CHECK(high == g_device);
    CHECK_EQUAL(KsSetMajorFunctionHandler(g_driver, IRP_MJ_PNP), STATUS_INVALID_PARAMETER);
}

void given_items() {
    Object root, child, missing;
    CHECK_EQUAL(root.open(L"ROOT", FILE_READ_DATA | FILE_WRITE_DATA), STATUS_SUCCESS); // without regard to case
    CHECK(KsQueryObjectCreateItem(root.opened().header) != nullptr);
    CHECK(KsQueryObjectCreateItem(root.opened().header)->Create == create);
    CHECK_EQUAL(KsQueryObjectAccessMask(root.opened().header), FILE_READ_DATA | FILE_WRITE_DATA);
    CHECK_EQUAL(child.open(root, L"given\\parameters", FILE_READ_DATA), STATUS_SUCCESS); // what follows is the item's
    CHECK(KsQueryObjectCreateItem(child.opened().header) == &root.opened().items[0]);
    CHECK_EQUAL(KsQueryObjectAccessMask(child.opened().header), FILE_READ_DATA);
    CHECK_EQUAL(missing.open(L"nobody"), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(missing.open(root, L"root"), STATUS_OBJECT_NAME_NOT_FOUND); // an object has its own items
}

void added_items() {
    Object root, child, other;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    CHECK_EQUAL(child.open(root, L"added"), STATUS_OBJECT_NAME_NOT_FOUND);
    int context;
    WCHAR name[] = L"added";
    CHECK_EQUAL(add_child(root, name, &context), STATUS_SUCCESS);
    CHECK_REFUSES(KsAddObjectCreateItemToObjectHeader, add_child(root, L"ADDED", nullptr),
                  STATUS_OBJECT_NAME_COLLISION);
    CHECK_REFUSES(KsAddObjectCreateItemToObjectHeader, add_child(root, L"given", nullptr),
                  STATUS_OBJECT_NAME_COLLISION);
    name[0] = L'x'; // the name was copied
    CHECK_EQUAL(child.open(root, L"added"), STATUS_SUCCESS);
    CHECK(KsQueryObjectCreateItem(child.opened().header)->Context == &context);
    CHECK_EQUAL(other.open(child, L"added"), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(other.open(L"added"), STATUS_OBJECT_NAME_NOT_FOUND);
}

void items_by_context() {
    int first, second;
    CHECK_EQUAL(add(g_header, L"one", &first), STATUS_SUCCESS);
    CHECK_EQUAL(add(g_header, L"two", &second), STATUS_SUCCESS);
    CHECK_REFUSES(KsAddObjectCreateItemToDeviceHeader, add(g_header, L"TWO", &first), STATUS_OBJECT_NAME_COLLISION);
    CHECK_EQUAL(add(g_header, L"three", &first), STATUS_SUCCESS);
    Object held, after;
    CHECK_EQUAL(held.open(L"three"), STATUS_SUCCESS);
    CHECK_EQUAL(KsFreeObjectCreateItemsByContext(g_header, &first), STATUS_SUCCESS);
    CHECK_EQUAL(after.open(L"one"), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(after.open(L"three"), STATUS_OBJECT_NAME_NOT_FOUND);
    ULONG list[sizeof(KSMULTIPLE_ITEM) / sizeof(ULONG) + 3];
    CHECK_EQUAL(held.send(kListIoctl, nullptr, 0, list, sizeof list), STATUS_SUCCESS); // what is open stays
    CHECK_EQUAL(after.open(L"two"), STATUS_SUCCESS);
    CHECK_EQUAL(KsFreeObjectCreateItemsByContext(g_header, &first), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK_EQUAL(KsFreeObjectCreateItemsByContext(g_header, &second), STATUS_SUCCESS);
    CHECK_REFUSES(KsFreeObjectCreateItem, take_away(L"two"), STATUS_OBJECT_NAME_NOT_FOUND);
}

/// An item goes when no Create runs with it any more.
void items_in_use() {
    KeInitializeEvent(&g_gate.entered, NotificationEvent, FALSE);
    KeInitializeEvent(&g_gate.go, NotificationEvent, FALSE);
    CHECK_EQUAL(add(g_header, L"slow", &g_gate, create_slowly), STATUS_SUCCESS);
    OtherThread opener(open_slowly, nullptr);
    CHECK_EQUAL(KeWaitForSingleObject(&g_gate.entered, Executive, KernelMode, FALSE, nullptr), STATUS_SUCCESS);
    OtherThread later(let_go_later, nullptr);
    CHECK_EQUAL(KsFreeObjectCreateItemsByContext(g_header, &g_gate), STATUS_SUCCESS);
    CHECK_EQUAL(g_gate.left, 1); // it waited
    later.join();
    opener.join();
    CHECK_EQUAL(g_gate.status, STATUS_SUCCESS); // the one that had begun was not disturbed
}
