// SPDX-License-Identifier: MIT
#include "cli/guest.hpp"

#include "cli/parts.hpp"
#include "common/files.hpp"
#include "common/text.hpp"
#include "link/log_writer.hpp"
#include "machine/cpio.hpp"
#include "package/inf_text.hpp"
#include "package/registry_file.hpp"

#include <cstdlib>
#include <fmt/format.h>

namespace fs = std::filesystem;

namespace mpulab {
namespace {

constexpr size_t kMaxModuleBytes = 64u << 20;
// nanont; the order is that in which the loader maps them.
constexpr const char* kModules[] = {"ntoskrnl.exe", "hal.dll", "ks.sys", "portcls.sys", "agent.sys"};

// The cards, by what their buses call them in nanont (and in Windows).
const MachineDevice kMachineDevices[] = {
    {"isa-mpu401", "ACPI\\PNPB006", {"*PNPB006", "ACPI\\PNPB006"}},
    {"pci-mpu401",
     "PCI\\VEN_1234&DEV_4D50&SUBSYS_11001AF4&REV_01",
     {"PCI\\VEN_1234&DEV_4D50&SUBSYS_11001AF4&REV_01", "PCI\\VEN_1234&DEV_4D50&SUBSYS_11001AF4",
      "PCI\\VEN_1234&DEV_4D50&REV_01", "PCI\\VEN_1234&DEV_4D50&CC_040100", "PCI\\VEN_1234&DEV_4D50&CC_0401",
      "PCI\\VEN_1234&DEV_4D50"}},
};

Package find_package(const PackageChoice& choice) {
    PackageOptions options;
    options.target = choice.target;
    options.id = choice.id;
    for (const MachineDevice& device : kMachineDevices) {
        if (choice.card.empty() || choice.card == device.card) options.devices.push_back(device);
    }
    const char* variable = std::getenv("MPULAB_DRIVER");
    const bool bare_by_variable = choice.package.empty() && variable != nullptr && *variable != '\0';
    if (choice.package.empty() && (!choice.driver.empty() || bare_by_variable)) {
        return bare_package(find_part(Part::Driver, choice.driver));
    }
    Package package = load_package(find_part(Part::Package, choice.package), options);
    if (package.root && !package.install->log_configs.empty())
        package.resources = choose_log_config(package.install->log_configs, choice.port, choice.irq);
    if (!choice.driver.empty()) {
        package.driver = find_part(Part::Driver, choice.driver);
        package.image = read_file(package.driver, kMaxDriverBytes, "driver");
    }
    return package;
}

/// A number among the card's properties, as QEMU reads it.
std::optional<uint32_t> card_number(const CardSpec& card, const char* key) {
    const std::string* text = card.find(key);
    if (text == nullptr) return std::nullopt;
    char* end = nullptr;
    const unsigned long value = std::strtoul(text->c_str(), &end, 0);
    if (*end != '\0' || value > 0xffff) return std::nullopt; // QEMU refuses it by name
    return static_cast<uint32_t>(value);
}

} // namespace

Guest make_guest(const PackageChoice& choice, size_t cards) {
    Guest guest;
    guest.package = find_package(choice);
    guest.modules = find_part(Part::Modules);
    guest.notes = guest.package.notes;
    const std::string driver = guest.package.driver.filename().string();
    std::vector<CpioEntry> entries;
    for (const char* name : kModules) {
        if (!fs::exists(guest.modules / name)) {
            throw Error(fmt::format("nanont's module {} is not built", (guest.modules / name).string()),
                        "build it with scripts/build, or set MPULAB_MODULES to a folder that has it");
        }
        if (equal_ignoring_ascii_case(driver, name)) {
            throw Error(fmt::format("the driver {} has the name of a module of nanont", guest.package.driver.string()),
                        "rename it");
        }
        entries.push_back({name, read_file(guest.modules / name, kMaxModuleBytes, "nanont's module")});
        guest.input_sha256[name] = sha256_hex(entries.back().bytes);
    }
    entries.push_back({driver, guest.package.image});
    guest.input_sha256["driver"] = sha256_hex(entries.back().bytes);
    const auto add_text = [&](const char* name, const std::string& text) {
        if (!text.empty()) entries.push_back({name, Bytes(text.begin(), text.end())});
    };
    add_text("boot.cfg", boot_config(guest.package));
    add_text("registry.reg", registry_file(guest.package, guest.package.has_hardware() ? cards : 0, guest.notes));
    if (!guest.package.inf.empty()) {
        guest.input_sha256["inf"] = sha256_hex(read_file(guest.package.inf, kMaxInfBytes, "INF"));
    }
    guest.archive = write_cpio(entries);
    guest.input_sha256["modules.cpio"] = sha256_hex(guest.archive);
    return guest;
}

CardSpec card_of(const Package& package, CardSpec card) {
    if (card.device.empty()) card.device = package.card.empty() ? kDefaultCard : package.card;
    if (package.resources) {
        card.set("iobase", fmt::format("{:#x}", package.resources->first_port));
        if (package.resources->irq) card.set("irq", fmt::format("{}", *package.resources->irq));
    }
    return card;
}

Guest make_guest_on_card(PackageChoice choice, CardSpec card, MachineSpec& spec, std::vector<CardSpec> more) {
    choice.card = card.device;
    choice.port = card_number(card, "iobase");
    choice.irq = card_number(card, "irq");
    Guest guest = make_guest(choice, 1 + more.size());
    if (!more.empty() && (!guest.package.has_hardware() || guest.package.resources)) {
        throw Error(
            fmt::format("the package {} is for a device that no bus reports: it has one at most", guest.package.name()),
            "run the scenario with one card");
    }
    if (!guest.package.has_hardware()) return guest;
    spec.cards.push_back(card_of(guest.package, std::move(card)));
    for (CardSpec& another : more)
        spec.cards.push_back(card_of(guest.package, std::move(another)));
    return guest;
}

MachineSpec find_machine_parts() {
    MachineSpec spec;
    spec.qemu = find_part(Part::Qemu);
    spec.firmware = find_part(Part::Firmware);
    spec.kernel = find_part(Part::Kernel);
    return spec;
}

} // namespace mpulab
