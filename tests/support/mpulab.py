# SPDX-License-Identifier: MIT
"""Runs the real `mpulab` for end-to-end tests and looks at what it left behind.

Environment, set by CTest (tests/cmake/guest.cmake): MPULAB_BUILD, MPULAB_QEMU, MPULAB_SOURCE, MPULAB_FULL.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import sys
import time
import unittest

import eventlog

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MPULAB_BUILD", ROOT / "build"))
QEMU = os.environ.get("MPULAB_QEMU", "")
FULL = os.environ.get("MPULAB_FULL") == "1"
MPULAB = BUILD / "harness" / "mpulab"
SONGS = ROOT / "tests" / "data" / "songs"
SONG = SONGS / "first-light.mid"
# A scenario that fails by its check alone, on line 9 of its file.
FAILING_SCENARIO = """scenario: a byte that nobody wrote
steps:
  - open: render
  - state: run
  - write: 90 3c 40
  - wait-writes: render
  - wait: 10ms
checks:
  - wire-equals: 90 3c 41
"""
OPENMSX = pathlib.Path("/usr/share/games/openttd/baseset/openmsx")

EVENT_LOG = "events.mpl"
PASSED, FAILED, ERROR, CRASH, USAGE, INTERRUPTED = 0, 1, 2, 3, 64, 130


def bundled_driver():
    """The .sys of the package that the tree builds, whatever it is called."""
    found = sorted((BUILD / "driver/package/amd64").glob("*.sys"))
    if len(found) != 1:
        raise SystemExit(f"error: {len(found)} drivers in {BUILD}/driver/package/amd64\nnext:  scripts/build")
    return found[0]


def package_of(abi, folder):
    """The bundled package in `folder` with the x64 driver of one compiler: x86_64 (mingw-w64) or x86_64-msvc, which ships."""
    (folder / "amd64").mkdir(parents=True, exist_ok=True)
    shutil.copy(next((BUILD / "driver/package").glob("*.inf")), folder)
    shutil.copy(BUILD / "driver" / abi / bundled_driver().name, folder / "amd64")
    return folder


class Scratch:
    """A folder for one test. Short path (unix sockets), kept when MPULAB_KEEP is set."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="mpt-"))
        self.path.chmod(0o755)  # root's machines run as another user

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        if not os.environ.get("MPULAB_KEEP"):
            shutil.rmtree(self.path, ignore_errors=True)


