#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a driver writes to CR8 by itself, as the WDK's inline KeRaiseIrql and KeLowerIrql do: each write is in the event log
with its instruction (QEMU patch 0008), those of the kernel are not."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import faulty_driver  # noqa: E402
from faulty_driver import SCORE_DONE  # noqa: E402

HIGH, DISPATCH, APC, PASSIVE = 15, 2, 1, 0


class InlineIrql(unittest.TestCase):
    def written(self, fault):
        """[(IRQL, IRQL before)], and the run."""
        run = faulty_driver.boot(fault)
        self.assertEqual(run.end, SCORE_DONE, run)
        watched = run.of("WATCH_IRQL")
        self.assertEqual(len(watched), 1, run)
        written = run.of("IRQL_WRITTEN")
        for record in written:
            self.assertTrue(watched[0].a <= record.pc < watched[0].a + watched[0].b, record)
        places = [record.pc for record in written]
        self.assertEqual(places, sorted(set(places)), "each from its own instruction")
        return [(record.a, record.b) for record in written], run

    def test_each_write_of_a_dpc_is_told_with_what_it_was_before(self):
        written, run = self.written("dpc_lowers_inline")
        self.assertEqual(written, [(HIGH, DISPATCH), (DISPATCH, HIGH), (APC, DISPATCH), (DISPATCH, APC)])
        first = run.of("IRQL_WRITTEN")[0]
        enter = [record for record in run.of("CALL_ENTER") if record.seq < first.seq][-1]
        self.assertEqual((enter.irql, enter.cpu), (DISPATCH, first.cpu), enter)

    def test_the_exports_own_writes_are_not_told(self):
        written, run = self.written("lock_held_at_passive")
        self.assertEqual(written, [(PASSIVE, DISPATCH), (DISPATCH, PASSIVE)], run)  # KeAcquireSpinLock's and KeReleaseSpinLock's are the kernel's

    def test_a_driver_that_raises_and_lowers_it_rightly_runs_on(self):
        written, run = self.written("irql_raised_inline")
        self.assertEqual(written, [(DISPATCH, PASSIVE), (PASSIVE, DISPATCH)])
        self.assertEqual(run.findings(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
