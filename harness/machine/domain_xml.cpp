// SPDX-License-Identifier: MIT
#include "machine/domain_xml.hpp"

#include <fmt/format.h>

namespace mpulab {

std::string xml_escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&apos;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

std::string domain_xml(const MachineSpec& spec, const std::string& name, const std::string& uuid) {
    std::string xml = fmt::format(
        R"(<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>{cpus}</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <loader type='rom'>{firmware}</loader>
    <kernel>{kernel}</kernel>
    <initrd>{initrd}</initrd>
    <cmdline>{cmdline}</cmdline>
  </os>
  <features>
    <acpi/>
    <apic/>
  </features>
  <cpu mode='custom' match='exact' check='none'>
    <model fallback='forbid'>{cpu}</model>
    <topology sockets='1' dies='1' cores='{cpus}' threads='1'/>
  </cpu>
  <clock offset='absolute' start='{epoch}'>
    <timer name='rtc' track='guest'/>
  </clock>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>{qemu}</emulator>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
{labels}  <qemu:commandline>
)",
        fmt::arg("name", xml_escaped(name)), fmt::arg("uuid", uuid), fmt::arg("memory", spec.memory_mib),
        fmt::arg("cpus", spec.cpus), fmt::arg("firmware", xml_escaped(spec.firmware.string())),
        fmt::arg("kernel", xml_escaped(spec.kernel.string())), fmt::arg("initrd", xml_escaped(initrd_argument(spec))),
        fmt::arg("cmdline", xml_escaped(kernel_command_line(spec))), fmt::arg("cpu", xml_escaped(spec.cpu)),
        fmt::arg("epoch", kMachineEpoch), fmt::arg("labels", spec.security_labels),
        fmt::arg("qemu", xml_escaped(spec.qemu.string())));
    std::vector<std::string> arguments = device_arguments(spec);
    // QEMU takes the last one it is given.
    if (uuid != kMachineUuid) arguments.insert(arguments.end(), {"-uuid", kMachineUuid});
    for (const std::string& argument : arguments) {
        xml += fmt::format("    <qemu:arg value='{}'/>\n", xml_escaped(argument));
    }
    xml += "  </qemu:commandline>\n</domain>\n";
    return xml;
}

} // namespace mpulab
