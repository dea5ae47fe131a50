#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`mpulab run`: the suite in tests/scenarios green, each of its scenarios able to turn red, and what a user meets: a new
scenario, three mistakes at once, a failure with its line, reports, Ctrl-C."""
import gzip
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import time
import unittest
import xml.etree.ElementTree as ElementTree

import jsonschema
import mpulab

SUITE = mpulab.ROOT / "tests" / "scenarios"
TEST_DRIVERS = mpulab.BUILD / "tests/guest-images/test_drivers"
RED_SAMPLE = 12
SHIPPED_SAMPLE = 24  # files; the suite itself runs on the image of mingw-w64, whose symbols gdb reads


class Scenarios(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path

    def mpulab(self, *arguments, timeout=600):
        return subprocess.run([mpulab.MPULAB, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True, timeout=timeout)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def test_the_suite_is_green(self):
        run = self.mpulab("run", SUITE, "--junit", "junit.xml")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        suite = ElementTree.parse(self.folder / "junit.xml").getroot().find("testsuite")
        self.assertGreaterEqual(int(suite.get("tests")), 150)
        self.assertEqual(suite.get("failures"), "0")

    def test_the_suite_is_green_on_the_image_that_ships(self):
        package = mpulab.package_of("x86_64-msvc", self.folder / "package")
        run = self.mpulab("run", *mpulab.sample(sorted(SUITE.rglob("*.yaml")), SHIPPED_SAMPLE), "--package", package)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_every_scenario_of_the_suite_turns_red_by_its_cues(self):
        for path in sorted(SUITE.rglob("*.yaml")):
            self.assertRegex(path.read_text(), "\n(red|known-issue):", path)
        run = self.mpulab("run", "--red", *mpulab.sample(sorted(SUITE.rglob("*.yaml")), RED_SAMPLE))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_a_scenario_s_own_package_is_found_from_its_folder_and_goes_before_the_command_line_s(self):
        package = os.path.relpath(mpulab.BUILD / "driver/package", self.folder)
        path = self.write("own.yaml", f"scenario: it starts\npackage: {package}\nsteps:\n  - wait: 1ms\nchecks:\n  - wire-equals: nothing\n")
        run = self.mpulab("run", path, "--package", self.folder)  # no package at all
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        missing = self.mpulab("run", self.write("other.yaml", path.read_text().replace(package, "nowhere")))
        self.assertEqual(missing.returncode, 2, missing)
        self.assertIn("nowhere", missing.stdout + missing.stderr)

    def test_each_thing_of_the_format_has_an_example_in_the_suite(self):
        spec = importlib.util.spec_from_file_location("examples", SUITE / "examples.py")
        examples = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(examples)
        text, missing = examples.page()
        self.assertEqual(missing, [])
        self.assertEqual((SUITE / "EXAMPLES.md").read_text(), text, "next: tests/scenarios/examples.py")

    def test_a_new_scenario_runs_as_it_is_written(self):
        self.assertEqual(self.mpulab("new", "mine").returncode, 0)
        run = self.mpulab("run", "mine.yaml")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(json.loads(self.mpulab("new", "other", "--json").stdout), {"file": "other.yaml"})
        again = self.mpulab("new", "mine")
        self.assertEqual(again.returncode, 64, again)
        self.assertIn("mine.yaml exists", again.stderr)

    def test_three_mistakes_are_three_located_errors_and_nothing_boots(self):
        path = self.write("bad.yaml", "scenario: wrong\nsteps:\n  - wirte: 90\n  - state: running\nchecks:\n  - nevre: OVERRUN\n")
        run = self.mpulab("run", path, SUITE)
        self.assertEqual(run.returncode, 2, run)
        lines = run.stderr.splitlines()
        self.assertEqual([line.split(": ")[1].rsplit("/", 1)[-1] for line in lines[:3]], ["bad.yaml:3:5", "bad.yaml:4:12", "bad.yaml:6:5"])
        self.assertIn("3 errors in 1 of", lines[3])
        self.assertFalse((self.folder / "mpulab-out").exists())

    def test_a_second_document_in_a_file_is_refused_with_its_place(self):
        run = self.mpulab("run", self.write("two.yaml", mpulab.FAILING_SCENARIO + "---\ngarbage: here\n"))
        self.assertEqual(run.returncode, 2, run)
        self.assertRegex(run.stderr, r"two.yaml:\d+:1: 2 documents in one file")

    def test_a_libvirt_is_named_for_its_machines_and_a_fresh_boot_has_none(self):
        run = self.mpulab("run", SUITE / "output" / "note.yaml", "--cold", "--connect", "qemu:///session")
        self.assertEqual(run.returncode, 64, run)
        self.assertIn("--cold and --connect", run.stderr)
        environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder), "LIBVIRT_AUTOSTART": "0"}
        run = subprocess.run([mpulab.MPULAB, "run", SUITE / "output" / "note.yaml", "--connect", "qemu+unix:///session?socket=/nowhere"],
                             cwd=self.folder, capture_output=True, text=True, env=environment, timeout=60)
        self.assertEqual(run.returncode, 2, run)  # it was asked, and not passed over because the run is a single one
        self.assertIn("/nowhere", run.stdout + run.stderr)

    def test_a_cold_run_leaves_its_machine_for_libvirt_too(self):
        self.assertEqual(self.mpulab("run", SUITE / "output" / "note.yaml", "--cold").returncode, 0)
        machine = ElementTree.parse(self.folder / "mpulab-out" / "note-1" / "machine.xml").getroot()
        self.assertEqual(machine.tag, "domain")

    def test_what_would_run_is_listed_as_json_too(self):
        listed = json.loads(self.mpulab("run", SUITE, "--tag", "hlk", "--list", "--json").stdout)
        self.assertIn({"name": "surprise-removal", "tags": ["pnp", "hlk"]},
                      [{key: one[key] for key in ("name", "tags")} for one in listed])

    def test_scenarios_about_a_card_are_not_applicable_where_the_package_has_none(self):
        package = self.folder / "loopback"
        package.mkdir()
        shutil.copy(mpulab.ROOT / "tests/guest-images/portcls/loopback/loopback.inf", package)
        shutil.copy(TEST_DRIVERS / "mingw/portcls/loopback/loopback.sys", package)
        run = self.mpulab("run", SUITE, "--tag", "hlk", "--package", package, "--junit", "junit.xml", "--json")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        verdicts = {one["scenario"]["name"]: one["verdict"] for one in json.loads(run.stdout) if "scenario" in one}
        self.assertEqual({name for name, verdict in verdicts.items() if verdict != "passed"},
                         {"surprise-capture", "d3-capture", "sleep-capture"})
        self.assertEqual(verdicts["d3-capture"], "not-applicable")
        suite = ElementTree.parse(self.folder / "junit.xml").getroot().find("testsuite")
        self.assertEqual((suite.get("errors"), suite.get("skipped")), ("0", "3"))

    def test_rerun_says_what_is_another_file_on_disk_by_now(self):
        scenario = self.write("mine.yaml", (SUITE / "output" / "note.yaml").read_text())
        self.assertEqual(self.mpulab("run", scenario).returncode, 0)
        same = json.loads(self.mpulab("rerun", "mine-1", "--json").stdout)
        self.assertEqual(same["changed_sources"], [])
        scenario.write_text(scenario.read_text() + "# more\n")
        again = json.loads(self.mpulab("rerun", "mine-1", "--json").stdout)
        self.assertTrue(again["identical"])
        self.assertEqual([line.split(":")[0] for line in again["changed_sources"]], ["scenario"])

    def test_a_failure_names_line_bytes_and_records_and_leaves_a_folder(self):
        run = self.mpulab("run", self.write("wrong.yaml", mpulab.FAILING_SCENARIO))
        self.assertEqual(run.returncode, 1, run)
        self.assertIn("wire-equals:9", run.stdout)
        self.assertIn("expected 41", run.stdout)
        self.assertIn("seen     40", run.stdout)
        self.assertIn("    > ", run.stdout)
        result = json.loads((self.folder / "mpulab-out" / "wrong-1" / "result.json").read_text())
        jsonschema.validate(result, json.loads((mpulab.ROOT / "harness/report/result.schema.json").read_text()))
        self.assertEqual(result["scenario"]["name"], "wrong")
        show = self.mpulab("show", "wrong-1", "--kind", "WIRE_OUT")
        self.assertEqual(show.returncode, 0, show)
        self.assertEqual(show.stdout.count("WIRE_OUT"), 3 + show.stdout.count("own"))

    def test_a_device_request_that_takes_longer_than_its_step_allows_is_late(self):
        def stopped_with(more):
            return ("scenario: late\nchecks:\n  - count: IRP_DONE\nsteps:\n  - device: query-stop\n    within: 1ms\n"
                    f"  - device: stop\n{more}  - device: start\n")
        late = self.mpulab("run", self.write("late.yaml", stopped_with("    within: 1ms\n")))
        self.assertEqual(late.returncode, 1, late)
        self.assertIn("STATUS_TIMEOUT", late.stdout)
        for more in ("    within: 1ms\n    expect: STATUS_TIMEOUT\n", "    within: 1s\n", ""):
            run = self.mpulab("run", self.write("in-time.yaml", stopped_with(more)))
            self.assertEqual(run.returncode, 0, run)

    def test_a_known_issue_is_green_while_it_fails_and_an_error_when_it_passes(self):
        issue = "known-issue:\n  reason: not yet\n  reference: '#12'\n"
        known = self.mpulab("run", self.write("known.yaml", mpulab.FAILING_SCENARIO + issue))
        self.assertEqual(known.returncode, 0, known)
        self.assertIn("not yet (#12)", known.stdout)
        gone = self.mpulab("run", self.write("gone.yaml", mpulab.FAILING_SCENARIO.replace("3c 41", "3c 40") + issue))
        self.assertEqual(gone.returncode, 2, gone)
        self.assertIn("it passed, though it has a known issue", gone.stdout)

    def test_a_scenario_has_the_same_log_alone_and_beside_others(self):
        def hashes(*arguments):
            run = self.mpulab("run", SUITE, "--tag", "smoke", "--json", *arguments)
            self.assertEqual(run.returncode, 0, run)
            return [document["event_log_sha256"] for document in json.loads(run.stdout)]

        self.assertEqual(hashes("-j", "1"), hashes("-j", "4"))

    def test_the_command_that_is_left_makes_the_same_run_without_us(self):
        self.assertEqual(self.mpulab("run", SUITE / "output" / "note.yaml").returncode, 0)
        folder = self.folder / "mpulab-out" / "note-1"
        log = gzip.decompress((folder / "events.mpl.gz").read_bytes())
        # Nobody ends this QEMU when the run has ended: the log is whole when it has its length.
        qemu = subprocess.Popen("exec " + (folder / "command.txt").read_text(), shell=True, cwd=folder)
        self.addCleanup(qemu.wait)
        self.addCleanup(qemu.kill)
        end = time.monotonic() + 60
        while time.monotonic() < end and (not (folder / "events.mpl").exists() or (folder / "events.mpl").stat().st_size < len(log)):
            time.sleep(0.05)
        self.assertEqual((folder / "events.mpl").read_bytes(), log)

    def test_the_published_schema_is_the_one_that_is_printed_and_takes_the_suite(self):
        import yaml

        printed = json.loads(self.mpulab("run", "--schema").stdout)
        published = json.loads((mpulab.ROOT / "harness/scenario/scenario.schema.json").read_text())
        self.assertEqual(printed, published, "next: mpulab run --schema > harness/scenario/scenario.schema.json")
        kind = jsonschema.validators.validator_for(published)
        kind.check_schema(published)
        validator = kind(published)  # once: to check the schema takes longer than a scenario
        for path in sorted(SUITE.rglob("*.yaml")):
            validator.validate(yaml.safe_load(path.read_text()))
        with self.assertRaises(jsonschema.ValidationError):
            validator.validate(yaml.safe_load(mpulab.FAILING_SCENARIO.replace("write:", "wirte:")))

    def test_ctrl_c_leaves_a_valid_report_of_what_has_run(self):
        process = subprocess.Popen([mpulab.MPULAB, "run", SUITE, "-j", "1", "--junit", "junit.xml"], cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
        self.assertTrue(first.startswith("passed"), first + rest)
        self.assertEqual(process.returncode, 130, rest)
        self.assertIn("not run", rest)
        self.assertGreaterEqual(int(ElementTree.parse(self.folder / "junit.xml").getroot().find("testsuite").get("tests")), 1)
        self.assertEqual(mpulab.machines_of(self.folder / "mpulab-out"), [])

    def test_a_tag_or_name_of_nothing_is_wrong_usage(self):
        for arguments in (["--tag", "nonsense"], ["--name", "nonsense"], ["--set", "nonsense=1"], ["--set", "x"]):
            run = self.mpulab("run", SUITE, *arguments)
            self.assertEqual(run.returncode, 64, run)
        self.assertEqual(self.mpulab("run").returncode, 64)
        self.assertEqual(self.mpulab("run", self.folder / "absent.yaml").returncode, 2)


if __name__ == "__main__":
    unittest.main()
