#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays the conformance cases on isa-mpu401 in QEMU, over the qtest protocol: accesses are in and out, time is stepped,
the line is watched at the I/O APIC, MIDI IN comes from cues, MIDI OUT and lost bytes are read from the event log."""
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

import case_file

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import eventlog  # noqa: E402
import plan_writer  # noqa: E402

CASES = sorted(HERE.glob("[0-9]*.txt"))
DATA, STATUS, COMMAND = 0x330, 0x331, 0x331
PROBE_RECORD, PROBE_POWER = 0xE10, 0xE14
RECORD_AT = 0x8000  # in the guest's RAM
MARKER = 4  # mpulab_link_kinds.def
FIRST_BARRIER = 1 << 20  # markers from here on are no cue's
LINE = 7
WIRE_BYTE_NS = 320_000
LIMIT_S = 30
FIRMWARE = os.environ.get("MPULAB_FIRMWARE_DIR", "/usr/share/qemu")


class Failed(Exception):
    """The card did not do what a step expects."""


def plan_with_injections(injections):
    """A plan whose cue n sends its bytes at marker n."""
    cues = plan_writer.cue_section([(number, 0, sent) for number, sent in enumerate(injections)])
    return plan_writer.plan([(plan_writer.CUES, 0, cues)], seed=1)


def joined(steps):
    """Steps with what comes back to back on MIDI IN in one."""
    out = []
    for step in steps:
        if out and step.verb == "midi-in" and out[-1].verb == "midi-in":
            out[-1] = out[-1]._replace(arguments=out[-1].arguments + step.arguments)
        else:
            out.append(step)
    return out


class Machine:
    """One QEMU, its clock at 0, the card as after power-on. A subclass may put the card elsewhere."""

    line = LINE  # input of the I/O APIC

    def device(self, properties):
        return f"isa-mpu401,iobase={DATA:#x},irq={LINE}{properties}"

    def plan(self):
        return plan_with_injections(self.injections)

    def __init__(self, qemu, properties, injections=(), extra=(), pass_fds=(), stderr=None):
        self.qemu, self.properties, self.injections = qemu, properties, injections
        self.extra, self.pass_fds, self.stderr = list(extra), list(pass_fds), stderr
        self.incoming = []
        self.before = []  # records of the process that this machine came from

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mpulab-qtest-")))
            plan = self.folder / "plan"
            plan.write_bytes(self.plan())
            self.log = self.folder / "events"
            pairs = [socket.socketpair() for _ in range(2)]
            for ours, _ in pairs:
                stack.enter_context(ours)
                ours.settimeout(LIMIT_S)
            card = "".join(f",{name}={value}" for name, value in self.properties.items())
            argv = [self.qemu, "-machine", "pc", "-accel", "qtest", "-nodefaults", "-display", "none", "-m", "1", "-L", FIRMWARE,
                    "-bios", os.path.join(FIRMWARE, "qboot.rom"), "-qtest-log", "none", *self.extra, *self.incoming,
                    "-chardev", f"file,id=link,path={self.log}",
                    "-chardev", f"socket,id=qtest,fd={pairs[0][1].fileno()}", "-qtest", "chardev:qtest",
                    "-chardev", f"socket,id=qmp,fd={pairs[1][1].fileno()}", "-mon", "chardev=qmp,mode=control",
                    "-device", f"mpulab-probe,link=link,iobase=0xe00,plan={plan}",
                    "-device", self.device(card)]
            process = subprocess.Popen(argv, pass_fds=[theirs.fileno() for _, theirs in pairs] + self.pass_fds,
                                       stderr=self.stderr)
            stack.callback(process.wait)
            stack.callback(process.kill)
            for _, theirs in pairs:
                theirs.close()
            self.qtest, self.qmp = (ours.makefile("rw") for ours, _ in pairs)
            json.loads(self.qmp.readline())
            self.command("qmp_capabilities")
            self.now, self.level, self.edges = 0, 0, 0
            self.inputs = {}  # of the I/O APIC: the level each was last told to have
            self.ask("irq_intercept_in ioapic")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *unused):
        self.stack.close()

    def ask(self, text):
        self.qtest.write(text + "\n")
        self.qtest.flush()
        while True:
            words = self.qtest.readline().split()
            if not words or words[0] in ("FAIL", "ERR"):
                raise RuntimeError(f"QEMU answers {words or 'nothing'} to {text!r}")
            if words[0] == "OK":
                return words[1:]
            if words[0] == "IRQ":
                number, level = int(words[2]), int(words[1] == "raise")
                self.inputs[number] = level
                if number == self.line:
                    self.level = level
                    self.edges += level

    def command(self, name, until=None, arguments=None):
        self.qmp.write(json.dumps({"execute": name, "arguments": arguments or {}}) + "\n")
        self.qmp.flush()
        value, event = None, until is None
        while value is None or not event:
            answer = json.loads(self.qmp.readline() or '{"error": "QEMU is gone"}')
            if "error" in answer:
                raise RuntimeError(f"{name}: {answer['error']}")
            value = answer.get("return", value)
            event = event or answer.get("event") == until
        return value

    def read(self, port):
        return int(self.ask(f"inb {port:#x}")[0], 0)

    def write(self, port, value):
        self.ask(f"outb {port:#x} {value:#x}")

    def run(self, ns):
        if ns:
            self.now = int(self.ask(f"clock_step {ns}")[0])

    def marker(self, number):
        record = struct.pack("<BBBBIQQQQ", MARKER, 0, 0, 0, 0, 0, number, 0, 0)  # mpulab_guest_record
        self.ask(f"write {RECORD_AT:#x} {len(record)} 0x{record.hex()}")
        self.ask(f"outl {PROBE_RECORD:#x} {RECORD_AT:#x}")

    def power(self, d_state):
        self.ask(f"outl {PROBE_POWER:#x} {d_state << 8:#x}")  # of card 0

    def line_level(self):
        """After a move the intercepted line tells changes only, and none from high: then the event log is asked."""
        if self.level is None:
            changes = eventlog.of_kind(self.records(), "IRQ")
            self.command("cont", until="RESUME")
            return changes[-1].a
        return self.level

    def records(self):
        self.command("stop", until="STOP")
        here = eventlog.read(self.log)
        if not self.before:
            return here
        return [record._replace(seq=seq) for seq, record in enumerate(self.before + here[1:])]  # one RUN_STARTED

    def move(self, way):
        """Goes on in another QEMU process, by `way`: "unix" (both run) or "file". Returns the machine there, entered."""
        level, before = self.line_level(), self.records()
        uri = f"{way}:{self.folder / 'state'}"
        there = type(self)(self.qemu, self.properties, self.injections, self.extra, self.pass_fds, self.stderr)
        there.incoming = ["-incoming", uri]
        if way == "unix":
            there.__enter__()
        self.command("migrate", arguments={"uri": uri})
        while (status := self.command("query-migrate")["status"]) != "completed":
            if status == "failed":
                raise RuntimeError(f"migration: {self.command('query-migrate')}")
            time.sleep(0.002)
        if way == "file":
            there.__enter__()
        try:
            while there.command("query-status")["status"] == "inmigrate":
                time.sleep(0.002)
            there.before, there.edges = before, self.edges
            there.level = None if level else 0
            there.command("cont", until="RESUME")
            there.run(self.now)  # the clock that tests step is no part of the state
        except BaseException:
            there.__exit__()
            raise
        return there


class Play:
    def __init__(self, machine):
        self.machine = machine
        self.later = []  # steps that only the event log can tell about
        self.injection = 0

    def await_(self, value, mask, every, limit):
        waited = 0
        while (seen := self.machine.read(STATUS)) & mask != value:
            if waited + every > limit:
                raise Failed(f"STATUS is {seen:02x} after {limit} ns, {value:02x}/{mask:02x} expected")
            self.machine.run(every)
            waited += every

    def read(self, port, value, mask):
        seen = self.machine.read(DATA if port == "data" else STATUS)
        if seen & mask != value:
            raise Failed(f"{port.upper()} is {seen:02x}, {value:02x}/{mask:02x} expected")

    def step(self, step):
        machine, arguments = self.machine, step.arguments
        if step.verb == "data":
            machine.write(DATA, arguments)
        elif step.verb == "command":
            machine.write(COMMAND, arguments)
        elif step.verb == "send":
            for sent in arguments:
                self.await_(0x00, 0x40, 10_000, 1_000_000_000)
                machine.write(DATA, sent)
        elif step.verb == "read":
            self.read(*arguments)
        elif step.verb == "run":
            machine.run(arguments)
        elif step.verb == "midi-in":
            machine.marker(self.injection)
            self.injection += 1
            machine.run(WIRE_BYTE_NS * len(arguments))
        elif step.verb == "irq":
            if machine.line_level() != arguments:
                raise Failed(f"the line is {machine.line_level()}")
        elif step.verb == "edges":
            if machine.edges != arguments:
                raise Failed(f"{machine.edges} rising edges, {arguments} expected")
            machine.edges = 0
        elif step.verb in ("wire", "lost"):
            self.judge_later(step)
        elif step.verb == "await":
            self.await_(*arguments)
        elif step.verb == "never":
            value, mask, every, limit = arguments
            for waited in range(0, limit + 1, every):
                if machine.read(STATUS) & mask == value:
                    raise Failed(f"STATUS is {machine.read(STATUS):02x} after {waited} ns")
                machine.run(every)
        elif step.verb == "power-on":
            machine.command("system_reset", until="RESET")
        elif step.verb == "power":
            machine.power(arguments)
        elif step.verb == "given":
            machine.write(COMMAND, 0x3F)
            machine.run(40_000_000)
            self.read("data", 0xFE, 0xFF)
            machine.run(1_000_000)
            machine.edges = 0
            self.judge_later(step)
        if (machine.read(STATUS) & 0x80 == 0) != machine.line_level():
            raise Failed("line and DSR disagree")

    def judge_later(self, step):
        """The marker says in the log where the step stood: not all is at another time."""
        self.machine.marker(FIRST_BARRIER + len(self.later))
        self.later.append(step)

    def judge(self, records):
        """`wire` and `lost`, in order, each against what came since the one before."""
        places = {value: name for name, value in (("host-latch", 0), ("rx-fifo", 1))}
        wire = [(r.seq, r.a, r.time) for r in eventlog.of_kind(records, "WIRE_OUT")]
        lost = [(r.seq, places[r.a], r.b) for r in eventlog.of_kind(records, "OVERRUN")]
        barriers = [r.seq for r in eventlog.of_kind(records, "MARKER") if r.a >= FIRST_BARRIER]
        for step, barrier in zip(self.later, barriers, strict=True):
            gone = [(value, time) for seq, value, time in wire if seq < barrier]
            gone_lost = [(place, value) for seq, place, value in lost if seq < barrier]
            if step.verb in ("wire", "given"):
                wire = wire[len(gone):]
            if step.verb in ("lost", "given"):
                lost = lost[len(gone_lost):]
            if step.verb == "wire":
                same = [value for value, _ in gone] == [value for value, _ in step.arguments]
                if not same or any(at not in (None, seen) for (_, at), (_, seen) in zip(step.arguments, gone)):
                    raise Failed(f"on MIDI OUT: {[f'{value:02x}@{time}ns' for value, time in gone]}", step.line)
            if step.verb == "lost" and gone_lost != step.arguments:
                raise Failed(f"lost: {gone_lost}", step.line)


def play(qemu, case, machine_class=Machine, move=None):
    """None, or where and why the case fails. `move`: (n, way), before step n the machine goes on in another process."""
    steps = joined(case.steps)
    injections = [bytes(step.arguments) for step in steps if step.verb == "midi-in"]
    with contextlib.ExitStack() as stack:
        run = Play(stack.enter_context(machine_class(qemu, case.properties, injections)))
        line = case.line
        try:
            for number, step in enumerate(steps):
                line = step.line
                if move is not None and number == move[0]:
                    run.machine = stack.push(run.machine.move(move[1]))
                run.step(step)
            run.judge(run.machine.records())
        except Failed as failed:
            return f"{case.path}:{failed.args[1] if len(failed.args) > 1 else line}: {failed.args[0]}"
    return None


def main(arguments):
    qemu = os.environ.get("MPULAB_QEMU", "")
    if not qemu:
        print("SKIPPED: no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        return 77
    cases = [case for path in CASES for case in case_file.read(path) if not arguments or case.name in arguments]
    failures = 0
    for case in cases:
        if failure := play(qemu, case):
            failures += 1
            print(f"FAILED {case.name}\n  {failure}", flush=True)
    print(f"{len(cases)} cases, {failures} failed")
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
