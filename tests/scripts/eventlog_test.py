#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tests' own reader of event logs: what it reads, and everything it must refuse."""
import pathlib
import tempfile
import unittest

import eventlog


def record(seq, time=0, kind=65, count=1, flags=0, payload=(0, 0, 0), corr=0, pc=0):
    return eventlog.RECORD.pack(seq, time, corr, pc, kind, 0, 0xFF, count, 0, flags, *payload)


HEADER = eventlog.HEADER.pack(b"MPLBLINK", 1, 64)


class EventLog(unittest.TestCase):
    def read(self, data):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return eventlog.read(file.name)

    def refused(self, data, words):
        with self.assertRaises(eventlog.BadLog) as caught:
            self.read(data)
        self.assertIn(words, str(caught.exception))

    def test_records_come_back_with_kind_correlation_and_payload(self):
        records = self.read(HEADER + record(0, 5, 17, payload=(1, 2, 3), corr=(2 << 56) | 7, pc=0xFFFFF80000001000))
        self.assertEqual([(r.kind, r.space, r.number, r.a, r.b, r.c, r.pc) for r in records],
                         [("REG_WRITE", 2, 7, 1, 2, 3, 0xFFFFF80000001000)])

    def test_a_module_gets_the_name_that_follows_in_pieces(self):
        def name(seq, data, more):
            padded = data.ljust(24, b"\0")
            words = tuple(int.from_bytes(padded[i : i + 8], "little") for i in (0, 8, 16))
            return record(seq, 0, 67, len(data), eventlog.MORE if more else 0, words)

        log = HEADER + record(0, 0, 66, payload=(0x1000, 0x200, 0x1010)) + name(1, b"a" * 24, True) + name(2, b".SYS", False)
        records = self.read(log)
        self.assertEqual(eventlog.modules(records), {"a" * 24 + ".sys": (0x1000, 0x200)})
        self.assertTrue(eventlog.inside(eventlog.modules(records), "a" * 24 + ".sys", 0x11FF))
        self.assertFalse(eventlog.inside(eventlog.modules(records), "a" * 24 + ".sys", 0x1200))

    def test_a_gap_in_the_sequence_is_refused(self):
        self.refused(HEADER + record(0) + record(2), "record 1 has sequence number 2")

    def test_time_that_runs_backwards_is_refused(self):
        self.refused(HEADER + record(0, 10) + record(1, 9), "at 9 ns comes after one at 10 ns")

    def test_half_a_record_is_refused(self):
        self.refused(HEADER + record(0)[:40], "40 bytes of half a record")

    def test_another_version_is_refused(self):
        self.refused(eventlog.HEADER.pack(b"MPLBLINK", 2, 64), "version 2")

    def test_an_unknown_kind_is_refused(self):
        self.refused(HEADER + record(0, kind=4000), "kind 4000")

    def test_a_file_shorter_than_a_header_is_refused(self):
        self.refused(b"MPLB", "4 bytes, a header has 16")

    def test_the_def_files_name_every_kind_once(self):
        text = (eventlog.LINK / "mpulab_link_kinds.def").read_text()
        self.assertEqual(text.count("\nMPULAB_KIND("), len(eventlog.KINDS))
        self.assertEqual(len(set(eventlog.KINDS.values())), len(eventlog.KINDS))
        self.assertEqual(pathlib.Path(eventlog.LINK).name, "link")


if __name__ == "__main__":
    unittest.main()
