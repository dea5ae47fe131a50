#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two processors: what drivers count on there (two_cpus.sys), and that a run is still a function of its seed."""
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402

FULL = os.environ.get("MPULAB_FULL") == "1"


def boot(**options):
    driver = guest_machine.test_driver("ntoskrnl/two_cpus", "two_cpus")
    return guest_machine.boot(guest_machine.Score(), driver, cpus=2, **options)


class TwoProcessors(unittest.TestCase):
    def check(self, run):
        self.assertIn("semantics: all cases ran", run.text)
        self.assertEqual(len(re.findall("semantics: case ", run.text)), 13, run.text)
        self.assertEqual(re.findall("semantics: FAILED.*", run.text), [], run.text)

    def test_threads_dpcs_locks_and_mappings_behave_as_documented_on_two_processors(self):
        self.check(boot())

    def test_they_do_so_whatever_the_schedule(self):
        for seed in range(1, 101 if FULL else 6):
            with self.subTest(slice_seed=seed):
                self.check(boot(slice_seed=seed))

    def test_a_schedule_is_a_function_of_its_seed(self):
        hashes = {seed: {boot(slice_seed=seed).sha256 for _ in range(2)} for seed in (1, 2)}
        for seed, found in hashes.items():
            self.assertEqual(len(found), 1, f"slice seed {seed}")
        self.assertNotEqual(*hashes.values())


if __name__ == "__main__":
    unittest.main()
