// SPDX-License-Identifier: MIT
// Resource lists of a device, as START_DEVICE carries them (reference portcls-midi §6.6). Pure data.
#ifndef NANONT_IO_RESOURCES_HPP
#define NANONT_IO_RESOURCES_HPP

#include <plan.h>

#include "nt.hpp"

namespace nanont::io {

/// Room for one list of six ranges and an interrupt.
struct ResourceList {
    alignas(8) UCHAR bytes[sizeof(CM_RESOURCE_LIST) + 6 * sizeof(CM_PARTIAL_RESOURCE_DESCRIPTOR)];
    CM_RESOURCE_LIST* list() { return reinterpret_cast<CM_RESOURCE_LIST*>(bytes); }
};

/// The list with the device's own numbers (`vector` 0) or with the interrupt as the HAL delivers it: level = IRQL,
/// vector, this machine's processors.
void make_resources(const mpulab_machine_device& device, ULONG vector, ResourceList& out);

/// Makes of a device's own list the one of that number in resource_lists.def. False: there is none of that number.
/// MPULAB_RESOURCES_NONE is for the caller to pass on as NULL: it is left as it is.
bool deal_resources(ULONG number, ResourceList& list);

} // namespace nanont::io

#endif
