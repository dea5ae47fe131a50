#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A run repeated gives the same event log, byte for byte: cold, and with the host busy; and another seed or another card
gives another one, so that equality means something."""
import multiprocessing
import unittest

import mpulab


def spin():
    while True:
        pass


class Determinism(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path

    def hashes(self, count, *options):
        seen = {}
        for number in range(count):
            run = mpulab.play(mpulab.SONG, self.folder / f"out{number}", *options)
            self.assertEqual(run.status, mpulab.PASSED, run)
            seen.setdefault(run.result["event_log_sha256"], []).append(number)
        return seen

    def test_the_same_run_gives_one_hash(self):
        count = 100 if mpulab.FULL else 5
        seen = self.hashes(count)
        print(f"{count} cold runs, event log sha256 {list(seen)}")
        self.assertEqual(len(seen), 1, seen)

    def test_the_same_run_gives_one_hash_while_the_host_is_busy(self):
        quiet = self.hashes(1)
        spinners = [multiprocessing.Process(target=spin, daemon=True) for _ in range(2 * multiprocessing.cpu_count())]
        for spinner in spinners:
            spinner.start()
        try:
            count = 25 if mpulab.FULL else 3
            busy = self.hashes(count)
        finally:
            for spinner in spinners:
                spinner.kill()
                spinner.join()
        print(f"{count} cold runs beside {len(spinners)} busy loops, event log sha256 {list(busy)}")
        self.assertEqual(set(busy), set(quiet))

    def test_another_seed_or_another_line_gives_another_hash(self):
        self.assertEqual(len({*self.hashes(1), *self.hashes(1, "--seed", 7), *self.hashes(1, "--card", "irq=5")}), 3)


if __name__ == "__main__":
    mpulab.main()
