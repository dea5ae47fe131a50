// SPDX-License-Identifier: MIT
// A driver package: the folder of an INF and what it names, or a bare .sys; and how it goes into a guest.
#pragma once

#include "package/inf_facts.hpp"
#include "package/log_config.hpp"

#include <filesystem>

namespace mpulab {

/// A device that the machine can have.
struct MachineDevice {
    std::string card;             // QEMU's name of it
    std::string device_id;        // as the guest's bus names it, "ACPI\PNPB006"
    std::vector<std::string> ids; // that an INF may name it by, best first
};

struct PackageOptions {
    WindowsVersion target{10, 0, 19045};
    std::string id;                     // the INF's device that is meant; empty: the first that the machine can be
    std::vector<MachineDevice> devices; // the first that the INF names is the machine's
};

struct Package {
    std::filesystem::path inf;    // empty: a bare image
    std::filesystem::path driver; // the .sys
    Bytes image;                  // its bytes
    std::string service;          // name of its service
    std::optional<InfFacts> facts;
    std::optional<InfModel> model; // the one that runs here
    std::optional<InfInstall> install;
    bool root = false;   // no device of the machine is its own: it runs as a root-enumerated device, without hardware
    std::string root_id; // "ROOT\NAME"
    std::optional<AssignedResources> resources; // root: by LogConfig, so there is a card under it that no bus reports
    std::string card;      // QEMU's name of the device it is given; empty: whatever the machine has
    std::string device_id; // of the device it is given, as the guest's bus names it: "ACPI\PNPB006"; root: root_id
    std::vector<std::string> notes;

    bool has_hardware() const { return !root || resources; }
    std::string name() const { return (inf.empty() ? driver : inf).filename().string(); }
};

/// Largest image that is read; nanont takes no larger one.
inline constexpr size_t kMaxDriverBytes = 16u << 20;

/// `path`: a folder with one INF for PortCls drivers on amd64, such an INF, or a .sys. Throws Error naming file and
/// line.
Package load_package(const std::filesystem::path& path, const PackageOptions& options);

/// A package of a .sys alone: it is given every device of the machine.
Package bare_package(const std::filesystem::path& driver);

/// The archive's boot.cfg: `driver`, `service`, and which devices are the driver's.
std::string boot_config(const Package& package);

} // namespace mpulab
