// SPDX-License-Identifier: MIT
// What goes into a machine with a package: nanont's modules, the driver, and what the INF says, as one archive; and the
// machine around it.
#pragma once

#include "machine/spec.hpp"
#include "package/package.hpp"

#include <map>

namespace mpulab {

/// A package as the machine gets it.
struct Guest {
    Package package;
    std::filesystem::path modules; // nanont's, and their symbol files
    Bytes archive;                 // what the loader boots from
    std::map<std::string, std::string> input_sha256;
    std::vector<std::string> notes; // of the package and of what could not be carried over
};

/// Which package is meant: `package` (folder, INF or .sys), or `driver` (a .sys; in a package: in place of its own), or
/// neither: $MPULAB_DRIVER, $MPULAB_PACKAGE or the one the build tree has.
struct PackageChoice {
    std::filesystem::path package;
    std::filesystem::path driver;
    std::string card; // QEMU's name of the card that the machine has; empty: one that the package names
    std::string id;   // of the INF's device; empty: the first that the machine can be
    std::optional<uint32_t> port, irq; // what the card is set to, for a package that has it by LogConfig
    WindowsVersion target{10, 0, 19045};
};

/// Reads the package and nanont's modules. `cards`: how many the machine has, when the package has hardware.
Guest make_guest(const PackageChoice& choice, size_t cards);

/// The card that a package with hardware runs on: `card` as it was asked for (its device empty: by the package); one
/// that no bus reports stands where the package's LogConfig says.
CardSpec card_of(const Package& package, CardSpec card);

/// A package, with the card it runs on, and more of them, added to the machine; none is for a package without hardware.
/// Throws Error when it is for no bus's device and shall have several cards.
Guest make_guest_on_card(PackageChoice choice, CardSpec card, MachineSpec& spec, std::vector<CardSpec> more = {});

/// The machine's other parts: QEMU, firmware, loader.
MachineSpec find_machine_parts();

} // namespace mpulab
