#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Card and probe inside QEMU, seen through a guest of a few instructions (smoke.S) and the event log alone."""
import contextlib
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import eventlog
import plan_writer

QEMU = os.environ.get("MPULAB_QEMU", "")
GUESTS = pathlib.Path(os.environ["MPULAB_SMOKE_GUESTS"])
FIRMWARE = os.environ.get("MPULAB_FIRMWARE_DIR", "/usr/share/qemu")
LIMIT_S = 30
MACHINE_DEVICE = struct.Struct("<16s8I")  # mpulab_machine_device in plan.h
INJECTED = 0x42
WIRE_BYTE_NS = 320_000


def symbols(guest):
    listing = subprocess.run(["nm", GUESTS / guest], check=True, capture_output=True, text=True).stdout
    return {name: int(address, 16) for address, _, name in map(str.split, listing.splitlines())}


def plan(cues=b"", seed=7, unit=0):
    """A plan with one CUES section."""
    return plan_writer.plan([(plan_writer.CUES, unit, cues)], seed)


def inject_at_marker(number, data, delay_ns=0):
    """A CUES section with one cue."""
    return plan_writer.cue_section([(number, delay_ns, data)])


CUE_DELAY_NS = 2_000_000  # by then the bytes before the marker are on the wire
GOOD_PLAN = plan(inject_at_marker(1, bytes([INJECTED]), CUE_DELAY_NS))


class Qmp:
    def __init__(self, sock):
        self.file = sock.makefile("rw")
        self.events = []
        json.loads(self.file.readline())
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline() or '{"error": "QEMU is gone"}')
            if "event" in answer:
                self.events.append(answer["event"])
            elif "error" in answer:
                raise RuntimeError(f"{name}: {answer['error']}")
            else:
                return answer["return"]

    def wait_until(self, *states):
        for _ in range(LIMIT_S * 100):
            state = self.command("query-status")["status"]
            if state in states:
                return state
            time.sleep(0.01)
        raise RuntimeError(f"machine is {state}, not one of {states}, after {LIMIT_S} s")


class Machine:
    """One QEMU in a folder of its own; ends with its `with` block, whatever happens."""

    def __init__(self, guest="smoke.elf", plan_bytes=GOOD_PLAN, link=None, probe="", cards=("iobase=0x330,irq=7",),
                 extra=()):
        self.guest, self.plan_bytes, self.probe, self.cards, self.extra = guest, plan_bytes, probe, cards, extra
        self.link = link

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="mpulab-smoke-")))
        self.log = self.folder / "events"
        (self.folder / "plan").write_bytes(self.plan_bytes)
        ours, theirs = socket.socketpair()
        self.stack.enter_context(ours)
        link = self.link or f"file,id=link,path={self.log}"
        argv = [QEMU, "-machine", "pc", "-nodefaults", "-display", "none", "-m", "32", "-accel", "tcg",
                "-icount", "shift=3,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01,clock=vm", "-no-shutdown",
                "-L", FIRMWARE, "-bios", os.path.join(FIRMWARE, "qboot.rom"), "-kernel", str(GUESTS / self.guest),
                "-chardev", link, "-chardev", f"socket,id=qmp,fd={theirs.fileno()}", "-mon", "chardev=qmp,mode=control",
                "-device", f"mpulab-probe,id=probe,link=link,plan={self.folder / 'plan'}{self.probe}"]
        for number, card in enumerate(self.cards):
            argv += ["-device", f"isa-mpu401,id=card{number},{card}"]
        self.process = subprocess.Popen(argv + list(self.extra), pass_fds=[theirs.fileno()], stderr=subprocess.PIPE)
        self.stack.callback(self.process.stderr.close)
        self.stack.callback(self.process.wait)
        self.stack.callback(self.process.kill)
        theirs.close()
        self.sock = ours
        return self

    def __exit__(self, *unused):
        self.stack.close()

    def qmp(self):
        return Qmp(self.sock)

    def ended(self):
        """Exit code and standard error of a QEMU that ends by itself."""
        _, errors = self.process.communicate(timeout=LIMIT_S)
        return self.process.returncode, errors.decode()


def run(**options):
    """The records of a run that goes to its end."""
    options["probe"] = options.get("probe", "") + ",on-end=exit"
    with Machine(**options) as machine:
        code, errors = machine.ended()
        if code != 0:
            raise RuntimeError(f"QEMU ended with {code}: {errors}")
        return eventlog.read(machine.log)


