// SPDX-License-Identifier: MIT
// failing.sys: makes the call of nanont_failable.def whose number an IOCTL of its control device carries, and says
// whether the call came back with what stands there. The score has it fail, so arguments do not matter: it must not get
// there. Completed with STATUS_SUCCESS when it did as it should.
#define CHECKS_OF "failing"
#include "../../support/checks.hpp"
#include "../../support/irps.hpp"

#include <initializer_list>

#define NANONT_FAILABLE(name, result) extern "C" void (*__imp_##name)();
#include "include/nanont_failable.def"
#undef NANONT_FAILABLE

namespace {

struct Call {
    const char* name;
    void (**import)();
    ULONG result;
};

#define NANONT_FAILABLE(name, result) {#name, &__imp_##name, static_cast<ULONG>(result)},
const Call kCalls[] = {
#include "include/nanont_failable.def"
};
#undef NANONT_FAILABLE

PDEVICE_OBJECT g_below;

NTSTATUS NTAPI agree(PDEVICE_OBJECT, PIRP irp) {
    return complete(irp, STATUS_SUCCESS);
}

NTSTATUS NTAPI make_call(PDEVICE_OBJECT, PIRP irp) {
    const auto& asked = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl;
    const ULONG number = *static_cast<const ULONG*>(irp->AssociatedIrp.SystemBuffer);
    if (asked.InputBufferLength != sizeof number || number >= RTL_NUMBER_OF(kCalls))
        return complete(irp, STATUS_INVALID_PARAMETER);
    const Call& call = kCalls[number];
    const ULONGLONG seen = reinterpret_cast<ULONGLONG (*)()>(*call.import)();
    DbgPrint("failing: %s came back\n", call.name);
    CHECK_EQUAL(seen, call.result);
    return complete(irp, seen == call.result ? STATUS_SUCCESS : STATUS_UNSUCCESSFUL);
}

NTSTATUS NTAPI pass_down(PDEVICE_OBJECT, PIRP irp) {
    IoSkipCurrentIrpStackLocation(irp);
    return IofCallDriver(g_below, irp);
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"\\Device\\Failing");
    PDEVICE_OBJECT device = nullptr;
    const NTSTATUS status = IoCreateDevice(driver, 0, &name, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
    if (!NT_SUCCESS(status)) return status;
    g_below = IoAttachDeviceToDeviceStack(device, pdo);
    device->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
    return STATUS_SUCCESS;
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING) {
    driver->DriverExtension->AddDevice = add_device;
    for (ULONG major : {IRP_MJ_CREATE, IRP_MJ_CLEANUP, IRP_MJ_CLOSE})
        driver->MajorFunction[major] = agree;
    driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = make_call;
    driver->MajorFunction[IRP_MJ_PNP] = driver->MajorFunction[IRP_MJ_POWER] = pass_down;
    return STATUS_SUCCESS;
}
