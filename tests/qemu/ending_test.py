# SPDX-License-Identifier: MIT
"""A QEMU told to end while clients go on sending commands ends, and does not crash (patch 0006).

usage: ending_test.py

No guest: four QMP clients fill their sockets, one of them with "quit" among its commands. Without the patch one QEMU of
twelve ends with signal 11, so that a hundred of them all end well by chance once in 5,000 tests.
"""
import collections
import contextlib
import json
import os
import socket
import subprocess
import sys

QEMU = os.environ["MPULAB_QEMU"]
ENDINGS = 100
CLIENTS = 4
RUN_LIMIT_S = 60


def command(name):
    return json.dumps({"execute": name}).encode() + b"\n"


def end_one():
    """QEMU's exit code, told to quit by the first client while the others go on."""
    with contextlib.ExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(CLIENTS)]
        for pair in pairs:
            for end in pair:
                stack.enter_context(end)
        argv = [QEMU, "-machine", "none", "-nodefaults", "-display", "none", "-S"]
        for number, (_, theirs) in enumerate(pairs):
            argv += ["-chardev", f"socket,id=qmp{number},fd={theirs.fileno()}", "-mon", f"chardev=qmp{number},mode=control"]
        process = subprocess.Popen(argv, pass_fds=[theirs.fileno() for _, theirs in pairs], stderr=subprocess.DEVNULL)
        try:
            for _, theirs in pairs:
                theirs.close()
            for number, (ours, _) in enumerate(pairs):
                before = command("qmp_capabilities") + 5 * command("query-status")
                ours.sendall(before + (command("quit") if number == 0 else b"") + 200 * command("query-status"))
            for ours, _ in pairs:
                with contextlib.suppress(ConnectionError):
                    while ours.recv(65536):
                        pass
            return process.wait(timeout=RUN_LIMIT_S)
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    seen = collections.Counter(end_one() for _ in range(ENDINGS))
    print(f"{ENDINGS} endings under commands, by exit code: {dict(seen)}")
    if seen != {0: ENDINGS}:
        sys.exit("expected exit code 0 every time; next: a core file (ulimit -c unlimited) and its backtrace")
