# SPDX-License-Identifier: MIT
"""Boots the clock test in a QEMU and returns its last line; with QMP traffic, stops, snapshots and host load on request."""
import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time

LOAD_PROCESSES = 4
RUN_LIMIT_S = 120


class Failure(Exception):
    """A run that gave no result; says what was seen."""


class Qmp:
    """A QMP client on an inherited socket: nothing has to be found, nothing is left in a file system."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, b""
        self._receive()
        self.command("qmp_capabilities")

    def _receive(self):
        while b"\n" not in self.buffer:
            chunk = self.sock.recv(65536)
            if not chunk:
                raise EOFError
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def command(self, name, **arguments):
        self.sock.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = self._receive()
            if "return" in answer or "error" in answer:
                return answer


@contextlib.contextmanager
def host_load(count=LOAD_PROCESSES):
    """Keeps every core of the host busy."""
    burners = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def command_line(qemu, kernel, output, cpus=1, rounds=600, slice_seed=None, icount_extra="", incoming=None, qmp_fd=None):
    firmware = os.environ.get("MPULAB_FIRMWARE_DIR", "/usr/share/qemu")
    icount = "shift=3,sleep=off" + icount_extra
    if slice_seed is not None:
        icount += f",slice-seed={slice_seed}"
    argv = [qemu, "-machine", "pc", "-nodefaults", "-display", "none", "-m", "32", "-smp", str(cpus),
            "-cpu", "qemu64,-monitor", "-accel", "tcg", "-icount", icount, "-seed", "1",
            "-rtc", "base=2026-01-01,clock=vm", "-L", firmware, "-bios", os.path.join(firmware, "qboot.rom"),
            "-kernel", kernel, "-append", f"cpus={cpus} rounds={rounds}",
            "-chardev", f"file,id=out,path={output}", "-device", "isa-debugcon,iobase=0xe9,chardev=out",
            "-device", "isa-debug-exit,iobase=0xf4"]
    if incoming:
        argv += ["-incoming", f"file:{incoming}"]
    if qmp_fd is not None:
        argv += ["-chardev", f"socket,id=qmp,fd={qmp_fd}", "-mon", "chardev=qmp,mode=control"]
    return argv


def last_line(path):
    lines = open(path, encoding="ascii").read().splitlines()
    if not lines or not lines[-1].startswith("end "):
        raise Failure(f"the guest did not reach its end; last line: {lines[-1] if lines else 'none'}")
    return lines[-1]


def run(qemu, kernel, during=None, **options):
    """One run; `during(qmp)` may drive the machine meanwhile. Returns the guest's last line."""
    with tempfile.TemporaryDirectory(prefix="mpulab-clock-") as folder:
        output = os.path.join(folder, "out")
        ours, theirs = socket.socketpair()
        with ours, theirs:
            if during is None:
                argv = command_line(qemu, kernel, output, **options)
            else:
                argv = command_line(qemu, kernel, output, qmp_fd=theirs.fileno(), **options)
            process = subprocess.Popen(argv, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE)
            theirs.close()
            try:
                if during is not None:
                    try:
                        during(Qmp(ours))
                    except (EOFError, ConnectionError):
                        pass  # the guest was done first
                _, errors = process.communicate(timeout=RUN_LIMIT_S)
            except subprocess.TimeoutExpired:
                raise Failure(f"no end within {RUN_LIMIT_S} s") from None
            finally:
                process.kill()
                process.wait()
        # isa-debug-exit makes 2 * value + 1 of the value written
        if process.returncode != 1:
            raise Failure(f"QEMU ended with {process.returncode}: {errors.decode(errors='replace').strip()}")
        return last_line(output)


def traffic(commands=1000, stops=100):
    """QMP traffic as a nervous client makes it: queries all the time, stop and cont among them."""
    def drive(qmp):
        for number in range(commands):
            qmp.command("query-status")
            if number % max(commands // stops, 1) == 0:
                qmp.command("stop")
                qmp.command("query-cpus-fast")
                qmp.command("cont")
    return drive


def snapshot(qemu, kernel, path, delay_s, **options):
    """Stops a run after some host time and saves it to `path`. False when the guest was done before."""
    saved = []

    def drive(qmp):
        time.sleep(delay_s)
        qmp.command("stop")
        if "error" in qmp.command("migrate", uri=f"file:{path}"):
            raise Failure("QEMU refused to save")
        while True:
            status = qmp.command("query-migrate")["return"].get("status")
            if status == "completed":
                break
            if status == "failed":
                raise Failure("saving failed")
            time.sleep(0.01)
        saved.append(True)
        qmp.command("quit")

    try:
        run(qemu, kernel, during=drive, **options)
    except Failure:
        pass  # a machine that was saved and quit has no last line
    return bool(saved)


def resume(qmp):
    """A machine that was saved while stopped comes back stopped: starts it once it has arrived."""
    while qmp.command("query-status")["return"]["status"] == "inmigrate":
        time.sleep(0.01)
    qmp.command("cont")
    while True:  # until QEMU ends
        qmp.command("query-status")
        time.sleep(0.02)
