#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each call that a score can make fail (nanont_failable.def) fails once for a driver that makes it, with what stands there
(failing.sys): all of them in one boot."""
import pathlib
import re
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402
from guest_machine import FAIL_CALL, MAY_FAIL, ctl_code  # noqa: E402

CALLS = re.findall(r"^NANONT_FAILABLE\((\w+), \w+\)", (pathlib.Path(__file__).resolve().parents[3] /
                   "guest-images/nanont/include/nanont_failable.def").read_text(), re.M)
SLOT, CODE, SUCCESS = 3, ctl_code(0x800), 0


class Failing(unittest.TestCase):
    def test_each_call_fails_for_the_driver_with_what_the_list_says_and_once(self):
        score = guest_machine.Score()
        score.open_device(SLOT, "\\Device\\Failing")
        steps = []
        for number in range(len(CALLS)):
            score.device(FAIL_CALL, 1)
            steps.append((score.ioctl(SLOT, CODE, struct.pack("<I", number), flags=MAY_FAIL), SUCCESS))
        steps.append((score.device(FAIL_CALL, 0, flags=MAY_FAIL), SUCCESS))  # none is awaited, and none was left over
        score.close(SLOT)
        run = guest_machine.boot(score, guest_machine.test_driver("ntoskrnl/failing", "failing"))
        self.assertGreater(len(CALLS), 40)
        self.assertEqual(re.findall("failing: FAILED.*", run.text), [])
        self.assertEqual(re.findall(r"(\w+) fails for the driver, as the score asked", run.text), CALLS)
        self.assertEqual(re.findall(r"failing: (\w+) came back", run.text), CALLS)
        self.assertEqual([(step, run.status_of(step)) for step, _ in steps], steps)


if __name__ == "__main__":
    unittest.main()
