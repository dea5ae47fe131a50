# SPDX-License-Identifier: MIT
"""What the tests with moody.sys share: its moods (moody/moody.cpp), a boot with some of them, what it printed."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import eventlog  # noqa: E402
import guest_machine  # noqa: E402
from guest_machine import *  # noqa: E402,F401,F403

(REFUSE_STOP, REFUSE_REMOVE, REFUSE_POWER, REFUSE_RESTART, FAIL_SURPRISE, NEVER_POWERS, NEVER_REMOVES, REFUSE_ADD,
 WANTS_D3, POWER_2, POWER_3, UNREGISTERS) = (1 << bit for bit in range(12))
RENDER, CAPTURE = 0, 2
SUCCESS, DEVICE_BUSY, UNSUCCESSFUL, INVALID_PARAMETER = 0, 0x80000011, 0xC0000001, 0xC000000D
NO_SUCH_DEVICE, NO_MEMORY, CONFLICTING_ADDRESSES, DELETE_PENDING = 0xC000000E, 0xC0000017, 0xC0000018, 0xC0000056
NOT_CONNECTED, CANCELLED, CONFIGURATION_ERROR = 0xC000009D, 0xC0000120, 0xC0000182
INVALID_DEVICE_STATE, POWER_STATE_INVALID, DEVICE_NOT_READY = 0xC0000184, 0xC00002D3, 0xC00000A3
D0, D1, D3 = 1, 2, 4  # DEVICE_POWER_STATE
S0, S3 = 1, 4  # SYSTEM_POWER_STATE
SERVICE = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\moody"


class Moody(unittest.TestCase):
    """A test's score begins with nothing open."""

    def setUp(self):
        self.score = guest_machine.Score()

    def stream(self, state=RUN):
        """The filter in slot 0, a render pin in slot 1, in `state`."""
        self.score.open_filter(0)
        self.score.open_pin(1, 0, RENDER)
        self.score.set_state(1, state)

    def write(self, data, **more):
        return self.score.write(1, record(0, data), **more)

    def play(self, refuses=0, end=0, driver=None, **more):
        registry = f'Windows Registry Editor Version 5.00\n\n[{SERVICE}]\n"Refuses"=dword:{refuses:08x}\n'
        more.setdefault("files", {"registry.reg": registry.encode()})
        run = guest_machine.boot(self.score, driver or guest_machine.test_driver("portcls/moody", "moody"), **more)
        self.assertEqual(run.end, end, run)
        return run

    def assertStatuses(self, run, *expected):
        """(step, status) pairs."""
        for step, status in expected:
            self.assertEqual(f"{run.status_of(step):#010x}", f"{status:#010x}", f"step {step}\n{run}")

    def told(self, run, prefix="moody: "):
        """What the driver printed, without the bytes."""
        return [line[len(prefix):] for line in run.text.splitlines()
                if line.startswith(prefix) and not line.startswith(prefix + "byte")]


def written(run):
    return bytes(int(byte, 16) for byte in re.findall(r"moody: byte (\w\w)", run.text))
