#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each mutant of mutants.toml is killed by the check named beforehand, and not by that check once it is switched off. Two of
them, drawn anew each time, or all with --full. `mutants_test.py --matrix` writes kill-matrix.md."""
import os
import pathlib
import random
import re
import sys
import tempfile
import time
import unittest

import mutants

FULL = os.environ.get("MPULAB_FULL") == "1"
SAMPLE = 2
MATRIX = pathlib.Path(__file__).parent / "kill-matrix.md"


class Mutants(unittest.TestCase):
    def test_each_mutant_is_killed_by_the_check_named_beforehand_and_no_more_by_it_when_it_is_off(self):
        chosen = mutants.load()
        if not FULL:
            seed = int(os.environ.get("MPULAB_SAMPLE_SEED") or random.SystemRandom().randrange(2**32))
            print(f"{SAMPLE} of {len(chosen)} mutants, drawn by seed {seed}; again: MPULAB_SAMPLE_SEED={seed}")
            chosen = random.Random(seed).sample(chosen, SAMPLE)
        with tempfile.TemporaryDirectory(prefix="mpulab-mutants-") as folder:
            for mutant, dead, off in mutants.try_all(chosen, pathlib.Path(folder)):
                with self.subTest(mutant["name"]):
                    self.assertIn(mutant["killed_by"], dead)
                    self.assertNotIn(mutant["killed_by"], off or [])

    def test_the_driver_itself_survives_what_the_mutants_are_played_with(self):
        with tempfile.TemporaryDirectory(prefix="mpulab-mutants-") as folder:
            results = mutants.play(mutants.OBJECTS / mutants.image_name(), mutants.SCENARIO, "all", pathlib.Path(folder))
        self.assertEqual([result["verdict"] for result in results], ["passed"], results[0]["reason"])
        self.assertEqual(mutants.killers(results), [])

    def test_at_least_forty_mutants_each_with_a_name_of_its_own_and_a_change_that_is_in_its_file_once(self):
        table = mutants.load()
        self.assertGreaterEqual(len(table), 40)
        self.assertEqual(len({mutant["name"] for mutant in table}), len(table))
        for mutant in table:
            with self.subTest(mutant["name"]):
                text = mutants.path_of(mutant).read_text()
                self.assertEqual(text.count(mutant["from"]), 1)
                self.assertNotEqual(mutant["from"], mutant["to"])
                self.assertTrue((mutants.ROOT / mutant.get("play", mutants.SCENARIO)).is_file())

    def test_the_matrix_has_each_mutant_with_its_killer(self):
        rows = re.findall(r"^\| (.+?) \| (\S+) \| (\S+) \|", MATRIX.read_text(), re.M)
        self.assertEqual(rows,
                         [(mutant["name"], mutant["file"], mutant["killed_by"]) for mutant in mutants.load()],
                         "next: tests/mutants/mutants_test.py --matrix")


def write_matrix():
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mpulab-mutants-") as folder:
        tried = mutants.try_all(mutants.load(), pathlib.Path(folder))
    MATRIX.write_text(mutants.matrix(tried))
    missed = [f"{mutant['name']}: {mutant['killed_by']} did not kill it; {dead} did" for mutant, dead, off in tried
              if mutant["killed_by"] not in dead]
    print("\n".join(missed + [f"{len(tried)} mutants in {time.monotonic() - began:.0f} s, {len(missed)} missed"]))
    return bool(missed)


if __name__ == "__main__":
    if "--matrix" in sys.argv:
        sys.exit(write_matrix())
    unittest.main()
