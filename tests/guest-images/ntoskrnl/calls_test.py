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
    @classmethod
    def setUpClass(cls):
        cls.run_ = guest_machine.boot(guest_machine.Score(), guest_machine.test_driver("ntoskrnl/calls", "calls"))

    def test_each_export_does_what_is_documented_and_refuses_what_it_should(self):
        run = self.run_
        self.assertEqual(re.findall("calls: FAILED.*", run.text), [])
        self.assertEqual(len(re.findall("calls: case ", run.text)), 43, run.text)
        self.assertIn("calls: all cases ran", run.text)

    def test_text_by_argument_list_reaches_the_log_with_its_prefix(self):
        self.assertIn("calls: a list of 7 and words", self.run_.text)
        self.assertIn("before-calls: a list of 8", self.run_.text)

    def test_an_assertion_that_fails_says_what_and_where_and_the_driver_goes_on(self):
        self.assertIn("assertion failed: it does not add up: 1 == 2, sums.c line 17", self.run_.text)

    def test_an_apc_routine_is_refused_by_name(self):
        for name in ("ZwReadFile", "ZwWriteFile", "ZwDeviceIoControlFile"):
            self.assertEqual(self.run_.text.count(f"{name}: an APC routine was given"), 1, name)

    def test_no_rule_is_broken_and_no_pool_left_behind(self):
        self.assertEqual(self.run_.named("FINDING"), [])


if __name__ == "__main__":
    unittest.main()
