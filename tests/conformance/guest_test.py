# SPDX-License-Identifier: MIT
"""The conformance cases from inside a guest, and that they are the ones that core and QEMU device are asked."""
import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import case_file  # noqa: E402
import guest_runner  # noqa: E402

QEMU = os.environ.get("MPULAB_QEMU", "")
PLAYER = os.environ.get("MPULAB_CONFORMANCE_PLAYER", "")


def verdict(text):
    case, = case_file.parse(f'case 1 "c"\n{text}\n', "f.txt")
    return guest_runner.play(QEMU, PLAYER, [case])["1 c"]


class InAGuest(unittest.TestCase):
    def setUp(self):
        if not QEMU:
            self.skipTest("no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")

    def test_each_case_passes_and_they_are_as_many_as_the_core_and_the_qtest_runner_play(self):
        core = subprocess.run([os.environ["MPULAB_CONFORMANCE"], "--list", *guest_runner.CASES], check=True, text=True,
                              capture_output=True).stdout.splitlines()
        cases = [case for path in guest_runner.CASES for case in case_file.read(path)]  # what qtest_test.py plays
        verdicts = guest_runner.play(QEMU, PLAYER, cases)
        self.assertEqual(sorted(verdicts), sorted(core))
        self.assertEqual(len(verdicts), len(cases))
        for name, failure in verdicts.items():
            with self.subTest(name):
                self.assertIsNone(failure)

    def test_a_wrong_expectation_is_noticed_in_each_kind_of_step(self):
        for wrong in ("read status 3f", "read data 00", "irq 1", "edges 1", "wire 90", "lost host-latch 90",
                      "await status 00/80 every 1us within 10us", "never status 80/80 every 1us for 10us"):
            with self.subTest(wrong):
                self.assertRegex(verdict(f"read status bf\n{wrong}") or "", "^f.txt:3: ")

    def test_what_comes_a_microsecond_sooner_or_later_is_noticed(self):
        self.assertIsNone(verdict("command 05\nrun 76us\nirq 0\nrun 1us\nirq 1\nedges 1"))
        self.assertRegex(verdict("command 05\nrun 76us\nirq 1") or "", "^f.txt:4: ")
        self.assertRegex(verdict("command 05\nrun 77us\nirq 0") or "", "^f.txt:4: ")
        self.assertIsNone(verdict("given uart\ndata 90\nrun 1ms\nwire 90@41100us"))
        for time in ("41099us", "41101us"):
            self.assertRegex(verdict(f"given uart\ndata 90\nrun 1ms\nwire 90@{time}") or "", "^f.txt:5: ")

    def test_a_failed_case_does_not_hide_or_spoil_the_next(self):
        cases = case_file.parse('case 1 "a"\ngiven uart\nsend 90 3c\nirq 1\nread data 00\n'
                                'case 1 "b"\nread status bf\nrun 30ms\nwire fc@27ms f8@28ms\n', "f.txt")
        self.assertEqual(guest_runner.play(QEMU, PLAYER, cases), {"1 a": "f.txt:4: the line is 0", "1 b": None})

    def test_the_whole_is_the_same_each_time(self):
        table = guest_runner.Table(case_file.read(guest_runner.CASES[0])[:20])
        self.assertEqual(guest_runner.boot(QEMU, PLAYER, table, {}), guest_runner.boot(QEMU, PLAYER, table, {}))


if __name__ == "__main__":
    unittest.main()
