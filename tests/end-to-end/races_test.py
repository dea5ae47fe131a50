#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A race that some schedules of two processors show and others do not: seeds find it, out of one snapshot, and a seed shows
it again, byte for byte, in a machine of its own."""
import collections
import json
import os
import re
import subprocess
import unittest

import mpulab

ABI = os.environ.get("MPULAB_ABI", "mingw")
RACY = mpulab.BUILD / "tests/guest-images/test_drivers" / ABI / "ntoskrnl/racy/racy.sys"
SEEDS = 24
SCENARIO = "scenario: two threads share a block\ncpus: 2\nsteps:\n  - device: query-stop\n  - device: cancel-stop\nchecks:\n  - never: BUGCHECK\n"


class Races(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = mpulab.Scratch()
        cls.addClassCleanup(scratch.__exit__)
        cls.folder = scratch.path
        (cls.folder / "race.yaml").write_text(SCENARIO)
        cls.sweep = cls.run_seeds("sweep", "--seeds", SEEDS, "--seed", 1, "--warm")
        cls.red = [seed for seed, run in cls.sweep.items() if run["verdict"] == "crash"]
        cls.green = [seed for seed, run in cls.sweep.items() if run["verdict"] == "passed"]

    @classmethod
    def mpulab(cls, *words):
        return subprocess.run([mpulab.MPULAB, *map(str, words)], cwd=cls.folder, capture_output=True, text=True, timeout=100,
                              env=mpulab.surroundings(cls.folder / "out", None), stdin=subprocess.DEVNULL)

    @classmethod
    def run_seeds(cls, out, *words):
        """{seed: result}"""
        done = cls.mpulab("run", "race.yaml", "--driver", RACY, "--json", "--out", out, *words)
        results = [one for one in json.loads(done.stdout) if "mpulab_result" in one]
        return {one["seed"]: one for one in results}

    def test_some_seeds_show_the_race_and_others_do_not(self):
        self.assertEqual(len(self.sweep), SEEDS)
        self.assertEqual(len(self.red) + len(self.green), SEEDS,
                         collections.Counter(run["reason"] for run in self.sweep.values()))
        self.assertTrue(self.red and self.green, self.sweep)
        for seed in self.red:
            rules = [finding["rule"] for finding in self.sweep[seed]["verifier"]["findings"]]
            self.assertTrue(rules and set(rules) <= {"V48", "V51"}, rules)  # freed twice, or used after the other freed it

    def test_all_seeds_are_run_out_of_the_snapshots_of_one_machine_a_processor_of_the_host(self):
        workers = {re.search(r"<name>(.*?)</name>", (self.folder / "sweep" / run["id"] / "machine.xml").read_text()).group(1)
                   for run in self.sweep.values()}
        self.assertLessEqual(len(workers), os.cpu_count())

    def test_a_seed_shows_it_again_in_a_machine_of_its_own_byte_for_byte(self):
        for seed in (self.red[0], self.green[0]):
            with self.subTest(seed):
                again = self.run_seeds(f"again-{seed}", "--seed", seed, "--cold")[seed]
                self.assertEqual(again["verdict"], self.sweep[seed]["verdict"])
                self.assertEqual(again["event_log_sha256"], self.sweep[seed]["event_log_sha256"])

    def test_a_run_out_of_the_snapshot_is_rerun_with_the_identical_log(self):
        run = self.sweep[self.red[0]]
        done = self.mpulab("rerun", self.folder / "sweep" / run["id"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("the identical event log", done.stdout)

    def test_each_seed_has_a_schedule_of_its_own(self):
        self.assertEqual(len({run["event_log_sha256"] for run in self.sweep.values()}), SEEDS)


BUSY = """scenario: bytes come in while the system is busy
choices:
  preemption: 1
  late-dpcs: 1
  late-interrupts: 1
  late-timers: 1
  read-buffer: 0
cues:
  - inject: 90 3c 40 80 3c 00 90 3e 40 80 3e 00
    when: marker
    argument: 1
steps:
  - open: capture
  - state: pause
    of: capture
  - read: capture
  - state: run
    of: capture
  - marker: 1
  - wait-captured: 12
checks:
  - captured-equals: injected
"""


class Troubles(unittest.TestCase):
    def test_what_a_busy_system_does_is_drawn_by_the_seed_out_of_a_snapshot_as_in_a_fresh_boot(self):
        with mpulab.Scratch() as folder:
            (folder / "busy.yaml").write_text(BUSY)
            logs = {}
            for lane in ("--warm", "--cold"):
                done = subprocess.run([mpulab.MPULAB, "run", "busy.yaml", lane, "--seeds", "6", "--json", "--out", lane[2:]], cwd=folder,
                                      capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL,
                                      env=mpulab.surroundings(folder / "out", None))
                self.assertEqual(done.returncode, mpulab.PASSED, done.stdout[-3000:] + done.stderr)
                results = [one for one in json.loads(done.stdout) if "mpulab_result" in one]
                logs[lane] = {one["seed"]: one["event_log_sha256"] for one in results}
                names = {choice["name"] for choice in results[0]["choices"]}
                self.assertLessEqual({"preemption", "late-dpcs", "late-interrupts", "late-timers"}, names)
            self.assertEqual(logs["--warm"], logs["--cold"])
            self.assertEqual(len(set(logs["--cold"].values())), 6)


if __name__ == "__main__":
    mpulab.main()
