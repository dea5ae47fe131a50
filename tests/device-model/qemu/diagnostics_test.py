#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a card says of itself: tracepoints, QEMU's log, `info qtree`, -device …,help, and the README's table of it."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))
from pci_machine import PciMachine  # noqa: E402
from qtest_runner import COMMAND, DATA, STATUS, Machine  # noqa: E402

QEMU = os.environ.get("MPULAB_QEMU", "")
TABLE = ROOT / "device-model" / "core" / "include" / "mpulab_properties.def"
README = ROOT / "device-model" / "README.md"
TRACEPOINTS = ROOT / "device-model" / "qemu" / "trace-events"


def properties():
    """{name: default} of the properties that all cards have, as the monitor shows it."""
    found = {}
    for kind, name, default in re.findall(r'^MPULAB_(\w+)\(\w+, "([^"]+)", ([^,]+),', TABLE.read_text(encoding="utf-8"), re.M):
        found[name] = {"CHOICE": str, "NUMBER": lambda word: str(int(word, 0)),
                       "SWITCH": lambda word: ("false", "true")[int(word)]}[kind](default)
    return found


class Diagnostics(unittest.TestCase):
    def setUp(self):
        if not QEMU:
            self.skipTest("no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")

    def machine(self, kind=Machine, properties_=None, extra=()):
        machine = kind(QEMU, properties_ or {}, extra=extra)
        machine.__enter__()
        self.addCleanup(machine.__exit__)
        return machine

    def logged(self, use, *extra):
        """QEMU's log after `use` of a machine that was started with `extra`."""
        folder = tempfile.TemporaryDirectory(prefix="mpulab-log-")
        self.addCleanup(folder.cleanup)
        log = pathlib.Path(folder.name) / "log"
        machine = self.machine(extra=["-D", str(log), *extra])
        use(machine)
        machine.command("stop", until="STOP")
        return log.read_text(encoding="utf-8")

    def handshake(self, machine):
        machine.write(COMMAND, 0x3F)
        machine.run(40_000_000)
        machine.read(STATUS)
        machine.read(DATA)
        machine.run(1_000_000)
        machine.write(DATA, 0xF8)
        machine.run(1_000_000)

    def test_tracepoints_follow_a_handshake_and_a_byte_in_order(self):
        log = self.logged(self.handshake, "-trace", "mpu401_*")
        names = re.findall(r"^(?:\d+@[\d.]+:)?(mpu401_\w+)", log, re.M)
        expected = ["mpu401_write", "mpu401_mode", "mpu401_latch", "mpu401_irq", "mpu401_read", "mpu401_read",
                    "mpu401_irq", "mpu401_write", "mpu401_wire_out"]
        places = iter(names)
        missing = [name for name in expected if name not in places]
        self.assertEqual(missing, [], names)

    def test_every_tracepoint_is_off_unless_asked_for_and_can_be_switched_by_the_monitor(self):
        self.assertEqual(self.logged(self.handshake), "")
        machine = self.machine()
        known = {point["name"] for point in machine.command("trace-event-get-state", arguments={"name": "mpu401_*"})}
        self.assertEqual(known, set(re.findall(r"^(mpu401_\w+)\(", TRACEPOINTS.read_text(encoding="utf-8"), re.M)))
        machine.command("trace-event-set-state", arguments={"name": "mpu401_irq", "enable": True})

    def test_the_log_tells_a_guests_mistakes_with_register_and_value(self):
        def careless(machine):
            machine.read(DATA)  # nothing was given
            machine.write(COMMAND, 0xFF)
            machine.write(COMMAND, 0x3F)  # before the first was taken
            machine.power(3)
            machine.read(STATUS)
            machine.write(DATA, 0x90)

        log = self.logged(careless, "-d", "guest_errors")
        self.assertEqual(log.splitlines(), [
            "isa-mpu401 unit 0: register 0 read while DSR = 1, value 0xfe",
            "isa-mpu401 unit 0: register 1 written while DRR = 1, value 0x3f",
            "isa-mpu401 unit 0: register 1 read in D3, value 0xff",
            "isa-mpu401 unit 0: register 0 written in D3, value 0x90"])

    def test_the_log_tells_a_command_that_has_no_effect_here(self):
        def play(machine):
            machine.write(COMMAND, 0x0A)  # start play
            machine.run(10_000_000)

        log = self.logged(play, "-d", "unimp")
        self.assertEqual(log.splitlines(), ["isa-mpu401 unit 0: command 0x0a is acknowledged, but has no effect here"])

    def test_info_qtree_shows_every_property_with_the_value_in_force(self):
        for kind, device, own in ((Machine, "isa-mpu401", {"iobase": "816", "irq": "7"}),
                                  (PciMachine, "pci-mpu401", {"bar": '"io"'})):
            tree = self.machine(kind, {"tx-fifo": "16"}).command(
                "human-monitor-command", arguments={"command-line": "info qtree"})
            lines = tree.replace("\r", "").split(f"dev: {device},")[1].split("dev: ")[0].splitlines()
            shown = dict(line.strip().split(" = ", 1) for line in lines if " = " in line)
            shown = {name: re.sub(r" \(0x[0-9a-f]+\)$", "", value) for name, value in shown.items()}
            for name, value in {**properties(), **own, "unit": "0", "tx-fifo": "16"}.items():
                with self.subTest(device=device, name=name):
                    self.assertEqual(shown.get(name), value)

    def help(self, device):
        """{property: what is said of it}, of those of which something is said."""
        said = subprocess.run([QEMU, "-device", f"{device},help"], check=True, capture_output=True, text=True).stdout
        return dict(re.findall(r"^  ([a-z0-9-]+)=<[^>]+> +- (\S.*)$", said, re.M))

    def test_help_and_the_readme_have_the_properties_of_the_table_and_no_other(self):
        rows = set(re.findall(r"^\| `([a-z0-9-]+)` \|", README.read_text(encoding="utf-8"), re.M))
        common = set(properties()) | {"unit", "midi", "audiodev", "soundfont", "gain"}
        isa, pci = common | {"iobase", "irq"}, common | {"bar", "msi"}
        self.assertEqual(rows, isa | pci)
        self.assertEqual(set(self.help("isa-mpu401")), isa)
        self.assertEqual(pci - set(self.help("pci-mpu401")), set(), "beside what QEMU says of any PCI function")

    def test_help_says_default_bounds_and_meaning_as_the_table_does(self):
        rows = re.findall(r'^MPULAB_(\w+)\(\w+, "([^"]+)", ([^,]+), (?:(.*), )?"([^"]*)"\)$', TABLE.read_text(encoding="utf-8"), re.M)
        self.assertEqual({name for _, name, *_ in rows}, set(properties()))
        for device in ("isa-mpu401", "pci-mpu401"):
            said = self.help(device)
            for kind, name, default, bounds, meaning in rows:
                with self.subTest(device=device, name=name):
                    default = default.strip('"')
                    expected = {"CHOICE": f'{bounds.strip(chr(34))} (default: {default}): {meaning}',
                                "NUMBER": f"{bounds.replace(', ', ' to ')}: {meaning} (default: {default})",
                                "SWITCH": f"{meaning} (default: {('off', 'on')[default == '1']})"}[kind]
                    self.assertEqual(said[name], expected)


if __name__ == "__main__":
    if not QEMU:
        print("SKIPPED: no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        sys.exit(77)
    unittest.main()
