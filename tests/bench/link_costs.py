# SPDX-License-Identifier: MIT
"""What the link costs, how fast it is read and stored, what a worker costs that waits, and whether the harness grows."""
import json
import os
import socket
import struct
import subprocess
import time

import mpulab
import eventlog

HEADER = struct.pack("<8sII", b"MPLBLINK", 1, eventlog.RECORD.size)
RUN_STARTED, RUN_ENDED, REG_READ = 1, 2, 16
BATCH = 4096  # records of one send


def record(number, kind):
    return struct.pack("<QQQQHBBHBBQQQ", number, number * 40, 0, 0, kind, 0, 0, 1, 0, 0, 1, 0xBF, 0)


def sink(folder):
    """The harness' end of the link as a process, and its socket."""
    path = folder / "sink"
    path.unlink(missing_ok=True)
    process = subprocess.Popen([mpulab.BUILD / "tests/bench/link_sink", path, folder / "sunk.mpl"], stdout=subprocess.PIPE, text=True)
    mpulab.wait_for(path.exists, 10, "link_sink's socket")
    return process, path


def records_per_second(folder, count):
    """`count` records from a socket: checked, hashed and stored."""
    stream = [HEADER]
    for first in range(0, count, BATCH):
        last = min(first + BATCH, count)
        kinds = (RUN_STARTED if n == 0 else RUN_ENDED if n == count - 1 else REG_READ for n in range(first, last))
        stream.append(b"".join(record(n, kind) for n, kind in zip(range(first, last), kinds)))
    process, path = sink(folder)
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(path))
        begun = time.monotonic()
        for part in stream:
            link.sendall(part)
    said, _ = process.communicate(timeout=120)
    taken = time.monotonic() - begun
    if process.returncode != 0 or not said.startswith(f"{count} records"):
        raise SystemExit(f"error: link_sink ended with {process.returncode} and said '{said}', {count} records expected\nnext:  run it by hand")
    return count / taken


class Monitor:
    """QMP of a machine, as little of it as is needed."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("r")
        self.lines.readline()  # the greeting
        self.ask("qmp_capabilities")

    def ask(self, command):
        self.socket.sendall(json.dumps({"execute": command}).encode())
        while True:
            answer = json.loads(self.lines.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise SystemExit(f"error: QMP {command}: {answer['error']}\nnext:  run QEMU by hand")

    def close(self):
        self.lines.close()
        self.socket.close()


def start(command, chardev, folder, *more):
    """The machine of a run's command with another link, and its monitor."""
    path = folder / "qmp"
    path.unlink(missing_ok=True)
    words = [chardev if "id=link" in word and word != "-chardev" and not word.startswith("mpulab-probe") else word for word in command]
    words += ["-chardev", f"socket,id=qmp,path={path},server=on,wait=off", "-mon", "chardev=qmp,mode=control", *more]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    mpulab.wait_for(path.exists, 20, "QEMU's monitor")
    return process, Monitor(path)


def run_seconds(command, chardev, folder):
    """Until the machine stands at RUN_ENDED."""
    begun = time.monotonic()
    process, monitor = start(command, chardev, folder)
    try:
        while monitor.ask("query-status")["running"]:
            time.sleep(0.005)
        return time.monotonic() - begun
    finally:
        monitor.close()
        process.kill()
        process.wait()


def link_cost(command, folder, rounds):
    """(with the link read and stored, with it into the void), in seconds: the least of each, measured in turn."""
    least = [float("inf"), float("inf")]
    for _ in range(rounds):
        reader, path = sink(folder)
        least[0] = min(least[0], run_seconds(command, f"socket,id=link,path={path}", folder))
        reader.communicate(timeout=60)
        least[1] = min(least[1], run_seconds(command, "null,id=link", folder))
    return least


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_worker(command, folder, seconds=3):
    """Share of a core that a machine takes which stands, as a worker's does between runs."""
    process, monitor = start(command, "null,id=link", folder, "-S")
    try:
        time.sleep(0.5)
        before = cpu_seconds(process.pid)
        time.sleep(seconds)
        return (cpu_seconds(process.pid) - before) / seconds
    finally:
        monitor.close()
        process.kill()
        process.wait()
