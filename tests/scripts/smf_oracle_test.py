#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The oracle that says what the wire must carry: hand-made files with answers worked out on paper, and the rule that
its two readers agree."""
import pathlib
import struct
import tempfile
import unittest

import smf_oracle

ROOT = pathlib.Path(__file__).resolve().parents[2]


def smf(*tracks, file_format=1, division=480):
    out = b"MThd" + struct.pack(">IHHH", 6, file_format, len(tracks), division)
    return out + b"".join(b"MTrk" + struct.pack(">I", len(track)) + track for track in tracks)


END = b"\x00\xff\x2f\x00"


class Oracle(unittest.TestCase):
    def expected(self, data):
        with tempfile.NamedTemporaryFile(suffix=".mid") as file:
            file.write(data)
            file.flush()
            return smf_oracle.expected(file.name)

    def test_running_status_is_spelled_out(self):
        events, readers = self.expected(smf(b"\x00\x90\x3c\x40\x60\x3c\x00" + END, file_format=0))
        self.assertEqual([event.data for event in events], [b"\x90\x3c\x40", b"\x90\x3c\x00"])
        self.assertEqual(readers, "mido and the plain reader")

    def test_a_tempo_change_on_one_track_moves_the_events_of_the_others(self):
        tempo = b"\x00\xff\x51\x03\x0f\x42\x40" + END  # one second a quarter note
        events, _ = self.expected(smf(tempo, b"\x83\x60\xc0\x01" + END))
        self.assertEqual(events, [smf_oracle.Event(1_000_000_000, b"\xc0\x01")])

    def test_equal_ticks_are_ordered_by_track_then_by_place(self):
        events, _ = self.expected(smf(b"\x00\xc0\x01\x00\xb0\x07\x01" + END, b"\x00\xc1\x02" + END))
        self.assertEqual([event.data for event in events], [b"\xc0\x01", b"\xb0\x07\x01", b"\xc1\x02"])

    def test_escapes_are_raw_and_only_the_plain_reader_judges_them(self):
        events, readers = self.expected(smf(b"\x00\xf0\x02\x43\x12\x00\xf7\x02\x01\xf7\x00\xf7\x01\xf8" + END))
        self.assertEqual([event.data for event in events], [b"\xf0\x43\x12", b"\x01\xf7", b"\xf8"])
        self.assertEqual(readers, "the plain reader")

    def test_a_file_without_a_header_is_no_expectation(self):
        with self.assertRaises(smf_oracle.OracleError):
            self.expected(b"RIFF....")

    def test_both_readers_agree_on_every_song_of_openmsx(self):
        songs = sorted(pathlib.Path("/usr/share/games/openttd/baseset/openmsx").glob("*.mid"))
        self.assertGreaterEqual(len(songs), 20, "next: scripts/bootstrap --test (openttd-openmsx)")
        for song in songs:
            with self.subTest(song.name):
                events, readers = smf_oracle.expected(song)
                self.assertEqual(readers, "mido and the plain reader")
                self.assertGreater(len(events), 100)


if __name__ == "__main__":
    unittest.main()
