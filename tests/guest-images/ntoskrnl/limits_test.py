#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every export with an IRQL limit (exports.inc) is called one level above it, or below it, by a driver, and the report
names it, both levels and the caller. Each call ends its run, so a sample is drawn, anew each time; all of them with --full."""
import os
import pathlib
import random
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import eventlog  # noqa: E402
import guest_machine  # noqa: E402

NANONT = pathlib.Path(__file__).resolve().parents[3] / "guest-images/nanont"
LEVELS = {"Passive": 0, "Apc": 1, "Dispatch": 2, "AtDispatch": 2}  # highest
LOWEST = {"AtDispatch": 2, "FromDispatch": 2}
FULL = os.environ.get("MPULAB_FULL") == "1"
SAMPLE = 6
IRQL_NOT_GREATER_OR_EQUAL = 0x9
IRQL_NOT_LESS_OR_EQUAL = 0xA
BAD_POOL_CALLER = 0xC2


def limited(levels):
    """[(export, IRQL)] of all four modules, of those that `levels` has a word for."""
    found = []
    for module in ("ntoskrnl", "hal", "ks", "portcls"):
        text = (NANONT / module / "exports.inc").read_text()
        found += [(name, levels[limit]) for name, limit in re.findall(r"^NANONT_EXPORT\((\w+), \w+, (\w+),", text, re.M)
                  if limit in levels]
    return found


class Limits(unittest.TestCase):
    def called_outside(self, name):
        driver = guest_machine.test_driver("ntoskrnl/limits", "limits")
        score = guest_machine.Score()
        return guest_machine.boot(score, driver, files={
            driver.name: None, f"limits-{name}.sys": driver.read_bytes(),
            "boot.cfg": f"driver=limits-{name}.sys\n".encode()})

    def drawn(self, exports, least, sample):
        self.assertGreater(len(exports), least)
        if FULL:
            return exports
        seed = int(os.environ.get("MPULAB_SAMPLE_SEED") or random.SystemRandom().randrange(2**32))
        print(f"{sample} of {len(exports)} exports, drawn by seed {seed}; again: MPULAB_SAMPLE_SEED={seed}")
        return random.Random(seed).sample(exports, sample)

    def test_an_export_called_above_its_irql_limit_ends_in_a_report_that_names_it_and_the_caller(self):
        exports = self.drawn(limited(LEVELS), 250, SAMPLE)
        for name, limit in exports:
            with self.subTest(name, limit=limit):
                run = self.called_outside(name)
                self.assertNotIn("limits:", run.text)
                code, parameters = run.bugcheck()
                if name.startswith(("ExAllocatePool", "ExFreePool")):  # Windows has a code of its own for these
                    self.assertEqual((code, *parameters[:2]), (BAD_POOL_CALLER, 9 if "Free" in name else 8, limit + 1), run)
                    continue
                self.assertEqual((code, parameters[1]), (IRQL_NOT_LESS_OR_EQUAL, limit + 1), run)
                base, size = eventlog.modules(run.records)[f"limits-{name}.sys".lower()]
                self.assertTrue(base <= parameters[0] < base + size, run)
                words = "only" if (name, limit) in limited(LOWEST) else "or below"
                self.assertIn(f"{name} was called at IRQL {limit + 1}; it may be called at IRQL {limit} {words}", run.text)

    def test_a_name_without_a_limit_is_refused_by_the_test_driver_itself(self):
        for name in ("KeInsertQueueDpc", "NoSuchExport"):
            self.assertIn("names no export with a limit", self.called_outside(name).text)

    def test_an_export_called_below_its_irql_limit_ends_in_a_report_that_names_it_and_the_caller(self):
        for name, limit in self.drawn(limited(LOWEST), 6, 2):
            with self.subTest(name):
                run = self.called_outside(f"below-{name}")
                self.assertNotIn("limits:", run.text)
                code, parameters = run.bugcheck()
                self.assertEqual((code, parameters[1]), (IRQL_NOT_GREATER_OR_EQUAL, limit - 1), run)
                base, size = eventlog.modules(run.records)[f"limits-below-{name}.sys".lower()]
                self.assertTrue(base <= parameters[0] < base + size, run)
                self.assertIn(f"{name} was called at IRQL {limit - 1}; it may be called at IRQL {limit} ", run.text)


if __name__ == "__main__":
    unittest.main()
