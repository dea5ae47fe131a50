#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The card's `midi` chardev: raw bytes out and in, paced by virtual time, none lost that can wait."""
import contextlib
import os
import pathlib
import socket
import sys
import tempfile
import time
import tty
import unittest

import eventlog

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "conformance"))
import qtest_runner  # noqa: E402
from qtest_runner import COMMAND, DATA, WIRE_BYTE_NS  # noqa: E402
from smoke_test import GOOD_PLAN, Machine, run  # noqa: E402

QEMU = os.environ.get("MPULAB_QEMU", "")
BACKLOG = 64 * 1024
SMOKE_OUT = b"\xfc\x90\x3c\x40"  # the card's Stop after RESET, then smoke.S


class Cable:
    """A QEMU whose clock the test steps, in UART mode, with the other end of its MIDI cables in hand."""

    def __init__(self, properties=None, small=False, injections=(), extra=()):
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        if small:
            self.theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the kernel's least
        self.errors = tempfile.TemporaryFile()
        fd = self.theirs.fileno()
        self.machine = qtest_runner.Machine(QEMU, {"midi": "m", **(properties or {})}, injections, stderr=self.errors,
                                            pass_fds=[fd], extra=["-chardev", f"socket,id=m,fd={fd}", *extra])
        self.restored = "-incoming" in extra

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for end in (self.ours, self.theirs, self.errors):
                stack.callback(end.close)
            stack.enter_context(self.machine)
            self.theirs.close()
            if not self.restored:
                self.machine.write(COMMAND, 0x3F)
                self.machine.run(40_000_000)
                if self.machine.read(DATA) != 0xFE:
                    raise RuntimeError("no ACK of 3Fh")
                self.pending()  # what the card sent by itself
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *unused):
        self.stack.close()

    def pending(self):
        """What has come out of the card by now."""
        try:
            return self.ours.recv(1 << 20)
        except BlockingIOError:
            return b""

    def send(self, data):
        self.ours.sendall(data)
        self.let_qemu_look()

    def let_qemu_look(self):
        """Some rounds of QEMU's main loop, in which no virtual time passes."""
        for _ in range(20):
            self.machine.read(0x80)

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode()


