#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The verifier from the command line: its self-test, its switches, what a result says of it."""
import json
import subprocess
import unittest

import mpulab

NOTE = mpulab.ROOT / "tests/scenarios/output/note.yaml"
SCENARIO = """scenario: a note
verifier: {verifier}
steps:
  - open: render
  - state: run
  - write: 90 3c 40
  - wait-writes: render
checks:
  - wire-contains: 90
"""


class Verifier(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path

    def mpulab(self, *words):
        return subprocess.run([mpulab.MPULAB, *map(str, words)], cwd=self.folder, capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL)

    def refused(self, status, *words):
        """One line of error; its text."""
        done = self.mpulab(*words)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertFalse((self.folder / "mpulab-out").exists(), "something was booted")
        return done.stderr

    def states(self, *words):
        """{rule: (state, opportunities)} of a run of the note, and its switches."""
        done = self.mpulab("run", NOTE, "--json", "--cold", *words)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads(next((self.folder / "mpulab-out").glob("*/result.json")).read_text())
        return {rule["rule"]: (rule["state"], rule["opportunities"]) for rule in result["verifier"]["rules"]}, \
            result["verifier"]["switches"]

    def test_the_selftest_catches_every_planted_defect_and_tries_each_group_that_has_a_checker(self):
        done = self.mpulab("selftest", "--json")
        outcome = json.loads(done.stdout)
        self.assertEqual([one for one in outcome["planted"] if not one["caught"]], [])
        self.assertEqual(outcome["untried_groups"], [])
        self.assertEqual(done.returncode, 0)
        self.assertGreaterEqual(len(outcome["planted"]), 20)

    def test_a_selftest_without_its_drivers_names_the_first_and_what_builds_it(self):
        error = self.refused(2, "selftest", "--drivers", self.folder)
        self.assertIn("faulty-pool_at_dirql.sys is not there", error)
        self.assertIn("next: build it", error)

    def test_a_result_says_of_each_rule_what_became_of_it_and_how_often_it_could_have_fired(self):
        states, switches = self.states()
        self.assertEqual(switches, "all")
        self.assertEqual(sorted(states), [f"V{number:02}" for number in range(1, 85)])
        self.assertEqual({state for state, _ in states.values()}, {"passed", "not-exercised", "not-covered"})
        for rule, (state, opportunities) in states.items():
            with self.subTest(rule):
                self.assertEqual(opportunities > 0, state == "passed")

    def test_a_rule_that_is_off_is_not_counted(self):
        states, switches = self.states("--verifier", "all,-V22,-card")
        self.assertEqual(states["V22"], ("off", 0))
        self.assertEqual(states["V35"], ("off", 0))
        self.assertEqual(states["V23"][0], "passed")
        self.assertIn("-V22", switches)

    def test_switches_that_are_none_are_refused_before_anything_boots(self):
        for words, expected in (("V85", "'V85' is neither a rule nor a group"), ("V22,-V22", "both with and without a minus"),
                                ("-V05", "V05 (lock-twice) cannot be switched off"), ("V66", "has no checker to switch")):
            with self.subTest(words):
                self.assertIn(expected, self.refused(64, "run", NOTE, f"--verifier={words}"))

    def test_a_scenario_with_wrong_switches_is_refused_with_line_and_column(self):
        path = self.folder / "wrong.yaml"
        path.write_text(SCENARIO.format(verifier="all,-V99"))
        error = self.refused(2, "run", path)
        self.assertIn("wrong.yaml:2:11", error)
        self.assertIn("'V99' is neither a rule nor a group", error)

    def test_a_scenario_that_wants_the_finding_of_a_rule_it_switches_off_is_refused(self):
        path = self.folder / "wrong.yaml"
        path.write_text(SCENARIO.format(verifier="all,-V24") + "  - finding: 24\n")
        self.assertIn("V24 is off here, and a check wants its finding", self.refused(2, "run", path))

    def test_a_scenario_s_own_switches_win(self):
        path = self.folder / "own.yaml"
        path.write_text(SCENARIO.format(verifier="none"))
        done = self.mpulab("run", path, "--cold", "--verifier", "all")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads(next((self.folder / "mpulab-out").glob("*/result.json")).read_text())
        self.assertEqual(result["verifier"]["switches"], "none")


if __name__ == "__main__":
    unittest.main()
