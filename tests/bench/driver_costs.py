# SPDX-License-Identifier: MIT
"""What the bundled driver costs: port accesses and its own instructions for a byte, from the event log and from QEMU's
list of what was executed; its files' sizes. All of it is counted, none of it is host time."""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "guest-images" / "support"))
import eventlog  # noqa: E402
import guest_machine  # noqa: E402
import plan_writer  # noqa: E402
from guest_machine import ACQUIRE, PAUSE, RUN  # noqa: E402

FILTER, RENDER, CAPTURE = range(3)
RENDER_PIN, CAPTURE_PIN = 0, 2
FEW, MANY = 256, 1280  # bytes sent: what is not paid for each byte is in both
LIMIT_S = 120
SIGNATURE = 2048  # bytes that one SHA-256 signature with a certificate of 2048 bits adds at most


def score(sent=0, received=0, idle_ms=0):
    steps = guest_machine.Score()
    steps.open_filter(FILTER)
    steps.open_pin(RENDER, FILTER, RENDER_PIN)
    steps.open_pin(CAPTURE, FILTER, CAPTURE_PIN)
    for slot in (RENDER, CAPTURE):
        for state in (ACQUIRE, PAUSE, RUN):
            steps.set_state(slot, state)
    steps.read_start(CAPTURE)
    steps.delay_ms(20)
    steps.marker(1)
    for at in range(0, sent, 128):
        steps.write(RENDER, guest_machine.record(0, bytes(min(128, sent - at))), timeout=60_000)
    steps.wait_writes(RENDER, timeout=60_000)
    if received:
        steps.wait_captured(CAPTURE, received, timeout=60_000)
    steps.delay_ms(idle_ms + 100)
    steps.marker(2)
    return steps


def play(folder, driver, steps, cue_bytes=b"", accelerator="tcg", options=()):
    """The records between the two markers, and all of them."""
    argv, log = guest_machine.prepare(folder, steps, driver, cue_bytes)
    argv[argv.index("-accel") + 1] = accelerator  # of two, QEMU would take the first that works
    log.unlink(missing_ok=True)
    with subprocess.Popen([*argv, *map(str, options)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        ended = guest_machine.wait_for_end(process, log, LIMIT_S)
        process.kill()
    records = eventlog.read(log) if ended else []
    if not ended or records[-1].a != 0:
        raise SystemExit(f"error: a run for the driver's costs did not end well\nnext:  read {log}")
    first, last = (next(i for i, r in enumerate(records) if r.kind == "MARKER" and r.a == n) for n in (1, 2))
    return records[first:last], records


def accesses(records):
    return sum(r.count for r in records if r.kind in ("REG_READ", "REG_WRITE"))


def interrupt_reads(folder, driver, count=1000):
    """(most port reads of an interrupt beyond two a byte, reads a byte) at full wire rate."""
    inject = plan_writer.cue_section([(1, 0, bytes(count))])
    records, _ = play(folder, driver, score(received=count), inject)
    inside, beyond, reads, data, taken = False, 0, 0, 0, 0
    for r in records:
        if r.kind == "CALL_ENTER" and eventlog.CALLBACKS[r.a] == "InterruptRoutine":
            inside, here, got = True, 0, 0
        elif r.kind == "CALL_LEAVE" and eventlog.CALLBACKS[r.a] == "InterruptRoutine":
            inside, beyond = False, max(beyond, here - 2 * got)
            reads, data, taken = reads + here, data + got, taken + 1
        elif inside and r.kind == "REG_READ":
            here += r.count
            got += r.count if r.a == 0 else 0
    if data != count or not taken:
        raise SystemExit(f"error: {data} of {count} bytes were read in interrupts\nnext:  look at the run")
    return beyond, reads / data


def instructions(folder, driver, steps):
    """How many of the driver's own instructions a run executes, and its records between the markers."""
    records, everything = play(folder, driver, steps)
    base, size = eventlog.modules(everything)[pathlib.Path(driver).name.lower()]
    trace = folder / "executed"
    play(folder, driver, steps, b"", "tcg,one-insn-per-tb=on",
         ("-d", "exec,nochain", "-dfilter", f"{base:#x}+{size:#x}", "-D", trace))
    with open(trace, encoding="ascii", errors="replace") as lines:
        count = sum(line.startswith("Trace ") for line in lines)
    trace.unlink()
    return count, records


def measure(folder, driver):
    """{figure: number} of one image."""
    beyond, reads = interrupt_reads(folder, driver)
    few, records_few = instructions(folder, driver, score(sent=FEW))
    many, records_many = instructions(folder, driver, score(sent=MANY))
    wire = [r for r in records_many if r.kind == "WIRE_OUT"]
    idle, _ = play(folder, driver, score(idle_ms=10_000))
    return {"beyond": beyond, "reads": reads, "idle": accesses(idle),
            "accesses": (accesses(records_many) - accesses(records_few)) / (MANY - FEW),
            "instructions": (many - few) / (MANY - FEW),
            "wire_us": (wire[-1].time - wire[0].time) / (len(wire) - 1) / 1000}


def sizes(build, name):
    """{ABI: bytes of the image}, unsigned."""
    return {abi: (build / abi / name).stat().st_size for abi in ("x86_64", "x86_64-msvc", "i686")}
