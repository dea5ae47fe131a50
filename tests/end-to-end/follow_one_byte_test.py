#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Follows one byte down and one byte up through the machine, by correlation ids and MODULE records, never by nearness
in time."""
import unittest

import eventlog
import mpulab
import smf_oracle
from eventlog import CALLBACKS, IRP, RX_BYTE, STEP, STREAM, TX_BYTE

IOCTL_KS_WRITE_STREAM = 0x2F8013  # reference §5: CTL_CODE(FILE_DEVICE_KS, 4, METHOD_NEITHER, FILE_WRITE_ACCESS)
IOCTL_KS_READ_STREAM = 0x2F4017
IRP_MJ_DEVICE_CONTROL = 14
OP_WRITE, OP_READ_START = 4, 6  # mpulab_opcode
DRIVER = mpulab.bundled_driver().name
DATA = 0  # the card's DATA register
WRITE, READ = 0, 1  # STREAM_RANGE's direction


class FollowOneByte(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = mpulab.Scratch()
        cls.addClassCleanup(scratch.__exit__)
        cls.run_ = mpulab.play(mpulab.SONG, scratch.path / "out")
        assert cls.run_.status == mpulab.PASSED, cls.run_
        cls.records = cls.run_.records
        cls.modules = eventlog.modules(cls.records)
        cls.events, _ = smf_oracle.expected(mpulab.SONG)
        cls.bytes = smf_oracle.wire_bytes(cls.events)

    def one(self, found, what):
        self.assertEqual(len(found), 1, f"{what}: {[str(r) for r in found[:5]]}")
        return found[0]

    def kind(self, kind, corr=None):
        return [r for r in eventlog.of_kind(self.records, kind) if corr is None or r.corr == corr]

    def corr(self, space, number):
        return space << 56 | number

    def enclosing_call(self, record, *callbacks):
        """The CALL_ENTER of one of `callbacks` that is open on `record`'s vCPU when it happens: nesting, not time."""
        stack = []
        for r in self.records[: record.seq]:
            if r.kind == "CALL_ENTER" and r.cpu == record.cpu:
                stack.append(r)
            elif r.kind == "CALL_LEAVE" and r.cpu == record.cpu:
                while stack and stack.pop().a != r.a:
                    pass
        found = [r for r in stack if CALLBACKS[r.a] in callbacks]
        self.assertTrue(found, f"record {record} lies inside {[CALLBACKS[r.a] for r in stack]}, none of {callbacks}")
        return found[-1]

    def range_of(self, direction, offset):
        return self.one([r for r in self.kind("STREAM_RANGE") if r.c == direction and r.a <= offset < r.a + r.b],
                        f"STREAM_RANGE of byte {offset}, direction {direction}")

    def step_of(self, corr, opcode):
        """The score step `corr` names: it must have begun with this opcode."""
        self.assertEqual(corr >> 56, STEP, f"{corr:#x} names no score step")
        begun = self.one(self.kind("STEP_BEGIN", corr), "STEP_BEGIN")
        self.assertEqual(begun.a, opcode)
        return begun

    def calls(self, callback):
        """[(enter, leave)] of an entry point, paired by nesting on each vCPU."""
        pairs, open_calls = [], {}
        for r in self.records:
            if r.kind == "CALL_ENTER":
                open_calls.setdefault(r.cpu, []).append(r)
            elif r.kind == "CALL_LEAVE":
                enter = open_calls[r.cpu].pop()
                self.assertEqual(enter.a, r.a, f"record {r} leaves what was not entered last")
                if CALLBACKS[r.a] == callback:
                    pairs.append((enter, r))
        return pairs

    def test_down_from_the_write_irp_through_write_and_an_out_inside_the_driver_to_the_wire(self):
        writes = self.calls("Write")
        for offset in (0, len(self.bytes) // 2, len(self.bytes) - 1):
            with self.subTest(offset=offset):
                # From the wire back to the driver's instruction: one number for the byte.
                wire = self.one(self.kind("WIRE_OUT", self.corr(TX_BYTE, offset + 1)), "wire byte")
                self.assertEqual(wire.a, self.bytes[offset])
                out = self.one([r for r in self.kind("REG_WRITE", wire.corr) if r.a == DATA], "OUT to the DATA port")
                self.assertEqual(out.b, self.bytes[offset])
                self.assertTrue(eventlog.inside(self.modules, DRIVER, out.pc), f"PC {out.pc:#x}, {self.modules}")
                # From the client's write to the call that handed the byte over: one number for the IRP.
                handed = self.range_of(WRITE, offset)
                self.assertEqual(handed.space, IRP)
                enter, leave = self.one([(enter, leave) for enter, leave in writes if enter.seq < handed.seq < leave.seq],
                                        "Write that the range is the result of")
                self.assertEqual((enter.corr, leave.c), (handed.corr, handed.b))
                self.assertEqual(leave.b, 0)
                made = self.one(self.kind("IRP_MADE", handed.corr), "IRP_MADE")
                self.assertEqual((made.a >> 8, made.b), (IRP_MJ_DEVICE_CONTROL, IOCTL_KS_WRITE_STREAM))
                self.assertEqual(self.one(self.kind("IRP_DONE", handed.corr), "IRP_DONE").b, 0)
                step = self.step_of(made.c, OP_WRITE)
                order = [step.seq, made.seq, enter.seq, out.seq, wire.seq]
                self.assertEqual(order, sorted(order))

    def test_up_from_the_wire_through_interrupt_isr_and_an_in_inside_the_driver_to_the_clients_buffer(self):
        reads = self.calls("Read")
        for offset in (0, len(self.bytes) // 2, len(self.bytes) - 1):
            with self.subTest(offset=offset):
                arrived = self.kind("WIRE_IN")[offset]
                self.assertEqual(arrived.space, RX_BYTE)
                self.assertEqual(arrived.a, self.bytes[offset])
                read = self.one([r for r in self.kind("REG_READ", arrived.corr) if r.a == DATA], "IN from the DATA port")
                self.assertEqual(read.b, self.bytes[offset])
                self.assertTrue(eventlog.inside(self.modules, DRIVER, read.pc), f"PC {read.pc:#x}, {self.modules}")
                self.enclosing_call(read, "InterruptRoutine", "SynchronizedRoutine")

                # Read's results add up to the stream: the call that gave this byte is the one that crosses its offset.
                taken = self.range_of(READ, offset)
                self.assertEqual(taken.space, STREAM)
                given = 0
                for enter, leave in reads:
                    self.assertEqual(enter.c, taken.number, "Read was called on the stream that the range names")
                    if given <= offset < given + leave.c:
                        break
                    given += leave.c
                self.assertEqual((given, leave.c), (taken.a, taken.b))
                # The client's buffer, and the read it came with: one number for the score step.
                at = self.one([r for r in self.kind("CAPTURED_AT") if r.c <= offset < r.c + r.b], "CAPTURED_AT")
                step = self.step_of(at.corr, OP_READ_START)
                sent = [r for r in self.kind("IRP_MADE") if r.c == at.corr and r.b == IOCTL_KS_READ_STREAM]
                self.assertTrue(sent, "no IOCTL_KS_READ_STREAM was sent for the step")
                self.assertEqual(sent[0].a >> 8, IRP_MJ_DEVICE_CONTROL)
                data = b"".join(r.data for r in self.kind("CAPTURED", at.corr))
                self.assertEqual(data[offset], self.bytes[offset])
                order = [step.seq, sent[0].seq, arrived.seq, read.seq, leave.seq, at.seq]
                self.assertEqual(order, sorted(order))

    def test_the_first_byte_that_comes_in_is_read_by_the_interrupt_routine_the_kernel_took_for_it(self):
        arrived = self.kind("WIRE_IN")[0]
        read = self.one([r for r in self.kind("REG_READ", arrived.corr) if r.a == DATA], "IN from the DATA port")
        routine = self.enclosing_call(read, "InterruptRoutine")
        line = [r for r in self.kind("IRQ") if r.a == 1 and arrived.seq < r.seq < routine.seq]
        self.assertTrue(line, "the line rose between the byte's arrival and the routine")
        leave = next(r for r in self.records[read.seq :] if r.kind == "CALL_LEAVE" and r.a == routine.a)
        self.assertEqual(leave.b, 0, "the routine claims its interrupt: STATUS_SUCCESS")
        taken = next(r for r in self.records[routine.seq :] if r.kind == "INTERRUPT")
        self.assertEqual(taken.b, 1, "the kernel saw it claimed")

    def test_every_out_of_a_midi_byte_and_every_in_has_its_pc_inside_the_driver(self):
        accesses = [r for r in self.kind("REG_WRITE") + self.kind("REG_READ")]
        self.assertGreater(len(accesses), 2 * len(self.bytes))
        outside = [str(r) for r in accesses if not eventlog.inside(self.modules, DRIVER, r.pc)]
        self.assertEqual(outside, [])

    def test_every_modules_range_is_its_own(self):
        ranges = sorted((base, base + size, name) for name, (base, size) in self.modules.items())
        self.assertLessEqual({"ntoskrnl.exe", "hal.dll", "ks.sys", "portcls.sys", DRIVER}, set(self.modules))
        for before, after in zip(ranges, ranges[1:]):
            self.assertLessEqual(before[1], after[0], (before, after))


if __name__ == "__main__":
    mpulab.main()
