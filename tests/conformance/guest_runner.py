#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Plays the conformance cases from inside a machine (guest/player.cpp): accesses are instructions, the line is an interrupt.

The cases become one table for each set of card properties, which a guest of its own plays in one boot. It answers with a
record a step; whether the answers are those of the case file is judged here, and nowhere else.

usage: tests/conformance/guest_runner.py [CASE]...     MPULAB_QEMU= and MPULAB_CONFORMANCE_PLAYER= as CTest sets them
"""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import case_file
from qtest_runner import CASES, FIRMWARE, WIRE_BYTE_NS, Failed, joined, plan_with_injections

import eventlog  # noqa: I100 (qtest_runner says where it is)

LIMIT_S = 120
# A guest cannot do two things at once. What it is late by is the sum of some instructions, and less than the smallest
# step of the case files, so that no expectation is met by being late.
MOST_LATE_NS = 999
STEP = struct.Struct("<BBBBIQQ")  # guest/table.h
(END, CASE, DATA, COMMAND, SEND, READ_DATA, READ_STATUS, RUN, MARKER, IRQ, EDGES, LOG, AWAIT, NEVER, POWER_ON, POWER) = range(16)


class Table:
    """The steps of some cases as the guest gets them, and for each the case's step that its answer is for."""

    def __init__(self, cases):
        self.steps, self.asked, self.injections = [], [], []
        for case in cases:
            self.add(CASE, case)
            for step in joined(case.steps):
                self.add_step(step)
        self.add(END, None)

    def add(self, verb, asked, value=0, mask=0, time_ns=0, limit_ns=0):
        self.steps.append(STEP.pack(verb, value, mask, 0, 0, time_ns, limit_ns))
        self.asked.append((verb, asked))

    def add_step(self, step):
        arguments = step.arguments
        if step.verb == "data":
            self.add(DATA, step, arguments)
        elif step.verb == "command":
            self.add(COMMAND, step, arguments)
        elif step.verb == "send":
            for sent in arguments:
                self.add(SEND, step, sent)
        elif step.verb == "read":
            self.add(READ_DATA if arguments[0] == "data" else READ_STATUS, step)
        elif step.verb == "run":
            self.add(RUN, step, time_ns=arguments)
        elif step.verb == "midi-in":
            self.add(MARKER, step, time_ns=len(self.injections))
            self.injections.append(bytes(arguments))
            self.add(RUN, step, time_ns=WIRE_BYTE_NS * len(arguments))
        elif step.verb == "irq":
            self.add(IRQ, step)
        elif step.verb == "edges":
            self.add(EDGES, step)
        elif step.verb in ("wire", "lost"):
            self.add(LOG, step)
        elif step.verb in ("await", "never"):
            value, mask, every, limit = arguments
            self.add(AWAIT if step.verb == "await" else NEVER, step, value, mask, every, limit)
        elif step.verb == "power-on":
            self.add(POWER_ON, step)
        elif step.verb == "power":
            self.add(POWER, step, arguments)
        elif step.verb == "given":
            self.add(COMMAND, step, 0x3F)
            self.add(RUN, step, time_ns=40_000_000)
            self.add(READ_DATA, step._replace(verb="read", arguments=("data", 0xFE, 0xFF)))
            self.add(RUN, step, time_ns=1_000_000)
            self.add(EDGES, step)
            self.add(LOG, step)
        else:
            raise ValueError(f"line {step.line}: no way to do '{step.verb}' in a guest")


class Judge:
    """One case: answers and, between them, what the card did."""

    PLACES = {value: name for name, value in (("host-latch", 0), ("rx-fifo", 1))}

    def __init__(self):
        self.zero, self.wire, self.lost = None, [], []

    def happened(self, record):
        if record.kind == "POWER" and record.a == 0 and self.zero is None:
            self.zero = record.time
        elif self.zero is not None and record.kind == "WIRE_OUT":
            self.wire.append((record.a, record.time - self.zero))
        elif self.zero is not None and record.kind == "OVERRUN":
            self.lost.append((self.PLACES[record.a], record.b))

    def answered(self, verb, step, seen):
        if verb in (READ_DATA, READ_STATUS):
            port, value, mask = step.arguments
            if seen & mask != value:
                raise Failed(f"{port.upper()} is {seen:02x}, {value:02x}/{mask:02x} expected", step.line)
        elif verb == SEND and seen:
            raise Failed("DRR never was 0", step.line)
        elif verb == IRQ and seen != step.arguments:
            raise Failed(f"the line is {seen}", step.line)
        elif verb == EDGES and step.verb == "edges" and seen != step.arguments:
            raise Failed(f"{seen} interrupts, {step.arguments} expected", step.line)
        elif verb in (AWAIT, NEVER):
            value, mask, _, limit = step.arguments
            if (seen & mask == value) != (verb == AWAIT):
                raise Failed(f"STATUS is {seen:02x} at {value:02x}/{mask:02x} within {limit} ns", step.line)
        elif verb == LOG:
            self.judge_log(step)

    def judge_log(self, step):
        if step.verb == "wire":
            same = [byte for byte, _ in self.wire] == [byte for byte, _ in step.arguments]
            if not same or any(at is not None and not 0 <= seen - at <= MOST_LATE_NS
                               for (_, at), (_, seen) in zip(step.arguments, self.wire)):
                raise Failed(f"on MIDI OUT: {[f'{byte:02x}@{at}ns' for byte, at in self.wire]}", step.line)
        if step.verb == "lost" and self.lost != step.arguments:
            raise Failed(f"lost: {self.lost}", step.line)
        if step.verb in ("wire", "given"):
            self.wire = []
        if step.verb in ("lost", "given"):
            self.lost = []


