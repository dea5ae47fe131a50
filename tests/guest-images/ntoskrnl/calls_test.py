#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Exports that no other test driver uses, called with right and wrong input from inside a driver (calls.sys): one boot,
each case by its name."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402


class Calls(unittest.TestCase):
    def test_each_export_does_what_is_documented_and_refuses_what_it_should(self):
        run = guest_machine.boot(guest_machine.Score(), guest_machine.test_driver("ntoskrnl/calls", "calls"))
        self.assertEqual(re.findall("calls: FAILED.*", run.text), [])
        self.assertEqual(len(re.findall("calls: case ", run.text)), 44, run.text)
        self.assertIn("calls: all cases ran", run.text)
        with self.subTest("text by argument list reaches the log with its prefix"):
            self.assertIn("calls: a list of 7 and words", run.text)
            self.assertIn("before-calls: a list of 8", run.text)
        with self.subTest("an assertion that fails says what and where, and the driver goes on"):
            self.assertIn("assertion failed: it does not add up: 1 == 2, sums.c line 17", run.text)
        for name in ("ZwReadFile", "ZwWriteFile", "ZwDeviceIoControlFile"):
            with self.subTest("an APC routine is refused by name", name=name):
                self.assertEqual(run.text.count(f"{name}: an APC routine was given"), 1)
        with self.subTest("a driver that answers more than the caller's buffer holds is told, and nothing beyond is written"):
            self.assertIn("function 0x3: IoStatus.Information is 0x1002, the caller's buffer has 0x2 bytes", run.text)
        with self.subTest("no rule is broken and no pool left behind"):
            self.assertEqual(run.named("FINDING"), [])


if __name__ == "__main__":
    unittest.main()
