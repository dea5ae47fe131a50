# SPDX-License-Identifier: MIT
"""How long the mutants of tests/mutants take: those made by hand all of them, those of the tool by a sample."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "mutants"))
import generate  # noqa: E402
import mutants  # noqa: E402
import tool_mutants  # noqa: E402
import tool_runs  # noqa: E402


def hand_made(folder):
    """(mutants, seconds), with and without the check that kills each."""
    folder.mkdir()
    chosen = mutants.load()
    begun = time.monotonic()
    mutants.try_all(chosen, folder)
    return len(chosen), time.monotonic() - begun


def tool_made(folder, sample):
    """(mutants, seconds) of all of them, from `sample` drawn evenly: what two workers need to set up, and then their part of
    the rest. What is no mutant takes no more than its build, and is among them."""
    folder.mkdir()
    made, record = generate.mutants(), tool_mutants.load_record()
    every = len(made) / sample
    chosen = [made[int(number * every)] for number in range(sample)]

    def seconds(some, place):
        place.mkdir()
        begun = time.monotonic()
        tool_runs.run_all(some, place)
        return time.monotonic() - begun

    set_up = seconds([], folder / "none")
    taken = seconds(chosen, folder / "some")
    return tool_mutants.Counts(record, {}).mutants, set_up + (taken - set_up) * every
