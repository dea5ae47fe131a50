#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Snapshots in the middle of a run: the event log is that of the same run without them, cold and warm; a card that does
not save all of its state is found out; what is left behind, and what is refused."""
import json
import shutil
import subprocess
import unittest

import mpulab

SUITE = mpulab.ROOT / "tests" / "scenarios" / "snapshot"
MODEL = mpulab.ROOT / "device-model"

# What a card could forget to save, in core/src/card_state.cpp: its load reads past the value. The scenario that notices.
FORGOTTEN = (
    ("when the wire is free", "    tx_start_at_ = in.get_time();\n", "    in.get_time();\n    tx_start_at_ = clock_;\n", "many"),
    ("the byte at the latch", "    out_.byte = in.get<uint8_t>();\n", "    in.get<uint8_t>();\n", "held-back"),
    ("when the next byte may follow", "    out_.refill_at = in.get_time();\n", "    in.get_time();\n    out_.refill_at = clock_;\n", "held-back"),
    ("how many bytes went out", "    tx_count_ = in.get<uint64_t>();\n", "    tx_count_ = in.get<uint64_t>() + 1;\n", "many"),
    ("how often the line rose", "    line_rises_ = in.get<uint64_t>();\n", "    in.get<uint64_t>();\n", "interrupt-pending"),
    ("what is in the RX FIFO's report", "load_gauge(in, rx_gauge_, rx_, \"RX\", error)) return false;\n",
     "load_gauge(in, rx_gauge_, rx_, \"RX\", error)) return false;\n    rx_gauge_ = {};\n", "held-back"),
)


class Snapshots(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path
        self.out = self.folder / "mpulab-out"

    def mpulab(self, *arguments, expect=0, **environment):
        run = subprocess.run([mpulab.MPULAB, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True, timeout=300,
                             env=mpulab.surroundings(self.out, environment))
        self.assertEqual(run.returncode, expect, run.stdout + run.stderr)
        return run

    def hashes(self, what, *arguments):
        documents = json.loads(self.mpulab("run", what, "--json", *arguments).stdout)
        return {document["scenario"]["name"]: document["event_log_sha256"] for document in documents}

    def test_a_run_has_the_event_log_of_the_same_run_without_snapshots_cold_and_warm(self):
        plain = self.folder / "plain"
        plain.mkdir()
        for path in SUITE.glob("*.yaml"):
            text = path.read_text()
            self.assertIn("  - snapshot: ", text)
            (plain / path.name).write_text(text.replace("  - snapshot: ", "  - marker: "))
        without = self.hashes(plain, "--cold")
        self.assertGreaterEqual(len(without), 9)
        self.assertEqual(self.hashes(SUITE, "--cold"), without)
        self.assertEqual(self.hashes(SUITE, "--warm", "-j", 1), without)
        left = [path.name for path in self.out.glob("*/*") if "snapshot" in path.name]
        self.assertEqual(left, [], "neither the other log nor a disk image stays")

    def test_a_warm_machine_makes_one_log_of_a_run_with_snapshots_time_after_time(self):
        run = self.mpulab("run", SUITE / "held-back.yaml", "--repeat", 20)
        self.assertIn("20 runs: 20 passed", run.stdout)
        self.assertNotIn("discarded", run.stderr)
        found = {json.loads(path.read_text())["event_log_sha256"] for path in self.out.glob("*/result.json")}
        self.assertEqual(len(found), 1)

    def test_a_run_says_how_many_were_taken_and_is_repeatable_without_them(self):
        run = self.mpulab("run", SUITE / "many.yaml", "--json")
        checks = {check["name"]: check for check in json.loads(run.stdout)[0]["checks"]}
        self.assertEqual(checks["snapshots"]["looked_at"], 8)
        self.assertEqual(checks["snapshots"]["status"], "passed")
        self.assertIn("the identical event log", self.mpulab("rerun", "many-1").stdout)

    def test_a_card_that_does_not_save_all_of_its_state_is_found_out(self):
        """Each is a core with one line of its loading changed, linked into a QEMU of its own."""
        state = (MODEL / "core/src/card_state.cpp").read_text()
        for what, right, _, scenario in FORGOTTEN:
            self.assertEqual(state.count(right), 1, f"the place has changed: {what}; next: mend FORGOTTEN")
            self.assertTrue((SUITE / f"{scenario}.yaml").exists())
        for what, right, wrong, scenario in mpulab.sample(FORGOTTEN, 1):
            with self.subTest(what):
                shutil.rmtree(self.out, ignore_errors=True)
                qemu = self.qemu_with(state.replace(right, wrong))
                run = self.mpulab("run", SUITE / f"{scenario}.yaml", "--cold", expect=mpulab.ERROR, MPULAB_QEMU=str(qemu))
                self.assertIn("the run went another way", run.stdout)
                self.assertIn("after the snapshot at marker", run.stdout)
                for log in ("events.mpl.gz", "without-snapshots.mpl"):
                    self.assertEqual(len(list(self.out.glob(f"*/{log}"))), 1, log)

    def qemu_with(self, card_state):
        """QEMU with another card_state.cpp in it."""
        source, thing, archive = (self.folder / name for name in ("card_state.cpp", "card_state.cpp.o", "broken.a"))
        source.write_text(card_state)
        shutil.copy(mpulab.BUILD / "device-model" / "libmpulab-device.a", archive)
        includes = [f"-I{MODEL / part}" for part in ("core/src", "core/include", "link", "probe", "common")]
        # Paths of the kind "../../common/bytes.hpp" are the source's own.
        subprocess.run(["c++", "-std=c++20", "-O1", "-fPIC", "-w", "-iquote", MODEL / "core/src", *includes, "-c", source, "-o", thing], check=True)
        subprocess.run(["ar", "r", archive, thing], check=True, capture_output=True)
        qemu = self.folder / "qemu"
        subprocess.run([mpulab.ROOT / "scripts/build-qemu", "--link-with", archive, qemu], check=True, capture_output=True)
        return qemu

    def test_a_snapshot_whose_marker_another_step_has_is_refused_with_its_place(self):
        path = self.folder / "twice.yaml"
        path.write_text((SUITE / "many.yaml").read_text().replace("  - snapshot: 3\n", "  - snapshot: 2\n"))
        refused = self.mpulab("run", path, expect=mpulab.ERROR)
        lines = [line for line in refused.stderr.splitlines() if "twice.yaml" in line]
        self.assertEqual(len(lines), 2, refused.stderr)
        self.assertIn("another step has marker 2, too; expected a number of its own", lines[0])
        self.assertFalse(self.out.exists())

    def test_a_disk_without_room_for_a_snapshot_is_named(self):
        mpulab.small_disk(self, self.out, "2m")
        run = self.mpulab("run", SUITE / "held-back.yaml", "--cold", expect=mpulab.ERROR)
        self.assertRegex(run.stdout, "savevm|No space left")
        self.assertEqual(mpulab.machines_of(self.out), [])


if __name__ == "__main__":
    mpulab.main()
