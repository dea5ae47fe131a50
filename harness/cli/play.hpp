// SPDX-License-Identifier: MIT
// mpulab play: a MIDI file through the driver, once out and once in.
#pragma once

#include "cli/guest.hpp"
#include "common/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mpulab {

struct PlayOptions {
    std::filesystem::path file;
    std::vector<std::string> card; // "iobase=0x300,irq=5", "pci-mpu401,bar=memory": the card, as QEMU takes it
    uint32_t cpus = 1;
    std::string dpc_delay; // "2ms": how late each DPC of the driver comes; empty: not
    uint64_t seed = 0;
    std::filesystem::path out = "mpulab-out";
    PackageChoice package;            // empty: the bundled one
    std::filesystem::path soundfont;  // empty: one of Debian's
    std::vector<std::string> choices; // "read-buffer=2": answers to be taken where Windows is undocumented
    std::string verifier = "all";     // rules that are on
    bool all_choices = false;         // once more for every alternative of what the run depended on
    std::string connect;              // empty: libvirt's embedded driver
    bool capture = true;
    bool json = false;
    bool gdb = false;
    bool print_command = false;
    std::vector<std::string> command; // the command line, for the result
};

/// Plays and prints the result on stdout. Throws Error before a machine was started; troubles after that are part of
/// the result.
ExitCode play(const PlayOptions& options);

} // namespace mpulab
