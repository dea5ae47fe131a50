// SPDX-License-Identifier: MIT
#include "objects.hpp"

#include "../../support/irps.hpp"

PDRIVER_OBJECT g_driver;
PDEVICE_OBJECT g_device;
KSDEVICE_HEADER g_header;
const GUID kNobodys = {0x3a1c59a4, 0x21a4, 0x4a4c, {0x9d, 0x5e, 0x53, 0x0c, 0x6f, 0x1e, 0x88, 0x02}};

namespace {

constexpr ULONG kTag = 'jbOK';
constexpr WCHAR kDevice[] = L"\\Device\\MpulabKsObjects";

NTSTATUS NTAPI close(PDEVICE_OBJECT, PIRP irp) {
    auto* opened = static_cast<Opened*>(IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext);
    free_events(IoGetCurrentIrpStackLocation(irp)->FileObject);
    KsFreeObjectHeader(opened->header);
    ExFreePoolWithTag(opened, kTag);
    return complete(irp, STATUS_SUCCESS);
}

KSDISPATCH_TABLE table() {
    KSDISPATCH_TABLE it{};
    it.DeviceIoControl = control;
    it.Close = close;
    for (PDRIVER_DISPATCH* other : {&it.Read, &it.Write, &it.Flush, &it.QuerySecurity, &it.SetSecurity})
        *other = KsDispatchInvalidDeviceRequest;
    return it;
}

NTSTATUS set_up() {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, kDevice);
    NTSTATUS status = IoCreateDevice(g_driver, sizeof(KSDEVICE_HEADER), &name, FILE_DEVICE_KS, FILE_DEVICE_SECURE_OPEN,
                                     FALSE, &g_device);
    if (!NT_SUCCESS(status)) return status;
    static KSOBJECT_CREATE_ITEM items[1];
    items[0].Create = create;
    RtlInitUnicodeString(&items[0].ObjectClass, L"root");
    status = KsAllocateDeviceHeader(&g_header, 1, items);
    if (!NT_SUCCESS(status)) return status;
    *static_cast<KSDEVICE_HEADER*>(g_device->DeviceExtension) = g_header;
    for (ULONG major : {IRP_MJ_CREATE, IRP_MJ_CLOSE, IRP_MJ_DEVICE_CONTROL, IRP_MJ_READ})
        CHECK_EQUAL(KsSetMajorFunctionHandler(g_driver, major), STATUS_SUCCESS);
    g_driver->MajorFunction[IRP_MJ_WRITE] = KsDispatchIrp; // by hand, which is the same
    g_device->Flags &= ~DO_DEVICE_INITIALIZING;
    return STATUS_SUCCESS;
}

} // namespace

NTSTATUS NTAPI create(PDEVICE_OBJECT, PIRP irp) {
    static const KSDISPATCH_TABLE dispatch = table();
    auto* opened = static_cast<Opened*>(ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(Opened), kTag));
    if (!opened) return complete(irp, STATUS_INSUFFICIENT_RESOURCES);
    opened->items[0] = {};
    opened->items[0].Create = create;
    RtlInitUnicodeString(&opened->items[0].ObjectClass, L"given");
    NTSTATUS status = KsAllocateObjectHeader(&opened->header, 1, opened->items, irp, &dispatch);
    if (NT_SUCCESS(status))
        IoGetCurrentIrpStackLocation(irp)->FileObject->FsContext = opened;
    else
        ExFreePoolWithTag(opened, kTag);
    return complete(irp, status);
}

NTSTATUS Object::open(PCWSTR name, ACCESS_MASK access) {
    WCHAR path[96];
    ULONG length = 0;
    for (PCWSTR part : {PCWSTR(kDevice), PCWSTR(L"\\"), name})
        for (; *part; ++part)
            path[length++] = *part;
    path[length] = 0;
    return OpenFile::open(path, access);
}

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    g_driver = driver;
    CHECK_EQUAL(set_up(), STATUS_SUCCESS);
    static const Case cases[] = {CASE(device_objects),         CASE(given_items),       CASE(added_items),
                                 CASE(items_by_context),       CASE(items_in_use),      CASE(lists),
                                 CASE(intersections),          CASE(wrong_requests),    CASE(queued_requests),
                                 CASE(chained_cancel),         CASE(acquired_requests), CASE(topology_answers),
                                 CASE(extended_intersections), CASE(refused_pins),      CASE(refused_dispatches),
                                 CASE(one_shot_events),        CASE(discarded_events),  CASE(methods)};
    run_cases(cases);
    KsFreeDeviceHeader(g_header);
    IoDeleteDevice(g_device);
    DbgPrint("objects: all cases ran\n");
    return STATUS_UNSUCCESSFUL; // nothing is left behind, and no device is wanted
}
