// SPDX-License-Identifier: MIT
// What a score asks of the PnP manager and of the power manager (guest-images/agent/score_requests.def), each only in
// the states in which Windows makes it ("State Transitions for PnP Devices", "Power States" of the documentation).
#include <score.h>

#include "dbg/report.hpp"
#include "io.hpp"
#include "ke/ke.hpp"
#include "ldr/failing_call.hpp"
#include "notification.hpp"

namespace nanont::io {
namespace {

constexpr ULONG kElsewhere = MPULAB_DEVICE_ELSEWHERE;

SYSTEM_POWER_STATE g_system_state = PowerSystemWorking;

DeviceNode* find_node(ULONG unit) {
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr; ++i) {
        if (node->machine.unit == unit && node->is_wanted) {
            return node;
        }
    }
    return nullptr;
}

/// A query; a refusal is taken back by `cancel`, as the PnP manager does.
NTSTATUS query(DeviceNode& node, UCHAR minor, UCHAR cancel, NodeState pending) {
    const NTSTATUS status = send_pnp(node, minor);
    if (NT_SUCCESS(status)) {
        node.state = pending;
    } else {
        send_pnp(node, cancel);
    }
    return status;
}

NTSTATUS cancel(DeviceNode& node, UCHAR minor) {
    node.state = NodeState::Started;
    return send_pnp(node, minor);
}

NTSTATUS cancel_remove(DeviceNode& node) {
    const NTSTATUS status = cancel(node, IRP_MN_CANCEL_REMOVE_DEVICE);
    tell_removal_is_off(node);
    return status;
}

/// Who has a handle on the device is asked before its drivers are.
NTSTATUS query_remove(DeviceNode& node) {
    NTSTATUS status = ask_listeners(node);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = query(node, IRP_MN_QUERY_REMOVE_DEVICE, IRP_MN_CANCEL_REMOVE_DEVICE, NodeState::RemovePending);
    if (!NT_SUCCESS(status)) {
        tell_removal_is_off(node);
        return status;
    }
    if (has_open_files(node)) {
        cancel_remove(node);
        return STATUS_DEVICE_BUSY;
    }
    return STATUS_SUCCESS;
}

NTSTATUS stop(DeviceNode& node) {
    const NTSTATUS status = send_pnp(node, IRP_MN_STOP_DEVICE);
    node.state = NodeState::Stopped; // a driver must not fail it
    node.raw.list()->Count = 0;
    return status;
}

/// A driver has been given its resources, or is about to be.
bool has_resources(const DeviceNode& node) {
    return node.state >= NodeState::Added && node.state <= NodeState::RemovePending && node.state != NodeState::Stopped;
}

/// Whether another device than `asking` has resources and `matches`.
template <typename Matches> bool another_has(const DeviceNode& asking, Matches matches) {
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr; ++i) {
        if (node != &asking && has_resources(*node) && matches(*node)) {
            return true;
        }
    }
    return false;
}

/// Points the node at the resources it is to be started with.
NTSTATUS choose_resources(DeviceNode& node, ULONG argument) {
    if (argument == node.machine.unit) {
        node.resources_of = &node;
        return STATUS_SUCCESS;
    }
    if (node.is_pci && argument == kElsewhere) {
        forget_pci_resources(node.pci, !another_has(node, [&node](const DeviceNode& it) {
                                 return it.is_pci && share_an_input(it.pci, node.pci);
                             }));
        return STATUS_SUCCESS;
    }
    DeviceNode* other = nullptr;
    for (size_t i = 0; (other = node_at(i)) != nullptr && other->machine.unit != argument; ++i) {
    }
    if (other == nullptr || node.is_root || node.is_pci || other->is_root || other->is_pci) {
        return STATUS_INVALID_PARAMETER;
    }
    if (another_has(node, [other](const DeviceNode& it) { return it.resources_of == other; })) {
        return STATUS_CONFLICTING_ADDRESSES;
    }
    node.resources_of = other;
    return STATUS_SUCCESS;
}

NTSTATUS start(DeviceNode& node, ULONG argument) {
    NTSTATUS status = choose_resources(node, argument);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    status = start_device(node);
    if (!NT_SUCCESS(status)) {
        take_away(node); // it was started once: handles may be open
    }
    return status;
}