class TheMidiChardev(unittest.TestCase):
    def setUp(self):
        if not QEMU:
            self.skipTest("no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")

    def test_a_byte_goes_out_when_its_last_bit_has_left(self):
        with Cable() as cable:
            cable.machine.write(DATA, 0x90)
            cable.machine.run(100_000 + WIRE_BYTE_NS - 1)
            self.assertEqual(cable.pending(), b"")
            cable.machine.run(1)
            self.assertEqual(cable.pending(), b"\x90")

    def test_bytes_come_in_at_wire_rate_and_in_order(self):
        with Cable() as cable:
            cable.send(b"\x90\x3c\x40")
            before = cable.machine.now
            cable.machine.run(WIRE_BYTE_NS * 3)
            arrived = [(r.a, r.time - before) for r in eventlog.of_kind(cable.machine.records(), "WIRE_IN")]
            self.assertEqual(arrived, [(0x90, WIRE_BYTE_NS), (0x3C, 2 * WIRE_BYTE_NS), (0x40, 3 * WIRE_BYTE_NS)])

    def test_bytes_that_the_card_has_no_room_for_wait_and_are_not_lost(self):
        sent = bytes(range(200))
        with Cable({"rx-fifo": 4}) as cable:
            cable.send(sent)
            cable.machine.run(1_000_000_000)
            got = []
            while cable.machine.read(COMMAND) & 0x80 == 0:
                got.append(cable.machine.read(DATA))
                cable.let_qemu_look()
                cable.machine.run(1_000_000)
            self.assertEqual(bytes(got), sent)
            self.assertEqual(eventlog.of_kind(cable.machine.records(), "OVERRUN"), [])

    def test_what_no_one_reads_fills_the_pipe_and_stops_its_writer(self):
        with Cable({"rx-fifo": 4}, small=True) as cable:
            cable.ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
            sent = 0
            with self.assertRaises(BlockingIOError):
                while sent < 1 << 20:
                    sent += cable.ours.send(bytes([sent % 251]))
                    cable.let_qemu_look()
                    cable.machine.run(WIRE_BYTE_NS)
            got = []
            while len(got) < sent:
                got.append(cable.machine.read(DATA))
                cable.let_qemu_look()
                cable.machine.run(1_000_000)
            self.assertEqual(got, [number % 251 for number in range(sent)])

    def test_bytes_of_cues_overflow_visibly_and_those_of_the_chardev_wait_for_them(self):
        cue, live = bytes(range(0x10, 0x18)), b"\x70\x71\x72"
        with Cable({"rx-fifo": 2}, injections=[cue]) as cable:
            cable.machine.marker(0)
            cable.send(live)
            cable.machine.run(WIRE_BYTE_NS * 20)
            got = []
            while cable.machine.read(COMMAND) & 0x80 == 0:
                got.append(cable.machine.read(DATA))
                cable.machine.run(1_000_000)
            records = cable.machine.records()
            self.assertEqual([r.b for r in eventlog.of_kind(records, "OVERRUN")], list(cue[3:]))
            self.assertEqual(bytes(got), cue[:3] + live)

    def test_a_pty_carries_bytes_both_ways(self):
        with tempfile.TemporaryDirectory(prefix="mpulab-midi-") as folder:
            path = pathlib.Path(folder) / "pty"
            machine = qtest_runner.Machine(QEMU, {"midi": "m"}, extra=["-chardev", f"pty,id=m,path={path}"])
            with machine:
                end = os.open(path, os.O_RDWR | os.O_NOCTTY)
                tty.setraw(end)
                time.sleep(1.1)  # QEMU looks once a second whether somebody has opened it
                machine.write(COMMAND, 0x3F)
                machine.run(40_000_000)
                machine.read(DATA)
                machine.write(DATA, 0x0D)
                os.write(end, b"\x90\x0a")
                for _ in range(200):
                    machine.read(0x80)
                machine.run(1_000_000)
                self.assertEqual([r.a for r in eventlog.of_kind(machine.records(), "WIRE_IN")], [0x90, 0x0A])
                self.assertEqual(os.read(end, 16), b"\x0d")
                os.close(end)

    def test_the_card_on_pci_has_the_same_socket(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            extra = ["-chardev", f"socket,id=m,fd={theirs.fileno()}", "-device", "pci-mpu401,midi=m"]
            with qtest_runner.Machine(QEMU, {}, extra=extra, pass_fds=[theirs.fileno()]) as machine:
                machine.run(28_000_000)  # its Stop begins at 27 ms
                ours.settimeout(qtest_runner.LIMIT_S)
                self.assertEqual(ours.recv(16), b"\xfc")

    def test_a_slow_reader_loses_the_newest_bytes_and_is_told_how_many(self):
        more = 3000
        with Cable({"timing": "fast"}, small=True) as cable:
            qtest = cable.machine.qtest
            for number in range(BACKLOG + more):
                qtest.write(f"outb {DATA:#x} {number % 251:#x}\nclock_step 2000\n")
                if number % 500 == 499 or number == BACKLOG + more - 1:
                    qtest.flush()
                    answers = 2 * (number % 500 + 1)
                    while answers:
                        answers -= qtest.readline().startswith("OK")
            self.assertIn("wait for a slow reader", cable.said())
            got = b""
            while not got.endswith(b"\xfe\xfe"):
                got += self.read_all(cable)
                for mark in (0xFE, 0xFE):
                    cable.machine.write(DATA, mark)
                    cable.machine.run(2000)
            kept = len(got.rstrip(b"\xfe"))
            self.assertEqual(got[:kept], bytes(number % 251 for number in range(kept)))
            self.assertTrue(BACKLOG < kept < BACKLOG + more, kept)
            self.assertIn(f"{BACKLOG + more - kept} bytes of MIDI OUT were lost", cable.said())

    @staticmethod
    def read_all(cable):
        got = b""
        for _ in range(50):
            got += cable.pending()
            cable.let_qemu_look()
        return got

    def test_a_reader_that_goes_does_not_disturb_the_card(self):
        with Cable() as cable:
            cable.ours.shutdown(socket.SHUT_RDWR)
            cable.let_qemu_look()
            cable.machine.write(DATA, 0x90)
            cable.machine.run(1_000_000)
            self.assertEqual(eventlog.of_kind(cable.machine.records(), "WIRE_OUT")[-1].a, 0x90)

    def test_the_event_log_is_the_same_whatever_is_plugged_in(self):
        plain = run()
        with tempfile.TemporaryDirectory(prefix="mpulab-midi-") as folder:
            out = pathlib.Path(folder) / "out"
            for chardev in ("null,id=m", f"file,id=m,path={out}", "pty,id=m",
                            f"socket,id=m,path={folder}/socket,server=on,wait=off"):
                with self.subTest(chardev):
                    self.assertEqual(run(cards=("iobase=0x330,irq=7,midi=m",), extra=("-chardev", chardev)), plain)
            self.assertEqual(out.read_bytes(), SMOKE_OUT)

    def test_a_machine_saved_with_a_byte_on_the_wire_loses_none_and_sends_none_twice(self):
        def machine(path, *extra):
            return Machine(guest="smoke-hold.elf", plan_bytes=GOOD_PLAN, cards=("iobase=0x330,irq=7,midi=m",),
                           extra=("-chardev", f"file,id=m,path={path}", *extra))

        with tempfile.TemporaryDirectory(prefix="mpulab-midi-") as folder:
            first, second, state = (pathlib.Path(folder) / name for name in ("first", "second", "state"))
            with machine(first) as saved:
                qmp = saved.qmp()
                qmp.wait_until("paused")
                qmp.command("migrate", uri=f"file:{state}")
                qmp.wait_until("postmigrate")
            with machine(second, "-incoming", f"file:{state}") as restored:
                qmp = restored.qmp()
                qmp.wait_until("paused", "postmigrate")
                qmp.command("cont")
                time.sleep(0.05)
                qmp.wait_until("paused")
            self.assertTrue(0 < len(second.read_bytes()) < len(SMOKE_OUT) + 1)
            self.assertEqual(first.read_bytes() + second.read_bytes(), SMOKE_OUT)

    def test_a_machine_saved_with_bytes_on_their_way_in_gives_the_card_each_of_them_once_and_in_time(self):
        def arrived(cable):
            return [(r.a, r.time) for r in eventlog.of_kind(cable.machine.records(), "WIRE_IN")]

        sent = b"\x90\x3c\x40"
        with tempfile.TemporaryDirectory(prefix="mpulab-midi-") as folder:
            state = pathlib.Path(folder) / "state"
            with Cable() as cable:
                cable.send(sent)
                begun = cable.machine.now
                cable.machine.run(WIRE_BYTE_NS + 100_000)
                before = arrived(cable)  # and stops the machine
                cable.machine.command("migrate", arguments={"uri": f"file:{state}"})
                for _ in range(qtest_runner.LIMIT_S * 100):
                    if (status := cable.machine.command("query-migrate")["status"]) == "completed":
                        break
                    time.sleep(0.01)
                self.assertEqual(status, "completed")
            with Cable(extra=["-incoming", f"file:{state}"]) as cable:
                cable.machine.command("cont", until="RESUME")
                cable.machine.run(begun + 100_000_000)
                after = arrived(cable)
        self.assertEqual(before + after, [(byte, begun + (place + 1) * WIRE_BYTE_NS) for place, byte in enumerate(sent)])

    def test_a_chardev_that_is_not_there_is_refused_before_the_start(self):
        with Machine(cards=("midi=nothing",)) as machine:
            code, errors = machine.ended()
        self.assertEqual(code, 1)
        self.assertIn("'nothing'", errors)
        self.assertIn("midi", errors)


if __name__ == "__main__":
    if not QEMU:
        print("SKIPPED: no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        sys.exit(77)
    unittest.main()
