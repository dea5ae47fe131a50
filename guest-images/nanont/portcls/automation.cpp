// SPDX-License-Identifier: MIT
#include "automation.hpp"

#include "file.hpp"
#include "filter.hpp"
#include "pin.hpp"
#include "property_calls.hpp"

namespace portcls {
namespace {

constexpr ULONG kMaxItems = 1024;

const PCPROPERTY_ITEM* item_at(const PCAUTOMATION_TABLE& table, ULONG index) {
    return reinterpret_cast<const PCPROPERTY_ITEM*>(reinterpret_cast<const UCHAR*>(table.Properties) +
                                                    static_cast<SIZE_T>(index) * table.PropertyItemSize);
}

bool asks_for_sets(PIRP irp) {
    constexpr GUID kNoSet{};
    const auto& control = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl;
    const auto* request = static_cast<const KSPROPERTY*>(control.Type3InputBuffer);
    return request && control.InputBufferLength >= sizeof *request && (request->Flags & KSPROPERTY_TYPE_SETSUPPORT) &&
           IsEqualGUIDAligned(request->Set, kNoSet);
}

bool has_set(const KSPROPERTY_SET* sets, ULONG count, const GUID& set) {
    for (ULONG i = 0; i < count; ++i)
        if (IsEqualGUIDAligned(*sets[i].Set, set)) return true;
    return false;
}

NTSTATUS finish(PPCPROPERTY_REQUEST request, NTSTATUS status) {
    request->Irp->IoStatus.Information = request->ValueSize;
    end_property_call(request);
    return status;
}

} // namespace

AutomationSets::~AutomationSets() {
    if (sets_) ExFreePoolWithTag(sets_, kObjectTag.value);
    if (items_) ExFreePoolWithTag(items_, kObjectTag.value);
}

NTSTATUS AutomationSets::build(const PCAUTOMATION_TABLE* table, const char* owner) {
    if (!table) return STATUS_SUCCESS;
    if (table->MethodCount)
        DbgPrint("portcls.sys: automation table of the %s: %u methods are left out, WDM audio has none\n", owner,
                 table->MethodCount);
    NTSTATUS status = events_.build(*table);
    if (!NT_SUCCESS(status)) return status;
    ULONG count = table->PropertyCount;
    if (count == 0) return STATUS_SUCCESS;
    if (!table->Properties || count > kMaxItems || table->PropertyItemSize % 8 != 0 ||
        table->PropertyItemSize < sizeof(PCPROPERTY_ITEM))
        return STATUS_INVALID_PARAMETER;
    sets_ = static_cast<KSPROPERTY_SET*>(allocate_zeroed(count * sizeof(KSPROPERTY_SET), kObjectTag.value));
    items_ = static_cast<Item*>(allocate_zeroed(count * sizeof(Item), kObjectTag.value));
    if (!sets_ || !items_) return STATUS_INSUFFICIENT_RESOURCES;

    Item* next = items_;
    for (ULONG i = 0; i < count; ++i) {
        const GUID* set = item_at(*table, i)->Set;
        if (has_set(sets_, set_count_, *set)) continue;
        KSPROPERTY_SET& made = sets_[set_count_++];
        made.Set = set;
        made.PropertyItem = &next->ks;
        for (ULONG n = i; n < count; ++n) {
            const PCPROPERTY_ITEM* pc = item_at(*table, n);
            if (!IsEqualGUIDAligned(*pc->Set, *set)) continue;
            next->pc = pc;
            next->ks.PropertyId = pc->Id;
            next->ks.MinProperty = sizeof(KSPROPERTY);
            if (pc->Flags & PCPROPERTY_ITEM_FLAG_GET) next->ks.GetPropertyHandler = call_driver;
            if (pc->Flags & PCPROPERTY_ITEM_FLAG_SET) next->ks.SetPropertyHandler = call_driver;
            if (pc->Flags & PCPROPERTY_ITEM_FLAG_BASICSUPPORT) next->ks.SupportHandler = call_driver;
            ++next;
            ++made.PropertiesCount;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS AutomationSets::handle(PIRP irp) const {
    if (set_count_ == 0) return STATUS_PROPSET_NOT_FOUND;
    return KsPropertyHandlerWithAllocator(irp, set_count_, sets_, nullptr, sizeof(Item));
}

NTSTATUS AutomationSets::list_sets(PIRP irp, const KSPROPERTY_SET* built_in, ULONG count) const {
    PoolBuffer<KSPROPERTY_SET> all((set_count_ + count) * sizeof(KSPROPERTY_SET));
    if (!all) return STATUS_INSUFFICIENT_RESOURCES;
    ULONG found = 0;
    for (ULONG i = 0; i < set_count_; ++i)
        all.get()[found++] = sets_[i];
    for (ULONG i = 0; i < count; ++i)
        if (!has_set(sets_, set_count_, *built_in[i].Set)) all.get()[found++] = built_in[i];
    return KsPropertyHandler(irp, found, all.get());
}

NTSTATUS AutomationSets::handle_with(PIRP irp, bool removed, const KSPROPERTY_SET* built_in, ULONG count) const {
    if (!removed && asks_for_sets(irp)) return list_sets(irp, built_in, count);
    const NTSTATUS status = removed ? STATUS_PROPSET_NOT_FOUND : handle(irp);
    if (status != STATUS_PROPSET_NOT_FOUND && status != STATUS_NOT_FOUND) return status;
    const NTSTATUS answered = KsPropertyHandler(irp, count, built_in);
    return answered == STATUS_PROPSET_NOT_FOUND ? status : answered;
}

/** The request may stay with the driver (STATUS_PENDING) until PcCompletePendingPropertyRequest, so it is in pool. */
NTSTATUS AutomationSets::call_driver(PIRP irp, PKSIDENTIFIER identifier, PVOID data) {
    PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
    auto* item = reinterpret_cast<const Item*>(KSPROPERTY_ITEM_IRP_STORAGE(irp));
    auto* file = static_cast<FileContext*>(stack->FileObject->FsContext);
    PPCPROPERTY_REQUEST request = begin_property_call(item->pc->Id);
    if (!request) return STATUS_INSUFFICIENT_RESOURCES;
    ULONG head = sizeof(KSPROPERTY);
    request->Node = ULONG(-1);
    if (identifier->Flags & KSPROPERTY_TYPE_TOPOLOGY) {
        head = sizeof(KSP_NODE);
        request->Node =
            reinterpret_cast<PKSP_NODE>(identifier)->NodeId; // its presence was checked by Description::table_for
    }
    ULONG in = stack->Parameters.DeviceIoControl.InputBufferLength;
    request->MajorTarget = file->pin ? file->pin->miniport() : file->filter->miniport();
    request->MinorTarget = file->pin ? file->pin->stream() : nullptr;
    request->PropertyItem = item->pc;
    request->Verb = identifier->Flags & ~KSPROPERTY_TYPE_TOPOLOGY;
    request->InstanceSize = in > head ? in - head : 0;
    request->Instance = request->InstanceSize ? reinterpret_cast<UCHAR*>(identifier) + head : nullptr;
    request->ValueSize = stack->Parameters.DeviceIoControl.OutputBufferLength;
    request->Value = data;
    request->Irp = irp;
    IoMarkIrpPending(irp); // before the driver can complete it from elsewhere
    trace::Call call(MPULAB_CALLBACK_PropertyHandler, item->pc->Id);
    NTSTATUS status = call.run(item->pc->Handler, request);
    if (status == STATUS_PENDING) {
        property_call_pends(request);
        return status;
    }
    if (!trace::expect(72, take_property_call(request), static_cast<ULONG>(status), STATUS_PENDING,
                       "V72 a property handler completed its request and did not answer STATUS_PENDING"))
        return STATUS_PENDING; // the IRP is gone
    stack->Control &= ~SL_PENDING_RETURNED;
    return finish(request, status);
}

} // namespace portcls

/** Ends a property request whose handler returned STATUS_PENDING. PASSIVE_LEVEL. */
PORTCLASSAPI NTSTATUS NTAPI PcCompletePendingPropertyRequest(PPCPROPERTY_REQUEST request, NTSTATUS status) {
    if (!request || status == STATUS_PENDING) return STATUS_INVALID_PARAMETER;
    if (!portcls::take_property_call(request)) {
        trace::finding(72, reinterpret_cast<ULONG_PTR>(request), 0,
                       "V72 PcCompletePendingPropertyRequest for a request that the driver does not have: completed "
                       "already, or never pending");
        return STATUS_INVALID_PARAMETER;
    }
    PIRP irp = request->Irp;
    irp->IoStatus.Status = portcls::finish(request, status);
    IoCompleteRequest(irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}
