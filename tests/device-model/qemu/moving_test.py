#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A machine that moves to another QEMU process, through a file (a snapshot) or a socket (both run), leaves the event log
of one that stays, byte for byte: at moments chosen because a card then holds much, and at drawn ones."""
import contextlib
import os
import pathlib
import random
import sys
import tempfile
import time
import unittest

import plan_writer
from plan_writer import cue

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "conformance"))
import pci_machine  # noqa: E402
from qtest_runner import COMMAND, DATA, STATUS, Machine  # noqa: E402

FULL = os.environ.get("MPULAB_FULL") == "1"
QEMU = os.environ.get("MPULAB_QEMU", "")
WAYS = ("unix", "file")
US, MS = 1_000, 1_000_000
RESET, UART, TEMPO = 0xFF, 0x3F, 0xE0
SYSEX = bytes.fromhex("f0 41 10 16 12 7f 00 00 00 00 f7")  # to an MT-32, which wants 290 ms after it
MANY = 250_000  # firings; all cues of a card together have 1,048,576
PAYLOAD = bytes(range(0x30, 0x70))
INJECT_AT = 1  # marker

# Cues of every kind there is, each on an event that the drawn sequences bring about often.
EVERY_CUE = (
    (plan_writer.MARKER, plan_writer.INJECT, dict(argument=INJECT_AT, firings=MANY, every=1, count=len(PAYLOAD))),
    (plan_writer.IRQ, plan_writer.DROP_IRQ, dict(first=5, count=1)),
    (plan_writer.IRQ, plan_writer.DELAY_IRQ, dict(first=7, firings=50, every=11, count=1, time_ns=3 * MS)),
    (plan_writer.IRQ, plan_writer.DUPLICATE_IRQ, dict(first=2, firings=50, every=13, count=2, time_ns=50 * US)),
    (plan_writer.TIME, plan_writer.ADD_IRQ, dict(firings=100, every=7 * MS, jitter_ns=6 * MS)),
    (plan_writer.READ, plan_writer.IRQ_STORM, dict(first=9, firings=9, every=40, count=100, time_ns=20 * US)),
    (plan_writer.WRITE, plan_writer.DEAD_IRQ, dict(first=30, firings=9, every=40, delay_ns=MS, time_ns=20 * MS)),
    (plan_writer.READ, plan_writer.HOLD_DSR, dict(argument=1, first=20, firings=9, every=50, time_ns=5 * MS, value=1)),
    (plan_writer.WRITE, plan_writer.HOLD_DRR, dict(first=20, firings=9, every=50, time_ns=5 * MS, value=1)),
    (plan_writer.WRITE, plan_writer.WITHHOLD_ACK, dict(argument=1, first=3, firings=9, every=9, count=1)),
    (plan_writer.WRITE, plan_writer.DELAY_ACK, dict(argument=1, first=2, firings=9, every=7, count=2, time_ns=40 * MS)),
    (plan_writer.WRITE, plan_writer.CORRUPT_ACK, dict(argument=1, first=5, firings=9, every=8, count=1, value=0x0E)),
    (plan_writer.WIRE_OUT, plan_writer.CORRUPT_OUT, dict(first=3, firings=50, every=12, count=3, value=0x80)),
    (plan_writer.WIRE_OUT, plan_writer.LOSE_OUT, dict(first=6, firings=50, every=15, count=2)),
    (plan_writer.WIRE_IN, plan_writer.CORRUPT_IN, dict(first=4, firings=50, every=17, count=1, value=0x01)),
    (plan_writer.WIRE_IN, plan_writer.LOSE_IN, dict(first=8, firings=50, every=19, count=2, jitter_ns=MS)),
    (plan_writer.IRQ, plan_writer.CORRUPT_HOST, dict(first=10, firings=50, every=9, count=1, value=0xFF)),
    (plan_writer.READ, plan_writer.LOSE_HOST, dict(first=12, firings=50, every=10, count=2)),
    (plan_writer.WIRE_IN, plan_writer.FRAMING_ERROR, dict(first=11, firings=50, every=23, count=1)),
    (plan_writer.MODE, plan_writer.FLOAT_BUS, dict(argument=1, first=3, firings=9, every=3, delay_ns=9 * MS, time_ns=4 * MS)),
)


def plan(cues):
    rows = [(trigger, action, dict(fields)) for trigger, action, fields in cues]
    for _, action, fields in rows:
        if action == plan_writer.INJECT:
            fields["value"] = plan_writer.CUES_HEADER + plan_writer.CUE * len(rows)
    section = plan_writer.cues([cue(trigger, action, **fields) for trigger, action, fields in rows], PAYLOAD, seed=5)
    return plan_writer.plan([(plan_writer.CUES, 0, section)], seed=5)


def with_cues(machine_class, cues):
    """The machine class with these cues for its card."""
    return type(machine_class.__name__, (machine_class,), {"plan": lambda self: plan(cues)})


def enter_uart(machine):
    machine.write(COMMAND, UART)
    machine.run(40 * MS)
    machine.read(DATA)


def unread_ack(machine):
    machine.write(COMMAND, RESET)
    machine.run(MS)


def busy_reset(machine):
    unread_ack(machine)
    machine.read(DATA)
    machine.write(COMMAND, UART)  # waits in the latch until the firmware is done with RESET


def leaving_uart(machine):
    enter_uart(machine)
    machine.write(COMMAND, RESET)
    machine.run(20 * MS)


def send(machine, data):
    for byte in data:
        machine.write(DATA, byte)
        machine.run(110 * US)


def mid_sysex(machine):
    enter_uart(machine)
    send(machine, SYSEX[:7])


def pause_after_sysex(machine):
    enter_uart(machine)
    send(machine, SYSEX)
    machine.run(10 * MS)
    send(machine, b"\x90\x3c\x40")


def full_fifos(machine):
    enter_uart(machine)
    machine.marker(INJECT_AT)
    send(machine, bytes(range(64)))
    machine.run(20 * MS)


def parameter_due(machine):
    machine.write(COMMAND, TEMPO)
    machine.run(MS)
    machine.read(DATA)


def clocks(machine):
    machine.run(100 * MS)


def silencing(machine):
    enter_uart(machine)
    send(machine, bytes.fromhex("90 3c 40 3e 40 91 40 7f"))
    machine.write(COMMAND, RESET)
    machine.run(61 * MS)


def without_power(machine):
    mid_sysex(machine)
    machine.power(3)


def faults(machine):
    enter_uart(machine)
    for _ in range(12):
        machine.read(DATA)
        machine.read(STATUS)
        machine.write(DATA, 0xF8)
        machine.run(300 * US)
    machine.marker(INJECT_AT)
    machine.run(MS)


MOMENTS = (  # sentence, properties, cues, what leads there
    ("as it was powered on", {}, (), lambda machine: None),
    ("an ACK unread", {}, (), unread_ack),
    ("busy with a reset, a command in the latch", {}, (), busy_reset),
    ("on its way from UART to intelligent mode", {"uart-reset-ack": "on"}, (), leaving_uart),
    ("inside a SysEx on MIDI OUT", {}, (), mid_sysex),
    ("in the pause after a Roland SysEx", {"sysex-delay": "mt32"}, (), pause_after_sysex),
    ("both FIFOs full", {"tx-fifo": "16", "rx-fifo": "16"}, EVERY_CUE[:1], full_fifos),
    ("a command's parameter due", {}, (), parameter_due),
    ("between two clocks on MIDI OUT", {}, (), clocks),
    ("silencing notes", {"silence-on-reset": "on"}, (), silencing),
    ("in D3", {}, (), without_power),
    ("cues armed, due and in force", {}, EVERY_CUE, faults),
)


def go_on(machine):
    """What follows each moment shows what the card held. Returns what the guest read."""
    seen = []
    for _ in range(24):
        seen += [machine.read(STATUS), machine.read(DATA)]
        machine.run(777 * US)
    machine.write(DATA, 0x40)
    machine.run(300 * MS)
    machine.power(0)
    machine.write(COMMAND, 0xAF)  # the tempo
    for _ in range(12):
        machine.run(30 * MS)
        seen += [machine.read(DATA), machine.read(STATUS)]
    return seen


def drawn(draw):
    """One step of a sequence: what it does to a machine, returning what the guest reads by it or nothing."""
    kind = draw.choices(("read", "write", "command", "run", "marker", "power"), (8, 8, 2, 8, 1, 0.4))[0]
    if kind == "read":
        port = draw.choice((DATA, STATUS))
        return lambda machine: machine.read(port)
    if kind == "write":
        byte = draw.choice((0x90, 0x3C, 0x40, 0xF8, 0xF0, 0xF7, draw.randrange(256)))
        return lambda machine: machine.write(DATA, byte)
    if kind == "command":
        command = draw.choice((RESET, UART, UART, TEMPO, 0xAC, draw.randrange(256)))
        return lambda machine: machine.write(COMMAND, command)
    if kind == "run":
        ns = draw.choice((1, 20 * US, 320 * US, MS, 7 * MS, 35 * MS))
        return lambda machine: machine.run(ns)
    if kind == "marker":
        return lambda machine: machine.marker(INJECT_AT)
    d_state = draw.choice((0, 0, 3))
    return lambda machine: machine.power(d_state)


class AMachineThatMoves(unittest.TestCase):
    def setUp(self):
        if not QEMU:
            self.skipTest("no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")

    def played(self, machine_class, properties, parts, ways):
        """What the guest read and the event log of `parts` in order, moving between two by `ways`."""
        with contextlib.ExitStack() as stack:
            machine = stack.enter_context(machine_class(QEMU, properties))
            seen = [parts[0](machine)]
            for part, way in zip(parts[1:], ways, strict=True):
                if way:
                    machine = stack.push(machine.move(way))
                seen.append(part(machine))
            return seen, machine.records()

    def assert_moving_changes_nothing(self, machine_class, properties, parts, ways):
        stayed = self.played(machine_class, properties, parts, [None] * len(ways))
        moved = self.played(machine_class, properties, parts, ways)
        self.assertEqual(moved[0], stayed[0])
        for ours, theirs in zip(moved[1], stayed[1]):
            self.assertEqual(ours, theirs, "the first record that differs")
        self.assertEqual(len(moved[1]), len(stayed[1]))

    def test_the_log_goes_on_identically_from_each_moment_in_which_a_card_holds_much(self):
        for number, (moment, properties, cues, lead) in enumerate(MOMENTS):
            kinds = (Machine, pci_machine.PciMachine) if FULL else ((Machine, pci_machine.PciMachine)[number // 2 % 2],)
            for kind in kinds:
                for way in WAYS if FULL else (WAYS[number % 2],):
                    with self.subTest(moment, machine=kind.__name__, way=way):
                        self.assert_moving_changes_nothing(with_cues(kind, cues), properties, [lead, go_on], [way])

    def test_a_machine_that_moves_often_during_a_drawn_sequence_under_every_cue_leaves_the_log_of_one_that_stays(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        for kind in (Machine, pci_machine.PciMachine, pci_machine.PciMemoryMachine):
            for round_ in range(5 if FULL else 1):
                draw = random.Random(f"{seed} {kind.__name__} {round_}")
                steps = [drawn(draw) for _ in range(400)]
                parts, ways = [], []
                while steps:
                    length = draw.randrange(1, 100)
                    part, steps = steps[:length], steps[length:]
                    parts.append(lambda machine, part=part: [step(machine) for step in part])
                    ways.append(draw.choice(WAYS))
                properties = {"tx-fifo": "16", "rx-fifo": "24", "sysex-delay": "mt32", "silence-on-reset": "on"}
                with self.subTest(kind.__name__, seed=seed, round=round_):
                    self.assert_moving_changes_nothing(with_cues(kind, EVERY_CUE), properties, parts, ways[1:])

    def test_the_drawn_sequences_meet_every_cue_and_every_fault(self):
        draw = random.Random(1)
        steps = [drawn(draw) for _ in range(2000)]
        _, records = self.played(with_cues(Machine, EVERY_CUE), {"rx-fifo": "24"},
                                 [lambda machine: [step(machine) for step in steps]], [])
        self.assertEqual({record.a for record in records if record.kind == "CUE"}, set(range(len(EVERY_CUE))))
        met = {record.a & 0xFF for record in records if record.kind == "FAULT"}
        self.assertEqual(met, set(range(plan_writer.DROP_IRQ, plan_writer.FLOAT_BUS + 1)))

    def test_a_pci_card_takes_its_msi_along(self):
        mailbox, message = 0x9000, 0x4041

        def enable(machine):
            at = machine.capability(pci_machine.CAP_MSI)
            for offset, value, size in ((4, mailbox, 4), (8, 0, 4), (12, message, 2), (2, 1, 2)):
                machine.config_write(at + offset, value, size)

        for way in WAYS:
            with self.subTest(way), contextlib.ExitStack() as stack:
                machine = stack.enter_context(pci_machine.PciMachine(QEMU, {}))
                enable(machine)
                machine.write(COMMAND, RESET)
                machine.run(50 * US)  # its ACK is still on its way
                machine = stack.push(machine.move(way))
                machine.run(MS)
                self.assertEqual(int(machine.ask(f"readl {mailbox:#x}")[0], 0), message)
                self.assertEqual(machine.edges, 0)

    def test_a_card_with_other_properties_takes_no_state_and_says_which(self):
        with Machine(QEMU, {"rx-fifo": "16"}) as machine, tempfile.TemporaryFile("w+") as errors:
            uri = f"file:{machine.folder / 'state'}"
            machine.command("migrate", arguments={"uri": uri})
            self.wait(machine, "completed")
            other = Machine(QEMU, {"rx-fifo": "17"}, stderr=errors)
            other.incoming = ["-incoming", "defer"]
            with other:
                other.command("migrate-incoming", arguments={"uri": uri, "exit-on-error": False})
                self.wait(other, "failed")
            errors.seek(0)
            self.assertIn("isa-mpu401 unit 0: state: made by a card with rx-fifo 16; this one has 17", errors.read())

    def wait(self, machine, status):
        for _ in range(1000):
            seen = machine.command("query-migrate").get("status")
            if seen == status:
                return
            time.sleep(0.01)
        self.fail(f"migration is {seen} after 10 s, not {status}")


if __name__ == "__main__":
    if not QEMU:
        print("SKIPPED: no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        sys.exit(77)
    unittest.main()
