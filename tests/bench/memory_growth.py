#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: memory_growth.py [RUNS]

How the harness' memory grows over RUNS warm runs of one scenario (default 10000; 100,000 take half an hour on two quiet
cores), by its resident set as the kernel tells it. Prints the samples' slope in bytes a run, by least squares
over the second half: the first fills caches. What is left of it is pages: by heaptrack 400 and 1200 runs both peak at 6.34 MB of heap,
and leave as much at their end. Exit codes: 0 below 100 bytes a run, 1 more, 2 a run was not green.

Example: PYTHONPATH=tests/support MPULAB_BUILD=build tests/bench/memory_growth.py 2000
"""
import subprocess
import sys
import time

import mpulab

FLAT_BYTES_A_RUN = 100  # 100,000 runs: 10 MB
NOTE = mpulab.ROOT / "tests" / "scenarios" / "output" / "note.yaml"


def slope(samples):
    """Of (runs, bytes), by least squares."""
    middle = [sum(column) / len(samples) for column in zip(*samples)]
    spread = sum((runs - middle[0]) ** 2 for runs, _ in samples)
    return sum((runs - middle[0]) * (size - middle[1]) for runs, size in samples) / spread if spread else 0.0


def measure(runs, folder):
    """(bytes a run over the second half, what was seen in words). SystemExit 2: a run was not green, or there were too few."""
    out, lines = folder / "grow", folder / "grow.txt"
    pause = min(max(runs / 5000, 0.05), 10)
    with lines.open("w", encoding="utf-8") as file:
        harness = subprocess.Popen([mpulab.MPULAB, "run", NOTE, "--repeat", str(runs), "--out", out], stdout=file, stderr=file)
        samples = []
        while harness.poll() is None:
            size = mpulab.resident_bytes(harness.pid)
            done = sum(1 for _ in out.glob("note-*/result.json"))
            if size and done:
                samples.append((done, size))
            time.sleep(pause)
    last = lines.read_text().splitlines()[-1]
    half = [sample for sample in samples if sample[0] >= runs / 2]
    if harness.returncode != 0 or len(half) < 4:
        print(f"{last}; {len(samples)} samples; next: name more runs, or see why they fail with mpulab run {NOTE}", file=sys.stderr)
        raise SystemExit(2)
    growth = slope(half)
    return growth, (f"{last}; {samples[0][1] / 1e6:.1f} MB after {samples[0][0]}, {half[0][1] / 1e6:.1f} MB after {half[0][0]}, "
                    f"{samples[-1][1] / 1e6:.1f} MB after {samples[-1][0]}; {growth:.0f} bytes a run over the second half")


def main():
    with mpulab.Scratch() as folder:
        growth, text = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, folder)
    print(text)
    return 0 if growth < FLAT_BYTES_A_RUN else 1


if __name__ == "__main__":
    sys.exit(main())
