// SPDX-License-Identifier: MIT
// Creates and dispatches that KS refuses: pins that do not fit, files with no object behind them.
#include "objects.hpp"

#include "../../support/irps.hpp"

namespace {

const KSPIN_DESCRIPTOR g_pins[2]{};
WCHAR g_pin_class[] = L"{146F1A80-4791-11D0-A5D6-28DB04C10000}";

NTSTATUS NTAPI create_pin(PDEVICE_OBJECT device, PIRP irp) {
    PKSPIN_CONNECT connect = nullptr;
    const NTSTATUS status = KsValidateConnectRequest(irp, 2, g_pins, &connect);
    return NT_SUCCESS(status) ? create(device, irp) : complete(irp, status);
}

/// What a client of pin 0 asks for.
struct Connection {
    KSPIN_CONNECT connect;
    KSDATAFORMAT format;

    Connection() {
        RtlZeroMemory(this, sizeof *this);
        connect.Interface.Set = {STATIC_KSINTERFACESETID_Standard};
        connect.Medium.Set = {STATIC_KSMEDIUMSETID_Standard};
        connect.Priority = {KSPRIORITY_NORMAL, 1};
        format.FormatSize = sizeof format;
    }
};

} // namespace

void refused_pins() {
    Object root, without_pins;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    CHECK_EQUAL(without_pins.open(L"root"), STATUS_SUCCESS);
    CHECK_EQUAL(KsAddObjectCreateItemToObjectHeader(root.opened().header, create_pin, nullptr, g_pin_class, nullptr),
                STATUS_SUCCESS);
    HANDLE pin = nullptr;
    const auto connect = [&](Connection& wanted, HANDLE filter) {
        pin = nullptr;
        return KsCreatePin(filter, &wanted.connect, GENERIC_WRITE, &pin);
    };
    {
        Connection wanted;
        CHECK_EQUAL(connect(wanted, root.handle), STATUS_SUCCESS);
        CHECK_EQUAL(ZwClose(pin), STATUS_SUCCESS);
        CHECK_REFUSES(KsCreatePin, connect(wanted, reinterpret_cast<HANDLE>(ULONG_PTR{0x7777})), STATUS_INVALID_HANDLE);
        CHECK_REFUSES(KsCreatePin, connect(wanted, without_pins.handle), STATUS_OBJECT_NAME_NOT_FOUND);
        wanted.connect.PinId = 2;
        CHECK_REFUSES(KsCreatePin, connect(wanted, root.handle), STATUS_INVALID_PARAMETER);
    }
    {
        Connection wanted;
        wanted.format.FormatSize = sizeof wanted.format - 1;
        CHECK_REFUSES(KsCreatePin, connect(wanted, root.handle), STATUS_INVALID_PARAMETER);
        wanted.format.FormatSize = 0xffffffff;
        CHECK_REFUSES(KsCreatePin, connect(wanted, root.handle), STATUS_INVALID_PARAMETER);
    }
    for (const bool medium : {false, true}) {
        Connection wanted;
        (medium ? wanted.connect.Medium.Id : wanted.connect.Interface.Id) = 7;
        CHECK_REFUSES(KsCreatePin, connect(wanted, root.handle), STATUS_NO_MATCH);
    }
    CHECK(pin == nullptr);
}

void refused_dispatches() {
    Object root, missing;
    CHECK_EQUAL(root.open(L"root"), STATUS_SUCCESS);
    CHECK_REFUSES(KsDispatchIrp, missing.open(L"nobody"), STATUS_OBJECT_NAME_NOT_FOUND);
    UCHAR byte = 0;
    IO_STATUS_BLOCK io{};
    LARGE_INTEGER offset{};
    CHECK_REFUSES(KsDispatchInvalidDeviceRequest,
                  ZwReadFile(root.handle, nullptr, nullptr, nullptr, &io, &byte, 1, &offset, nullptr),
                  STATUS_INVALID_DEVICE_REQUEST);

    KEVENT done;
    KeInitializeEvent(&done, NotificationEvent, FALSE);
    PIRP irp = IoBuildSynchronousFsdRequest(IRP_MJ_WRITE, g_device, nullptr, 0, &offset, &done, &io);
    CHECK(irp != nullptr);
    if (irp) CHECK_REFUSES(KsDispatchIrp, IofCallDriver(g_device, irp), STATUS_INVALID_DEVICE_REQUEST); // of no file
    KsNullDriverUnload(g_driver); // nothing is what it does
}
