# SPDX-License-Identifier: MIT
"""What a scenario costs in a warm machine, and a suite of them: figures for scripts/bench."""
import json
import subprocess
import time

import mpulab

SUITE = mpulab.ROOT / "tests" / "scenarios"
NOTE = SUITE / "output" / "note.yaml"

# Ends as soon as the byte is out: its whole run, restore included, is an upper bound of "restore to first byte".
FIRST_BYTE = """scenario: one byte goes out
steps:
  - open: render
  - state: run
  - write: f8
  - wait-writes: render
checks:
  - wire-equals: written
"""


def run(folder, *arguments):
    """Seconds of one `mpulab run`, and the results it left."""
    out = folder / f"fast-{time.monotonic_ns()}"
    begun = time.monotonic()
    done = subprocess.run([mpulab.MPULAB, "run", *map(str, arguments), "--out", str(out)], capture_output=True, text=True, timeout=3600)
    taken = time.monotonic() - begun
    if done.returncode != mpulab.PASSED:
        raise SystemExit(f"error: mpulab run {' '.join(map(str, arguments))} ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}\nnext:  run it by hand")
    return taken, [json.loads(path.read_text()) for path in out.glob("*/result.json")]


def measure(folder, repeats):
    """The figures by name. `repeats`: runs of the one scenario that is run over and over."""
    figures = {}
    scenario = folder / "first-byte.yaml"
    scenario.write_text(FIRST_BYTE)
    _, results = run(folder, scenario, "--repeat", 200, "-j", 1)
    seconds = sorted(result["host_seconds"]["run"] for result in results)
    figures["first_byte_p95"] = seconds[len(seconds) * 95 // 100]
    few, _ = run(folder, NOTE, "--repeat", 100)
    many, results = run(folder, NOTE, "--repeat", 100 + repeats)
    figures["rate"] = repeats / (many - few)  # what starting workers costs is in both
    figures["hashes"] = {result["event_log_sha256"] for result in results}
    figures["runs"] = len(results)
    figures["suite_warm"], results = run(folder, SUITE)
    figures["suite"] = len(results)
    figures["suite_cold"], _ = run(folder, SUITE, "--cold")
    figures["smoke"], results = run(folder, SUITE, "--tag", "smoke")
    figures["smoke_runs"] = len(results)
    return figures


def verifier_cost(folder, rounds, repeats=40):
    """[seconds of a run with every rule on, with none that can be switched off]: the least of each, measured in turn."""
    both_ways = SUITE / "input" / "both-ways.yaml"
    least = [float("inf"), float("inf")]
    for _ in range(rounds):
        for which, rules in enumerate(("all", "none")):
            _, results = run(folder, both_ways, "--repeat", repeats, "-j", 1, "--verifier", rules)
            least[which] = min([least[which], *(result["host_seconds"]["run"] for result in results)])
    return least
