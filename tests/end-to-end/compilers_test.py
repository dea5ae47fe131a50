#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The driver of mingw-w64 and the one of clang in the MSVC ABI, from one source, do the same to the card."""
import unittest

import eventlog
import mpulab

DATA, STATUS = 0, 1


class Trace:
    """What a run did to the card's registers, input apart from output. How often STATUS is looked at before it allows
    the next access depends on how many instructions a compiler needs, and so does which direction comes first; which
    accesses follow, and with which values, does not."""

    def __init__(self, run):
        records = eventlog.of_kind(run.records, "REG_READ", "REG_WRITE")
        self.written = [(r.a, r.b) for r in records if r.kind == "REG_WRITE"]
        self.read = [r.b for r in records if r.kind == "REG_READ" and r.a == DATA]
        self.looks = sum(r.kind == "REG_READ" and r.a == STATUS for r in records)


class Compilers(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path

    def trace(self, abi, song, card):
        package = mpulab.package_of(abi, self.folder / abi)
        run = mpulab.play(mpulab.SONGS / song, self.folder / f"{abi}-{song}-{card}", "--package", package, "--card", card)
        self.assertEqual(run.status, mpulab.PASSED, run)
        return Trace(run)

    def test_the_driver_of_either_compiler_leaves_the_same_register_trace(self):
        for song, card in (("first-light.mid", "isa-mpu401"), ("corners.mid", "isa-mpu401"), ("first-light.mid", "pci-mpu401")):
            with self.subTest(song, card=card):
                mingw, msvc = self.trace("x86_64", song, card), self.trace("x86_64-msvc", song, card)
                self.assertEqual(mingw.written, msvc.written)
                self.assertEqual(mingw.read, msvc.read)
                self.assertLess(abs(mingw.looks - msvc.looks), mingw.looks / 50, (mingw.looks, msvc.looks))


if __name__ == "__main__":
    mpulab.main()
