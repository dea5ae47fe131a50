#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The contract of the scripts themselves: help, wrong usage, failing steps, the package table. Builds nothing."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file() and os.access(path, os.X_OK))


def run(*command, timeout=60, **options):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=timeout, **options)


def with_common(code, cache, **options):
    """Runs bash code that has sourced common.sh."""
    environment = dict(os.environ, XDG_CACHE_HOME=str(cache))
    return run("bash", "-c", f'source "{ROOT}/scripts/lib/common.sh"; {code}', env=environment, **options)


class Usage(unittest.TestCase):
    def test_every_script_answers_help_with_an_example(self):
        self.assertGreaterEqual(len(SCRIPTS), 8)
        for script in SCRIPTS:
            with self.subTest(script.name):
                done = run(script, "--help", cwd="/")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertTrue(done.stdout.startswith(f"usage: scripts/{script.name}"), done.stdout)
                self.assertIn("Example: ", done.stdout)

    def test_every_script_refuses_an_unknown_option_with_status_64(self):
        for script in SCRIPTS:
            if script.name in ("run", "format"):  # they hand options and names on
                continue
            with self.subTest(script.name):
                done = run(script, "--no-such-option", cwd="/")
                self.assertEqual(done.returncode, 64, done.stdout + done.stderr)
                self.assertIn("--no-such-option", done.stderr)
                self.assertIn("next:  ", done.stderr)

    def test_run_names_a_missing_file_before_it_builds_anything(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run(ROOT / "scripts/run", "no-such-song.mid", cwd=folder)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(len(done.stderr.splitlines()), 2, done.stderr)
        self.assertIn("no-such-song.mid", done.stderr)


class Steps(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_a_failed_step_prints_command_last_log_lines_and_next_step(self):
        done = with_common('step "counting" "count less" bash -c "seq 1000; echo cannot count; exit 3"', self.folder.name)
        self.assertEqual(done.returncode, 3)
        self.assertIn("error: counting failed (exit status 3)", done.stderr)
        self.assertIn("command: bash -c", done.stderr)
        self.assertIn("    1000\n    cannot count\n", done.stderr)
        self.assertNotIn("    900\n", done.stderr)
        self.assertTrue(done.stderr.endswith("next:  count less\n"), done.stderr)

    def test_a_step_that_is_done_at_once_says_nothing(self):
        done = with_common('step "nothing" "-" true', self.folder.name)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_a_long_step_says_what_runs_and_how_long_it_took(self):
        done = with_common('step "sleeping" "-" sleep 1.5', self.folder.name)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"^sleeping …\nsleeping: done in [12]\.\d s\n$")

    def test_a_cache_that_cannot_be_written_is_named(self):
        blocked = pathlib.Path(self.folder.name) / "file"
        blocked.write_text("")
        done = with_common('step "anything" "-" true', blocked)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot write to {blocked}", done.stderr)
        self.assertIn("XDG_CACHE_HOME", done.stderr)

    def test_an_interrupted_script_takes_its_step_with_it(self):
        mark = f"6{os.getpid()}"  # a sleep no one else runs
        done = with_common(f'(sleep 1; kill -TERM $$) & step "sleeping" "-" sleep {mark}', self.folder.name)
        self.assertEqual(done.returncode, 130)
        self.assertEqual(run("pgrep", "-f", f"^sleep {mark}$").stdout, "")


class Packages(unittest.TestCase):
    def test_the_package_table_has_its_columns_and_no_name_twice(self):
        seen = set()
        for line in (ROOT / "scripts/lib/packages").read_text().splitlines():
            if line.startswith("#") or not line.strip():
                continue
            columns = [column.strip() for column in line.split("|")]
            self.assertEqual(len(columns), 4, line)
            self.assertIn(columns[0], ("run", "package", "test", "extra"), line)
            for name in columns[1:3]:
                self.assertRegex(name, r"^(=|-|[a-z0-9][a-z0-9+.-]+)$", line)
            self.assertTrue(columns[3], f"{line}: what for?")
            self.assertNotIn(columns[1], seen)
            seen.add(columns[1])
        self.assertGreater(len(seen), 20)

    def test_names_of_another_release_are_used_there(self):
        with tempfile.TemporaryDirectory() as folder:
            table = pathlib.Path(folder) / "scripts/lib"
            table.mkdir(parents=True)
            (table / "packages").write_text("run | old | new | a\nrun | same | = | b\nrun | gone | - | c\ntest | t | = | d\n")
            code = f'source "{ROOT}/scripts/lib/packages.sh"; root={folder}; '
            twelve = with_common(code + "packages_for 12 run", folder).stdout
            thirteen = with_common(code + "packages_for 13 run test", folder).stdout
        self.assertEqual(twelve, "old\ta\nsame\tb\ngone\tc\n")
        self.assertEqual(thirteen, "new\ta\nsame\tb\nt\td\n")

    def test_a_package_that_is_not_installed_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            table = pathlib.Path(folder) / "scripts/lib"
            table.mkdir(parents=True)
            (table / "packages").write_text("run | bash | = | the shell\nrun | mpulab-no-such-package | = | nothing\n")
            code = f'source "{ROOT}/scripts/lib/packages.sh"; root={folder}; missing_packages 12 run'
            self.assertEqual(with_common(code, folder).stdout, "mpulab-no-such-package\tnothing\n")


class Doctor(unittest.TestCase):
    def test_doctor_gives_every_missing_part_its_fix_and_says_by_status_if_there_is_one(self):
        done = run(ROOT / "scripts/doctor", "--quick", cwd="/")
        missing = 0
        lines = done.stdout.splitlines()
        for line, after in zip(lines, lines[1:] + [""]):
            self.assertRegex(line, r"^(ok {7}|note {5}|missing {2}) ?\S|^ +next: +\S|^nothing is missing$", done.stdout)
            if line.startswith("missing"):
                missing += 1
                self.assertRegex(after, r"^ +next: +\S")
        self.assertEqual(done.returncode, 1 if missing else 0, done.stdout + done.stderr)

    def test_doctor_names_libraries_that_are_not_installed(self):
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder) / "scripts"
            subprocess.run(["cp", "-r", ROOT / "scripts", tree], check=True)
            with (tree / "lib/packages").open("a") as table:
                table.write("run | mpulab-no-such-package | = | what only a test wants\n")
            done = run(tree / "doctor", "--quick")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"missing +package mpulab-no-such-package what only a test wants\n +next: +scripts/bootstrap")


class Ci(unittest.TestCase):
    def test_ci_calls_scripts_test_and_nothing_else(self):
        lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and not line.startswith("#")]
        self.assertEqual(len(lines), 1)
        self.assertTrue(re.search(r'^exec .*/\.\./scripts/test"$', lines[0]), lines[0])


if __name__ == "__main__":
    unittest.main()
