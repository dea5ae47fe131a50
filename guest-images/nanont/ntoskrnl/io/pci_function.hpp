// SPDX-License-Identifier: MIT
// One function on a PCI bus: what it says of itself, what it has been given, and how it is switched.
#ifndef NANONT_IO_PCI_FUNCTION_HPP
#define NANONT_IO_PCI_FUNCTION_HPP

#include "nt.hpp"
#include "resources.hpp"

namespace nanont::io {

/// A base address register ("PCI Local Bus Specification 3.0", §6.2.5.1).
struct PciBar {
    ULONGLONG base; // 0 = not given yet
    ULONG size;     // 0 = there is none
    bool is_port;
    bool is_64_bit; // the next register holds its upper half
    bool is_prefetchable;
};

struct PciFunction {
    ULONG bus, slot; // slot: PCI_SLOT_NUMBER
    USHORT vendor, device, subsystem_vendor, subsystem;
    UCHAR revision, programming, subclass, base_class;
    UCHAR header_type;
    UCHAR pin;                                  // 0 none, 1 INTA … 4 INTD
    UCHAR line;                                 // ISA line behind the pin; FFh = none
    UCHAR power_capability, message_capability; // where they stand; 0 = none
    PciBar bars[6];
    ULONG message_vector;       // 0 = the driver's package did not ask for messages, or the function has none
    ULONG other_message_vector; // that it has had before, or will have next; 0 = none yet
};

/// Reads a function and sizes its registers (decoding is off meanwhile). False: there is none. PASSIVE_LEVEL.
bool read_pci_function(ULONG bus, ULONG slot, PciFunction& function);

/// Gives it what firmware did not: addresses for its registers and a line for its pin; decodes nothing yet. False, and
/// says so: there is no room.
bool assign_pci_resources(PciFunction& function);

/// Takes its addresses and its message vector away, so that assign_pci_resources() finds it others, and with
/// `moves_line` leads its pin to another line (every function behind the same input goes with it). Decodes nothing
/// meanwhile.
void forget_pci_resources(PciFunction& function, bool moves_line);
/// Whether both pins lead to one input of the interrupt router.
bool share_an_input(const PciFunction& one, const PciFunction& other);

/// Its registers and its interrupt (the line, or `message_vector`), as START_DEVICE carries them: raw, or translated to
/// vector and IRQL. `PciResourceList` has room for them.
void make_pci_resources(const PciFunction& function, bool translated, ResourceList& out);

/// Switches decoding of ports and memory, and bus mastering, on or off.
void enable_pci_function(const PciFunction& function, bool on);
/// Writes its D-state (0..3) where it has the capability. "PCI Bus Power Management Interface Specification 1.2",
/// §3.2.4.
void set_pci_power(const PciFunction& function, ULONG d_state);

/// Message-signalled interrupts of a vector go to that processor from now on, or nowhere.
void enable_pci_message(ULONG vector, ULONG apic_id);
void disable_pci_message(ULONG vector);
/// Makes the function known under its `message_vector` for the two above; it must stay where it is.
void register_pci_message(PciFunction& function);

} // namespace nanont::io

#endif
