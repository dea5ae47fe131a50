// SPDX-License-Identifier: MIT
// A machine as libvirt's domain XML. Pure; golden file in tests/harness/machine/golden.
#pragma once

#include "machine/spec.hpp"

#include <string>

namespace mpulab {

std::string domain_xml(const MachineSpec& spec, const std::string& name);

/// Text as it stands inside an XML element or an attribute.
std::string xml_escaped(const std::string& text);

} // namespace mpulab
