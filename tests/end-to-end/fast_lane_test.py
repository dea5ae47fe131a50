#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The fast lane of `mpulab run`: a restored snapshot gives the event log of a fresh boot, a thousand runs give one, and
whatever is killed takes no finished result along. Then `rerun` and `diff` of what lies there."""
import collections
import csv
import gzip
import json
import os
import shutil
import signal
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

import jsonschema
import mpulab

SUITE = mpulab.ROOT / "tests" / "scenarios"
NOTE = SUITE / "output" / "note.yaml"
WARM_SAMPLE = 10
REPEATS = 1000 if mpulab.FULL else 60

LATE = """scenario: bytes survive an interrupt that is late
parameters:
  late: 1ms
cues:
  - inject: 90 00 40 90 01 40 90 02 40 90 03 40 90 04 40 90 05 40 90 06 40 90 07 40 90 08 40 90 09 40
    when: marker
    argument: 1
  - delay-irq: 1
    time: ${late}
    when: irq
    first: 5
steps:
  - open: capture
  - state: pause
    of: capture
  - read: capture
  - state: run
    of: capture
  - marker: 1
  - wait: 200ms
checks:
  - captured-equals: injected
"""

# Service follows each interrupt soon, but not when DPCs are held back.
SERVICED_WITHIN_1MS = """  - follows: CALL_ENTER
    a: 8
    each: INTERRUPT
    each-b: 1
    within: 1ms
    after-marker: 1
