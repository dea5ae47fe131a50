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
from guest_machine import ADD_DEVICE, CANCEL_REMOVE, FINISH_REMOVE, QUERY_REMOVE, SURPRISE_REMOVE  # noqa: E402

ACTIVITY = uuid.UUID("0c2f9c51-1f5e-4c8e-8d11-6b3b5f0d7701")
CAUSE = uuid.UUID("0c2f9c51-1f5e-4c8e-8d11-6b3b5f0d7702")
PROVIDER = uuid.UUID("1b562e86-b7aa-4131-badc-b6f3a001407e")


REMOVALS = (QUERY_REMOVE, QUERY_REMOVE, CANCEL_REMOVE, QUERY_REMOVE, FINISH_REMOVE, ADD_DEVICE, SURPRISE_REMOVE)


class Habits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        score = guest_machine.Score()
        cls.steps = [score.device(request, flags=guest_machine.MAY_FAIL) for request in REMOVALS]
        cls.run_ = guest_machine.boot(score, guest_machine.test_driver("ntoskrnl/habits", "habits"))

    def test_memory_tracing_security_and_notifications_behave_as_documented(self):
        run = self.run_
        self.assertIn("habits: all cases ran", run.text)
        self.assertEqual(len(re.findall("habits: case ", run.text)), 8, run.text)
        self.assertEqual(re.findall("habits: FAILED.*", run.text), [], run.text)

    def test_who_has_a_handle_on_a_device_hears_before_it_is_removed_and_may_refuse(self):
        run = self.run_
        heard = re.findall(r"habits: (hears .*|minor \d+)", run.text)
        query, removed, cancelled, surprise = "minor 1", "minor 2", "minor 3", "minor 23"
        self.assertEqual(heard, [
            "hears that it may be removed", "hears that it is not",  # its refusal: the device is not even asked
            "hears that it may be removed", query, cancelled, "hears that it is not",
            "hears that it may be removed", query, removed, "hears that it is gone",
            surprise, "hears that it is gone", removed], run)
        statuses = [run.status_of(step) for step in self.steps]
        self.assertEqual(statuses, [0xC0000001] + [0] * (len(statuses) - 1))

    def test_a_provider_and_what_it_writes_stand_in_the_event_log(self):
        run = self.run_
        there, gone = run.of("ETW_PROVIDER")
        self.assertEqual(struct.pack("<QQ", there.a, there.b), PROVIDER.bytes_le)
        self.assertEqual(gone.c, there.c | 1 << 63)
        events = run.of("ETW_EVENT")
        self.assertEqual(len(events), 5, run)
        self.assertEqual(struct.unpack("<HBBBBH", struct.pack("<Q", events[0].a)), (7, 2, 0, 4, 0, 9))
        self.assertEqual((events[0].b, events[0].c), (0x8000000000000001, there.c))
        self.assertEqual(events[1].irql, 15, "written where a service routine writes")
        data = b"".join(record.data for record in run.of("ETW_DATA"))
        self.assertEqual(data, struct.pack("<I", 0x12345678) + b"a driver's words\0" + "text\0".encode("utf-16-le") + struct.pack("<I", 0x12345678))

    def test_an_event_names_the_activity_it_belongs_to_and_the_one_that_brought_it_about(self):
        after, seen = None, []
        for record in self.run_.of("ETW_EVENT", "ETW_ACTIVITY"):
            if record.kind == "ETW_ACTIVITY":
                seen.append((after, uuid.UUID(bytes_le=struct.pack("<QQ", record.a, record.b)), record.c))
            else:
                after = record.irql
        self.assertEqual(seen, [(0, ACTIVITY, 0), (0, CAUSE, 1), (15, CAUSE, 1)])


if __name__ == "__main__":
    unittest.main()