class Run:
    """A finished `mpulab play`: status, stdout, stderr, and the documents it left in `out`."""

    def __init__(self, status, stdout, stderr, out):
        self.status, self.stdout, self.stderr, self.out = status, stdout, stderr, pathlib.Path(out)
        self._records = None

    @property
    def result(self):
        """The result document, from stdout (needs --json)."""
        return json.loads(self.stdout)

    @property
    def folder(self):
        """What this run left: the newest folder in `out` (a caller with several runs gives each its own `out`)."""
        folders = sorted((path for path in self.out.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime_ns)
        if not folders:
            raise AssertionError(f"no run left anything in {self.out}\n{self}")
        return folders[-1]

    def file(self, pattern):
        found = list(self.folder.glob(pattern))
        if len(found) != 1:
            raise AssertionError(f"{len(found)} files match {pattern} in {self.folder}: {found}\n{self}")
        return found[0]

    @property
    def records(self):
        if self._records is None:
            self._records = eventlog.read(self.file(EVENT_LOG))
        return self._records

    def __str__(self):
        return f"exit status {self.status}\n--- stdout\n{self.stdout[-3000:]}\n--- stderr\n{self.stderr[-3000:]}"


def command(song, out, *options, json_output=True):
    return [str(MPULAB), "play", str(song), "--out", str(out), *(["--json"] if json_output else []), *map(str, options)]


def surroundings(out, more):
    """The environment of a run: sockets and libvirt's files beside `out`, so that what a run leaves can be told apart."""
    return {**os.environ, "MPULAB_RUNTIME_DIR": str(runtime_of(out)), **(more or {})}


def runtime_of(out):
    return pathlib.Path(out).parent / "r"


def play(song, out, *options, timeout=100, json_output=True, environment=None):
    done = subprocess.run(command(song, out, *options, json_output=json_output), capture_output=True, text=True,
                          timeout=timeout, env=surroundings(out, environment), stdin=subprocess.DEVNULL)
    return Run(done.returncode, done.stdout, done.stderr, out)


class Playing:
    """A `mpulab play` that still runs. `under`: what starts it, nohup say."""

    def __init__(self, song, out, *options, environment=None, json_output=False, under=()):
        self.out = pathlib.Path(out)
        self.process = subprocess.Popen([*under, *command(song, out, *options, json_output=json_output)], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        env=surroundings(out, environment))

    def machine(self, timeout=30):
        """pid of this run's QEMU, once there is one."""
        return wait_for(lambda: next(iter(machines_of(self.out, "id=link,path=")), None), timeout, "a QEMU of this run",
                        or_stop=lambda: self.process.poll() is not None and f"mpulab ended first: {self.process.stderr.read()}")

    def finish(self, timeout=60):
        try:
            stdout, stderr = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            stdout, stderr = self.process.communicate()
            raise AssertionError(f"mpulab did not end within {timeout} s\n{stdout}\n{stderr}") from None
        return Run(self.process.returncode, stdout, stderr, self.out)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


def wait_for(look, timeout, what, or_stop=lambda: None):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if seen := look():
            return seen
        if reason := or_stop():
            raise AssertionError(reason)
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {timeout} s")


def processes():
    """{pid: command line} of every process, kernel threads left out."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if line:
                found[int(entry.name)] = line.replace(b"\0", b" ").decode(errors="replace")
    return found


def resident_bytes(pid):
    """Of a child that has not been waited for; 0: it has ended."""
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def machines_of(out, word=""):
    """pids of QEMUs that belong to runs with this `out`: their command line names its runtime folder, and `word` (libvirt
    asks a QEMU of its own what it can do before it starts the one of the run)."""
    return [pid for pid, line in processes().items()
            if "qemu-system" in line.split(" ")[0] and f"{runtime_of(out)}/" in line and word in line]


def sockets_under(*folders):
    """Unix sockets in these folders, dead or alive."""
    found = []
    for folder in folders:
        for path, _, files in os.walk(folder):
            found += [os.path.join(path, name) for name in files if pathlib.Path(path, name).is_socket()]
    return found


def log_size(out):
    """Bytes of the event log so far."""
    return sum(os.path.getsize(path) for path in pathlib.Path(out).glob(f"*/{EVENT_LOG}"))


def sample(items, count):
    """All of them with --full; else `count`, drawn by a seed that is printed and can be given again as MPULAB_SEED."""
    items = list(items)
    if FULL:
        return items
    seed = int(os.environ.get("MPULAB_SEED", random.randrange(1 << 32)))
    print(f"MPULAB_SEED={seed} draws these {count} of {len(items)} again; --full takes all")
    return random.Random(seed).sample(items, min(count, len(items)))


def small_disk(test, folder, size):
    """Makes `folder`, with a file system of its own that holds `size` ("96k"), until the test's end; where that is not
    allowed the test is skipped."""
    folder.mkdir()
    if os.geteuid() != 0 or os.system(f"mount -t tmpfs -o size={size} tmpfs {folder} 2>/dev/null") != 0:
        test.skipTest("mounting a small tmpfs needs root with CAP_SYS_ADMIN")
    test.addCleanup(os.system, f"umount -l {folder}")


def one_line_error(test, run, *words):
    """Exactly one line of error, with what (all of `words`) and the next step on it."""
    lines = [line for line in run.stderr.splitlines() if "error: " in line]
    test.assertEqual(len(lines), 1, run)
    test.assertIn("next: ", lines[0], run)
    for word in words:
        test.assertIn(word, lines[0], run)


def main():
    """As unittest.main, but a run in which every test was skipped ends with 77: CTest shows it as skipped."""
    program = unittest.main(exit=False)
    result = program.result
    if result.testsRun and len(result.skipped) == result.testsRun:
        print(f"SKIPPED: {result.skipped[0][1]}")
        sys.exit(77)
    sys.exit(not result.wasSuccessful())
