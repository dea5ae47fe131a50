// SPDX-License-Identifier: MIT
#include "habits.hpp"

namespace {

const GUID kProvider = {0x1b562e86, 0xb7aa, 0x4131, {0xba, 0xdc, 0xb6, 0xf3, 0xa0, 0x01, 0x40, 0x7e}};
constexpr ULONGLONG kKeyword = 0x8000000000000001;
const GUID kActivity = {0x0c2f9c51, 0x1f5e, 0x4c8e, {0x8d, 0x11, 0x6b, 0x3b, 0x5f, 0x0d, 0x77, 0x01}};
const GUID kCause = {0x0c2f9c51, 0x1f5e, 0x4c8e, {0x8d, 0x11, 0x6b, 0x3b, 0x5f, 0x0d, 0x77, 0x02}};
ULONG g_enabled;

VOID NTAPI enable(LPCGUID, ULONG code, UCHAR level, ULONGLONG, ULONGLONG, PEVENT_FILTER_DESCRIPTOR, PVOID context) {
    if (code == 1 && level != 0) *static_cast<ULONG*>(context) += 1;
}

} // namespace

void tracing() {
    REGHANDLE provider = 0;
    CHECK_EQUAL(EtwRegister(nullptr, nullptr, nullptr, &provider), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(EtwRegister(&kProvider, enable, &g_enabled, &provider), STATUS_SUCCESS);
    CHECK(provider != 0);
    CHECK_EQUAL(g_enabled, 1);
    EVENT_DESCRIPTOR event = {};
    event.Id = 7;
    event.Version = 2;
    event.Level = 4;
    event.Task = 9;
    event.Keyword = kKeyword;
    CHECK(EtwEventEnabled(provider, &event));
    CHECK(EtwProviderEnabled(provider, 4, kKeyword));
    static const char text[] = "a driver's words";
    ULONG number = 0x12345678;
    EVENT_DATA_DESCRIPTOR data[2] = {};
    data[0].Ptr = reinterpret_cast<ULONG_PTR>(&number);
    data[0].Size = sizeof number;
    data[1].Ptr = reinterpret_cast<ULONG_PTR>(text);
    data[1].Size = sizeof text;
    CHECK_EQUAL(EtwWrite(provider, &event, nullptr, 2, data), STATUS_SUCCESS);
    KIRQL old;
    KeRaiseIrql(HIGH_LEVEL, &old); // as from a service routine
    const NTSTATUS high = EtwWrite(provider, &event, nullptr, 0, nullptr);
    KeLowerIrql(old);
    CHECK_EQUAL(high, STATUS_SUCCESS);
    CHECK_EQUAL(EtwWriteString(provider, 4, 0, nullptr, L"text"), STATUS_SUCCESS);
    CHECK_EQUAL(EtwWriteTransfer(provider, &event, &kActivity, &kCause, 1, data), STATUS_SUCCESS);
    CHECK_EQUAL(EtwWriteTransfer(provider, &event, nullptr, nullptr, 129, data), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(EtwWriteTransfer(provider, &event, nullptr, nullptr, 1, nullptr), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(EtwWriteTransfer(provider + 1, &event, nullptr, nullptr, 0, nullptr), STATUS_INVALID_HANDLE);
    KeRaiseIrql(HIGH_LEVEL, &old);
    const NTSTATUS high_transfer = EtwWriteTransfer(provider, &event, nullptr, &kCause, 0, nullptr);
    KeLowerIrql(old);
    CHECK_EQUAL(high_transfer, STATUS_SUCCESS);
    CHECK_EQUAL(EtwWrite(provider, &event, nullptr, 129, data), STATUS_INVALID_PARAMETER);
    data[1].Size = 65536;
    CHECK_EQUAL(EtwWrite(provider, &event, nullptr, 2, data), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(EtwWrite(provider + 1, &event, nullptr, 0, nullptr), STATUS_INVALID_HANDLE);
    CHECK_EQUAL(EtwUnregister(provider), STATUS_SUCCESS);
    CHECK_EQUAL(EtwUnregister(provider), STATUS_INVALID_HANDLE);
    CHECK_EQUAL(EtwWrite(provider, &event, nullptr, 0, nullptr), STATUS_INVALID_HANDLE);
    CHECK(!EtwEventEnabled(provider, &event));
    CHECK(!EtwProviderEnabled(provider, 4, kKeyword));
    CHECK_EQUAL(EtwWriteString(provider, 4, 0, nullptr, L"text"), STATUS_INVALID_HANDLE);
}
