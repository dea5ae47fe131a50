// SPDX-License-Identifier: MIT
// A machine as libvirt's domain XML. Pure; golden file in tests/harness/machine/golden.
#pragma once

#include "machine/spec.hpp"

#include <string>

namespace mpulab {

/// Of a machine that nobody else's is beside.
inline constexpr const char* kDomainName = "mpulab";

/// `name`: of the domain. `uuid`: that libvirt knows it by; the guest always sees kMachineUuid.
std::string domain_xml(const MachineSpec& spec, const std::string& name, const std::string& uuid = kMachineUuid);

/// Text as it stands inside an XML element or an attribute.
std::string xml_escaped(const std::string& text);

} // namespace mpulab
