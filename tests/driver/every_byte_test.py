#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shipped driver with something going wrong at byte k of a stream, for all k of 64, out and in (tests/driver/every_byte.py).

What was there before k is intact, a stream that lives on is whole, one that ends is cut and not garbled, and the device plays
and hears afterwards; with all rules on. MPULAB_FULL=1 plays every fault at every byte and prints the product; else a seed that
is printed draws a sample. MPULAB_SEED=N draws it again.
"""
import json
import os
import random
import subprocess
import unittest

import every_byte
import eventlog
import mpulab
from own_driver import is_part
from every_byte import AFTERWARDS, BYTES, CUT, GAP, MARK, PREFACE, SONG, WHOLE

SAMPLE_FAULTS, SAMPLE_BYTES = 6, 4
ABI = {"mingw": "x86_64", "msvc": "x86_64-msvc"}[os.environ.get("MPULAB_ABI", "msvc")]


def drawn():
    """[(way, fault, [k])]"""
    every = [(way, fault) for way, faults in every_byte.FAULTS.items() for fault in faults]
    if mpulab.FULL:
        return [(way, fault, list(range(1, BYTES + 1))) for way, fault in every]
    seed = int(os.environ.get("MPULAB_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"drawn by seed {seed}; MPULAB_SEED={seed} draws it again")
    draw = random.Random(seed)
    return [(way, fault, sorted(draw.sample(range(1, BYTES + 1), SAMPLE_BYTES))) for way, fault in draw.sample(every, SAMPLE_FAULTS)]


class Log:
    """What crossed the wire and what the client read, before, between and after the markers."""

    def __init__(self, path):
        self.out, self.captured, part = {}, {}, 0
        for r in eventlog.stream(path):
            if r.kind == "MARKER":
                part = r.a
            elif r.kind == "WIRE_OUT" and r.space != eventlog.OWN_BYTE:
                self.out[part] = self.out.get(part, b"") + bytes([r.a])
            elif r.kind == "CAPTURED":
                self.captured[part] = self.captured.get(part, b"") + r.data

    @staticmethod
    def before(parts):
        """Until the device plays again."""
        return b"".join(data for part, data in sorted(parts.items()) if part < AFTERWARDS)


class EveryByte(unittest.TestCase):
    def test_a_fault_at_any_byte_leaves_what_was_before_intact_and_a_device_that_plays(self):
        faults = drawn()
        self.moments = {}  # bytes on the wire when the request came, by fault
        with mpulab.Scratch() as scratch:
            package = mpulab.package_of(ABI, scratch / "package")
            scenarios = scratch / "scenarios"
            scenarios.mkdir()
            for number, (way, fault, ks) in enumerate(faults):
                (scenarios / f"{number}.yaml").write_text(every_byte.scenario(way, fault, ks))
            done = subprocess.run([mpulab.MPULAB, "run", scenarios, "--package", package, "--out", scratch / "out"],
                                  text=True, capture_output=True, env=mpulab.surroundings(scratch / "out", {}))
            runs = {}
            for path in (scratch / "out").glob("*/result.json"):
                result = json.loads(path.read_text())
                number, k = int(result["scenario"]["name"].split("[")[0]), int(result["scenario"]["parameters"]["at"])
                k -= len(every_byte.before(faults[number][0]))
                runs[number, k] = (result, path)
            expected = {(number, k) for number, (_, _, ks) in enumerate(faults) for k in ks}
            self.assertEqual(set(runs), expected, done.stdout[-2000:] + done.stderr[-2000:])
            for (number, k), (result, path) in sorted(runs.items()):
                way, fault, _ = faults[number]
                with self.subTest(f"{way}: {fault.name}", k=k, abi=ABI):
                    self.assertEqual((result["verdict"], result["reason"]), ("passed", ""))
                    log = Log(next(path.parent.glob(mpulab.EVENT_LOG + "*")))
                    (self.went_out if way == "out" else self.came_in)(fault, k, log)
        if mpulab.FULL:
            for name, moments in self.moments.items():
                # One that came a byte later falls on its neighbour's moment; with a Write still on its way one in six does.
                self.assertGreaterEqual(len(moments), BYTES * 3 // 4, f"{name}: hardly a byte is left out: {sorted(moments)}")
        for way, fault, ks in faults:
            print(f"{ABI} {way:3} {fault.name}: at byte {', '.join(map(str, ks)) if len(ks) < BYTES else f'1 to {BYTES}'}")
        print(f"{len(runs)} runs")

    def went_out(self, fault, k, log):
        sent = log.before(log.out)
        self.assertEqual(sent[:len(PREFACE)], PREFACE)
        sent = sent[len(PREFACE):]
        if fault.steps:
            came = len(log.out[1]) - len(PREFACE)
            self.assertIn(came, {min(k + 1, BYTES), min(k + 2, BYTES)}, "it came while the byte after k was on the wire, or just behind it")
            self.moments.setdefault(fault.name, set()).add(came)
        if fault.outcome == WHOLE:
            self.assertEqual(sent, SONG)
        else:
            self.assertTrue(SONG.startswith(sent), f"sent: {sent.hex(' ')}")
            self.assertGreaterEqual(len(sent), k)
        self.assertEqual(log.out[AFTERWARDS], MARK, "it plays afterwards")
        if not fault.deaf:
            self.assertEqual(log.captured[AFTERWARDS], MARK, "it hears afterwards")

    def came_in(self, fault, k, log):
        captured = log.before(log.captured)
        if fault.outcome == WHOLE:
            self.assertEqual(captured + log.captured[AFTERWARDS], SONG + MARK)
        elif fault.outcome == GAP:
            self.assertEqual(captured[:k], SONG[:k])
            self.assertTrue(is_part(captured, SONG), f"captured: {captured.hex(' ')}")
        else:
            self.assertEqual(captured[:k], SONG[:k])
        if fault.steps:
            self.assertEqual(len(log.captured[1]), k, "it came at byte k")
        self.assertEqual(log.captured[AFTERWARDS][-len(MARK):], MARK, "it hears afterwards")
        self.assertEqual(log.out[AFTERWARDS], MARK, "it plays afterwards")


if __name__ == "__main__":
    unittest.main(verbosity=2)
