// SPDX-License-Identifier: MIT
// A package as a result tells of it.
#pragma once

#include "cli/guest.hpp"
#include "report/result.hpp"

namespace mpulab {

inline PackageFacts package_facts(const Guest& guest) {
    const Package& package = guest.package;
    PackageFacts facts;
    facts.name = package.name();
    facts.inf = package.inf.string();
    facts.driver = package.driver.string();
    facts.hardware_id = package.root ? package.root_id : package.model ? package.model->hardware_id : "";
    if (package.facts) facts.version = package.facts->driver_version;
    facts.hardware = package.has_hardware();
    facts.notes = guest.notes;
    return facts;
}

} // namespace mpulab