class TheCardInQemu(unittest.TestCase):
    def setUp(self):
        if not QEMU:
            self.skipTest("no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")

    def only(self, records, kind, **values):
        """The one record of this kind with these values."""
        found = [record for record in eventlog.of_kind(records, kind)
                 if all(getattr(record, key) == value for key, value in values.items())]
        self.assertEqual(len(found), 1, f"{kind} with {values}: {[str(record) for record in found]}")
        return found[0]

    def test_bytes_go_out_and_one_comes_in_with_exact_pcs_and_correlation(self):
        at = symbols("smoke.elf")
        records = run()
        self.assertEqual(records[0].kind, "RUN_STARTED")
        self.assertEqual((records[0].a, records[0].b, records[0].c), (7, len(GOOD_PLAN), 1))
        self.assertEqual((records[-1].kind, records[-1].a, records[-1].b), ("RUN_ENDED", 0, 5))
        self.assertEqual(records[-1].pc, at["out_commit"])
        self.assertEqual(len(eventlog.of_kind(records, "RUN_ENDED")), 1)

        self.assertEqual(self.only(records, "REG_WRITE", a=1, b=0xFF).pc, at["out_reset"])
        self.assertEqual(self.only(records, "REG_WRITE", a=1, b=0x3F).pc, at["out_uart"])
        ack = [record for record in eventlog.of_kind(records, "REG_READ") if record.a == 0 and record.b == 0xFE][0]
        self.assertEqual((ack.pc, ack.cpu, ack.unit, ack.number), (at["in_ack"], 0, 0, 1))
        mode = self.only(records, "MODE")
        self.assertEqual((mode.a, mode.b, mode.pc, mode.cpu), (1, 0, 0, 0xFF))

        writes = [record for record in eventlog.of_kind(records, "REG_WRITE") if record.a == 0]
        wire = [record for record in eventlog.of_kind(records, "WIRE_OUT") if record.space != eventlog.OWN_BYTE]
        self.assertEqual([record.b for record in writes], [0x90, 0x3C, 0x40])
        self.assertEqual({record.pc for record in writes}, {at["out_midi"]})
        self.assertEqual([record.a for record in wire], [0x90, 0x3C, 0x40])
        self.assertEqual([record.corr for record in wire], [record.corr for record in writes])
        self.assertEqual([(record.space, record.number) for record in wire],
                         [(eventlog.TX_BYTE, number) for number in (1, 2, 3)])
        for record, following in zip(wire, wire[1:]):
            self.assertEqual(following.time - record.time, WIRE_BYTE_NS)
            self.assertEqual(record.b, record.time + WIRE_BYTE_NS)

        marker = self.only(records, "MARKER", a=1)
        cue = self.only(records, "CUE", a=0)
        arrived = self.only(records, "WIRE_IN", a=INJECTED)
        latched = self.only(records, "LATCH", a=INJECTED)
        raised = self.only(records, "IRQ", corr=arrived.corr, a=1)
        read = [record for record in eventlog.of_kind(records, "REG_READ") if record.corr == arrived.corr]
        self.assertEqual(cue.time, marker.time + CUE_DELAY_NS)
        self.assertEqual(arrived.time, cue.time + WIRE_BYTE_NS)
        self.assertEqual((arrived.space, arrived.pc, arrived.cpu), (eventlog.RX_BYTE, 0, 0xFF))
        self.assertEqual((latched.corr, raised.time), (arrived.corr, latched.time))
        self.assertEqual([(record.pc, record.b) for record in read], [(at["in_midi"], INJECTED)])
        self.assertEqual(self.only(records, "IRQ", corr=arrived.corr, a=0).pc, at["in_midi"])

    def test_a_wide_access_reaches_the_card_as_two_bytes(self):
        at = symbols("smoke.elf")
        wide = [record for record in run() if record.pc == at["in_wide"]]
        self.assertEqual([(record.kind, record.a, record.b) for record in wide],
                         [("REG_READ", 0, INJECTED), ("GUEST_ERROR", 0, 0), ("REG_READ", 1, 0xBF)])

    def test_text_comes_in_lines_and_the_last_half_line_before_the_end(self):
        records = run()
        text = eventlog.text(records)[MACHINE_DEVICE.size:]
        self.assertEqual(text, b"one byte out of the card, one into it\nhalf a line")
        self.assertEqual([record.kind for record in records[-2:]], ["TEXT", "RUN_ENDED"])

    def test_nothing_is_seen_of_what_follows_the_end_of_the_run(self):
        with Machine() as machine:
            qmp = machine.qmp()
            self.assertEqual(qmp.wait_until("paused"), "paused")
            records = eventlog.read(machine.log)
            self.assertEqual(records[-1].kind, "RUN_ENDED")
            self.assertFalse([record for record in eventlog.of_kind(records, "REG_WRITE") if record.b == 0x99])
            qmp.command("cont")
            time.sleep(0.3)
            self.assertEqual(eventlog.read(machine.log), records)

    def test_the_guest_is_told_each_card_that_is_there(self):
        records = run(cards=("iobase=0x330,irq=7", "iobase=0x300,irq=5"))
        told = eventlog.text(records)[:2 * MACHINE_DEVICE.size]
        latched, isa = 1, 0
        self.assertEqual(list(MACHINE_DEVICE.iter_unpack(told)),
                         [(b"PNPB006".ljust(16, b"\0"), 0, 0x330, 2, 7, latched, isa, 0, 0),
                          (b"PNPB006".ljust(16, b"\0"), 1, 0x300, 2, 5, latched, isa, 0, 0)])
        self.assertEqual(records[0].c, 2)

    def test_a_run_repeated_is_the_same_byte_for_byte(self):
        self.assertEqual(run(), run())

    def test_a_machine_saved_with_bytes_on_both_cables_goes_on_identically(self):
        with Machine(guest="smoke-hold.elf") as machine:
            qmp = machine.qmp()
            qmp.wait_until("paused")
            self.assertEqual(eventlog.read(machine.log)[-1].kind, "HOLD")
            state = machine.folder / "state"
            qmp.command("migrate", uri=f"file:{state}")
            qmp.wait_until("postmigrate")
            saved = state.read_bytes()
        with Machine(guest="smoke-hold.elf") as machine:
            qmp = machine.qmp()
            qmp.wait_until("paused")
            qmp.command("cont")
            time.sleep(0.05)
            qmp.wait_until("paused")
            whole = eventlog.read(machine.log)
        rest = whole[[record.kind for record in whole].index("HOLD") + 1:]
        self.assertTrue(eventlog.of_kind(rest, "WIRE_OUT") and eventlog.of_kind(rest, "WIRE_IN"), "nothing was under way")

        with tempfile.NamedTemporaryFile() as file:
            file.write(saved)
            file.flush()
            with Machine(guest="smoke-hold.elf", extra=("-incoming", f"file:{file.name}")) as machine:
                qmp = machine.qmp()
                qmp.wait_until("paused", "postmigrate")
                qmp.command("cont")
                time.sleep(0.05)
                qmp.wait_until("paused")
                restored = eventlog.read(machine.log)
        self.assertEqual(restored[0].kind, "RUN_STARTED")
        self.assertEqual([record._replace(seq=0) for record in restored[1:]],
                         [record._replace(seq=0) for record in rest])

    def test_qemu_ends_when_the_reader_of_the_link_is_gone(self):
        with tempfile.TemporaryDirectory(prefix="mpulab-smoke-") as folder, socket.socket(socket.AF_UNIX) as listener:
            path = os.path.join(folder, "link")
            listener.bind(path)
            listener.listen(1)
            listener.settimeout(LIMIT_S)
            # -no-shutdown stands on every command line here; the machine is paused when the reader goes.
            with Machine(guest="smoke-hold.elf", link=f"socket,id=link,path={path}") as machine:
                reader, _ = listener.accept()
                reader.settimeout(LIMIT_S)
                self.assertEqual(reader.recv(8), b"MPLBLINK")
                reader.close()
                code, _ = machine.ended()
                self.assertEqual(code, 1)

    def test_a_link_that_cannot_be_written_ends_qemu_and_says_so(self):
        with Machine(link="file,id=link,path=/dev/full") as machine:
            code, errors = machine.ended()
        self.assertEqual(code, 1)
        self.assertIn("the link cannot be written", errors)

    def test_the_card_announces_itself_in_acpi(self):
        with Machine(guest="smoke-hold.elf") as machine:
            qmp = machine.qmp()
            qmp.wait_until("paused")
            memory = machine.folder / "memory"
            qmp.command("pmemsave", val=0, size=32 << 20, filename=str(memory))
            tables = memory.read_bytes()
        name = tables.find(b"\x08_HID\x0c\x41\xd0\xb0\x06")  # PNPB006 as an EISA id
        self.assertNotEqual(name, -1)
        resources = tables[name:name + 80]
        self.assertIn(struct.pack("<BBHHBB", 0x47, 1, 0x330, 0x330, 1, 2), resources)
        self.assertIn(struct.pack("<BH", 0x22, 1 << 7), resources)

    def test_a_new_plan_while_the_machine_stands_begins_a_new_stream(self):
        with Machine(guest="smoke-hold.elf") as machine:
            qmp = machine.qmp()
            qmp.wait_until("paused")
            before = machine.log.stat().st_size
            with self.assertRaisesRegex(RuntimeError, "does not begin with"):
                qmp.command("qom-set", path="/machine/peripheral/probe", property="plan", value="/bin/true")
            (machine.folder / "next").write_bytes(plan(inject_at_marker(1, b"\x42"), seed=99))
            qmp.command("qom-set", path="/machine/peripheral/probe", property="plan", value=str(machine.folder / "next"))
            qmp.command("cont")
            time.sleep(0.1)
            with self.assertRaisesRegex(RuntimeError, "while the machine runs"):
                qmp.command("qom-set", path="/machine/peripheral/probe", property="plan", value="/bin/true")
            stream = machine.log.read_bytes()[before:]
            self.assertEqual(stream[:8], b"MPLBLINK")
            first = eventlog.Record(*eventlog.RECORD.unpack_from(stream, 16))
            self.assertEqual((first.kind, first.seq, first.a), ("RUN_STARTED", 0, 99))


if __name__ == "__main__":
    if not QEMU:
        print("SKIPPED: no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        sys.exit(77)
    unittest.main()
