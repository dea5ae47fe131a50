// SPDX-License-Identifier: MIT
// mpulab play: a MIDI file through the driver, once out and once in.
#pragma once

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
    uint64_t seed = 0;
    std::filesystem::path out = "mpulab-out";
    std::filesystem::path driver;    // empty: ours
    std::filesystem::path soundfont; // empty: one of Debian's
    std::string connect;             // empty: libvirt's embedded driver
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