bool is_there(NodeState state) {
    return state >= NodeState::Started && state <= NodeState::RemovePending;
}

/// Nobody's turn is waited for: the managers hear of it when they have done what they are about.
void pull_out(DeviceNode& node) {
    if (node.is_pulled_out || !is_there(node.state)) {
        return;
    }
    node.is_pulled_out = true;
    set_hardware_power(node, 3);
}

NTSTATUS surprise_remove(DeviceNode& node) {
    pull_out(node);
    if (node.is_pci) {
        enable_pci_function(node.pci, false);
    }
    take_away(node);
    return STATUS_SUCCESS;
}

NTSTATUS add(DeviceNode& node) {
    node.resources_of = &node;
    if (node.is_pulled_out) {
        node.is_pulled_out = false;
        set_hardware_power(node, 0);
    }
    NTSTATUS status = add_device(node);
    if (NT_SUCCESS(status)) {
        status = start_device(node);
        if (!NT_SUCCESS(status)) {
            finish_removal(node);
        }
    }
    return status;
}

/// STATUS_INVALID_PARAMETER: no such list, or a device that has no port range of its own to make it from.
NTSTATUS deal(DeviceNode& node, ULONG number) {
    ResourceList unused{};
    if (node.is_root || node.is_pci || !deal_resources(number, unused)) {
        return STATUS_INVALID_PARAMETER;
    }
    node.dealt = number;
    return STATUS_SUCCESS;
}

NTSTATUS device_power(DeviceNode& node, UCHAR minor, ULONG argument) {
    if (argument < PowerDeviceD0 || argument > PowerDeviceD3) {
        return STATUS_INVALID_PARAMETER;
    }
    POWER_STATE state;
    state.DeviceState = static_cast<DEVICE_POWER_STATE>(argument);
    return send_power(node, minor, DevicePowerState, state);
}

/// To every started device that `until` comes after; nullptr: all. The first failure is returned, all hear of it.
NTSTATUS system_power(UCHAR minor, SYSTEM_POWER_STATE to, const DeviceNode* until, DeviceNode** failed) {
    POWER_STATE state;
    state.SystemState = to;
    NTSTATUS result = STATUS_SUCCESS;
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr; ++i) {
        if (node->state == NodeState::Started) {
            const NTSTATUS status = send_power(*node, minor, SystemPowerState, state);
            if (!NT_SUCCESS(status) && NT_SUCCESS(result)) {
                result = status;
            }
            if (!NT_SUCCESS(status) && failed != nullptr) {
                *failed = node;
                break;
            }
        }
        if (node == until) {
            break;
        }
    }
    return result;
}

