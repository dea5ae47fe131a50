// SPDX-License-Identifier: MIT
// IoConnectInterruptEx: the same as IoConnectInterrupt, but the I/O manager looks the interrupt up in the resources the
// device was started with.
#include "dbg/report.hpp"
#include "io.hpp"
#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "vf/rules.hpp"

namespace nanont::io {
namespace {

constexpr ULONG kFullySpecifiedGroup = 4; // CONNECT_FULLY_SPECIFIED_GROUP, newer than the headers
constexpr ULONG kMessageTag = tag("IrMs");

/// The interrupt among a started device's translated resources; nullptr = none of that kind.
const CM_PARTIAL_RESOURCE_DESCRIPTOR* find_interrupt(PDEVICE_OBJECT pdo, bool message) {
    DeviceNode* node = node_of(pdo);
    if (node == nullptr) {
        return nullptr;
    }
    const CM_PARTIAL_RESOURCE_LIST& list = node->translated.list()->List[0].PartialResourceList;
    for (ULONG i = 0; node->translated.list()->Count != 0 && i < list.Count; ++i) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR& item = list.PartialDescriptors[i];
        if (item.Type == CmResourceTypeInterrupt && ((item.Flags & CM_RESOURCE_INTERRUPT_MESSAGE) != 0) == message) {
            return &item;
        }
    }
    return nullptr;
}

/// Whether an interrupt of a list has that vector, and that level; MAXULONG: any.
bool has_interrupt(ResourceList& resources, ULONG vector, ULONG level) {
    const CM_RESOURCE_LIST& whole = *resources.list();
    const CM_PARTIAL_RESOURCE_LIST& list = whole.List[0].PartialResourceList;
    for (ULONG i = 0; whole.Count != 0 && i < list.Count; ++i) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR& item = list.PartialDescriptors[i];
        if (item.Type == CmResourceTypeInterrupt && (vector == MAXULONG || item.u.Interrupt.Vector == vector) &&
            (level == MAXULONG || item.u.Interrupt.Level == level)) {
            return true;
        }
    }
    return false;
}

ke::InterruptRequest request_for(const CM_PARTIAL_RESOURCE_DESCRIPTOR& item, PVOID context, PKSPIN_LOCK lock,
                                 KIRQL synchronize_irql) {
    ke::InterruptRequest request{};
    request.context = context;
    request.lock = lock;
    request.vector = item.u.Interrupt.Vector; // a translated message lies at the same place
    request.irql = static_cast<KIRQL>(item.u.Interrupt.Level);
    request.synchronize_irql = synchronize_irql != 0 ? synchronize_irql : request.irql;
    request.mode = (item.Flags & CM_RESOURCE_INTERRUPT_LATCHED) != 0 ? Latched : LevelSensitive;
    request.share = item.ShareDisposition == CmResourceShareShared;
    request.affinity = item.u.Interrupt.Affinity;
    return request;
}

NTSTATUS connect_line(PDEVICE_OBJECT pdo, PKINTERRUPT* interrupt, PKSERVICE_ROUTINE routine, PVOID context,
                      PKSPIN_LOCK lock, KIRQL synchronize_irql) {
    const CM_PARTIAL_RESOURCE_DESCRIPTOR* item = find_interrupt(pdo, false);
    if (item == nullptr) {
        return STATUS_NOT_FOUND;
    }
    ke::InterruptRequest request = request_for(*item, context, lock, synchronize_irql);
    request.routine = routine;
    return ke::connect_interrupt(request, interrupt);
}