def boot(qemu, player, table, properties):
    """The records of a machine that plays the table."""
    with tempfile.TemporaryDirectory(prefix="mpulab-conformance-") as name:
        folder = pathlib.Path(name)
        (folder / "plan").write_bytes(plan_with_injections(table.injections))
        (folder / "table").write_bytes(b"".join(table.steps))
        card = "".join(f",{name}={value}" for name, value in properties.items())
        argv = [qemu, "-machine", "pc", "-nodefaults", "-display", "none", "-m", "32", "-accel", "tcg",
                "-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01,clock=vm",
                "-L", FIRMWARE, "-bios", os.path.join(FIRMWARE, "qboot.rom"), "-kernel", player, "-initrd", str(folder / "table"),
                "-chardev", f"file,id=link,path={folder / 'events'}",
                "-device", f"mpulab-probe,link=link,iobase=0xe00,on-end=exit,plan={folder / 'plan'}",
                "-device", f"isa-mpu401,iobase=0x330,irq=7{card}"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S)
        if done.returncode:
            raise RuntimeError(f"QEMU ended with {done.returncode}: {done.stderr}")
        return eventlog.read(folder / "events")


def judge(table, records):
    """{case name: None, or where and why it fails}, for each case that the guest has played to its end."""
    if records[-1].kind != "RUN_ENDED" or records[-1].a != 0:
        raise RuntimeError(f"the guest ended with {records[-1]}")
    waiting = [place for place, (verb, _) in enumerate(table.asked) if verb not in (RUN, END)]
    verdicts, case, current = {}, None, Judge()
    for record in records:
        if record.kind != "STEP_END":
            current.happened(record)
            continue
        place = waiting.pop(0)
        verb, step = table.asked[place]
        if (record.a, record.c) != (verb, place):
            raise RuntimeError(f"answer to step {record.c} (verb {record.a}) where {place} (verb {verb}) is due")
        if verb == CASE:
            case, verdicts[step.name] = step, None
        elif verdicts[case.name] is None:
            try:
                current.answered(verb, step, record.b)
            except Failed as failed:
                verdicts[case.name] = f"{case.path}:{failed.args[1]}: {failed.args[0]}"
        if place + 1 < len(table.asked) and table.asked[place + 1][0] == CASE:
            current = Judge()  # the next case begins with the loss of power
    if waiting:
        raise RuntimeError(f"{len(waiting)} steps were not answered")
    return verdicts


def play(qemu, player, cases):
    """{case name: None, or where and why it fails}; a boot for each set of properties."""
    sets = {}
    for case in cases:
        sets.setdefault(tuple(sorted(case.properties.items())), []).append(case)
    verdicts = {}
    for properties, members in sets.items():
        table = Table(members)
        verdicts.update(judge(table, boot(qemu, player, table, dict(properties))))
    return verdicts


def main(arguments):
    qemu, player = os.environ.get("MPULAB_QEMU", ""), os.environ.get("MPULAB_CONFORMANCE_PLAYER", "")
    if not qemu:
        print("SKIPPED: no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        return 77
    cases = [case for path in CASES for case in case_file.read(path) if not arguments or case.name in arguments]
    verdicts = play(qemu, player, cases)
    failures = {name: failure for name, failure in verdicts.items() if failure}
    for name, failure in failures.items():
        print(f"FAILED {name}\n  {failure}")
    print(f"{len(verdicts)} cases, {len(failures)} failed")
    return 1 if failures or not cases else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
