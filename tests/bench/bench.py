# SPDX-License-Identifier: MIT
"""The benchmark behind scripts/bench: what the issues promise, measured. Host time is measured here and nowhere else."""
import argparse
import json
import multiprocessing
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import time

import access_costs
import active_sensing
import driver_costs
import eventlog
import fast_lane
import kill_matrices
import link_costs
import memory_growth
import mpulab

PHASE = {number: name for name, number in eventlog.enum("mpulab_phase").items()}


def spin():
    while True:
        pass


def loop_reference(folder):
    """Seconds of 10^8 iterations of dec/jnz in a bare machine: how fast TCG is on this host, QEMU's start included."""
    rom = folder / "loop.rom"
    rom.write_bytes(bytes(65520) + bytes.fromhex("66b900e1f5056649 75fce6f4f4000000"))
    begun = time.monotonic()
    subprocess.run([mpulab.QEMU, "-machine", "pc", "-accel", "tcg", "-nodefaults", "-display", "none", "-bios", rom,
                    "-device", "isa-debug-exit,iobase=0xf4,iosize=1"], capture_output=True, timeout=120)
    return time.monotonic() - begun


def warm_start():
    """Seconds from `scripts/run` to the moment it becomes `mpulab play` (same process: exec)."""
    begun = time.monotonic()
    with mpulab.Scratch() as folder:
        process = subprocess.Popen([mpulab.ROOT / "scripts/run", mpulab.SONG, "--out", folder / "out"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            while process.poll() is None and os.readlink(f"/proc/{process.pid}/exe") != str(mpulab.MPULAB.resolve()):
                time.sleep(0.005)
            taken = time.monotonic() - begun
            _, errors = process.communicate(timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            process.kill()
            raise SystemExit(f"error: scripts/run did not become mpulab: {error}\nnext:  run it by hand") from error
    if process.returncode != mpulab.PASSED:
        raise SystemExit(f"error: scripts/run ended with {process.returncode}: {errors.decode()}\nnext:  run it by hand")
    return taken


def first_start(folder):
    """Seconds to the verdict on a short song where libvirt has never seen this QEMU, and asks it what it can do."""
    begun = time.monotonic()
    run = mpulab.play(mpulab.SONG, folder / "out", environment={"XDG_CACHE_HOME": str(folder / "cache")})
    if run.status != mpulab.PASSED:
        raise SystemExit(f"error: a first start did not pass\n{run}\nnext:  scripts/run")
    return time.monotonic() - begun


def machine_command(out):
    """The QEMU command line of a run of the bundled song, as words."""
    done = subprocess.run(mpulab.command(mpulab.SONG, out, "--print-command", json_output=False), capture_output=True,
                          text=True, timeout=60)
    if done.returncode != mpulab.PASSED:
        raise SystemExit(f"error: mpulab play --print-command: {done.stderr}\nnext:  scripts/build")
    return shlex.split(done.stdout)


def boot(command, folder):
    """{phase: seconds since QEMU was started}, as its records come out of the link."""
    path = folder / "link"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        listener.settimeout(20)
        words = [f"socket,id=link,path={path}" if "id=link" in word else word for word in command]
        begun = time.monotonic()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            link, _ = listener.accept()
            link.settimeout(20)
            seen, data, at = {}, b"", eventlog.HEADER.size
            while "MPULAB_PHASE_DRIVER_STARTED" not in seen:
                more = link.recv(1 << 16)
                now = time.monotonic() - begun
                if not more:
                    raise SystemExit("error: the machine ended before its driver started\nnext:  scripts/run")
                data += more
                while len(data) >= at + eventlog.RECORD.size:
                    record = eventlog.Record(*eventlog.RECORD.unpack_from(data, at))
                    at += eventlog.RECORD.size
                    if record.kind == "PHASE":
                        seen[PHASE[record.a]] = now
        finally:
            process.kill()
            process.wait()
    return seen


def median(values):
    return sorted(values)[len(values) // 2]


def song(folder, path, *options):
    run = mpulab.play(path, folder / "out", *options)
    if run.status != mpulab.PASSED:
        raise SystemExit(f"error: {path} did not pass\n{run}\nnext:  scripts/run {path}")
    return run.result


def equal_runs(folder, count):
    return {song(folder, mpulab.SONG)["event_log_sha256"] for _ in range(count)}


def spacing_error(log):
    """(worst, pairs): how far in ns a byte's start bit on MIDI OUT is from the end of the byte before it, of all bytes
    that waited in the card for that end."""
    worst, pairs, before = 0, 0, None
    for record in eventlog.stream(log):
        if record.kind != "WIRE_OUT":
            continue
        if before is not None and before.c > 0:  # the FIFO had more when that one left
            worst, pairs = max(worst, abs(record.time - before.b)), pairs + 1
        before = record
    return worst, pairs


def inspect(what):
    """Seconds of `mpulab inspect`: INF, image, and a start of the driver."""
    begun = time.monotonic()
    done = subprocess.run([mpulab.MPULAB, "inspect", what], capture_output=True, text=True, timeout=60)
    if done.returncode != mpulab.PASSED:
        raise SystemExit(f"error: mpulab inspect {what}: {done.stdout}{done.stderr}\nnext:  scripts/build")
    return time.monotonic() - begun


def image_set():
    """KiB of everything the guest boots from, without the driver."""
    images = mpulab.BUILD / "guest-images/nanont"
    names = ("nanont-loader.elf", "ntoskrnl.exe", "hal.dll", "ks.sys", "portcls.sys", "agent.sys")
    return sum((images / name).stat().st_size for name in names) / 1024


def core_cost():
    """{access: ns}, of the card's own code."""
    done = subprocess.run([mpulab.BUILD / "tests/bench/core_cost"], capture_output=True, text=True, timeout=300, check=True)
    return json.loads(done.stdout)


def fuzz(folder, minutes):
    """(inputs tried, findings) of the core's fuzz target, from an empty corpus."""
    target = mpulab.BUILD / "tests/device-model/fuzz_core.dir/fuzz_core"
    corpus = folder / "corpus"
    corpus.mkdir()
    done = subprocess.run([target, f"-max_total_time={minutes * 60:.0f}", "-print_final_stats=1", "-max_len=4096",
                           f"-artifact_prefix={folder}/finding-", corpus], capture_output=True, text=True)
    tried = re.search(r"stat::number_of_executed_units: +(\d+)", done.stderr)
    if done.returncode != 0:
        print(done.stderr[-4000:], file=sys.stderr)
    return int(tried.group(1)) if tried else 0, int(done.returncode != 0)


class Table:
    """Rows as they come: what, measured, target, met or not, ratio to the reference."""

    def __init__(self, reference):
        self.reference, self.rows = reference, []
        print(f"{'':54} {'measured':>12} {'target':>12}          {'ratio to reference':>18}")
        print(f"{'reference: 10^8 iterations in TCG':54} {reference:10.2f} s")

    def seconds(self, what, measured, target):
        met = measured < target
        unit, scale = ("ms", 1000) if target < 1 else (" s", 1)
        print(f"{what:54} {measured * scale:9.2f} {unit} {'< %g' % (target * scale):>9} {unit}  {'met' if met else 'MISSED':7}"
              f"{measured / self.reference:17.2f}")
        self.rows.append({"what": what, "seconds": measured, "target": target, "met": met,
                          "ratio": measured / self.reference})

    def ratio(self, what, measured, target, of):
        met = measured <= target
        print(f"{what:54} {measured:10.2f} x {'<= %g' % target:>10} x  {'met' if met else 'MISSED':7} {of}")
        self.rows.append({"what": what, "times": measured, "target": target, "met": met, "of": of})

    def number(self, what, measured, target, unit, digits=0, at_least=False):
        met = measured >= target if at_least else measured <= target
        sign = ">=" if at_least else "<="
        print(f"{what:54} {measured:10.{digits}f} {unit} {f'{sign} {target:g}':>9} {unit}  {'met' if met else 'MISSED'}")
        self.rows.append({"what": what, "number": measured, "target": target, "unit": unit, "met": met})

    def hashes(self, what, seen):
        met = len(seen) == 1
        print(f"{what:54} {len(seen):10} hash{'' if met else 'es'} {'1':>9}    {'met' if met else 'MISSED'}")
        for digest in sorted(seen)[:3]:
            print(f"    {digest}")
        self.rows.append({"what": what, "hashes": sorted(seen), "target": 1, "met": met})


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--fuzz-minutes", type=float)
    options = parser.parse_args()
    if options.fuzz_minutes is None:
        options.fuzz_minutes = 0.5 if options.quick else 10
    repeats, runs = (3, 10) if options.quick else (11, 100)
    with mpulab.Scratch() as folder:
        song(folder, mpulab.SONG)  # warms libvirt's knowledge of this QEMU
        command = machine_command(folder / "out")
        table = Table(min(loop_reference(folder) for _ in range(3)))
        table.seconds("scripts/run on an unchanged tree: until the run starts", median([warm_start() for _ in range(repeats)]), 2)
        table.seconds("first start with a new QEMU: until the verdict", first_start(folder), 15)
        boots = [boot(command, folder) for _ in range(repeats)]
        table.seconds("power-on to driver started", median([b["MPULAB_PHASE_DRIVER_STARTED"] for b in boots]), 0.100)
        table.seconds("  of it after firmware", median(
            [b["MPULAB_PHASE_DRIVER_STARTED"] - b["MPULAB_PHASE_LOADER"] for b in boots]), 0.030)
        table.seconds("mpulab inspect of the bundled package", median([inspect(mpulab.BUILD / "driver/package") for _ in range(repeats)]), 1)
        table.number("the guest's image set", image_set(), 1_000_000 / 1024, "KiB")
        memory = int(re.search(r" -m (\d+)M", " " + " ".join(command)).group(1))
        table.number("memory of the machine that plays", memory, 32, "MiB")
        longest = mpulab.SONGS / "three-minutes.mid"
        results = [song(folder, longest) for _ in range(min(repeats, 5))]
        table.seconds("three-minute song, full event log: simulated in", median([r["host_seconds"]["run"] for r in results]), 5)
        print(f"    {results[0]['records']} records, {results[0]['virtual_ns'] / 1e9:.1f} s of virtual time")
        last = max((folder / "out").glob("three-minutes-*/events.mpl"), key=os.path.getmtime)
        worst, pairs = spacing_error(last)
        table.number(f"spacing error of {pairs} bytes on the paced wire", worst if pairs else float("inf"), 0, "ns")
        for abi, size in driver_costs.sizes(mpulab.BUILD / "driver", mpulab.bundled_driver().name).items():
            table.number(f"the driver's image, {abi}, unsigned", size, 24 * 1024 - driver_costs.SIGNATURE, "bytes")
        for abi in ("x86_64", "x86_64-msvc"):
            driver = driver_costs.measure(folder, mpulab.BUILD / "driver" / abi / mpulab.bundled_driver().name)
            table.number(f"{abi}: port reads of an interrupt beyond two a byte", driver["beyond"], 1, "")
            table.number("  port accesses of an idle card with both pins running", driver["idle"], 0, "")
            table.number("  port accesses for a byte sent at wire rate", driver["accesses"], 3, "", 2)
            table.number("  the driver's own instructions for it", driver["instructions"], 200, "", 1)
        lane = fast_lane.measure(folder, 200 if options.quick else 1000)
        table.seconds("a scenario in a warm machine: restore to the end, with its first byte, p95", lane["first_byte_p95"], 0.025)
        table.number("short scenarios a second", lane["rate"], 50, "", 1, at_least=True)
        table.hashes(f"{lane['runs']} warm runs of one scenario", lane["hashes"])
        table.seconds(f"the suite, {lane['suite']} runs, warm", lane["suite_warm"], 30)
        table.seconds("  --cold", lane["suite_cold"], 180)
        table.seconds(f"  its smoke set, {lane['smoke_runs']} runs", lane["smoke"], 5)
        full, bare = fast_lane.verifier_cost(folder, repeats)
        table.ratio("a scenario with every rule of the verifier on", full / bare, 2, f"of it with none, {bare * 1000:.0f} ms")
        if not options.quick:
            made, taken = kill_matrices.hand_made(folder / "hand-made")
            table.seconds(f"the kill matrix of {made} mutants made by hand", taken, 120)
            made, taken = kill_matrices.tool_made(folder / "tool-made", 60)
            table.seconds(f"that of {made} made by the tool, by 60 of them", taken, 20 * 60)
        count = 1_000_000 if options.quick else 4_000_000
        table.number("records a second read, checked, hashed and stored", link_costs.records_per_second(folder, count) / 1e6, 2, "M", 2, at_least=True)
        stored, void = link_costs.link_cost(command, folder, repeats)
        table.ratio("a song with its log read and stored", stored / void, 1.25, f"of it with the log thrown away, {void:.2f} s")
        table.number("an idle worker's share of a core", 100 * link_costs.idle_worker(command, folder), 2, "%", 2)
        runs_to_grow = 1_000 if options.quick else 10_000
        growth, _ = memory_growth.measure(runs_to_grow, folder)
        table.number(f"memory the harness grows by in each of {runs_to_grow} runs", growth, memory_growth.FLAT_BYTES_A_RUN, "bytes")
        costs = access_costs.measure(folder, rounds=5 if options.quick else 15)
        shown = f"of a read of isa-serial's LSR, {costs['lsr']:.0f} ns"
        table.ratio("a read of STATUS, link off", costs["off"] / costs["lsr"], 1.15, shown)
        table.ratio("a read of STATUS, link on, read and stored", costs["on"] / costs["lsr"], 2, shown)
        own = core_cost()
        table.ratio("of it the core's own code, link off", own["poll"] / costs["off"], 0.1, f"{own['poll']:.1f} ns")
        table.ratio("of it the core's own code, link on", own["read"] / costs["on"], 0.1, f"{own['read']:.1f} ns")
        day = folder / "day"
        day.mkdir()
        hours = 2 if options.quick else active_sensing.HOURS
        taken, grown = active_sensing.run(day, mpulab.bundled_driver(), hours)
        table.seconds(f"{hours} virtual hours of active sensing into an idle guest", taken, 180 * hours / active_sensing.HOURS)
        table.number("  memory QEMU grew by in the last nine tenths of them", grown / 1024, 256, "KiB")
        if options.fuzz_minutes:
            tried, findings = fuzz(folder, options.fuzz_minutes)
            table.number(f"fuzz_core, {options.fuzz_minutes:g} minutes, {tried} inputs: findings", findings, 0, "")
        quiet = equal_runs(folder, runs)
        table.hashes(f"{runs} cold runs of one song", quiet)
        spinners = [multiprocessing.Process(target=spin, daemon=True) for _ in range(2 * multiprocessing.cpu_count())]
        for spinner in spinners:
            spinner.start()
        try:
            busy = equal_runs(folder, max(5, runs // 10))
        finally:
            for spinner in spinners:
                spinner.kill()
        table.hashes(f"the same beside {len(spinners)} busy loops, both together", quiet | busy)
    print("first verdict on a fresh machine (target 15 min): time scripts/run in a new clone with an empty cache")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"reference": table.reference, "rows": table.rows}, indent=1))
    return 0 if all(row["met"] for row in table.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
