# SPDX-License-Identifier: MIT
"""The conformance cases on the QEMU device, and that the two runners and their two parsers mean the same files."""
import os
import pathlib
import random
import subprocess
import sys
import unittest

import mpulab

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import case_file  # noqa: E402
import pci_machine  # noqa: E402
import qtest_runner  # noqa: E402

SAMPLE = 40  # of the 145 cases, in the tests that play them once more in another way
PLACES = 4 if mpulab.FULL else 1  # of a case, from which it moves; one has thousands of steps
QEMU = os.environ.get("MPULAB_QEMU", "")


class InQemu(unittest.TestCase):
    def setUp(self):
        if not QEMU:
            self.skipTest("no QEMU given; next: scripts/build-qemu, then set MPULAB_QEMU")

    def test_each_case_passes_and_they_are_the_cases_that_the_core_runs(self):
        core = subprocess.run([os.environ["MPULAB_CONFORMANCE"], "--list", *qtest_runner.CASES], check=True, text=True,
                              capture_output=True).stdout.splitlines()
        cases = [case for path in qtest_runner.CASES for case in case_file.read(path)]
        self.assertEqual([case.name for case in cases], core)
        played = 0
        for case in cases:
            with self.subTest(case.name):
                self.assertIsNone(qtest_runner.play(QEMU, case))
                played += 1
        self.assertEqual(played, len(core))

    def test_each_case_passes_on_pci_mpu401_too(self):
        cases = [case for path in qtest_runner.CASES for case in case_file.read(path)]
        # D1 and D2 are for a bus driver that has no registers to ask: the function offers D0 and D3 (pci_test.py).
        offered = [case for case in cases if not any(step.verb == "power" and step.arguments in (1, 2) for step in case.steps)]
        self.assertEqual(len(cases) - len(offered), 2)
        for number, case in enumerate(mpulab.sample(offered, SAMPLE)):
            machine = (pci_machine.PciMachine, pci_machine.PciMemoryMachine)[number % 2]
            with self.subTest(case.name, machine=machine.bar):
                self.assertIsNone(qtest_runner.play(QEMU, case, machine))

    def test_each_case_passes_when_the_machine_moves_to_another_process_in_its_midst(self):
        seed = random.randrange(1 << 32)
        print(f"seed {seed}")
        draw = random.Random(seed)
        for number, case in enumerate(mpulab.sample((case for path in qtest_runner.CASES for case in case_file.read(path)), SAMPLE)):
            steps = len(qtest_runner.joined(case.steps))
            for place in draw.sample(range(steps), min(steps, PLACES)):
                way = ("unix", "file")[(number + place) % 2]
                with self.subTest(case.name, before_step=place, way=way):
                    self.assertIsNone(qtest_runner.play(QEMU, case, move=(place, way)))

    def test_a_wrong_expectation_is_noticed_in_each_kind_of_step(self):
        for wrong in ("read status 3f", "read data 00", "irq 1", "edges 1", "wire 90", "lost host-latch 90",
                      "await status 00/80 every 1us within 10us", "never status 80/80 every 1us for 10us"):
            with self.subTest(wrong):
                case, = case_file.parse(f'case 1 "c"\nread status bf\n{wrong}\n', "f.txt")
                self.assertTrue((qtest_runner.play(QEMU, case) or "").startswith("f.txt:3: "))


class Parser(unittest.TestCase):
    def test_wrong_lines_are_refused_with_their_line_here_too(self):
        for line in ("jump 3", "data", "data 1", "command 01 02", "send", "send 01@3us", "read 01", "read status 40/80", "run 3",
                     "irq x", "wire", "lost", "lost tx-fifo 01", "await status 00/80 every 1us for 1ms", "never status 00/80",
                     "power-on now", "given intelligent", "with fast", "repeat 0", "end"):
            with self.subTest(line):
                with self.assertRaisesRegex(case_file.CaseFileError, r"^f\.txt:2: "):
                    case_file.parse(f'case 1 "c"\n{line}\n', "f.txt")
        for text, where in (("", 0), ("data 01\n", 1), ('case 1 "c"\n', 1), ('case 1 "c"\nirq 0\ncase 1 "c"\nirq 0\n', 3)):
            with self.assertRaisesRegex(case_file.CaseFileError, rf"^f\.txt:{where}: "):
                case_file.parse(text, "f.txt")


if __name__ == "__main__":
    unittest.main()
