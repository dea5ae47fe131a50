// SPDX-License-Identifier: MIT
#include <initguid.h>

#include "helpers.hpp"
#include "module/newer_portcls.hpp" // its ids are defined here

PRESOURCELIST g_resources;
PDEVICE_OBJECT g_device;
PIRP g_start_irp;

namespace {

constexpr UCHAR kNoByte = 0x80, kBusy = 0x40, kReset = 0xFF; // reference mpu401.md 1

PUCHAR port(ULONG offset) {
    const auto* range = g_resources->FindTranslatedEntry(CmResourceTypePort, 0);
    return reinterpret_cast<PUCHAR>(static_cast<ULONG_PTR>(range->u.Port.Start.LowPart + offset));
}

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    g_resources = resources;
    g_device = device;
    g_start_irp = irp;
    static const Case cases[] = {CASE(modes),
                                 CASE(order),
                                 CASE(endless),
                                 CASE(connecting),
                                 CASE(releasing),
                                 CASE(synchronized),
                                 CASE(too_many_routines),
                                 CASE(serving),
                                 CASE(members),
                                 CASE(delays),
                                 CASE(removing_from_a_second_processor),
                                 CASE(lists),
                                 CASE(sublists),
                                 CASE(plain_interrupt),
                                 CASE(refused_adapters),
                                 CASE(refused_registrations),
                                 CASE(refused_keys),
                                 CASE(refused_managers)};
    run_cases(cases);
    DbgPrint("helpers: all cases ran\n");
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    return PcAddAdapterDevice(driver, pdo, start_device, 1, 0);
}

} // namespace

void ring() {
    for (ULONG i = 0; i < 200 && (READ_PORT_UCHAR(port(1)) & kBusy) != 0; ++i)
        pause(1);
    WRITE_PORT_UCHAR(port(1), kReset);
    pause(50); // a card that comes out of a reset takes its time
}

bool take_byte() {
    if ((READ_PORT_UCHAR(port(1)) & kNoByte) != 0) return false;
    READ_PORT_UCHAR(port(0));
    return true;
}

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    return PcInitializeAdapterDriver(driver, path, add_device);
}
