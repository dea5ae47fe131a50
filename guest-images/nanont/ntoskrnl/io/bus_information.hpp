// SPDX-License-Identifier: MIT
#ifndef NANONT_IO_BUS_INFORMATION_HPP
#define NANONT_IO_BUS_INFORMATION_HPP

#include "io.hpp"
#include "resources.hpp"

namespace nanont::io {

/// False: the device is on no bus.
bool bus_information(const DeviceNode& node, PNP_BUS_INFORMATION& out);
/// IRP_MN_QUERY_BUS_INFORMATION, without completing it. STATUS_NOT_SUPPORTED: the device is on no bus.
NTSTATUS answer_bus_information(const DeviceNode& node, PIRP irp);

/// Room for one alternative of as many descriptors as a ResourceList has.
struct RequirementsList {
    alignas(8) UCHAR bytes[sizeof(IO_RESOURCE_REQUIREMENTS_LIST) + 6 * sizeof(IO_RESOURCE_DESCRIPTOR)];
    IO_RESOURCE_REQUIREMENTS_LIST* list() { return reinterpret_cast<IO_RESOURCE_REQUIREMENTS_LIST*>(bytes); }
};
/// Of a device with hardware: fixed places on ISA, any that are aligned on PCI, the interrupt it has. Its size in
/// bytes.
ULONG make_requirements(const DeviceNode& node, RequirementsList& out);

} // namespace nanont::io

#endif