NTSTATUS sleep(ULONG argument) {
    if (argument < PowerSystemSleeping1 || argument > PowerSystemShutdown) {
        return STATUS_INVALID_PARAMETER;
    }
    if (g_system_state != PowerSystemWorking) {
        return STATUS_INVALID_DEVICE_STATE;
    }
    const auto to = static_cast<SYSTEM_POWER_STATE>(argument);
    DeviceNode* refused = nullptr;
    const NTSTATUS status = system_power(IRP_MN_QUERY_POWER, to, nullptr, &refused);
    if (!NT_SUCCESS(status)) { // those that were asked hear that it stays as it is
        system_power(IRP_MN_SET_POWER, PowerSystemWorking, refused, nullptr);
        return status;
    }
    system_power(IRP_MN_SET_POWER, to, nullptr, nullptr); // "drivers must not fail it"
    g_system_state = to;
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr; ++i) {
        if (node->d_state != 3 && !node->is_pulled_out && !node->is_root) {
            node->has_lost_power = true; // whether its driver has thought of it or not
            const ULONG before = node->d_state;
            set_hardware_power(*node, 3);
            node->d_state = before;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS wake() {
    if (g_system_state == PowerSystemWorking || g_system_state == PowerSystemShutdown) { // nothing wakes from that
        return STATUS_INVALID_DEVICE_STATE;
    }
    g_system_state = PowerSystemWorking;
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr; ++i) {
        if (node->has_lost_power) {
            node->has_lost_power = false;
            if (!node->is_pulled_out) {
                set_hardware_power(*node, node->d_state);
            }
        }
    }
    return system_power(IRP_MN_SET_POWER, PowerSystemWorking, nullptr, nullptr);
}

/// What may be asked of a device in which states; STATUS_INVALID_DEVICE_STATE for all else.
NTSTATUS ask(DeviceNode& node, ULONG request, ULONG argument) {
    const NodeState state = node.state;
    const bool started = state == NodeState::Started;
    const bool can_be_asked = is_there(state);
    switch (request) {
    case MPULAB_DEVICE_QUERY_STOP:
        return started ? query(node, IRP_MN_QUERY_STOP_DEVICE, IRP_MN_CANCEL_STOP_DEVICE, NodeState::StopPending)
                       : STATUS_INVALID_DEVICE_STATE;
    case MPULAB_DEVICE_CANCEL_STOP:
        return state == NodeState::StopPending ? cancel(node, IRP_MN_CANCEL_STOP_DEVICE) : STATUS_INVALID_DEVICE_STATE;
    case MPULAB_DEVICE_STOP:
        return state == NodeState::StopPending ? stop(node) : STATUS_INVALID_DEVICE_STATE;
    case MPULAB_DEVICE_START:
        return state == NodeState::Stopped ? start(node, argument) : STATUS_INVALID_DEVICE_STATE;
    case MPULAB_DEVICE_QUERY_REMOVE:
        return started ? query_remove(node) : STATUS_INVALID_DEVICE_STATE;
    case MPULAB_DEVICE_CANCEL_REMOVE:
        return state == NodeState::RemovePending ? cancel_remove(node) : STATUS_INVALID_DEVICE_STATE;
    case MPULAB_DEVICE_REMOVE:
        return state == NodeState::RemovePending ? finish_removal(node) : STATUS_INVALID_DEVICE_STATE;
    case MPULAB_DEVICE_SURPRISE_REMOVE:
        return can_be_asked ? surprise_remove(node) : STATUS_INVALID_DEVICE_STATE;
    case MPULAB_DEVICE_ADD:
        return state == NodeState::Removed ? add(node) : STATUS_INVALID_DEVICE_STATE;
    case MPULAB_DEVICE_QUERY_POWER:
        return can_be_asked ? device_power(node, IRP_MN_QUERY_POWER, argument) : STATUS_INVALID_DEVICE_STATE;
    case MPULAB_DEVICE_SET_POWER:
        return can_be_asked ? device_power(node, IRP_MN_SET_POWER, argument) : STATUS_INVALID_DEVICE_STATE;
    case MPULAB_DEVICE_SLEEP:
        return sleep(argument);
    case MPULAB_DEVICE_WAKE:
        return wake();
    case MPULAB_DEVICE_DEAL_RESOURCES:
        return deal(node, argument);
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

} // namespace
void restart_device(DeviceNode& node) {
    if (NT_SUCCESS(query(node, IRP_MN_QUERY_STOP_DEVICE, IRP_MN_CANCEL_STOP_DEVICE, NodeState::StopPending))) {
        stop(node);
        start(node, node.resources_of->machine.unit);
    }
}

} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

extern "C" {

NTSTATUS NTAPI NanontAskDevice(ULONG Unit, ULONG Request, ULONG Argument) {
    if (Request == MPULAB_DEVICE_FAIL_CALL) {
        return ldr::await_failing_call(Argument);
    }
    if (Request == MPULAB_DEVICE_FAIL_PORT_CALL) {
        return ldr::await_failing_port_call(Argument);
    }
    DeviceNode* node = find_node(Unit);
    if (node == nullptr) {
        return STATUS_NO_SUCH_DEVICE;
    }
    if (Request == MPULAB_DEVICE_SURPRISE_REMOVE && !node->is_pci) {
        pull_out(*node);
    }
    const DeviceLock lock;
    return ask(*node, Request, Argument);
}

/// QUERY_REMOVE and REMOVE in one.
NTSTATUS NTAPI NanontRemoveDevice(ULONG Unit) {
    const DeviceLock lock;
    DeviceNode* node = find_node(Unit);
    if (node == nullptr || node->state != NodeState::Started) {
        return STATUS_NO_SUCH_DEVICE;
    }
    const NTSTATUS status = query_remove(*node);
    return NT_SUCCESS(status) ? finish_removal(*node) : status;
}

} // extern "C"
