#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where Windows is undocumented portcls.sys takes one of several answers (include/nanont_choices.def). Each of them
changes a run here; what is forced, drawn or unknown is in the event log (CHOICE records)."""

import unittest

import eventlog

import plan_writer
from recorder_score import *  # noqa: F403

GUEST_UNFIT = 7


def splitmix64(value):
    mask = (1 << 64) - 1
    value = (value + 0x9E3779B97F4A7C15) & mask
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & mask
    return value ^ value >> 31


class Choice(Recorder):
    def each(self, name):
        """A run for every alternative of a choice, each saying so in exactly one record."""
        number, alternatives = plan_writer.choices()[name]
        runs = []
        for alternative in range(alternatives):
            run = self.play(choices={name: alternative})
            self.assertEqual([(r.a, r.b, r.c) for r in run.of("CHOICE") if r.a == number],
                             [(number, alternative, alternatives)], f"{name}={alternative}\n{run}")
            runs.append(run)
        return runs


class Plumbing(Choice):
    def capture(self):
        pin = self.open(CAPTURE)
        self.score.read_start(pin)
        self.score.wait_captured(pin, 16)

    def test_what_is_not_forced_is_drawn_from_the_seed_as_the_contract_says(self):
        self.capture()
        number, alternatives = plan_writer.choices()["read-buffer"]
        drawn = {}
        for seed in (1, 2, 3, 2**63):
            run = self.play(seed=seed, choices=guest_machine.DRAWN)
            drawn[seed] = run.choices()["read-buffer"]
            self.assertEqual(drawn[seed], splitmix64(seed ^ number) % alternatives, f"seed {seed}")
        self.assertGreater(len(set(drawn.values())), 1, "seeds that draw different answers")

    def test_a_choice_that_nothing_asked_for_makes_no_record(self):
        self.open(PLAIN)
        self.assertNotIn("read-buffer", self.play().choices())

    def test_the_same_plan_gives_the_same_log(self):
        self.capture()
        one, two = (self.play(seed=9, choices=guest_machine.DRAWN) for _ in range(2))
        self.assertEqual(one.sha256, two.sha256)

    def test_a_forced_alternative_that_is_not_there_ends_the_run_before_the_driver_is_loaded(self):
        self.capture()
        run = self.play(end=GUEST_UNFIT, choices={"read-buffer": 99})
        self.assertIn("CHOICES force choice 1 to alternative 99: the choice has fewer alternatives (5)", run.text)
        self.assertEqual(run.calls("DriverEntry"), [])

    def test_a_forced_choice_that_is_not_there_ends_the_run_before_the_driver_is_loaded(self):
        self.capture()
        run = self.play(end=GUEST_UNFIT, choices={4711: 0})
        self.assertIn("CHOICES force choice 4711 to alternative 0: there is no such choice", run.text)
        self.assertEqual(run.calls("DriverEntry"), [])


class Capture(Choice):
    def test_read_buffer(self):
        pin = self.open(CAPTURE)
        self.score.read_start(pin)
        self.score.wait_captured(pin, 48)
        sizes = []
        for run in self.each("read-buffer"):
            self.assertEqual(eventlog.text(run.records, "CAPTURED")[:48], bytes(range(48)))
            self.assertEqual(rules(run), [])
            sizes.append([call.b for call in run.calls("Read")])
        for alternative, size in ((0, 256), (1, 1), (2, 3), (4, 4096)):
            self.assertEqual(set(sizes[alternative]), {size})
        self.assertGreater(len(set(sizes[3])), 4, "drawn for each call")
        self.assertLessEqual(max(sizes[3]), 64)


if __name__ == "__main__":
    unittest.main()
