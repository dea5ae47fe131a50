#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The judges of end-to-end runs are judged: a faultless log passes, and each planted defect is found and named."""
import unittest

import eventlog
import song_checks
from smf_oracle import Event

NUMBER = {name: number for number, name in eventlog.KINDS.items()}
BYTE = song_checks.WIRE_BYTE_NS
ZERO = 50_000_000
EVENTS = [Event(0, b"\xc0\x05"), Event(0, b"\x90\x3c\x40"), Event(500_000_000, b"\x90\x3c\x00"),
          Event(500_000_000, b"\xf0\x01\x02\x03\xf7"), Event(501_000_000, b"\xb0\x07\x10")]


def record(kind, time, a=0, b=0, c=0, count=1, corr=0, flags=0):
    return (kind, time, corr, count, flags, a, b, c)


def log(rows):
    """Records in order of time, numbered."""
    return [eventlog.Record(seq, time, corr, 0, NUMBER[kind], 0, 0xFF, count, 0, flags, a, b, c)
            for seq, (kind, time, corr, count, flags, a, b, c) in enumerate(sorted(rows, key=lambda row: row[1]))]


def captured(data, time):
    return [record("CAPTURED", time, *(int.from_bytes(data[i : i + 24].ljust(24, b"\0")[w : w + 8], "little")
                                       for w in (0, 8, 16)), count=len(data[i : i + 24])) for i in range(0, len(data), 24)]


def faultless(lateness=lambda number: 300_000 * (number % 3), wire=lambda n, byte: byte, back=lambda data: data,
              end=("RUN_ENDED", 0), more=()):
    rows, free, number = [], 0, 0
    data = b"".join(event.data for event in EVENTS)
    for index, event in enumerate(EVENTS):
        start = max(free, ZERO + event.time_ns + lateness(index))
        for byte in event.data:
            sent = wire(number, byte)
            if sent is not None:
                rows.append(record("WIRE_OUT", start, sent, start + BYTE))
                rows.append(record("WIRE_IN", start + BYTE, byte))
            start += BYTE
            number += 1
        free = start
    rows += captured(back(data), 2_000_000_000)
    rows += more
    rows.append(record(end[0], 3_000_000_000, end[1]))
    return log(rows)


class SongChecks(unittest.TestCase):
    def finds(self, records, *words):
        with self.assertRaises(song_checks.Wrong) as caught:
            song_checks.all_of_it(records, EVENTS)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_a_faultless_run_passes(self):
        song_checks.all_of_it(faultless(), EVENTS)
        low, high, free = song_checks.events_on_time(faultless(), EVENTS)
        self.assertLessEqual(low, ZERO)
        self.assertGreaterEqual(high, ZERO)
        self.assertEqual(free, 2)

    def test_a_changed_byte_on_the_wire_is_found(self):
        self.finds(faultless(wire=lambda n, byte: byte ^ 1 if n == 4 else byte), "wire out", "byte 4", "41", "40")

    def test_a_lost_byte_on_the_wire_is_found(self):
        self.finds(faultless(wire=lambda n, byte: None if n == 6 else byte), "wire out: 15 bytes, expected 16", "byte 6")

    def test_an_invented_byte_on_the_wire_is_found(self):
        extra = record("WIRE_OUT", 1_000_000_000, 0xFE, 1_000_000_000 + BYTE)
        self.finds(faultless(more=[extra]), "wire out: 17 bytes, expected 16")

    def test_a_byte_that_takes_too_short_on_the_wire_is_found(self):
        rows = faultless()
        at = next(i for i, r in enumerate(rows) if r.kind == "WIRE_OUT")
        rows[at] = rows[at]._replace(b=rows[at].b - 1)
        self.finds(rows, "took 319999 ns")

    def test_an_event_that_is_too_late_is_found(self):
        self.finds(faultless(lateness=lambda number: 2_500_000 if number == 2 else 0), "no zero of the song fits", "90 3c 00")

    def test_an_event_without_room_that_waits_for_nothing_is_found(self):
        self.finds(faultless(lateness=lambda number: 9_000_000 if number == 4 else 0), "although the wire is free")

    def test_captured_bytes_out_of_order_are_found(self):
        self.finds(faultless(back=lambda data: data[1::-1] + data[2:]), "capture pin", "byte 0")

    def test_a_captured_byte_too_few_is_found(self):
        self.finds(faultless(back=lambda data: data[:-1]), "capture pin: 15 bytes, expected 16")

    def test_a_run_that_did_not_end_well_is_found(self):
        self.finds(faultless(end=("RUN_ENDED", 6)), "expected RUN_ENDED with SCORE_DONE")
        self.finds(faultless(end=("MARKER", 1)), "expected RUN_ENDED with SCORE_DONE")

    def test_an_overrun_is_found_even_if_the_bytes_are_right(self):
        self.finds(faultless(more=[record("OVERRUN", 1_000_000_000, 1, 0x40, 64)]), "1 OVERRUN records")


if __name__ == "__main__":
    unittest.main()
