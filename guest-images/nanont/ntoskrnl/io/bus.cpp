// SPDX-License-Identifier: MIT
// The bus driver: the machine's devices, as the probe describes them, become physical device objects named after their
// ACPI ids, and each root= of boot.cfg one without hardware. It answers what a PnP bus is asked; starting and stopping
// needs nothing of it. An ISA card has no power register, so its D-state, like a method of ACPI on a PC, goes to the
// machine by the probe.
#include "bus_information.hpp"
#include "dbg/report.hpp"
#include "ke/ke.hpp"

namespace nanont::io {
namespace {

constexpr size_t kMaxDevices = 16;
constexpr ULONG kTag = tag("Bus ");

Driver* g_bus;
DeviceNode g_nodes[kMaxDevices];
size_t g_node_count;

NTSTATUS complete(PIRP irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    IofCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

/// A copy for the caller, which frees it.
NTSTATUS answer_id(PIRP irp, const WCHAR* text, size_t units) {
    auto* copy = static_cast<PWSTR>(ExAllocatePoolWithTag(PagedPool, units * sizeof(WCHAR), kTag));
    if (copy == nullptr) {
        return complete(irp, STATUS_INSUFFICIENT_RESOURCES);
    }
    RtlCopyMemory(copy, text, units * sizeof(WCHAR));
    irp->IoStatus.Information = reinterpret_cast<ULONG_PTR>(copy);
    return complete(irp, STATUS_SUCCESS);
}

NTSTATUS query_id(const DeviceNode& node, PIRP irp, BUS_QUERY_ID_TYPE type) {
    switch (type) {
    case BusQueryDeviceID:
        return answer_id(irp, node.device_id, wcslen(node.device_id) + 1);
    case BusQueryHardwareIDs:
        return answer_id(irp, node.hardware_ids, multi_text_units(node.hardware_ids));
    case BusQueryInstanceID:
        return answer_id(irp, node.instance_id, wcslen(node.instance_id) + 1);
    default: // there are no compatible ones
        return complete(irp, irp->IoStatus.Status);
    }
}

NTSTATUS query_capabilities(const DeviceNode& node, PIRP irp, DEVICE_CAPABILITIES* capabilities) {
    if (capabilities->Version != 1 || capabilities->Size < sizeof(DEVICE_CAPABILITIES)) {
        return complete(irp, STATUS_UNSUCCESSFUL);
    }
    capabilities->UniqueID = TRUE;
    capabilities->SilentInstall = TRUE;
    capabilities->Address = node.is_pci ? (node.pci.slot & 0x1f) << 16 | node.pci.slot >> 5 : node.machine.unit;
    capabilities->UINumber = MAXULONG;
    capabilities->DeviceState[PowerSystemWorking] = PowerDeviceD0;
    for (int state = PowerSystemSleeping1; state <= PowerSystemShutdown; ++state) {
        capabilities->DeviceState[state] = PowerDeviceD3;
    }
    return complete(irp, STATUS_SUCCESS);
}

NTSTATUS query_target(PDEVICE_OBJECT pdo, PIRP irp, DEVICE_RELATION_TYPE type) {
    if (type != TargetDeviceRelation) {
        return complete(irp, irp->IoStatus.Status);
    }
    auto* relations = static_cast<PDEVICE_RELATIONS>(ExAllocatePoolWithTag(PagedPool, sizeof(DEVICE_RELATIONS), kTag));
    if (relations == nullptr) {
        return complete(irp, STATUS_INSUFFICIENT_RESOURCES);
    }
    relations->Count = 1;
    relations->Objects[0] = pdo;
    ObfReferenceObject(pdo);
    irp->IoStatus.Information = reinterpret_cast<ULONG_PTR>(relations);
    return complete(irp, STATUS_SUCCESS);
}

NTSTATUS NTAPI dispatch_pnp(PDEVICE_OBJECT device, PIRP irp) {
    const IO_STACK_LOCATION& location = *IoGetCurrentIrpStackLocation(irp);
    DeviceNode& node = *extension_of(device).node;
    switch (location.MinorFunction) {
    case IRP_MN_START_DEVICE:
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_REMOVE_DEVICE: // the device stays on its bus: so does its PDO
        if (node.is_pci) {
            enable_pci_function(node.pci, location.MinorFunction == IRP_MN_START_DEVICE);
        }
        return complete(irp, STATUS_SUCCESS);
    case IRP_MN_QUERY_STOP_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
        return complete(irp, STATUS_SUCCESS);
    case IRP_MN_QUERY_CAPABILITIES:
        return query_capabilities(node, irp, location.Parameters.DeviceCapabilities.Capabilities);
    case IRP_MN_QUERY_ID:
        return query_id(node, irp, location.Parameters.QueryId.IdType);
    case IRP_MN_QUERY_BUS_INFORMATION: {
        const NTSTATUS status = answer_bus_information(node, irp);
        return complete(irp, status != STATUS_NOT_SUPPORTED ? status : irp->IoStatus.Status);
    }
    case IRP_MN_QUERY_DEVICE_RELATIONS:
        return query_target(device, irp, location.Parameters.QueryDeviceRelations.Type);
    default: {
        const NTSTATUS status = node.is_pci ? answer_pci(node, irp) : STATUS_NOT_SUPPORTED;
        // a bus driver leaves alone what it does not know
        return complete(irp, status != STATUS_NOT_SUPPORTED ? status : irp->IoStatus.Status);
    }
    }
}

NTSTATUS NTAPI dispatch_power(PDEVICE_OBJECT device, PIRP irp) {
    const IO_STACK_LOCATION& location = *IoGetCurrentIrpStackLocation(irp);
    const UCHAR minor = location.MinorFunction;
    DeviceNode& node = *extension_of(device).node;
    if (minor == IRP_MN_SET_POWER && location.Parameters.Power.Type == DevicePowerState) {
        const DEVICE_POWER_STATE state = location.Parameters.Power.State.DeviceState;
        if (state < PowerDeviceD0 || state > PowerDeviceD3) {
            return complete(irp, STATUS_INVALID_PARAMETER);
        }
        if (!node.is_pulled_out) {
            set_hardware_power(node, static_cast<ULONG>(state - PowerDeviceD0));
        }
    }
    const bool known = minor == IRP_MN_SET_POWER || minor == IRP_MN_QUERY_POWER;
    return complete(irp, known ? STATUS_SUCCESS : irp->IoStatus.Status);
}

NTSTATUS NTAPI dispatch_other(PDEVICE_OBJECT, PIRP irp) {
    return complete(irp, irp->IoStatus.Status);
}

NTSTATUS make_pdo(DeviceNode& node) {
    const NTSTATUS status = IoCreateDevice(&g_bus->object, 0, nullptr, FILE_DEVICE_UNKNOWN,
                                           FILE_AUTOGENERATED_DEVICE_NAME, FALSE, &node.pdo);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    extension_of(node.pdo).node = &node;
    node.resources_of = &node;
    node.pdo->Flags |= DO_BUS_ENUMERATED_DEVICE;
    node.pdo->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
    List::init(node.interfaces);
    _snwprintf(node.instance, RTL_NUMBER_OF(node.instance), L"%ls\\%ls", node.device_id, node.instance_id);
    publish(node);
    return STATUS_SUCCESS;
}

void name_machine_device(DeviceNode& node) {
    const char* id = node.machine.hardware_id;
    _snwprintf(node.device_id, RTL_NUMBER_OF(node.device_id), L"ACPI\\%hs", id);
    _snwprintf(node.instance_id, RTL_NUMBER_OF(node.instance_id), L"%lu", static_cast<ULONG>(node.machine.unit));
    const int first = _snwprintf(node.hardware_ids, RTL_NUMBER_OF(node.hardware_ids), L"%ls", node.device_id);
    _snwprintf(node.hardware_ids + first + 1, RTL_NUMBER_OF(node.hardware_ids) - first - 2, L"*%hs", id);
}

/// "ROOT\\NAME" of boot.cfg.
bool name_root_device(DeviceNode& node, const char* id) {
    static constexpr char kPrefix[] = "ROOT\\";
    size_t length = 0;
    for (; id[length] != '\0'; ++length) {
        const char c = id[length];
        if (c <= ' ' || c > '~' || c == ',' || (c == '\\' && length != sizeof(kPrefix) - 2) ||
            length + 1 == RTL_NUMBER_OF(node.device_id) ||
            (length < sizeof(kPrefix) - 1 && ascii_lower(c) != ascii_lower(kPrefix[length]))) {
            return false;
        }
        node.device_id[length] = static_cast<UCHAR>(c);
        node.hardware_ids[length] = static_cast<UCHAR>(c);
    }
    _snwprintf(node.instance_id, RTL_NUMBER_OF(node.instance_id), L"%04lu", static_cast<ULONG>(node.machine.unit));
    return length >= sizeof(kPrefix);
}

/// What a machine description must say of a device so that it can be started.
const char* what_is_wrong_with(const mpulab_machine_device& device) {
    const char* id = device.hardware_id;
    if (id[0] == '\0' || strnlen(id, sizeof(device.hardware_id)) == sizeof(device.hardware_id)) {
        return "hardware id of 1..15 characters";
    }
    if (device.port_length == 0 || device.port_base > 0xffff || device.port_length > 0x10000 - device.port_base) {
        return "port range within 0..0xffff";
    }
    if (device.irq != MPULAB_IRQ_NONE && HalGetIsaVector(device.irq) == 0) {
        return "ISA interrupt line 0..15, or none";
    }
    return nullptr;
}

} // namespace

void init_bus() {
    if (!NT_SUCCESS(create_driver("ACPI", nullptr, g_bus))) {
        dbg::say("no memory for the bus driver's object");
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_INSUFFICIENT_RESOURCES));
    }
    for (auto& function : g_bus->object.MajorFunction) {
        function = dispatch_other;
    }
    g_bus->object.MajorFunction[IRP_MJ_PNP] = dispatch_pnp;
    g_bus->object.MajorFunction[IRP_MJ_POWER] = dispatch_power;
}

