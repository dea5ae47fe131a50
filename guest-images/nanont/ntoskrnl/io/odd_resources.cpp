// SPDX-License-Identifier: MIT
// Resource lists that a driver must survive (guest-images/agent/resource_lists.def, rule V41), made from a usual one.
#include <score.h>

#include "resources.hpp"

namespace nanont::io {
namespace {

constexpr LONGLONG kPortsEnd = 0x10000; // of the processor's I/O space

struct Descriptors {
    CM_PARTIAL_RESOURCE_LIST& list;

    CM_PARTIAL_RESOURCE_DESCRIPTOR* find(UCHAR type) {
        for (ULONG i = 0; i < list.Count; ++i) {
            if (list.PartialDescriptors[i].Type == type) {
                return &list.PartialDescriptors[i];
            }
        }
        return nullptr;
    }
    CM_PARTIAL_RESOURCE_DESCRIPTOR& append(const CM_PARTIAL_RESOURCE_DESCRIPTOR& descriptor) {
        CM_PARTIAL_RESOURCE_DESCRIPTOR* at = &list.PartialDescriptors[list.Count++];
        *at = descriptor;
        return *at;
    }
    void remove(const CM_PARTIAL_RESOURCE_DESCRIPTOR* descriptor) {
        const auto at = static_cast<ULONG>(descriptor - list.PartialDescriptors);
        --list.Count;
        RtlMoveMemory(&list.PartialDescriptors[at], &list.PartialDescriptors[at + 1],
                      (list.Count - at) * sizeof(*descriptor));
    }
};

/// A descriptor of a type and nothing else.
CM_PARTIAL_RESOURCE_DESCRIPTOR blank(UCHAR type) {
    CM_PARTIAL_RESOURCE_DESCRIPTOR descriptor{};
    descriptor.Type = type;
    descriptor.ShareDisposition = CmResourceShareDeviceExclusive;
    return descriptor;
}

void change_port(ULONG number, Descriptors all, CM_PARTIAL_RESOURCE_DESCRIPTOR& port) {
    switch (number) {
    case MPULAB_RESOURCES_NO_PORT:
        all.remove(&port);
        break;
    case MPULAB_RESOURCES_PORT_OF_ZERO:
        port.u.Port.Length = 0;
        break;
    case MPULAB_RESOURCES_PORT_OF_ONE:
        port.u.Port.Length = 1;
        break;
    case MPULAB_RESOURCES_PORT_OF_EIGHT:
        port.u.Port.Length = 8;
        break;
    case MPULAB_RESOURCES_PORT_ABOVE:
        port.u.Port.Start.QuadPart = kPortsEnd;
        break;
    case MPULAB_RESOURCES_PORT_AT_END:
        port.u.Port.Start.QuadPart = kPortsEnd - 1;
        break;
    case MPULAB_RESOURCES_TWO_PORTS:
        all.append(port).u.Port.Start.QuadPart += port.u.Port.Length;
        break;
    case MPULAB_RESOURCES_MEMORY:
        port.Type = CmResourceTypeMemory;
        port.Flags = CM_RESOURCE_MEMORY_READ_WRITE;
        break;
    default:
        break;
    }
}

void change_interrupt(ULONG number, Descriptors all, CM_PARTIAL_RESOURCE_DESCRIPTOR& interrupt) {
    const CM_PARTIAL_RESOURCE_DESCRIPTOR own = interrupt;
    switch (number) {
    case MPULAB_RESOURCES_NO_INTERRUPT:
        all.remove(&interrupt);
        break;
    case MPULAB_RESOURCES_TWO_INTERRUPTS:
        all.append(own);
        break;
    case MPULAB_RESOURCES_INTERRUPT_FIRST:
        interrupt = all.list.PartialDescriptors[0];
        all.list.PartialDescriptors[0] = own;
        break;
    default:
        break;
    }
}

} // namespace

bool deal_resources(ULONG number, ResourceList& list) {
    if (number > MPULAB_RESOURCES_PRIVATE) {
        return false;
    }
    if (list.list()->Count == 0) {
        return true; // nothing to make it from
    }
    Descriptors all{list.list()->List[0].PartialResourceList};
    if (CM_PARTIAL_RESOURCE_DESCRIPTOR* port = all.find(CmResourceTypePort)) {
        change_port(number, all, *port);
    }
    if (CM_PARTIAL_RESOURCE_DESCRIPTOR* interrupt = all.find(CmResourceTypeInterrupt)) {
        change_interrupt(number, all, *interrupt);
    }
    if (number == MPULAB_RESOURCES_EMPTY) {
        all.list.Count = 0;
    } else if (number == MPULAB_RESOURCES_DMA) {
        all.append(blank(CmResourceTypeDma)).u.Dma.Channel = 1;
    } else if (number == MPULAB_RESOURCES_PRIVATE) {
        all.append(blank(CmResourceTypeDevicePrivate));
    }
    return true;
}

} // namespace nanont::io
