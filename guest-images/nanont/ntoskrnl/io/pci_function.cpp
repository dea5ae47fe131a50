// SPDX-License-Identifier: MIT
// References are to the "PCI Local Bus Specification 3.0".
#include "pci_function.hpp"

#include "dbg/report.hpp"

namespace nanont::io {
namespace {

enum Offset : ULONG {
    kIds = 0x00,
    kCommand = 0x04,
    kStatus = 0x06,
    kClass = 0x08,
    kHeaderType = 0x0e,
    kBars = 0x10,
    kSubsystem = 0x2c,
    kCapabilities = 0x34,
    kLine = 0x3c,
    kPin = 0x3d
};
constexpr USHORT kDecodePorts = 1;
constexpr USHORT kDecodeMemory = 2;
constexpr USHORT kBusMaster = 4;
constexpr USHORT kLineDisable = 1u << 10;
constexpr USHORT kHasCapabilities = 1u << 4;
constexpr UCHAR kPowerCapability = 1;
constexpr UCHAR kMessageCapability = 5;
constexpr ULONG kMostCapabilities = 48; // so many fit: a list that goes in a circle ends
constexpr UCHAR kNoLine = 0xff;

// Where registers go that firmware left alone: above what chip sets use of ports, and below their own memory.
constexpr ULONGLONG kPortWindow = 0xc000;
constexpr ULONGLONG kPortWindowEnd = 0x10000;
constexpr ULONGLONG kMemoryWindow = 0xe0000000;
constexpr ULONGLONG kMemoryWindowEnd = 0xfe000000;
ULONGLONG g_next_port = kPortWindow;
ULONGLONG g_next_memory = kMemoryWindow;

PciFunction* g_messages[8];

template <typename T> T read(const PciFunction& function, ULONG offset) {
    T value{};
    HalGetBusDataByOffset(PCIConfiguration, function.bus, function.slot, &value, offset, sizeof(value));
    return value;
}
template <typename T> void write(const PciFunction& function, ULONG offset, T value) {
    HalSetBusDataByOffset(PCIConfiguration, function.bus, function.slot, &value, offset, sizeof(value));
}

void size_bars(PciFunction& function) {
    const auto command = read<USHORT>(function, kCommand);
    write<USHORT>(function, kCommand, static_cast<USHORT>(command & ~(kDecodePorts | kDecodeMemory)));
    const ULONG count = (function.header_type & 0x7f) == 0 ? 6 : (function.header_type & 0x7f) == 1 ? 2 : 0;
    for (ULONG i = 0; i < count; ++i) {
        const ULONG offset = kBars + 4 * i;
        const auto held = read<ULONG>(function, offset);
        write<ULONG>(function, offset, MAXULONG);
        const auto mask = read<ULONG>(function, offset);
        write<ULONG>(function, offset, held);
        PciBar& bar = function.bars[i];
        if (mask == 0 || mask == MAXULONG) {
            continue;
        }
        bar.is_port = (mask & 1) != 0;
        const ULONG flags = bar.is_port ? 3 : 15;
        const ULONG address_mask = (bar.is_port ? mask | 0xffff0000 : mask) & ~flags;
        bar.size = ~address_mask + 1;
        bar.base = held & ~flags;
        bar.is_64_bit = !bar.is_port && (mask & 6) == 4;
        bar.is_prefetchable = !bar.is_port && (mask & 8) != 0;
        if (bar.is_64_bit && i + 1 < count) {
            bar.base |= ULONGLONG{read<ULONG>(function, offset + 4)} << 32;
            ++i; // its upper half
        }
    }
    write<USHORT>(function, kCommand, command);
}

void find_capabilities(PciFunction& function) {
    if ((read<USHORT>(function, kStatus) & kHasCapabilities) == 0) {
        return;
    }
    auto at = static_cast<UCHAR>(read<UCHAR>(function, kCapabilities) & ~3);
    for (ULONG i = 0; at >= 0x40 && i < kMostCapabilities; ++i) {
        const auto header = read<USHORT>(function, at);
        const auto id = static_cast<UCHAR>(header);
        if (id == kPowerCapability) {
            function.power_capability = at;
        } else if (id == kMessageCapability) {
            function.message_capability = at;
        }
        at = static_cast<UCHAR>(header >> 8 & ~3);
    }
}

bool take(ULONGLONG& next, ULONGLONG end, ULONG size, ULONGLONG& base) {
    const ULONGLONG at = (next + size - 1) & ~(ULONGLONG{size} - 1);
    if (at > end || size > end - at) {
        return false;
    }
    base = at;
    next = at + size;
    return true;
}

constexpr UCHAR kLines[] = {10, 11}; // level-triggered in every PC's MADT

/// What stands behind an interrupt pin on bus 0 of a PC with a PIIX: devices are wired to its four inputs in turn.
ULONG input_of(const PciFunction& function) {
    return ((function.slot & 0x1f) - 1 + function.pin - 1u) & 3;
}

/// The line that the function's input drives, by the PIIX's registers 60h..63h ("82371SB (PIIX3)", §2.2.6). An input
/// that drives none gets one; with `move` one that drives one of kLines drives the other.
UCHAR route(const PciFunction& function, bool move = false) {
    constexpr ULONG kPiix = 1; // device 1, function 0
    constexpr ULONG kRoutes = 0x60;
    constexpr UCHAR kOff = 0x80;
    constexpr USHORT kIntel = 0x8086;
    PciFunction router{};
    router.slot = kPiix;
    if (function.bus != 0 || read<USHORT>(router, kIds) != kIntel) {
        return kNoLine;
    }
    const ULONG input = input_of(function);
    const auto before = read<UCHAR>(router, kRoutes + input);
    UCHAR line = before & 0xf;
    if ((before & kOff) != 0 || line == 0) {
        line = kLines[input & 1];
    } else if (move && (line == kLines[0] || line == kLines[1])) {
        line = line == kLines[0] ? kLines[1] : kLines[0];
    }
    if (line != before) {
        write<UCHAR>(router, kRoutes + input, line);
    }
    return line;
}

void fill(CM_PARTIAL_RESOURCE_DESCRIPTOR& out, const PciBar& bar) {
    out.ShareDisposition = CmResourceShareDeviceExclusive;
    if (bar.is_port) {
        out.Type = CmResourceTypePort;
        out.Flags = CM_RESOURCE_PORT_IO | CM_RESOURCE_PORT_16_BIT_DECODE | CM_RESOURCE_PORT_POSITIVE_DECODE |
                    CM_RESOURCE_PORT_BAR;
        out.u.Port.Start.QuadPart = static_cast<LONGLONG>(bar.base);
        out.u.Port.Length = bar.size;
    } else {
        out.Type = CmResourceTypeMemory;
        out.Flags = static_cast<USHORT>(CM_RESOURCE_MEMORY_READ_WRITE |
                                        (bar.is_prefetchable ? CM_RESOURCE_MEMORY_PREFETCHABLE : 0));
        out.u.Memory.Start.QuadPart = static_cast<LONGLONG>(bar.base);
        out.u.Memory.Length = bar.size;
    }
}

void fill_line(CM_PARTIAL_RESOURCE_DESCRIPTOR& out, ULONG line, bool translated) {
    const ULONG vector = HalGetIsaVector(line);
    out.Type = CmResourceTypeInterrupt;
    out.ShareDisposition = CmResourceShareShared;
    out.Flags = CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE;
    out.u.Interrupt.Level = translated ? vector >> 4 : line;
    out.u.Interrupt.Vector = translated ? vector : line;
    out.u.Interrupt.Affinity = translated ? KeQueryActiveProcessors() : ~KAFFINITY{0};
}

void fill_message(CM_PARTIAL_RESOURCE_DESCRIPTOR& out, ULONG vector, bool translated) {
    out.Type = CmResourceTypeInterrupt;
    out.ShareDisposition = CmResourceShareDeviceExclusive;
    out.Flags = CM_RESOURCE_INTERRUPT_LATCHED | CM_RESOURCE_INTERRUPT_MESSAGE;
    if (translated) {
        out.u.MessageInterrupt.Translated.Level = vector >> 4;
        out.u.MessageInterrupt.Translated.Vector = vector;
        out.u.MessageInterrupt.Translated.Affinity = KeQueryActiveProcessors();
    } else {
        out.u.MessageInterrupt.Raw.MessageCount = 1;
        out.u.MessageInterrupt.Raw.Vector = CM_RESOURCE_INTERRUPT_MESSAGE_TOKEN;
        out.u.MessageInterrupt.Raw.Affinity = ~KAFFINITY{0};
    }
}

PciFunction* function_of(ULONG vector) {
    for (PciFunction* function : g_messages) {
        if (function != nullptr && function->message_vector == vector) {
            return function;
        }
    }
    return nullptr;
}

} // namespace

bool read_pci_function(ULONG bus, ULONG slot, PciFunction& function) {
    function = {};
    function.bus = bus;
    function.slot = slot;
    const auto ids = read<ULONG>(function, kIds);
    if ((ids & 0xffff) == PCI_INVALID_VENDORID || (ids & 0xffff) == 0) {
        return false;
    }
    function.vendor = static_cast<USHORT>(ids);
    function.device = static_cast<USHORT>(ids >> 16);
    const auto kind = read<ULONG>(function, kClass);
    function.revision = static_cast<UCHAR>(kind);
    function.programming = static_cast<UCHAR>(kind >> 8);
    function.subclass = static_cast<UCHAR>(kind >> 16);
    function.base_class = static_cast<UCHAR>(kind >> 24);
    function.header_type = read<UCHAR>(function, kHeaderType);
    function.pin = read<UCHAR>(function, kPin);
    function.line = kNoLine;
    if ((function.header_type & 0x7f) == 0) {
        const auto subsystem = read<ULONG>(function, kSubsystem);
        function.subsystem_vendor = static_cast<USHORT>(subsystem);
        function.subsystem = static_cast<USHORT>(subsystem >> 16);
    }
    find_capabilities(function);
    return true;
}

bool assign_pci_resources(PciFunction& function) {
    size_bars(function);
    for (ULONG i = 0; i < 6; ++i) {
        PciBar& bar = function.bars[i];
        if (bar.size == 0 || bar.base != 0) {
            continue;
        }
        const bool found = bar.is_port ? take(g_next_port, kPortWindowEnd, bar.size, bar.base)
                                       : take(g_next_memory, kMemoryWindowEnd, bar.size, bar.base);
        if (!found) {
            dbg::say("PCI %lu.%lu: no room for register %lu of %lu bytes", function.bus, function.slot, i, bar.size);
            return false;
        }
        write<ULONG>(function, kBars + 4 * i, static_cast<ULONG>(bar.base));
        if (bar.is_64_bit) {
            write<ULONG>(function, kBars + 4 * i + 4, static_cast<ULONG>(bar.base >> 32));
        }
    }
    if (function.pin >= 1 && function.pin <= 4) {
        function.line = route(function);
        if (function.line == kNoLine) {
            const auto line = read<UCHAR>(function, kLine);
            function.line = HalGetIsaVector(line) != 0 && line != 0 ? line : kNoLine;
        }
        write<UCHAR>(function, kLine, function.line);
    }
    return true;
}

bool share_an_input(const PciFunction& one, const PciFunction& other) {
    const auto has_pin = [](const PciFunction& it) { return it.bus == 0 && it.pin >= 1 && it.pin <= 4; };
    return has_pin(one) && has_pin(other) && input_of(one) == input_of(other);
}

void forget_pci_resources(PciFunction& function, bool moves_line) {
    enable_pci_function(function, false);
    if (function.message_vector != 0) {
        const ULONG next =
            function.other_message_vector != 0 ? function.other_message_vector : HalAllocateMessageVector();
        if (next != 0) { // else all are given: it keeps its own
            function.other_message_vector = function.message_vector;
            function.message_vector = next;
        }
    }
    if (moves_line && function.pin >= 1 && function.pin <= 4) {
        route(function, true);
    }
    for (ULONG i = 0; i < 6; ++i) {
        if (function.bars[i].size != 0) {
            write<ULONG>(function, kBars + 4 * i, 0);
            if (function.bars[i].is_64_bit) {
                write<ULONG>(function, kBars + 4 * i + 4, 0);
            }
        }
    }
}

void make_pci_resources(const PciFunction& function, bool translated, ResourceList& out) {
    out = {};
    CM_RESOURCE_LIST& list = *out.list();
    list.Count = 1;
    CM_FULL_RESOURCE_DESCRIPTOR& full = list.List[0];
    full.InterfaceType = PCIBus;
    full.BusNumber = function.bus;
    full.PartialResourceList.Version = 1;
    full.PartialResourceList.Revision = 1;
    CM_PARTIAL_RESOURCE_DESCRIPTOR* next = full.PartialResourceList.PartialDescriptors;
    for (const PciBar& bar : function.bars) {
        if (bar.size != 0) {
            fill(*next++, bar);
        }
    }
    if (function.message_vector != 0) {
        fill_message(*next++, function.message_vector, translated);
    } else if (function.line != kNoLine) {
        fill_line(*next++, function.line, translated);
    }
    full.PartialResourceList.Count = static_cast<ULONG>(next - full.PartialResourceList.PartialDescriptors);
}

void enable_pci_function(const PciFunction& function, bool on) {
    auto command = read<USHORT>(function, kCommand);
    command = static_cast<USHORT>(command & ~(kDecodePorts | kDecodeMemory | kBusMaster));
    if (on) {
        for (const PciBar& bar : function.bars) {
            if (bar.size != 0) {
                command |= bar.is_port ? kDecodePorts : kDecodeMemory;
            }
        }
        command |= kBusMaster; // messages are memory writes of its own
    }
    write<USHORT>(function, kCommand, command);
}

void set_pci_power(const PciFunction& function, ULONG d_state) {
    if (function.power_capability == 0) {
        return;
    }
    const ULONG offset = function.power_capability + 4u;
    write<USHORT>(function, offset, static_cast<USHORT>((read<USHORT>(function, offset) & ~3) | d_state));
}

void register_pci_message(PciFunction& function) {
    for (PciFunction*& place : g_messages) {
        if (place == nullptr || place == &function) {
            place = &function;
            return;
        }
    }
}

void enable_pci_message(ULONG vector, ULONG apic_id) {
    PciFunction* function = function_of(vector);
    if (function == nullptr) {
        return;
    }
    constexpr USHORT kEnable = 1;
    constexpr USHORT kIs64Bit = 1u << 7;
    ULONGLONG address = 0;
    ULONG data = 0;
    HalGetMessage(vector, apic_id, &address, &data);
    const ULONG at = function->message_capability;
    auto control = read<USHORT>(*function, at + 2);
    const bool wide = (control & kIs64Bit) != 0;
    write<ULONG>(*function, at + 4, static_cast<ULONG>(address));
    if (wide) {
        write<ULONG>(*function, at + 8, static_cast<ULONG>(address >> 32));
    }
    write<USHORT>(*function, at + (wide ? 12 : 8), static_cast<USHORT>(data));
    write<USHORT>(*function, kCommand, static_cast<USHORT>(read<USHORT>(*function, kCommand) | kLineDisable));
    write<USHORT>(*function, at + 2, static_cast<USHORT>((control & ~0x70) | kEnable)); // one message
}

void disable_pci_message(ULONG vector) {
    if (PciFunction* function = function_of(vector)) {
        const ULONG at = function->message_capability + 2u;
        write<USHORT>(*function, at, static_cast<USHORT>(read<USHORT>(*function, at) & ~1));
        write<USHORT>(*function, kCommand, static_cast<USHORT>(read<USHORT>(*function, kCommand) & ~kLineDisable));
    }
}

} // namespace nanont::io
