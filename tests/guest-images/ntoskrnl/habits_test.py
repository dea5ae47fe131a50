#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Kernel calls that public MIDI packages make (reference real-packages.md), tried from inside a driver (habits.sys): one
boot, each case by its name; what is traced stands in the event log."""
import pathlib
import re
import struct
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402

PROVIDER = uuid.UUID("1b562e86-b7aa-4131-badc-b6f3a001407e")


class Habits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_ = guest_machine.boot(guest_machine.Score(), guest_machine.test_driver("ntoskrnl/habits", "habits"))

    def test_memory_tracing_security_and_notifications_behave_as_documented(self):
        run = self.run_
        self.assertIn("habits: all cases ran", run.text)
        self.assertEqual(len(re.findall("habits: case ", run.text)), 7, run.text)
        self.assertEqual(re.findall("habits: FAILED.*", run.text), [], run.text)

    def test_a_provider_and_what_it_writes_stand_in_the_event_log(self):
        run = self.run_
        there, gone = run.of("ETW_PROVIDER")
        self.assertEqual(struct.pack("<QQ", there.a, there.b), PROVIDER.bytes_le)
        self.assertEqual(gone.c, there.c | 1 << 63)
        events = run.of("ETW_EVENT")
        self.assertEqual(len(events), 3, run)
        self.assertEqual(struct.unpack("<HBBBBH", struct.pack("<Q", events[0].a)), (7, 2, 0, 4, 0, 9))
        self.assertEqual((events[0].b, events[0].c), (0x8000000000000001, there.c))
        self.assertEqual(events[1].irql, 15, "written where a service routine writes")
        data = b"".join(record.data for record in run.of("ETW_DATA"))
        self.assertEqual(data, struct.pack("<I", 0x12345678) + b"a driver's words\0" + "text\0".encode("utf-16-le"))


if __name__ == "__main__":
    unittest.main()
