# SPDX-License-Identifier: MIT
"""qtest_runner's machine with pci-mpu401 in it. No firmware runs: what it would set up, the BAR and the routing of INTA,
is done here, by the registers of "PCI Local Bus 3.0" and of the PIIX3."""
import qtest_runner

CONFIG_ADDRESS, CONFIG_DATA = 0xCF8, 0xCFC
VENDOR, COMMAND, STATUS, CLASS, BAR0, CAPABILITIES, INTERRUPT_PIN = 0x00, 0x04, 0x06, 0x08, 0x10, 0x34, 0x3D
IO_SPACE, MEMORY_SPACE, BUS_MASTER = 1, 2, 4
CAP_POWER, CAP_MSI = 0x01, 0x05
PMCSR = 4  # from the capability
PIIX3, PIRQ_ROUTES = 1 << 3, 0x60
SLOT = 4
IO_AT, MEMORY_AT = 0xC000, 0xE0000000
LINE = 11


class PciMachine(qtest_runner.Machine):
    """The card's registers at `DATA` and `STATUS` of qtest_runner, its INTA at input 11 of the I/O APIC."""

    line = LINE
    bar = "io"

    def device(self, properties):
        return f"pci-mpu401,addr={SLOT:#x},bar={self.bar}{properties}"

    def __enter__(self):
        super().__enter__()
        if not self.incoming:
            self.set_up()
        return self

    def set_up(self):
        self.config_write(BAR0, IO_AT if self.bar == "io" else MEMORY_AT)
        self.config_write(COMMAND, IO_SPACE | MEMORY_SPACE | BUS_MASTER, 2)
        for route in range(4):
            self.config_write(PIRQ_ROUTES + route, LINE, 1, PIIX3)

    def config(self, offset, size=4, device=SLOT << 3):
        self.ask(f"outl {CONFIG_ADDRESS:#x} {1 << 31 | device << 8 | offset & ~3:#x}")
        return int(self.ask(f"in{'?bw?l'[size]} {CONFIG_DATA + offset % 4:#x}")[0], 0)

    def config_write(self, offset, value, size=4, device=SLOT << 3):
        self.ask(f"outl {CONFIG_ADDRESS:#x} {1 << 31 | device << 8 | offset & ~3:#x}")
        self.ask(f"out{'?bw?l'[size]} {CONFIG_DATA + offset % 4:#x} {value:#x}")

    def capability(self, wanted):
        """Where it stands; 0: it is not there."""
        at = self.config(CAPABILITIES, 1)
        while at and self.config(at, 1) != wanted:
            at = self.config(at + 1, 1)
        return at

    def register(self, offset):
        if self.bar == "io":
            return int(self.ask(f"inb {IO_AT + offset:#x}")[0], 0)
        return int(self.ask(f"readb {MEMORY_AT + offset:#x}")[0], 0)

    def read(self, port):
        return self.register(port - qtest_runner.DATA)

    def write(self, port, value):
        offset = port - qtest_runner.DATA
        self.ask(f"outb {IO_AT + offset:#x} {value:#x}" if self.bar == "io" else f"writeb {MEMORY_AT + offset:#x} {value:#x}")

    def power(self, d_state):
        self.config_write(self.capability(CAP_POWER) + PMCSR, d_state, 2)

    def command(self, name, until=None, arguments=None):
        value = super().command(name, until, arguments)
        if name == "system_reset":
            self.set_up()
        return value


class PciMemoryMachine(PciMachine):
    bar = "memory"
