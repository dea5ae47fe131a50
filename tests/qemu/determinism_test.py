# SPDX-License-Identifier: MIT
"""The deterministic machine (device-model/qemu/patches 0002, 0003), shown on the clock test.

usage: determinism_test.py CASE CLOCKTEST.elf

MPULAB_FULL=1 takes the counts of the design instead of a sample. Each case prints what it compared.
"""
import collections
import contextlib
import os
import random
import subprocess
import sys
import tempfile

import machine

FULL = os.environ.get("MPULAB_FULL") == "1"
ROUNDS = 12000
QEMU = os.environ["MPULAB_QEMU"]
SKIPPED = 77


def count(full, sample):
    return full if FULL else sample


def results(kernel, runs, load=False, qemu=QEMU, **options):
    """Last lines of `runs` runs, counted. A machine that crashed is a result of its own."""
    seen = collections.Counter()
    with machine.host_load() if load else contextlib.nullcontext():
        for _ in range(runs):
            try:
                seen[machine.run(qemu, kernel, rounds=ROUNDS, **options)] += 1
            except machine.Failure as failure:
                seen[f"no result: {failure}"] += 1
    return seen


def expect_one(what, seen):
    print(f"{what}: {sum(seen.values())} runs, {len(seen)} result(s)")
    for line, times in seen.most_common():
        print(f"  {times:3} x {line}")
    if len(seen) != 1 or next(iter(seen)).startswith("no result"):
        sys.exit(f"expected one result from every run of '{what}'; next: compare two runs' output round by round")


def one_trace(kernel, cpus):
    """cold boots, host load and QMP traffic all give one result"""
    seen = results(kernel, count(60, 5), cpus=cpus)
    expect_one("cold", seen)
    seen += results(kernel, count(25, 3), load=True, cpus=cpus)
    expect_one("cold and under host load", seen)
    seen += results(kernel, count(40, 3), during=machine.traffic(), cpus=cpus)
    expect_one("cold, under host load and under QMP traffic", seen)


def restores(kernel, cpus):
    """a machine saved at any moment goes on as if it had never been stopped"""
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"moments drawn by seed {seed}")
    draw = random.Random(seed)
    seen = results(kernel, 1, cpus=cpus)
    restored = 0
    with tempfile.TemporaryDirectory(prefix="mpulab-clock-") as folder:
        path = os.path.join(folder, "state")
        for _ in range(count(14, 4)):
            if not machine.snapshot(QEMU, kernel, path, draw.uniform(0.05, 0.3), rounds=ROUNDS, cpus=cpus):
                continue  # the guest was done first
            seen += results(kernel, 3, incoming=path, during=machine.resume, cpus=cpus)
            restored += 3
    if restored == 0:
        sys.exit("no snapshot was taken before the guest was done: nothing was tested; next: raise ROUNDS")
    expect_one(f"cold and {restored} restores", seen)


def schedules(kernel, _):
    """each seed is another schedule of two vCPUs, and the same one every time; also out of one snapshot"""
    seeds = range(1, 9)
    by_seed = {seed: results(kernel, 2, cpus=2, slice_seed=seed) for seed in seeds}
    for seed, seen in by_seed.items():
        expect_one(f"seed {seed}", seen)
    different = {next(iter(seen)) for seen in by_seed.values()}
    if len(different) != len(by_seed):
        sys.exit(f"{len(by_seed)} seeds gave {len(different)} results, expected {len(by_seed)}")


def bad_settings(kernel, _):
    """impossible slice lengths are refused by name"""
    for extra in (",slice-min=0", ",slice-min=9,slice-max=8", ",slice-max=4294967296"):
        argv = machine.command_line(QEMU, kernel, "/dev/null", icount_extra=extra)
        done = subprocess.run(argv, capture_output=True, text=True, timeout=machine.RUN_LIMIT_S, check=False)
        print(extra, done.returncode, done.stderr.strip())
        if done.returncode == 0 or "slice-min=" not in done.stderr:
            sys.exit(f"-icount {extra} was not refused by a message that names it")


def stock_differs(kernel, cpus):
    """without patch 0002 the same runs give different results (without 0003 two vCPUs do, too, but a run takes minutes)"""
    upto = "0001"
    if not FULL:
        print(f"SKIPPED: needs a QEMU of its own (patches up to {upto}); scripts/test --full builds it")
        sys.exit(SKIPPED)
    source = os.environ["MPULAB_SOURCE"]
    built = subprocess.run([os.path.join(source, "scripts/build-qemu"), "--upto", upto], check=True,
                           stdout=subprocess.PIPE, text=True)
    qemu = built.stdout.splitlines()[-1]
    seen = collections.Counter()
    while len(seen) < 2 and sum(seen.values()) < 60:  # until two differ: how many that takes is the host's whim
        seen += results(kernel, 2, qemu=qemu, cpus=cpus)
        seen += results(kernel, 2, qemu=qemu, load=True, cpus=cpus)
        seen += results(kernel, 2, qemu=qemu, during=machine.traffic(), cpus=cpus)
    runs = sum(seen.values())
    print(f"patches up to {upto}: {runs} runs, {len(seen)} results")
    if len(seen) == 1:
        sys.exit(f"{runs} runs agreed: the patch is not needed, or this test cannot see what it is for")


CASES = {
    "one-trace-one-vcpu": (one_trace, 1), "one-trace-two-vcpus": (one_trace, 2),
    "restores-one-vcpu": (restores, 1), "restores-two-vcpus": (restores, 2),
    "schedules": (schedules, 2), "bad-settings": (bad_settings, 1),
    "without-0002": (stock_differs, 1),
}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in CASES:
        sys.exit(f"usage: determinism_test.py {'|'.join(CASES)} CLOCKTEST.elf")
    case, vcpus = CASES[sys.argv[1]]
    case(sys.argv[2], vcpus)
