#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What drivers count on in the kernel, tried from inside a driver (semantics.sys): one boot, each case by its name."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402


class Semantics(unittest.TestCase):
    def test_dispatcher_objects_dpcs_timers_pool_and_strings_behave_as_documented(self):
        driver = guest_machine.test_driver("ntoskrnl/semantics", "semantics")
        run = guest_machine.boot(guest_machine.Score(), driver)
        self.assertIn("semantics: all cases ran", run.text)
        self.assertEqual(len(re.findall("semantics: case ", run.text)), 19, run.text)
        self.assertEqual(re.findall("semantics: FAILED.*", run.text), [], run.text)


if __name__ == "__main__":
    unittest.main()
