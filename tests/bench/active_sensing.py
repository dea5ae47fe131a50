# SPDX-License-Identifier: MIT
"""A day of active sensing: FE on MIDI IN every 300 ms for 24 virtual hours, into a guest that only reads them."""
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "guest-images" / "support"))
import eventlog  # noqa: E402
import guest_machine  # noqa: E402
import mpulab  # noqa: E402
import plan_writer  # noqa: E402

HOURS = 24
PERIOD_NS = 300_000_000
ACTIVE_SENSING = b"\xfe"
FILTER, CAPTURE = 0, 1
CAPTURE_PIN = 2
BEGIN_NS = 2_000_000_000  # after the driver has started
LIMIT_S = 1200


def cues(count):
    row = plan_writer.cue(plan_writer.TIME, plan_writer.INJECT, firings=count, every=PERIOD_NS, delay_ns=BEGIN_NS,
                          count=len(ACTIVE_SENSING), value=plan_writer.CUES_HEADER + plan_writer.CUE)
    return plan_writer.cues([row], ACTIVE_SENSING)


def score(count):
    steps = guest_machine.Score()
    steps.open_filter(FILTER)
    steps.open_pin(CAPTURE, FILTER, CAPTURE_PIN)
    for state in (guest_machine.ACQUIRE, guest_machine.PAUSE, guest_machine.RUN):
        steps.set_state(CAPTURE, state)
    steps.read_start(CAPTURE)
    steps.wait_captured(CAPTURE, count, timeout=HOURS * 3_600_000 + 60_000)
    return steps


def run(folder, driver, hours=HOURS):
    """(seconds the day took, bytes that QEMU grew by after its first tenth). SystemExit when not every byte came back."""
    count = hours * 3600 * 1_000_000_000 // PERIOD_NS
    argv, log = guest_machine.prepare(folder, score(count), driver, cues(count))
    samples = []
    begun = time.monotonic()
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        ended = guest_machine.wait_for_end(process, log, LIMIT_S, lambda: samples.append(mpulab.resident_bytes(process.pid)))
        taken = time.monotonic() - begun
        process.kill()
    captured = 0
    for record in eventlog.stream(log):
        if record.kind == "CAPTURED":
            captured += record.count
    if not ended or captured != count:
        raise SystemExit(f"error: {hours} h of active sensing: {captured} of {count} bytes came back"
                         f"{'' if ended else f', no end within {LIMIT_S} s'}\nnext:  read {log}")
    return taken, max(samples) - samples[len(samples) // 10]
