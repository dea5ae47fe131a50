#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What cannot be is refused before the machine starts: by one line with the thing, the value seen and what is allowed."""
import os
import pathlib
import re
import sys
import unittest

import plan_writer
from smoke_test import Machine, inject_at_marker, plan, run

ROOT = pathlib.Path(__file__).resolve().parents[3]
TABLE = ROOT / "device-model" / "core" / "include" / "mpulab_properties.def"
QEMU = os.environ.get("MPULAB_QEMU", "")
PCI = "pci-mpu401"


def card(*properties):
    return {"cards": properties}


def pci(properties):
    return {"extra": ("-device", f"{PCI},{properties}")}


def cues(**fields):
    """A plan whose one cue has these fields."""
    row = dict(trigger=plan_writer.MARKER, action=plan_writer.ADD_IRQ)
    return {"plan_bytes": plan(plan_writer.cues([plan_writer.cue(**{**row, **fields})]))}


def bad_values():
    """(property, a wrong value, what the line says of it) for each property that all cards have."""
    for kind, name, rest in re.findall(r'^MPULAB_(\w+)\(\w+, "([^"]+)", (.*)\)$', TABLE.read_text(encoding="utf-8"), re.M):
        if kind == "CHOICE":
            allowed = re.match(r'"[^"]*", "([^"]*)"', rest)[1].split("|")
            said = f"neither {' nor '.join(allowed)}" if len(allowed) == 2 else f"none of {', '.join(allowed)}"
            yield name, "other", f'property "{name}": "other" is {said}'
        elif kind == "SWITCH":
            yield name, "2", f"'{name}' expects 'on' or 'off'"  # QEMU's own words, behind the value
        else:
            low, high = (int(word, 0) for word in re.match(r"[^,]+, ([^,]+), ([^,]+),", rest).groups())
            for value in (low - 1, high + 1):
                yield name, str(value), f'property "{name}": "{value}" is no number from {low} to {high}'
            yield name, "12x", f"'{name}' expects integer"


CARDS = (
    (card("iobase=0xff"), "iobase 0xff is no pair of ISA ports; 0x100 to 0xfffe expected"),
    (card("iobase=0xffff"), "iobase 0xffff is no pair of ISA ports; 0x100 to 0xfffe expected"),
    (card("irq=9"), "irq 9 is the SCI of this machine's ACPI, and guests refuse to share it with a card; choose 5, 7, 10 or 11"),
    *((card(f"irq={line}"), f"irq {line} is no line for a card; 3 to 7, 9 to 12, 14 or 15 expected")
      for line in (0, 2, 8, 13, 16)),
    (card("irq=seven"), "'irq' expects integer"),
    (card("colour=red"), "isa-mpu401.colour' not found"),
    (card("profile=uart-only,midi-clock-out=on"), '"midi-clock-out": "on" needs profile=roland'),
    *((options, f"unit {unit}: a card's number is 0 to 254, or -1: the lowest free one")
      for unit in (-2, 255) for options in (card(f"unit={unit}"), pci(f"unit={unit}"))),
    (card("unit=3", "iobase=0x300,irq=5,unit=3"), "unit 3 is the number of another card (isa-mpu401); others expected, or -1"),
    ({**card("unit=0"), **pci("unit=0")}, "pci-mpu401: unit 0 is the number of another card (isa-mpu401); others expected"),
    (card("irq=5", "irq=7"), "iobase 0x330: ports 0x330 to 0x331 are those of card 0; others expected"),
    (card("irq=5", "iobase=0x331"), "iobase 0x331: ports 0x330 to 0x331 are those of card 0; others expected"),
    (card("irq=5", "iobase=0x300,irq=5"), "irq 5 is the line of card 0 at port 0x330; another expected"),
    (pci("bar=dma"), 'bar "dma" is neither io nor memory'),
    (pci("msi=maybe"), "'msi' does not accept value 'maybe'"),
    ({"extra": ("-device", "pci-bridge,id=b,chassis_nr=1", "-device", f"{PCI},bus=b")},
     'bus "b" is behind a bridge; a bus of the machine\'s own expected'),
    (pci("iobase=0x330"), "pci-mpu401.iobase' not found"),
)
PROBE = (
    ({"probe": ",iobase=0xe21"}, "iobase 0xe21; a multiple of 0x20 from 0x100 to 0xffe0 expected"),
    ({"probe": ",iobase=0x320", **card("iobase=0x330")},
     "iobase 0x320: ports 0x320 to 0x33f have those of card 0 among them, 0x330 to 0x331; others expected"),
    ({"probe": ",iobase=0x320", **card("iobase=0x31f")}, "have those of card 0 among them, 0x31f to 0x320"),
    ({"probe": ",on-end=burn"}, 'on-end "burn" is neither stop nor exit'),
    ({"probe": ",plan=/no/such/plan"}, 'plan "/no/such/plan": '),
    ({"extra": ("-device", "mpulab-probe,iobase=0xe40")}, "there is one already; a machine has one probe"),
)
PLANS = (
    ({"plan_bytes": b"no plan"}, "7 bytes; 32 to"),
    ({"plan_bytes": plan(inject_at_marker(1, b"\x42"), unit=1)}, "CUES for unit 1"),
    (cues(trigger=8), "cue 0: trigger 8 is unknown; 0 (time) to 7 (mode) are known"),
    (cues(action=0), "cue 0: action 0 is unknown; 1 (inject) to 20 (float-bus) are known"),
    (cues(action=21), "cue 0: action 21 is unknown; 1 (inject) to 20 (float-bus) are known"),
    (cues(firings=0), "cue 0: firings is 0; 1 to 1000000 expected"),
    (cues(trigger=plan_writer.READ, argument=2), "cue 0: argument is 2; read takes 0 to 1"),
    ({"plan_bytes": plan(inject_at_marker(1, b""))}, "cue 0: count is 0; inject takes 1 to"),
    ({"plan_bytes": plan(plan_writer.cues([], version=2))}, "cues: version 2; 1 expected"),
)