namespace {

DeviceNode* add_node(const mpulab_machine_device& machine) {
    if (g_node_count == kMaxDevices) {
        dbg::say("there are more than %u devices, expected no more", static_cast<unsigned>(kMaxDevices));
        return nullptr;
    }
    DeviceNode& node = g_nodes[g_node_count];
    node.machine = machine;
    node.state = NodeState::Found;
    return &node;
}

bool finish_node(DeviceNode& node) {
    if (!NT_SUCCESS(make_pdo(node))) {
        dbg::say("no memory for device %u of the machine", static_cast<unsigned>(node.machine.unit));
        return false;
    }
    ++g_node_count;
    return true;
}

/// A package that names hardware ids or root devices is for those alone; without either, for every machine device.
bool is_wanted(const DeviceNode& node, ConstBytes settings) {
    char id[128];
    size_t offset = 0;
    bool any = false;
    while (next_setting(settings, offset, "id", id, sizeof(id))) {
        if (has_hardware_id(node, id)) {
            return true;
        }
        any = true;
    }
    offset = 0;
    return !any && !next_setting(settings, offset, "root", id, sizeof(id));
}

/// A function of the machine's description, or one that boot.cfg names.
bool add_pci_device(const mpulab_machine_device& machine, ULONG bus, ULONG slot, ConstBytes settings) {
    DeviceNode* node = add_node(machine);
    if (node == nullptr) {
        return false;
    }
    if (!read_pci_function(bus, slot, node->pci)) {
        dbg::say(
            "the machine's description has card %u at PCI bus %lu, device %lu, function %lu: nothing answers there",
            machine.unit, bus, slot & 0x1f, slot >> 5);
        return false;
    }
    node->is_pci = true;
    name_pci_device(*node);
    node->is_wanted = is_wanted(*node, settings);
    return finish_node(*node);
}

bool is_known(ULONG bus, ULONG slot) {
    for (size_t i = 0; i < g_node_count; ++i) {
        if (g_nodes[i].is_pci && g_nodes[i].pci.bus == bus && g_nodes[i].pci.slot == slot) {
            return true;
        }
    }
    return false;
}

/// Functions that are none of our cards and for which a package is all the same. Buses are numbered by firmware.
bool add_named_functions(ConstBytes settings, ULONG& unit) {
    constexpr UCHAR kBridge = 6;
    constexpr UCHAR kPciBridge = 4;
    constexpr ULONG kSecondaryBus = 0x19;
    constexpr UCHAR kManyFunctions = 0x80;
    char id[128];
    size_t offset = 0;
    if (!next_setting(settings, offset, "id", id, sizeof(id))) {
        return true;
    }
    ULONG buses[8] = {0};
    ULONG bus_count = 1;
    for (ULONG b = 0; b < bus_count; ++b) {
        for (ULONG device = 0; device < 32; ++device) {
            ULONG functions = 1;
            for (ULONG number = 0; number < functions; ++number) {
                const ULONG slot = device | number << 5;
                DeviceNode probe{};
                if (!read_pci_function(buses[b], slot, probe.pci)) {
                    continue;
                }
                if (number == 0 && (probe.pci.header_type & kManyFunctions) != 0) {
                    functions = 8;
                }
                if (probe.pci.base_class == kBridge && probe.pci.subclass == kPciBridge) {
                    UCHAR secondary = 0;
                    HalGetBusDataByOffset(PCIConfiguration, buses[b], slot, &secondary, kSecondaryBus, 1);
                    if (secondary > buses[b] && bus_count < RTL_NUMBER_OF(buses)) {
                        buses[bus_count++] = secondary;
                    }
                }
                name_pci_device(probe);
                if (is_known(buses[b], slot) || !is_wanted(probe, settings)) {
                    continue;
                }
                mpulab_machine_device machine{};
                machine.unit = unit++;
                machine.irq = MPULAB_IRQ_NONE;
                machine.bus = MPULAB_BUS_PCI;
                if (!add_pci_device(machine, buses[b], slot, settings)) {
                    return false;
                }
            }
        }
    }
    return true;
}

/// A number in C's way, and what follows it; false: there is none.
bool read_number(const char*& text, ULONG& number) {
    const bool hexadecimal = text[0] == '0' && text[1] == 'x';
    const char* digit = hexadecimal ? text + 2 : text;
    const char* first = digit;
    number = 0;
    for (;; ++digit) {
        const ULONG value = *digit >= '0' && *digit <= '9'                  ? static_cast<ULONG>(*digit - '0')
                            : hexadecimal && *digit >= 'a' && *digit <= 'f' ? static_cast<ULONG>(*digit - 'a' + 10)
                                                                            : 16;
        if (value == 16 || number > 0xffffff) {
            break;
        }
        number = number * (hexadecimal ? 16 : 10) + value;
    }
    text = digit;
    return digit != first;
}

/// "ports=0x330-0x331 irq=5" behind a root device's name: a card that no bus reports. Cuts the name off there.
bool read_root_resources(char* line, mpulab_machine_device& machine) {
    constexpr char kPorts[] = "ports=";
    constexpr char kIrq[] = "irq=";
    char* space = line;
    while (*space != '\0' && *space != ' ') {
        ++space;
    }
    if (*space == '\0') {
        return true;
    }
    *space = '\0';
    const char* text = space + 1;
    ULONG last = 0;
    if (strncmp(text, kPorts, sizeof(kPorts) - 1) != 0) {
        return false;
    }
    text += sizeof(kPorts) - 1;
    ULONG first = 0;
    if (!read_number(text, first) || *text++ != '-' || !read_number(text, last) || last < first || last > 0xffff) {
        return false;
    }
    machine.port_base = first;
    machine.port_length = last - first + 1;
    if (*text == '\0') {
        return true;
    }
    ULONG irq = 0;
    if (*text++ != ' ' || strncmp(text, kIrq, sizeof(kIrq) - 1) != 0) {
        return false;
    }
    text += sizeof(kIrq) - 1;
    if (!read_number(text, irq) || *text != '\0' || HalGetIsaVector(irq) == 0) {
        return false;
    }
    machine.irq = irq;
    machine.irq_flags = MPULAB_IRQ_LATCHED;
    return true;
}

bool add_root_devices(ConstBytes settings, ULONG first_unit) {
    char id[128];
    size_t offset = 0;
    for (ULONG unit = first_unit; next_setting(settings, offset, "root", id, sizeof(id)); ++unit) {
        mpulab_machine_device machine{};
        machine.unit = unit;
        machine.irq = MPULAB_IRQ_NONE;
        if (!read_root_resources(id, machine)) {
            dbg::say("boot.cfg: root=%s and what follows it, expected ports=FIRST-LAST irq=LINE of an ISA card", id);
            return false;
        }
        DeviceNode* node = add_node(machine);
        if (node == nullptr) {
            return false;
        }
        if (!name_root_device(*node, id)) {
            dbg::say("boot.cfg: root=%s, expected ROOT\\NAME with a name of 1..58 letters, digits and signs", id);
            return false;
        }
        node->is_root = node->is_wanted = true;
        if (!finish_node(*node)) {
            return false;
        }
    }
    return true;
}

} // namespace

