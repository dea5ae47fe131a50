#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""pci-mpu401: what is of its bus. That the card behind it is the same is shown by the conformance cases."""
import os
import pathlib
import sys
import unittest

import eventlog
import plan_writer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "conformance"))
import pci_machine as pci  # noqa: E402
from pci_machine import PciMachine, PciMemoryMachine  # noqa: E402
from qtest_runner import COMMAND, DATA, STATUS  # noqa: E402

QEMU = os.environ.get("MPULAB_QEMU", "")
MSI_CONTROL, MSI_ADDRESS, MSI_ADDRESS_HIGH, MSI_DATA = 2, 4, 8, 12  # from the capability: 64 bits, one message
MSI_ENABLE = 1
MAILBOX, MESSAGE = 0x9000, 0x4041  # MSI is a write: here into RAM
IDLE = 0xBF


class PciCard(unittest.TestCase):
    def setUp(self):
        if not QEMU:
            self.skipTest("no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")

    def machine(self, kind=PciMachine, **more):
        machine = kind(QEMU, more.pop("properties", {}), **more)
        machine.__enter__()
        self.addCleanup(machine.__exit__)
        return machine

    def make_a_byte_wait(self, machine):
        """The ACK of RESET is readable, its interrupt pending."""
        machine.write(COMMAND, 0xFF)
        machine.run(100_000_000)
        self.assertEqual(machine.read(STATUS) & 0x80, 0)

    def enable_msi(self, machine):
        at = machine.capability(pci.CAP_MSI)
        machine.config_write(at + MSI_ADDRESS, MAILBOX)
        machine.config_write(at + MSI_ADDRESS_HIGH, 0)
        machine.config_write(at + MSI_DATA, MESSAGE, 2)
        machine.config_write(at + MSI_CONTROL, MSI_ENABLE, 2)

    def take_message(self, machine):
        """What was sent to the mailbox since the last time; 0: nothing."""
        seen = int(machine.ask(f"readl {MAILBOX:#x}")[0], 0)
        machine.ask(f"writel {MAILBOX:#x} 0")
        return seen

    def test_configuration_space_names_an_audio_function_with_inta_power_management_and_msi(self):
        machine = self.machine()
        self.assertEqual(machine.config(pci.VENDOR), 0x4D501234)
        self.assertEqual(machine.config(pci.CLASS) >> 8, 0x040100)
        self.assertEqual(machine.config(pci.INTERRUPT_PIN, 1), 1)
        self.assertEqual(machine.config(machine.capability(pci.CAP_POWER) + 2, 2) & 0x7, 3, "PCI PM 1.2")
        self.assertNotEqual(machine.capability(pci.CAP_MSI), 0)

    def test_the_bar_is_eight_ports_or_a_page_of_memory(self):
        for kind, size, flags in ((PciMachine, 8, 1), (PciMemoryMachine, 4096, 0)):
            with self.subTest(kind.bar):
                machine = self.machine(kind)
                machine.config_write(pci.BAR0, 0xFFFFFFFF)
                self.assertEqual(machine.config(pci.BAR0), (1 << 32) - size | flags)
                machine.set_up()
                self.assertEqual([machine.register(offset) for offset in (0, 1, 2, size - 1)], [0xFE, IDLE, 0xFF, 0xFF])

    def test_a_card_whose_space_is_off_is_not_there(self):
        machine = self.machine()
        machine.config_write(pci.COMMAND, 0, 2)
        self.assertEqual(machine.read(STATUS), 0xFF)

    def test_inta_is_a_level_that_stays_until_the_byte_is_read(self):
        machine = self.machine()
        self.make_a_byte_wait(machine)
        self.assertEqual((machine.level, machine.edges), (1, 1))
        self.assertEqual(machine.config(pci.STATUS, 2) & 0x8, 0x8, "interrupt status")
        machine.run(1_000_000)
        self.assertEqual(machine.level, 1)
        self.assertEqual(machine.read(DATA), 0xFE)
        self.assertEqual(machine.level, 0)
        self.assertEqual(machine.config(pci.STATUS, 2) & 0x8, 0)

    def test_with_msi_each_rise_of_the_line_is_one_message_and_inta_is_silent(self):
        machine = self.machine()
        self.enable_msi(machine)
        for _ in range(3):
            self.make_a_byte_wait(machine)
            self.assertEqual(self.take_message(machine), MESSAGE)
            machine.run(1_000_000)
            self.assertEqual(self.take_message(machine), 0)
            machine.read(DATA)
            self.assertEqual(self.take_message(machine), 0)
        self.assertEqual(machine.edges, 0)

    def test_an_interrupt_that_waits_when_msi_is_enabled_goes_out_as_a_message(self):
        machine = self.machine()
        self.make_a_byte_wait(machine)
        self.enable_msi(machine)
        self.assertEqual(self.take_message(machine), MESSAGE)
        self.assertEqual(machine.level, 0)

    def test_msi_off_offers_inta_only(self):
        self.assertEqual(self.machine(properties={"msi": "off"}).capability(pci.CAP_MSI), 0)

    def test_in_d3_the_card_reads_ff_and_back_in_d0_it_is_as_after_power_on(self):
        for kind in (PciMachine, PciMemoryMachine):
            with self.subTest(kind.bar):
                machine = self.machine(kind)
                self.make_a_byte_wait(machine)
                machine.power(3)
                self.assertEqual(machine.level, 0)
                self.assertEqual([machine.read(DATA), machine.read(STATUS)], [0xFF, 0xFF])
                machine.write(COMMAND, 0x3F)
                machine.run(100_000_000)
                machine.power(0)
                self.assertEqual([machine.read(DATA), machine.read(STATUS)], [0xFE, IDLE])
                machine.run(100_000_000)
                self.assertEqual(machine.read(STATUS), IDLE, "the command was never taken")
                powers = eventlog.of_kind(machine.records(), "POWER")
                self.assertEqual([(record.a, record.b, record.c) for record in powers], [(3, 0, 1), (0, 3, 0)])

    def test_what_configuration_space_holds_outlives_d3(self):
        machine = self.machine()
        before = [machine.config(offset) for offset in (pci.COMMAND, pci.BAR0)]
        machine.power(3)
        machine.power(0)
        self.assertEqual([machine.config(offset) for offset in (pci.COMMAND, pci.BAR0)], before)

    def test_d1_and_d2_are_not_offered_and_a_write_of_them_is_discarded(self):
        machine = self.machine()
        pmcsr = machine.capability(pci.CAP_POWER) + pci.PMCSR
        for before in (0, 3):
            machine.power(before)
            for other in (1, 2):
                machine.power(other)
                self.assertEqual(machine.config(pmcsr, 2) & 3, before)
        self.assertEqual(machine.config(machine.capability(pci.CAP_POWER) + 2, 2) >> 9 & 3, 0, "D1, D2 supported")

    def test_the_probe_tells_no_power_state_of_a_card_that_has_registers_for_it(self):
        machine = self.machine()
        machine.ask(f"outl 0xe14 {3 << 8:#x}")
        self.assertEqual(machine.read(STATUS), IDLE)

    def test_two_isa_cards_and_a_pci_one_have_their_own_bytes_lines_and_units(self):
        """Each is sent and sends one byte; units in the order of the command line, where none is given."""
        places = {0: (0x300, 5), 7: (0x310, 10), 1: (DATA, PciMachine.line)}  # unit: register 0, input of the I/O APIC
        arriving, leaving = {0: 0x11, 7: 0x22, 1: 0x33}, {0: 0xF8, 7: 0xFA, 1: 0xFE}

        class Several(PciMachine):
            def plan(self):
                return plan_writer.plan([(plan_writer.CUES, unit, plan_writer.cue_section([(unit, 0, bytes([byte]))]))
                                         for unit, byte in arriving.items()], seed=1)

            def read(self, port):
                return super().read(port) if port in (DATA, STATUS) else int(self.ask(f"inb {port:#x}")[0], 0)

            def write(self, port, value):
                return super().write(port, value) if port in (DATA, STATUS) else self.ask(f"outb {port:#x} {value:#x}")

        machine = self.machine(Several, extra=["-device", "isa-mpu401,iobase=0x300,irq=5",
                                               "-device", "isa-mpu401,iobase=0x310,irq=10,unit=7"])
        for base, _ in places.values():
            machine.write(base + 1, 0x3F)
        machine.run(40_000_000)
        for unit, (base, line) in places.items():
            self.assertEqual(machine.inputs[line], 1, "its ACK waits")
            self.assertEqual(machine.read(base), 0xFE)
            self.assertEqual(machine.inputs[line], 0)
        machine.run(1_000_000)
        for unit, (base, line) in places.items():
            machine.marker(unit)
            machine.run(1_000_000)
            self.assertEqual([other for other, (_, its) in places.items() if machine.inputs[its]], [unit])
            self.assertEqual(machine.read(base), arriving[unit])
            machine.write(base, leaving[unit])
            machine.run(1_000_000)
        records = machine.records()
        for kind, bytes_ in (("WIRE_IN", arriving), ("WIRE_OUT", leaving)):
            self.assertEqual({record.unit: record.a for record in eventlog.of_kind(records, kind)}, bytes_)


if __name__ == "__main__":
    if not QEMU:
        print("SKIPPED: no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        sys.exit(77)
    unittest.main()
