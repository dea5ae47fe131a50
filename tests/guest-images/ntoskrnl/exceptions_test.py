#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Structured exceptions as a driver's compiler uses them (exceptions.sys, clang in the MSVC ABI): one boot, each case by
its name; and exceptions that end in a bugcheck."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402

BUGCHECK = 6


def boot(name):
    return guest_machine.boot(guest_machine.Score(), guest_machine.test_driver("ntoskrnl/exceptions", name))


class Exceptions(unittest.TestCase):
    def test_filters_handlers_unwinds_and_probes_behave_as_documented(self):
        run = boot("exceptions")
        self.assertIn("semantics: all cases ran", run.text, run)
        self.assertEqual(len(re.findall("semantics: case ", run.text)), 25, run.text)
        self.assertEqual(re.findall("semantics: FAILED.*", run.text), [], run.text)

    def ends(self, fault, code, parameters):
        run = boot(f"exceptions-{fault}")
        self.assertEqual(run.end, BUGCHECK, run)
        seen, values = run.bugcheck()
        self.assertEqual((hex(seen), [hex(v) for v in values[: len(parameters)]]), (hex(code), [hex(v) for v in parameters]), run)
        self.assertNotIn("handled", run.text)
        return run

    def test_a_wild_kernel_pointer_is_a_bugcheck_whoever_would_handle_it(self):
        self.ends("wild_kernel_address", 0x50, [0xFFFFF70012345678])

    def test_an_exception_in_a_dpc_is_not_for_the_code_it_interrupted(self):
        self.ends("raised_in_a_dpc", 0x1E, [0x80000011])

    def test_an_exception_raised_in_a_handler_goes_outwards(self):
        self.ends("raised_again_by_nobody", 0x7E, [0x80000011])

    def test_a_noncontinuable_exception_cannot_be_continued(self):
        self.ends("continued_noncontinuable", 0x7E, [0xC0000025])


if __name__ == "__main__":
    unittest.main()