bool enumerate_machine(ConstBytes settings) {
    mpulab_machine_device devices[kMaxDevices];
    ULONG size = sizeof(devices);
    if (!dbg::read_plan(MPULAB_SECTION_MACHINE, devices, size) || size % sizeof(devices[0]) != 0) {
        dbg::say("the machine's description has %lu bytes, expected a multiple of %u up to %u", size,
                 static_cast<unsigned>(sizeof(devices[0])), static_cast<unsigned>(sizeof(devices)));
        return false;
    }
    const size_t count = size / sizeof(devices[0]);
    auto unit = static_cast<ULONG>(count);
    for (size_t i = 0; i < count; ++i) {
        if (devices[i].bus == MPULAB_BUS_PCI) {
            const ULONG slot = (devices[i].address >> 3 & 0x1f) | (devices[i].address & 7) << 5;
            if (!add_pci_device(devices[i], devices[i].address >> 8, slot, settings)) {
                return false;
            }
            continue;
        }
        if (const char* expected = what_is_wrong_with(devices[i])) {
            dbg::say("device %u of the machine: ports 0x%x + %u, irq %u: expected a %s", static_cast<unsigned>(i),
                     devices[i].port_base, devices[i].port_length, devices[i].irq, expected);
            return false;
        }
        DeviceNode* node = add_node(devices[i]);
        if (node == nullptr) {
            return false;
        }
        name_machine_device(*node);
        node->is_wanted = is_wanted(*node, settings);
        if (!finish_node(*node)) {
            return false;
        }
    }
    return add_named_functions(settings, unit) && add_root_devices(settings, unit);
}

void set_hardware_power(DeviceNode& node, ULONG d_state) {
    node.d_state = d_state;
    if (node.is_pci) {
        set_pci_power(node.pci, d_state);
    } else if (!node.is_root) {
        dbg::tell_power(node.resources_of->machine.unit, d_state);
    }
}

DeviceNode* node_at(size_t index) {
    return index < g_node_count ? &g_nodes[index] : nullptr;
}

DeviceNode* node_of(PDEVICE_OBJECT pdo) {
    for (size_t i = 0; i < g_node_count; ++i) {
        if (g_nodes[i].pdo == pdo) {
            return &g_nodes[i];
        }
    }
    return nullptr;
}

} // namespace nanont::io