"""


class FastLane(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path
        self.out = self.folder / "mpulab-out"

    def command(self, *arguments):
        return [mpulab.MPULAB, *map(str, arguments)]

    def environment(self):
        return mpulab.surroundings(self.out, None)

    def machines(self):
        return mpulab.machines_of(self.out)

    def mpulab(self, *arguments, expect=0):
        run = subprocess.run(self.command(*arguments), cwd=self.folder, capture_output=True, text=True, timeout=900, env=self.environment())
        self.assertEqual(run.returncode, expect, run.stdout + run.stderr)
        return run

    def results(self, out="mpulab-out"):
        found = {}
        for path in sorted((self.folder / out).glob("*/result.json")):
            found[path.parent.name] = json.loads(path.read_text())
        return found

    def wait_for_results(self, count):
        mpulab.wait_for(lambda: len(list(self.out.glob("*/result.json"))) >= count, 120, f"{count} results")

    def test_warm_and_cold_runs_have_one_event_log(self):
        files = mpulab.sample(sorted(SUITE.rglob("*.yaml")), WARM_SAMPLE)
        # Each of them in a machine that has run others, of whatever cues, before; and what acts before the driver starts.
        files += [SUITE / "handshake" / "delayed-ack.yaml", SUITE / "interrupts" / "duplicate.yaml"]
        logs = {}
        for lane in ("--cold", "--warm"):
            run = self.mpulab("run", *files, lane, "--out", lane[2:])
            self.assertNotIn("discarded", run.stderr)
            logs[lane] = {name: result["event_log_sha256"] for name, result in self.results(lane[2:]).items()}
        self.assertEqual(logs["--cold"], logs["--warm"])
        warm = self.results("warm").values()
        self.assertTrue(all("machine" in result["artefacts"] for result in warm), "a warm run keeps its machine's XML")

    def test_runs_of_one_scenario_come_to_one_event_log(self):
        run = self.mpulab("run", NOTE, "--repeat", REPEATS)
        self.assertIn(f"{REPEATS} runs: {REPEATS} passed", run.stdout)
        hashes = collections.Counter(result["event_log_sha256"] for result in self.results().values())
        self.assertEqual(list(hashes.values()), [REPEATS])

    def test_several_seeds_are_runs_of_their_own_and_one_judgement_together(self):
        scenario = SUITE / "interrupts" / "over-seeds.yaml"
        documents = json.loads(self.mpulab("run", scenario, "--json", "--seed", 7).stdout)
        self.assertEqual([document.get("seed") for document in documents], [7, 8, 9, 10, None])
        self.assertEqual(len({document["event_log_sha256"] for document in documents[:-1]}), 4)
        together = documents[-1]
        self.assertEqual(together["runs"], {"passed": 4})
        for figure in ("isr_latency_ns", "isr_duration_ns"):
            self.assertEqual(together["interrupts"][figure]["count"], sum(document["interrupts"][figure]["count"] for document in documents[:-1]))
        schema = json.loads((mpulab.ROOT / "harness/report/result.schema.json").read_text())
        jsonschema.validate(together, {"$ref": "#/$defs/seeds", "$defs": schema["$defs"]})
        strict = self.folder / "strict.yaml"
        strict.write_text(scenario.read_text().replace("latency-p99: 60us", "latency-p99: 10ns"))
        run = self.mpulab("run", strict, "--junit", "junit.xml", expect=mpulab.FAILED)
        self.assertIn("4 scenarios: 4 passed, 1 not green over its seeds", run.stdout)
        self.assertEqual(ElementTree.parse(self.folder / "junit.xml").getroot().find("testsuite").get("failures"), "1")

    def test_a_compressed_log_is_the_same_log_to_every_command(self):
        self.mpulab("run", NOTE, "--no-compress")
        self.mpulab("run", NOTE)
        plain, packed = self.out / "note-1", self.out / "note-2"
        self.assertEqual(gzip.decompress((packed / "events.mpl.gz").read_bytes()), (plain / "events.mpl").read_bytes())
        self.assertFalse((packed / "events.mpl").exists())
        first, second = (self.results()[name] for name in ("note-1", "note-2"))
        self.assertEqual(first["event_log_sha256"], second["event_log_sha256"])
        self.assertEqual(second["artefacts"]["event log"], "events.mpl.gz")
        self.assertEqual(self.mpulab("show", "note-1").stdout, self.mpulab("show", "note-2").stdout)
        self.mpulab("diff", "note-1", "note-2")
        self.assertIn("the identical event log", self.mpulab("rerun", "note-2").stdout)
        self.assertIn("records         the same", self.mpulab("diff", "note-2", packed / "events.mpl.gz").stdout)
        # A log that was cut off is readable as far as it goes.
        log = packed / "events.mpl.gz"
        log.write_bytes(log.read_bytes()[:-2000])
        self.assertGreater(len(self.mpulab("show", "note-2", expect=mpulab.ERROR).stdout.splitlines()), 20)

    def test_a_killed_worker_costs_the_run_it_made_and_no_other(self):
        running = subprocess.Popen(self.command("run", NOTE, "--repeat", 60, "-j", 1), cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment())
        self.wait_for_results(5)
        victims = self.machines()
        self.assertTrue(victims)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        out, err = running.communicate(timeout=600)
        verdicts = collections.Counter(result["verdict"] for result in self.results().values())
        self.assertEqual(sum(verdicts.values()), 60, out + err)
        self.assertLessEqual(verdicts["error"], 1, out + err)
        self.assertEqual(verdicts["passed"] + verdicts["error"], 60, verdicts)
        self.assertEqual(running.returncode, mpulab.ERROR if verdicts["error"] else mpulab.PASSED)
        self.assertEqual(self.machines(), [])

    def test_a_killed_harness_leaves_whole_results_and_its_machines_end(self):
        running = subprocess.Popen(self.command("run", NOTE, "--repeat", 500), cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment())
        self.wait_for_results(10)
        running.kill()
        running.wait()
        for result in self.results().values():
            self.assertEqual(result["verdict"], "passed")
        # What it was writing is readable up to its last whole record.
        for log in self.out.glob("*/events.mpl*"):
            if log.stat().st_size >= 80 and not log.name.endswith(".new"):
                shown = subprocess.run(self.command("show", log, "--count", 1), cwd=self.folder, capture_output=True, text=True)
                self.assertIn("RUN_STARTED", shown.stdout, shown.stderr)
        mpulab.wait_for(lambda: not self.machines(), 60, "the machines' end")
        self.mpulab("run", NOTE)  # sweeps the dead run's folder, and runs beside what it left

    def test_a_disk_that_fills_in_mid_run_is_named_and_finished_results_stay_whole(self):
        mpulab.small_disk(self, self.out, "3m")
        run = self.mpulab("run", NOTE, "--repeat", 100, expect=mpulab.ERROR)
        self.assertIn("No space left on device", run.stdout)
        verdicts = collections.Counter(result["verdict"] for result in self.results().values())
        self.assertGreater(verdicts["passed"], 5)
        self.assertIn(f"100 runs: {verdicts['passed']} passed", run.stdout)

    def test_ctrl_c_ends_with_a_report_of_what_was_run(self):
        running = subprocess.Popen(self.command("run", NOTE, "--repeat", 500, "--junit", "junit.xml"), cwd=self.folder, stdout=subprocess.PIPE, text=True, env=self.environment())
        self.wait_for_results(10)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=120)
        self.assertEqual(running.returncode, mpulab.INTERRUPTED, out)
        self.assertIn("not run", out)
        self.assertIn("</testsuites>", (self.folder / "junit.xml").read_text())
        self.assertEqual(self.machines(), [])

    def test_shards_are_the_whole_suite_and_nothing_twice(self):
        def names(*arguments):
            return [line.split()[0] for line in self.mpulab("run", SUITE, "--list", *arguments).stdout.splitlines()]

        shards = [names("--shard", f"{i}/5") for i in range(1, 6)]
        self.assertEqual(sorted(sum(shards, [])), sorted(names()))
        for wrong in ("0/5", "6/5", "x"):
            self.assertIn("--shard", self.mpulab("run", SUITE, "--shard", wrong, expect=mpulab.USAGE).stderr)

    def test_until_failure_stops_at_the_first_that_is_not_green(self):
        path = self.folder / "wrong.yaml"
        path.write_text(mpulab.FAILING_SCENARIO)
        run = self.mpulab("run", path, "--until-failure", "-j", 1, expect=mpulab.FAILED)
        self.assertIn("1 failed", run.stdout)
        self.assertEqual(len(self.results()), 1)

    def test_each_run_of_a_driver_that_does_not_start_has_its_verdict(self):
        driver = mpulab.BUILD / "tests/guest-images/test_drivers/mingw/ntoskrnl/faulty/faulty-entry_fails.sys"
        path = self.folder / "start.yaml"
        path.write_text("scenario: the driver starts\nsteps:\n  - wait: 1ms\nchecks:\n  - never: BUGCHECK\n")
        run = self.mpulab("run", path, "--driver", driver, "--seeds", "9", "--warm", expect=mpulab.ERROR)
        self.assertIn("9 scenarios: 0 passed, 9 with errors\n", run.stdout)

    def test_a_stored_run_gives_the_identical_log_again_or_says_what_changed(self):
        self.mpulab("run", NOTE)
        self.assertIn("the identical event log", self.mpulab("rerun", "note-1").stdout)
        shutil.move(self.folder / "mpulab-out", self.folder / "elsewhere")
        self.assertIn("the identical event log", self.mpulab("rerun", self.folder / "elsewhere" / "note-1").stdout)
        plan = self.folder / "elsewhere" / "note-1" / "plan.bin"
        sent = bytes.fromhex("903c40803c00")
        plan.write_bytes(plan.read_bytes().replace(sent, bytes.fromhex("903c41803c00")))
        again = self.mpulab("rerun", "note-1", "--out", "elsewhere", expect=mpulab.ERROR)
        self.assertIn("input changed: plan is", again.stdout)
        told = json.loads(self.mpulab("rerun", "note-1", "--out", "elsewhere", "--json", expect=mpulab.ERROR).stdout)
        self.assertFalse(told["identical"])
        self.assertNotEqual(told["event_log_sha256"], told["event_log_sha256_then"])
        self.assertEqual([line.split()[0] for line in told["changed_inputs"]], ["plan"])
        self.assertNotEqual(told["first_difference"]["then"], told["first_difference"]["now"])
        result = json.loads((plan.parent / "result.json").read_text())
        (plan.parent / "result.json").write_text(json.dumps({**result, "mpulab_result": 999}))
        self.assertIn("version 999", self.mpulab("rerun", plan.parent, expect=mpulab.ERROR).stderr)

    def test_a_played_song_can_be_run_again_too(self):
        self.mpulab("play", mpulab.SONG)
        self.assertIn("the identical event log", self.mpulab("rerun", "first-light-1").stdout)
        self.assertTrue(json.loads(self.mpulab("rerun", "first-light-1", "--json").stdout)["identical"])

    def test_diff_names_the_first_difference_and_what_two_builds_share(self):
        for abi in ("x86_64", "x86_64-msvc"):
            driver = mpulab.BUILD / "driver" / abi / mpulab.bundled_driver().name
            self.mpulab("run", NOTE, "--driver", driver)
        self.assertIn("records         the same", self.mpulab("diff", "note-1", "note-1").stdout)
        two = self.mpulab("diff", "note-1", "note-2", expect=mpulab.FAILED)
        self.assertIn("input differs   driver", two.stdout)
        self.assertIn("MIDI OUT        the same", two.stdout)
        document = json.loads(self.mpulab("diff", "note-1", "note-2", "--json", expect=mpulab.FAILED).stdout)
        self.assertEqual([view["name"] for view in document["views"]], ["records", "behaviour", "register trace", "MIDI OUT", "MIDI IN"])
        self.assertIn("neither an event log", self.mpulab("diff", "note-1", "nowhere", expect=mpulab.ERROR).stderr)

    def test_a_sweep_tells_where_bytes_begin_to_be_lost(self):
        path = self.folder / "late.yaml"
        path.write_text(LATE)
        self.mpulab("sweep", path, "late=1..7ms:3", "rx-fifo=1,16")
        with (self.folder / "sweep.csv").open(newline="") as file:
            rows = {(row["late"], row["rx-fifo"]): row for row in csv.DictReader(file)}
        self.assertEqual(len(rows), 6)
        # A byte comes each 320 us, and one waits in the latch: 16 more fill in 5.4 ms.
        self.assertEqual({key for key, row in rows.items() if row["verdict"] == "passed"}, {("1ms", "16"), ("4ms", "16")})
        for (late, depth), row in rows.items():
            self.assertEqual(row["wire_in"], "30")
            self.assertEqual(int(row["lost"]), 30 - int(row["captured"]), (late, depth))
            self.assertEqual(int(row["overruns"]), int(row["lost"]))
        self.assertIn("<polyline", (self.folder / "sweep.svg").read_text())
        ElementTree.parse(self.folder / "sweep.svg")
        self.assertIn("counts down", self.mpulab("sweep", path, "late=4..1", expect=mpulab.USAGE).stderr)

    def test_a_sweep_makes_a_run_for_each_seed_of_the_file(self):
        path = self.folder / "late.yaml"
        path.write_text("seed: 5\nseeds: 3\n" + LATE)
        self.mpulab("sweep", path, "late=1us,1ms")
        with (self.folder / "sweep.csv").open(newline="") as file:
            rows = [(row["seed"], row["late"]) for row in csv.DictReader(file)]
        self.assertEqual(rows, [(seed, late) for seed in ("5", "6", "7") for late in ("1us", "1ms")])
        told = json.loads(self.mpulab("sweep", path, "late=1ms", "seed=9", "--json").stdout)  # in place of the file's
        self.assertEqual([(run["values"], run["verdict"]) for run in told["runs"]], [({"late": "1ms", "seed": "9"}, "passed")])
        with (self.folder / "sweep.csv").open(newline="") as file:
            self.assertEqual([row["seed"] for row in csv.DictReader(file)], ["9"])
        moved = self.folder / "moved.yaml"
        moved.write_text(path.read_text().replace("seed: 5", "seed: ${base}").replace("parameters:\n", "parameters:\n  base: 5\n"))
        self.assertIn("a seed that an axis changes", self.mpulab("sweep", moved, "base=7,8", expect=mpulab.USAGE).stderr)
        path.write_text(path.read_text() + "  - interrupts: over-seeds\n    latency-p99: 60us\n")
        refused = self.mpulab("sweep", path, "late=1ms", expect=mpulab.USAGE)
        self.assertRegex(refused.stderr, r"late.yaml:\d+:5: sweep judges each run by itself")

    def test_a_sweep_holds_dpcs_back(self):
        path = self.folder / "prompt.yaml"
        path.write_text(LATE.replace("  - captured-equals: injected\n", SERVICED_WITHIN_1MS))
        self.mpulab("sweep", path, "dpc-delay=0..4ms:4", "late=1us")
        with (self.folder / "sweep.csv").open(newline="") as file:
            verdicts = {row["dpc-delay"]: row["verdict"] for row in csv.DictReader(file)}
        self.assertEqual(verdicts, {"0ms": "passed", "4ms": "failed"})
        # A worker is for one delay: runs with and without it in one go do not mix.
        path.write_text(path.read_text().replace("parameters:\n", "dpc-delay: ${dpc}\nparameters:\n  dpc: [0, 4ms]\n"))
        run = self.mpulab("run", path, "--warm", "-j", 1, "--repeat", 2, expect=mpulab.FAILED)
        self.assertIn("4 runs: 2 passed, 2 failed", run.stdout)

    def test_a_sweep_refuses_what_is_no_axis_before_anything_boots(self):
        path = self.folder / "late.yaml"
        path.write_text(LATE)
        for axes, words in ((["rx-fifi=1,2"], "did you mean 'rx-fifo'?"), (["no-such=1,2"], "'no-such' is neither a parameter of"),
                            (["dpc-delay=2s"], "'2s' does not fit"), (["dpc-delay=5ns"], "whole number of microseconds"),
                            (["rx-fifo=0..3"], "'0' does not fit"), (["late=1ms", "late=2ms"], "named twice")):
            refused = self.mpulab("sweep", path, *axes, expect=mpulab.USAGE)
            self.assertIn(words, refused.stderr)
        self.assertIn("did you mean 'late'?", self.mpulab("run", path, "--set", "lat=1ms", expect=mpulab.USAGE).stderr)
        self.assertFalse(self.out.exists())


if __name__ == "__main__":
    mpulab.main()
