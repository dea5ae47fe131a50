# SPDX-License-Identifier: MIT
"""Plays the tool's mutants through scenarios until one of them is red, and says what made it so: a rule of the verifier, a
check, a crash, or that mpulab cannot even start the driver; what they all let live goes through the driver's unit tests. Never by
comparing with what the unchanged driver does."""
import concurrent.futures
import json
import os
import pathlib
import resource
import shutil
import subprocess
import threading
from dataclasses import dataclass

import build_mutants
import mutants

PACKAGE = mutants.BUILD / "driver/package"
SUITE = pathlib.Path("tests/mutants/suite")
# Played one group after the other; what is red in one ends the mutant's life. In order of what each kills, and costs.
GROUPS = [[mutants.SCENARIO],
          [SUITE / f"{name}.yaml" for name in ("counters", "clients", "card-troubles", "pacing", "low-memory", "lost-edges")],
          [SUITE / f"{name}.yaml" for name in (
              "resource-lists", "power-cycles", "torn-out", "polled-removal", "stop-in-stream", "late-leave", "stuck-card", "stuck-removal",
              "late-answer", "no-uart-ack", "fast-card", "not-ready-for-uart", "stuck-dsr", "left-over", "small-pieces", "overflow",
              "d3-in-sysex", "d3-after-spurious", "d3-on-shared-line", "start-on-shared-line", "no-interrupt-dealt", "pci",
              "low-memory-of-portcls", "windows-7", "two-processors")]]
ENDED = (0, 1, 2, 3)  # mpulab's exit codes of runs that it has judged
MEMORY_LIMIT = 5 << 29  # bytes: a mutant that never stops reading ports fills an event log
HOST_LIMIT_S = 600  # a run has bounds in virtual time and a watchdog; this one says that those have failed


class TooMuch(Exception):
    """mpulab ended without a verdict."""


@dataclass(frozen=True)
class Fate:
    """outcome: killed, survived, not built, same image (as the driver), or same as (another mutant). By: what killed it, in
    `scenario`; or that other mutant."""

    outcome: str
    by: str = ""
    scenario: str = ""


def play(image, scenarios, out, jobs=1):
    """Result documents of the runs that are red, in the order of the scenarios' names."""
    limit = (MEMORY_LIMIT, MEMORY_LIMIT)
    done = subprocess.run([mutants.BUILD / "harness/mpulab", "run", *(mutants.ROOT / name for name in scenarios), "--package", PACKAGE,
                           "--driver", image, "--cold", "-j", str(jobs), "--json", "--out", out], text=True, capture_output=True,
                          timeout=HOST_LIMIT_S, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
    results = [json.loads(path.read_text()) for path in sorted(out.glob("*/result.json"))]
    if done.returncode not in ENDED or any("does not come to an end" in (result["reason"] or "") for result in results):
        raise TooMuch(f"mpulab ended with {done.returncode}")
    if not results:
        raise AssertionError(f"mpulab left no result of {image}: {done.stderr}{done.stdout[-300:]}")
    return [result for result in results if result["verdict"] != "passed"]


def killer(result):
    """The first thing that is wrong in a red run."""
    if result["crash"]:
        return f"bugcheck {result['crash'].get('code', '')}".strip()
    if told := mutants.told_by(result):
        return told[0]
    reason = result["reason"].split(" from ")[0].split(": ")[0]
    return f"{result['verdict']}: {reason}"[:100]


def judge(image, folder):
    """The fate of a built image."""
    for number, scenarios in enumerate(GROUPS):
        out = folder / f"out{number}"
        try:
            red = play(image, scenarios, out)
        except TooMuch:
            return Fate("killed", "error: more records than the bench holds", pathlib.Path(scenarios[0]).stem)
        finally:
            shutil.rmtree(out, ignore_errors=True)
        if red:
            return Fate("killed", killer(red[0]), red[0]["scenario"]["name"])
    return Fate("survived")


def run_all(chosen, folder, told=lambda mutant, fate: None, workers=min(2, os.cpu_count() or 1)):
    """[(mutant, fate)] in their order, `workers` at a time. `told` hears of each as it comes, one after the other."""
    compiler = mutants.Compiler()
    shops, known, lock = [], {}, threading.Lock()
    for number in range(workers):
        place = folder / f"worker{number}"
        place.mkdir()
        shops.append((build_mutants.Workshop(place, compiler), place))
    fates = [None] * len(chosen)

    def one(number):
        with lock:
            shop, place = shops.pop()
        try:
            fates[number] = _fate(chosen[number], shop, place, known, lock)
            with lock:
                told(chosen[number], fates[number])
        finally:
            with lock:
                shops.append((shop, place))

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, range(len(chosen))))
    return list(zip(chosen, fates))


def _fate(mutant, shop, place, known, lock):
    image = place / mutants.image_name()
    try:
        hash_ = shop.build(mutant, image)
    except build_mutants.DoesNotBuild as refused:
        return Fate("not built", "by the compiler" if "error:" in str(refused) else "by the linker")
    if hash_ == shop.original:
        return Fate("same image")
    with lock:
        twin = known.setdefault(hash_, mutant.name)
    if twin != mutant.name:
        return Fate("same as", twin)
    fate = judge(image, place)
    if fate.outcome == "survived" and (unit := shop.failing_unit(mutant)):
        return Fate("killed", f"unit test: {unit}", "driver_test")
    return fate
