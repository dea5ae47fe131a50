#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What scripts/check looks at, as a test; and that the songs are what their generator makes."""
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Tree(unittest.TestCase):
    def test_scripts_check_has_no_finding(self):
        done = subprocess.run([ROOT / "scripts/check"], capture_output=True, text=True, timeout=100)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_songs_are_what_make_songs_makes(self):
        done = subprocess.run([sys.executable, ROOT / "tests/data/make_songs.py", "--check"], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
