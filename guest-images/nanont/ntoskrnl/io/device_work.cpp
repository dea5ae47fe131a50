// SPDX-License-Identifier: MIT
// What a device needs done that cannot be done where it is noticed: a worker does it, at PASSIVE_LEVEL and in its turn.
#include "dbg/report.hpp"
#include "ex/work_item.hpp"
#include "io.hpp"
#include "ke/ke.hpp"

namespace nanont::io {
namespace {

KSPIN_LOCK g_lock;

/// Takes one wish; false: there is none left, and the node may be queued again.
bool next_wish(DeviceNode& node, DeviceWork& what) {
    ke::SpinLockGuard guard(g_lock);
    if (node.wants_state) {
        node.wants_state = false;
        what = DeviceWork::State;
    } else if (node.wants_relations) {
        node.wants_relations = false;
        what = DeviceWork::Relations;
    } else if (node.wants_removal) {
        node.wants_removal = false;
        what = DeviceWork::Removal;
    } else {
        node.work_queued = false;
        return false;
    }
    return true;
}

VOID NTAPI work(PVOID context) {
    auto& node = *static_cast<DeviceNode*>(context);
    DeviceWork what{};
    while (next_wish(node, what)) {
        const DeviceLock lock;
        if (what == DeviceWork::Removal) {
            if (node.state == NodeState::SurpriseRemoved && !has_open_files(node)) {
                finish_removal(node);
            }
        } else if (node.state == NodeState::Started) {
            what == DeviceWork::State ? look_at_state(node) : look_at_relations(node);
        }
    }
}

VOID NTAPI check_unload(PVOID item) {
    ExFreePool(item);
    const DeviceLock lock;
    unload_if_unused();
}

/// The PDO's node; nullptr: the device is gone. A device that lies on another one is no PDO (0xCA, kind 2).
DeviceNode* node_of_pdo(PDEVICE_OBJECT device, const char* function) {
    DeviceNode* node = node_of(device);
    if (node == nullptr && extension_of(device).attached_to != nullptr) {
        dbg::bugcheck(PNP_DETECTED_FATAL_ERROR, 2, reinterpret_cast<ULONG_PTR>(device), 0, 0,
                      "%s: %p is a device of a driver's own; it wants the physical device object", function, device);
    }
    return node;
}

} // namespace

void queue_device_work(DeviceNode& node, DeviceWork what) {
    ke::SpinLockGuard guard(g_lock);
    (what == DeviceWork::Removal ? node.wants_removal
     : what == DeviceWork::State ? node.wants_state
                                 : node.wants_relations) = true;
    if (!node.work_queued) {
        node.work_queued = true;
        ExInitializeWorkItem(&node.work, work, &node);
        queue_device_item(node.work);
    }
}

void queue_unload_check() {
    auto* item =
        static_cast<PWORK_QUEUE_ITEM>(ExAllocatePoolWithTag(NonPagedPool, sizeof(WORK_QUEUE_ITEM), tag("IoWk")));
    if (item != nullptr) { // without memory the driver stays, which harms nobody
        ExInitializeWorkItem(item, check_unload, item);
        queue_device_item(*item);
    }
}

void file_was_closed(PDEVICE_OBJECT device) {
    DeviceNode* node = node_below(device);
    if (node != nullptr && node->state == NodeState::SurpriseRemoved && !has_open_files(*node)) {
        queue_device_work(*node, DeviceWork::Removal);
    }
}

} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

/// Asynchronous: IRP_MN_QUERY_PNP_DEVICE_STATE comes from a system thread. PhysicalDeviceObject must be a PDO. IRQL <=
/// DISPATCH_LEVEL.
VOID NTAPI IoInvalidateDeviceState(PDEVICE_OBJECT PhysicalDeviceObject) {
    if (DeviceNode* node = node_of_pdo(PhysicalDeviceObject, "IoInvalidateDeviceState")) {
        queue_device_work(*node, DeviceWork::State);
    }
}

/// Asynchronous: for BusRelations, IRP_MN_QUERY_DEVICE_RELATIONS comes from a system thread; the others are asked for
/// when they are needed. DeviceObject must be a PDO. IRQL <= DISPATCH_LEVEL.
VOID NTAPI IoInvalidateDeviceRelations(PDEVICE_OBJECT DeviceObject, DEVICE_RELATION_TYPE Type) {
    DeviceNode* node = node_of_pdo(DeviceObject, "IoInvalidateDeviceRelations");
    if (node != nullptr && Type == BusRelations) {
        queue_device_work(*node, DeviceWork::Relations);
    }
}

} // extern "C"
