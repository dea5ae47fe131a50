#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mutants that the tool makes: each has a known fate, each survivor a reason, and a few, drawn anew each time (all with
--full), meet the fate that is written down. `tool_mutants.py` plays what is new and writes record and page."""
import os
import pathlib
import random
import tempfile
import unittest

import generate
import mutants
import tool_mutants
import tool_runs

FULL = os.environ.get("MPULAB_FULL") == "1"
SAMPLE = 3
NEXT = "next: tests/mutants/tool_mutants.py"


class ToolMutants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made, cls.record, cls.survivors = generate.mutants(), tool_mutants.load_record(), tool_mutants.load_survivors()

    def test_mutants_meet_the_fate_that_is_written_down(self):
        outcomes = ("killed", "survived") if FULL else ("killed",)  # a survivor costs ten times as much
        known = [mutant for mutant in self.made if self.record[mutant.name][1].outcome in outcomes]
        workers = 2
        if not FULL:
            seed = int(os.environ.get("MPULAB_SAMPLE_SEED") or random.SystemRandom().randrange(2**32))
            print(f"{SAMPLE} of {len(known)} mutants, drawn by seed {seed}; again: MPULAB_SAMPLE_SEED={seed}")
            known, workers = random.Random(seed).sample(known, SAMPLE), 1
        with tempfile.TemporaryDirectory(prefix="mpulab-tool-mutants-") as folder:
            for mutant, fate in tool_runs.run_all(known, pathlib.Path(folder), workers=workers):
                with self.subTest(mutant.name):
                    self.assertEqual(self.resolved(fate), self.resolved(self.record[mutant.name][1]), f"{fate}; {NEXT}")

    def resolved(self, fate):
        """The outcome; that of the other one for a twin: which of two is built first is chance."""
        return self.record[fate.by][1].outcome if fate.outcome == "same as" else fate.outcome

    def test_the_driver_itself_survives_what_the_mutants_are_played_with(self):
        with tempfile.TemporaryDirectory(prefix="mpulab-tool-mutants-") as folder:
            red = tool_runs.play(mutants.OBJECTS / mutants.image_name(), sum(tool_runs.GROUPS, []), pathlib.Path(folder), jobs=2)
        self.assertEqual([(result["scenario"]["name"], result["reason"]) for result in red], [])

    def test_each_mutant_of_the_present_source_has_a_fate_and_no_other_has(self):
        self.assertEqual([(mutant.name, mutant.shown()) for mutant in self.made],
                         [(name, change) for name, (change, _) in self.record.items()], NEXT)

    def test_each_survivor_has_a_reason_and_no_mutant_that_is_killed_or_gone_has_one(self):
        lives = {name for name, (_, fate) in self.record.items() if fate.outcome == "survived"}
        self.assertEqual(lives - self.survivors.keys(), set(), "next: look at it, then kill it or say why in survivors.toml")
        self.assertEqual(self.survivors.keys() - lives, set(), "next: take it out of survivors.toml")
        for name, (_, reason) in self.survivors.items():
            self.assertGreater(len(reason.split()), 4, name)

    def test_a_mutant_whose_image_is_another_ones_is_not_counted_but_that_one_is(self):
        for name, (_, fate) in self.record.items():
            if fate.outcome == "same as":
                with self.subTest(name):
                    self.assertIn(self.record[fate.by][1].outcome, ("killed", "survived"))

    def test_three_hundred_mutants_at_the_least_and_no_fewer_killed_or_more_equivalent_than_was_reached(self):
        counts = tool_mutants.Counts(self.record, self.survivors)
        self.assertGreaterEqual(counts.mutants, tool_mutants.LEAST_MUTANTS)
        self.assertGreaterEqual(counts.rate, tool_mutants.LEAST_KILLED)
        self.assertLessEqual(counts.equivalent, tool_mutants.MOST_EQUIVALENT * counts.mutants)

    def test_the_page_is_what_record_and_reasons_make(self):
        self.assertEqual(tool_mutants.PAGE.read_text(), tool_mutants.page(self.record, self.survivors), NEXT + " --page")


if __name__ == "__main__":
    unittest.main()
