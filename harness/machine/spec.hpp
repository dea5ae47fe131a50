// SPDX-License-Identifier: MIT
// A machine, described once. The libvirt domain and the plain QEMU command line are both made from this.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mpulab {

inline constexpr const char* kDefaultCard = "isa-mpu401"; // the other one: "pci-mpu401"

inline constexpr uint64_t kDefaultIoCostNs = 1'000; // an ISA access takes about a microsecond
inline constexpr uint64_t kMostIoCostNs = 1'000'000;
inline constexpr const char* kIoCostKey = "io-cost"; // among a card's properties; QEMU does not know it

/// A card: QEMU's name of the device, and its properties as they stand on QEMU's command line, in order.
struct CardSpec {
    std::string device = kDefaultCard;
    std::vector<std::pair<std::string, std::string>> properties;
    uint64_t io_cost_ns = kDefaultIoCostNs; // what rules about time charge for an access; it moves no clock

    const std::string* find(const std::string& key) const;
    void set(const std::string& key, const std::string& value);
};

/// What rules about time charge for each access to a card's registers, by unit.
struct IoCosts {
    std::vector<uint64_t> ns;

    uint64_t of(uint32_t unit) const { return unit < ns.size() ? ns[unit] : kDefaultIoCostNs; }
};
IoCosts io_costs_of(const std::vector<CardSpec>& cards);

/// Instructions of the longest of the turns that two processors take; the shortest is the tenth part of it.
inline constexpr uint32_t kMinSlice = 10, kDefaultSlice = 5000, kMaxSlice = 50'000;
inline constexpr uint32_t kSliceRange = 10;

struct MachineSpec {
    // Everything that can change an event log:
    std::filesystem::path qemu;
    std::filesystem::path firmware;
    std::filesystem::path kernel; // nanont's multiboot loader
    std::filesystem::path initrd; // the modules
    std::filesystem::path plan;
    uint64_t seed = 0;
    uint32_t memory_mib = 32;
    uint32_t cpus = 1;              // with two, the plan's seed decides the schedule too, once the driver is loaded
    uint32_t slice = kDefaultSlice; // with two: kMinSlice..kMaxSlice
    uint32_t probe_iobase = 0xe00;
    std::string cpu = "qemu64";
    std::vector<CardSpec> cards;
    // What cannot:
    std::string link_chardev; // after "-chardev ": "socket,id=link,path=…" or "file,id=link,path=…"
    std::optional<std::filesystem::path> gdb_socket;
    std::optional<std::filesystem::path> qmp_socket; // a monitor beside libvirt's
    std::string security_labels;                     // elements of the domain XML: security_labels()
};

inline constexpr const char* kMachineUuid = "6d70756c-6162-4d50-8401-6d6964690001"; // fixed: it reaches the guest
inline constexpr uint64_t kMachineEpoch = 946'684'800;                              // 2000-01-01T00:00:00Z, fixed too

/// Chardevs of the link: our socket, or a plain file (runs without a harness).
std::string link_socket_chardev(const std::filesystem::path& path);
std::string link_file_chardev(const std::filesystem::path& path);

/// The boot module's path as a multiboot QEMU takes it: a list, so a comma inside it is doubled. What follows a space
/// is not part of it and nothing escapes one: throws Error.
std::string initrd_argument(const MachineSpec& spec);

/// The kernel command line: where the guest finds the probe.
std::string kernel_command_line(const MachineSpec& spec);

/// The arguments libvirt has no element for: clock, seed, link, probe, cards, debugger. Part of both forms below.
std::vector<std::string> device_arguments(const MachineSpec& spec);

/// The whole command line, program first. The machine starts at once.
std::vector<std::string> qemu_command(const MachineSpec& spec);

/// A command as a shell takes it.
std::string shell_quoted(const std::vector<std::string>& command);

/// The words that shell_quoted() made a line of. Throws Error on a quote that does not end.
std::vector<std::string> shell_words(const std::string& line);

} // namespace mpulab
