// SPDX-License-Identifier: MIT
#include "machine/spec.hpp"

#include "common/error.hpp"

#include <fmt/format.h>

namespace mpulab {
namespace {

/// QEMU separates options by commas; a comma inside a value is doubled.
std::string qemu_value(const std::string& value) {
    std::string out;
    for (const char c : value)
        out += c == ',' ? ",," : std::string(1, c);
    return out;
}

} // namespace

const std::string* CardSpec::find(const std::string& key) const {
    for (const auto& [name, value] : properties) {
        if (name == key) return &value;
    }
    return nullptr;
}

void CardSpec::set(const std::string& key, const std::string& value) {
    for (auto& [name, old] : properties) {
        if (name == key) {
            old = value;
            return;
        }
    }
    properties.emplace_back(key, value);
}

IoCosts io_costs_of(const std::vector<CardSpec>& cards) {
    IoCosts costs;
    for (const CardSpec& card : cards)
        costs.ns.push_back(card.io_cost_ns);
    return costs;
}

std::string link_socket_chardev(const std::filesystem::path& path) {
    return "socket,id=link,path=" + qemu_value(path.string());
}

std::string link_file_chardev(const std::filesystem::path& path) {
    return "file,id=link,path=" + qemu_value(path.string());
}

std::string initrd_argument(const MachineSpec& spec) {
    const std::string path = spec.initrd.string();
    if (path.find(' ') != std::string::npos) {
        throw Error(fmt::format("QEMU takes no boot module in a folder with a space in its path: {}", path),
                    "name another folder with --out");
    }
    return qemu_value(path);
}

std::string kernel_command_line(const MachineSpec& spec) {
    return fmt::format("probe=0x{:x}", spec.probe_iobase);
}

std::vector<std::string> device_arguments(const MachineSpec& spec) {
    // QEMU's own option ROMs; Debian keeps them in qemu-system-data, and our QEMU is installed nowhere.
    std::string icount = "shift=3,sleep=off";
    // vCPUs take turns. QEMU's own longest turn, 400 us of virtual time, adds up to a millisecond on the way from a
    // tick to the wire; at most 40 us, which kDefaultSlice is, lets them look as if they ran at once.
    // Their seed is the plan's, from the driver's entry on (mpulab-probe): what is before is one for all seeds.
    if (spec.cpus != 1)
        icount += fmt::format(",slice-min={},slice-max={}", (spec.slice + kSliceRange - 1) / kSliceRange, spec.slice);
    std::vector<std::string> args = {"-L", "/usr/share/qemu", "-icount", icount, "-seed", fmt::format("{}", spec.seed)};
    args.insert(args.end(), {"-chardev", spec.link_chardev});
    args.insert(args.end(), {"-device", fmt::format("mpulab-probe,id=probe,iobase=0x{:x},link=link,plan={}",
                                                    spec.probe_iobase, qemu_value(spec.plan.string()))});
    for (size_t unit = 0; unit < spec.cards.size(); ++unit) {
        std::string device = fmt::format("{},id=card{}", spec.cards[unit].device, unit);
        for (const auto& [key, value] : spec.cards[unit].properties)
            device += "," + key + "=" + qemu_value(value);
        args.insert(args.end(), {"-device", device});
    }
    if (spec.qmp_socket) {
        args.insert(args.end(),
                    {"-chardev",
                     fmt::format("socket,id=qmp,path={},server=on,wait=off", qemu_value(spec.qmp_socket->string())),
                     "-mon", "chardev=qmp,mode=control"});
    }
    if (spec.gdb_socket) {
        args.insert(args.end(),
                    {"-gdb", fmt::format("unix:{},server=on,wait=off", qemu_value(spec.gdb_socket->string()))});
    }
    return args;
}

std::vector<std::string> qemu_command(const MachineSpec& spec) {
    std::vector<std::string> command = {
        spec.qemu.string(),
        "-no-user-config",
        "-nodefaults",
        "-display",
        "none",
        "-machine",
        "pc,usb=off",
        "-accel",
        "tcg",
        "-cpu",
        spec.cpu,
        "-m",
        fmt::format("{}M", spec.memory_mib),
        "-smp",
        fmt::format("{}", spec.cpus),
        "-uuid",
        kMachineUuid,
        "-rtc",
        "base=2000-01-01T00:00:00,clock=vm",
        "-no-shutdown",
        "-boot",
        "strict=on",
        "-bios",
        spec.firmware.string(),
        "-kernel",
        spec.kernel.string(),
        "-initrd",
        initrd_argument(spec),
        "-append",
        kernel_command_line(spec),
    };
    const auto devices = device_arguments(spec);
    command.insert(command.end(), devices.begin(), devices.end());
    return command;
}

std::string shell_quoted(const std::vector<std::string>& command) {
    std::string line;
    for (const std::string& word : command) {
        if (!line.empty()) line += ' ';
        if (word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=,./:@%") ==
                std::string::npos &&
            !word.empty()) {
            line += word;
            continue;
        }
        line += '\'';
        for (const char c : word)
            line += c == '\'' ? "'\\''" : std::string(1, c);
        line += '\'';
    }
    return line;
}

std::vector<std::string> shell_words(const std::string& line) {
    std::vector<std::string> words;
    bool in_word = false;
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (!quoted && (c == ' ' || c == '\n')) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (c == '\'') {
            quoted = !quoted;
        } else if (c == '\\' && !quoted && i + 1 < line.size()) {
            words.back() += line[++i];
        } else {
            words.back() += c;
        }
    }
    if (quoted) throw Error("the command line has a quote that does not end", "it is no run of mpulab's");
    return words;
}

} // namespace mpulab
