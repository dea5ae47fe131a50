// SPDX-License-Identifier: MIT
// All that is known of a package: its image, its INF, and what its driver registered when it was started.
#pragma once

#include "inspect/image_notes.hpp"
#include "inspect/image_report.hpp"
#include "inspect/offers.hpp"
#include "package/inf_lint.hpp"
#include "package/package.hpp"

#include <nlohmann/json_fwd.hpp>
#include <optional>

namespace mpulab {

/// How the driver's start went.
struct StartReport {
    bool tried = false; // the image could be loaded
    bool started = false;
    std::string reason; // not started: why
    std::string next;
    double virtual_ms = 0; // power-on to driver started
};

/// Of the .cat that the INF names, where there is one.
struct CatalogReport {
    std::string file;
    size_t members = 0;
    size_t signers = 0;
    std::vector<std::string> problems; // what is altered or missing, or why it cannot be read; empty: all is as it was
};

struct PackageReport {
    Package package;
    std::vector<std::string> notes;
    std::vector<InfFinding> lint; // of its INF
    std::optional<CatalogReport> catalog;
    ImageReport image;
    ImageNotes image_notes;
    StartReport start;
    std::vector<OfferedSubdevice> offers;
    std::string no_targets; // why no song can be played though it started; empty: one can

    bool runs() const { return image.runs() && start.started && no_targets.empty(); }
};

/// Where INF and driver disagree: interfaces the INF prepares for a subdevice that is not registered (a wrong name
/// shows as this), and registered ones that the INF says nothing of. Empty: they agree, or there is nothing to compare.
std::vector<std::string> disagreements(const PackageReport& report);

std::string package_text(const PackageReport& report);
nlohmann::ordered_json package_json(const PackageReport& report);

} // namespace mpulab