NTSTATUS connect_messages(IO_CONNECT_INTERRUPT_PARAMETERS& parameters) {
    auto& wanted = parameters.MessageBased;
    const CM_PARTIAL_RESOURCE_DESCRIPTOR* item = find_interrupt(wanted.PhysicalDeviceObject, true);
    if (item == nullptr) {
        if (wanted.FallBackServiceRoutine == nullptr) {
            return STATUS_NOT_FOUND;
        }
        parameters.Version = CONNECT_LINE_BASED;
        return connect_line(wanted.PhysicalDeviceObject, wanted.ConnectionContext.InterruptObject,
                            wanted.FallBackServiceRoutine, wanted.ServiceContext, wanted.SpinLock,
                            wanted.SynchronizeIrql);
    }
    auto* table = static_cast<PIO_INTERRUPT_MESSAGE_INFO>(
        ExAllocatePoolWithTag(NonPagedPool, sizeof(IO_INTERRUPT_MESSAGE_INFO), kMessageTag));
    if (table == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *table = {};
    ke::InterruptRequest request = request_for(*item, wanted.ServiceContext, wanted.SpinLock, wanted.SynchronizeIrql);
    request.message_routine = wanted.MessageServiceRoutine;
    IO_INTERRUPT_MESSAGE_INFO_ENTRY& entry = table->MessageInfo[0];
    ULONGLONG address = 0;
    HalGetMessage(request.vector, ke::g_processors[0].apic_id, &address, &entry.MessageData);
    entry.MessageAddress.QuadPart = static_cast<LONGLONG>(address);
    entry.TargetProcessorSet = request.affinity;
    entry.Vector = request.vector;
    entry.Irql = request.irql;
    entry.Mode = request.mode;
    entry.Polarity = InterruptActiveHigh;
    table->UnifiedIrql = request.synchronize_irql;
    table->MessageCount = 1;
    *wanted.ConnectionContext.InterruptMessageTable = table; // the routine may look at it as soon as it is connected
    const NTSTATUS status = ke::connect_interrupt(request, &entry.InterruptObject);
    if (!NT_SUCCESS(status)) {
        *wanted.ConnectionContext.InterruptMessageTable = nullptr;
        ExFreePoolWithTag(table, kMessageTag);
    }
    return status;
}

} // namespace

void judge_vector(const ke::InterruptRequest& request) {
    if (!ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(request.routine))) {
        return;
    }
    bool raw = false;
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr; ++i) {
        raw |= has_interrupt(node->translated, request.vector, MAXULONG)
                   ? !has_interrupt(node->translated, request.vector, request.irql) &&
                         has_interrupt(node->raw, MAXULONG, request.irql)
                   : has_interrupt(node->raw, request.vector, MAXULONG);
    }
    vf::expect(40, !raw, request.vector, 0,
               "V40 IoConnectInterrupt is given vector or level of the raw resource; the translated ones are the "
               "interrupt's");
}

} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

/// STATUS_INVALID_PARAMETER_1: the version is none, and Version says the highest there is. STATUS_INVALID_PARAMETER: no
/// device; STATUS_INVALID_PARAMETER_10: no processor. STATUS_NOT_FOUND: the device was not started with an interrupt of
/// that kind. PASSIVE_LEVEL.
NTSTATUS NTAPI IoConnectInterruptEx(PIO_CONNECT_INTERRUPT_PARAMETERS Parameters) {
    switch (Parameters->Version) {
    case CONNECT_FULLY_SPECIFIED:
    case kFullySpecifiedGroup: {
        const auto& wanted = Parameters->FullySpecified;
        if (Parameters->Version == kFullySpecifiedGroup && wanted.Group != 0) {
            return STATUS_INVALID_PARAMETER;
        }
        if (wanted.ProcessorEnableMask == 0) {
            return STATUS_INVALID_PARAMETER_10;
        }
        return IoConnectInterrupt(wanted.InterruptObject, wanted.ServiceRoutine, wanted.ServiceContext, wanted.SpinLock,
                                  wanted.Vector, wanted.Irql, wanted.SynchronizeIrql, wanted.InterruptMode,
                                  wanted.ShareVector, wanted.ProcessorEnableMask, wanted.FloatingSave);
    }
    case CONNECT_LINE_BASED: {
        const auto& wanted = Parameters->LineBased;
        if (wanted.PhysicalDeviceObject == nullptr) {
            return STATUS_INVALID_PARAMETER;
        }
        return connect_line(wanted.PhysicalDeviceObject, wanted.InterruptObject, wanted.ServiceRoutine,
                            wanted.ServiceContext, wanted.SpinLock, wanted.SynchronizeIrql);
    }
    case CONNECT_MESSAGE_BASED:
        return Parameters->MessageBased.PhysicalDeviceObject != nullptr ? connect_messages(*Parameters)
                                                                        : STATUS_INVALID_PARAMETER;
    default:
        Parameters->Version = kFullySpecifiedGroup;
        return STATUS_INVALID_PARAMETER_1;
    }
}

VOID NTAPI IoDisconnectInterruptEx(PIO_DISCONNECT_INTERRUPT_PARAMETERS Parameters) {
    if (Parameters->Version != CONNECT_MESSAGE_BASED) {
        IoDisconnectInterrupt(Parameters->ConnectionContext.InterruptObject);
        return;
    }
    PIO_INTERRUPT_MESSAGE_INFO table = Parameters->ConnectionContext.InterruptMessageTable;
    IoDisconnectInterrupt(table->MessageInfo[0].InterruptObject);
    ExFreePoolWithTag(table, kMessageTag);
}

} // extern "C"