class Refusals(unittest.TestCase):
    def setUp(self):
        if not QEMU:
            self.skipTest("no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")

    def assert_refused(self, options, message):
        with self.subTest(message), Machine(**options) as machine:
            code, errors = machine.ended()
            self.assertEqual(code, 1)
            self.assertIn(message, errors)
            self.assertEqual(len(errors.splitlines()), 1, errors)
            self.assertFalse(machine.log.exists() and machine.log.stat().st_size, "nothing has run")

    def test_a_bad_value_of_each_property_that_all_cards_have_is_refused_on_either_bus(self):
        values = list(bad_values())
        self.assertGreaterEqual(len(values), 11)
        for name, value, message in values:
            for make in (card, pci):
                self.assert_refused(make(f"{name}={value}"), message)

    def test_a_place_that_cannot_be_or_is_anothers_is_refused(self):
        for options, message in CARDS:
            self.assert_refused(options, message)

    def test_a_probe_that_cannot_be_is_refused(self):
        for options, message in PROBE:
            self.assert_refused(options, message)

    def test_a_plan_with_unknown_cues_or_of_another_version_is_refused(self):
        for options, message in PLANS:
            self.assert_refused(options, message)

    def test_pci_mpu401_wants_a_machine_that_has_pci(self):
        self.assert_refused({**card(), "extra": ("-device", PCI, "-machine", "isapc")}, "No 'PCI' bus found")

    def test_interrupt_line_9_is_free_when_acpi_is_off_and_on_a_machine_without(self):
        records = run(cards=("irq=9",), extra=("-machine", "acpi=off"))
        self.assertEqual(records[-1].a, 0)
        with Machine(cards=("irq=9",), extra=("-machine", "isapc", "-S")) as machine:
            self.assertEqual(machine.qmp().wait_until("prelaunch"), "prelaunch")

    def test_interrupt_line_9_is_refused_on_q35_too(self):
        self.assert_refused({**card("irq=9"), "extra": ("-machine", "q35")}, "irq 9 is the SCI of this machine's ACPI")


if __name__ == "__main__":
    if not QEMU:
        print("SKIPPED: no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        sys.exit(77)
    unittest.main()
