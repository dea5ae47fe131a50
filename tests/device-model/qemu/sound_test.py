#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The synthesizer on the card's MIDI OUT (`audiodev`, `soundfont`, `gain`), heard through QEMU's wav backend."""
import array
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import eventlog

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "conformance"))
import qtest_runner  # noqa: E402
from qtest_runner import COMMAND, DATA, WIRE_BYTE_NS  # noqa: E402
from smoke_test import Machine, run  # noqa: E402

QEMU = os.environ.get("MPULAB_QEMU", "")
RATE, WAV_HEADER = 44_100, 44
FONT = next(iter(sorted(pathlib.Path("/usr/share/sounds/sf2").glob("*.sf2"))), None)


def loudness(path):
    """For each frame of a 16-bit stereo WAV, how far its louder channel is from silence."""
    samples = array.array("h", path.read_bytes()[WAV_HEADER:])
    return [max(abs(left), abs(right)) for left, right in zip(samples[::2], samples[1::2])]


def frame_at(time_ns):
    return time_ns * RATE // 1_000_000_000


class TheSynthesizer(unittest.TestCase):
    def setUp(self):
        if not QEMU:
            self.skipTest("no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        if not FONT:
            self.skipTest("no sound font; next: apt-get install timgm6mb-soundfont")
        folder = tempfile.TemporaryDirectory(prefix="mpulab-sound-")
        self.addCleanup(folder.cleanup)
        self.wav = pathlib.Path(folder.name) / "out.wav"
        self.backend = ("-audiodev", f"wav,id=a,path={self.wav}")

    def heard(self, properties, device=None):
        """Two notes played by stepping the clock: when each began on the wire, and what was heard."""
        extra = self.backend + (("-device", device) if device else ())
        with qtest_runner.Machine(QEMU, properties, extra=extra) as machine:
            machine.write(COMMAND, 0x3F)
            machine.run(300_000_000)
            machine.read(DATA)
            for byte in (0x90, 0x3C, 0x7F, 0x3C, 0x00):  # the note's end by running status
                machine.write(DATA, byte)
                machine.run(1_000_000)
            machine.run(1_995_000_000)
            for byte in (0x99, 0x26, 0x7F):
                machine.write(DATA, byte)
                machine.run(1_000_000)
            machine.run(500_000_000)
            wire = eventlog.of_kind(machine.records(), "WIRE_OUT")
            machine.command("quit")
            machine.stack.close()
        return [wire[place].time + WIRE_BYTE_NS for place in (2, 7)], loudness(self.wav)

    def test_a_note_is_heard_when_its_last_bit_has_left_and_silence_before(self):
        (first, second), frames = self.heard({"audiodev": "a"})
        ten_ms = RATE // 100
        self.assertGreater(frame_at(first), 30 * ten_ms)
        self.assertLess(max(frames[:frame_at(first) - ten_ms]), 16)
        self.assertGreater(max(frames[frame_at(first):frame_at(first) + 5 * ten_ms]), 300)
        self.assertLess(max(frames[frame_at(second) - 20 * ten_ms:frame_at(second) - ten_ms]), 100)
        self.assertGreater(max(frames[frame_at(second):frame_at(second) + 5 * ten_ms]), 1000)

    def test_the_same_bytes_at_the_same_times_make_the_same_file(self):
        _, frames = self.heard({"audiodev": "a", "soundfont": FONT})
        self.assertEqual(self.heard({"audiodev": "a"})[1], frames)

    def test_gain_makes_it_louder_and_softer(self):
        peaks = [max(self.heard({"audiodev": "a", "gain": gain})[1]) for gain in (10, 50)]
        self.assertGreater(peaks[1], 3 * peaks[0])

    def test_switching_sound_on_never_changes_an_event_log(self):
        with tempfile.TemporaryDirectory(prefix="mpulab-sound-") as folder:
            logs = []
            for number, card in enumerate(("", ",audiodev=a", f",audiodev=a,soundfont={FONT},gain=100")):
                log = pathlib.Path(folder) / str(number)
                with Machine(cards=(f"iobase=0x330,irq=7{card}",), extra=self.backend, probe=",on-end=exit",
                             link=f"file,id=link,path={log}") as machine:
                    self.assertEqual(machine.ended(), (0, ""))
                logs.append(log.read_bytes())
        self.assertGreater(len(logs[0]), 1000)
        self.assertEqual(logs[1], logs[0])
        self.assertEqual(logs[2], logs[0])
        frames = len(loudness(self.wav))
        ended = run()[-1].time
        self.assertLess(abs(frames - frame_at(ended)), 2 * RATE // 100)

    def test_two_cards_are_heard_together(self):
        _, frames = self.heard({"audiodev": "a"}, device="pci-mpu401,audiodev=a")
        self.assertGreater(max(frames), 1000)

    def test_what_cannot_be_heard_is_refused_before_the_start(self):
        cases = (
            ("audiodev=b", 'audiodev "b" is not there; the id of an -audiodev expected'),
            ("soundfont=/no/such.sf2", 'soundfont "/no/such.sf2" without audiodev'),
            ("gain=20", "gain 20 without audiodev"),
            ("audiodev=a,gain=0", "gain 0 is no number from 1 to 1000"),
            ("audiodev=a,soundfont=/no/such.sf2", 'soundfont "/no/such.sf2" cannot be read: No such file'),
            ("audiodev=a,soundfont=/usr", 'soundfont "/usr" cannot be read: Is a directory'),
            (f"audiodev=a,soundfont={__file__}", "is no sound font: it does not begin with RIFF and sfbk"),
            ("audiodev=broken", 'audiodev "broken" opens no voice'),
        )
        broken = ("-audiodev", "wav,id=broken,path=/no/such/folder/out.wav")
        for card, message in cases:
            with self.subTest(card), Machine(cards=(card,), extra=self.backend + broken) as machine:
                code, errors = machine.ended()
                self.assertEqual(code, 1)
                self.assertIn(message, errors)

    def test_the_backends_of_a_desktop_are_built_in(self):
        said = subprocess.run([QEMU, "-audiodev", "help"], check=True, capture_output=True, text=True).stdout
        for kind in ("none", "wav", "alsa", "pa"):
            self.assertIn(kind, said.split())


if __name__ == "__main__":
    if not QEMU:
        print("SKIPPED: no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")
        sys.exit(77)
    unittest.main()
