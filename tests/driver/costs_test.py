#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the driver may cost at most (the figures are scripts/bench's, tests/bench/driver_costs.py): counted from the event
log and from what QEMU says it executed, so a run gives the same figures anywhere."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import driver_costs  # noqa: E402
import guest_machine  # noqa: E402


class Costs(unittest.TestCase):
    def test_ports_are_read_twice_a_byte_and_once_more_and_no_byte_sent_costs_more_than_it_may(self):
        with tempfile.TemporaryDirectory() as folder:
            costs = driver_costs.measure(pathlib.Path(folder), guest_machine.own_driver())
        print(costs)
        self.assertAlmostEqual(costs["wire_us"], 320, places=0, msg="no gap: it was sent at wire rate")
        self.assertLessEqual(costs["beyond"], 1, "port reads of an interrupt beyond two a byte")
        self.assertEqual(costs["idle"], 0, "accesses in ten seconds with both pins running and nothing to do")
        self.assertLessEqual(costs["accesses"], 3, "port accesses a byte sent")
        self.assertGreater(costs["instructions"], 100, "the count is armed")
        self.assertLessEqual(costs["instructions"], 200, "the driver's own instructions a byte sent")


if __name__ == "__main__":
    unittest.main()
