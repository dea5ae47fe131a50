# SPDX-License-Identifier: MIT
"""What the tests of the shipped driver in the real guest share: a score with its pins, its counters, its events."""
import pathlib
import re
import struct
import sys
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "guest-images/support"))
import eventlog  # noqa: E402
import guest_machine  # noqa: E402
from guest_machine import *  # noqa: E402,F401,F403
from guest_machine import ACQUIRE, MAY_FAIL, PAUSE, RUN, STOP, record  # noqa: E402

DRIVER_REFUSED = 3  # how a run ends: MPULAB_END_*
SUCCESS = 0
BUFFER_OVERFLOW = 0x80000005
INVALID_PARAMETER = 0xC000000D
ACCESS_VIOLATION = 0xC0000005
NO_SUCH_DEVICE = 0xC000000E
INVALID_DEVICE_REQUEST = 0xC0000010
BUFFER_TOO_SMALL = 0xC0000023
INSUFFICIENT_RESOURCES = 0xC000009A
DEVICE_NOT_CONNECTED = 0xC000009D
CANCELLED = 0xC0000120
DEVICE_CONFIGURATION_ERROR = 0xC0000182
INVALID_DEVICE_STATE = 0xC0000184
IO_DEVICE_ERROR = 0xC0000185
INVALID_BUFFER_SIZE = 0xC0000206
NOT_FOUND = 0xC0000225
PROPSET_NOT_FOUND = 0xC0000230
NO_MATCH = 0xC0000272

IOCTL_KS_PROPERTY = 0x2F0003
GET, SET, SETSUPPORT, BASICSUPPORT = 1, 2, 0x100, 0x200
RENDER_PIN, CAPTURE_PIN = 0, 2
FILTER, RENDER, CAPTURE = range(3)  # slots of the scores here

SOURCE = pathlib.Path(__file__).resolve().parents[2]
COUNTERS = uuid.UUID("40ceaa8a-7fb5-4305-acb9-60ea1f09ec66")
COUNTERS_ID = 1
COUNTER_NAMES = re.findall(r"^MPULAB_COUNTER\((\w+),", (SOURCE / "guest-images/agent/counters.def").read_text(), re.M)
COUNTERS_SIZE = 8 + 4 * len(COUNTER_NAMES)
PROVIDER = uuid.UUID("1c0754a0-8290-4cff-950c-f1b21ca9e63b")
EVENTS = ["", "Reset", "Started", "Stopped", "StreamState", "BytesDropped", "InterruptDead"]


def ks_property(property_set, number, flags, more=b""):
    """KSPROPERTY and what follows it."""
    return struct.pack("<16sII", property_set.bytes_le, number, flags) + more


class OwnDriver(unittest.TestCase):
    """A test's score begins with the filter open."""

    def setUp(self):
        self.score = guest_machine.Score()
        self.score.open_filter(FILTER)

    def ask(self, flags=GET, room=COUNTERS_SIZE, number=COUNTERS_ID, property_set=COUNTERS, slot=FILTER, data=None):
        """A property request that may fail; the step."""
        data = ks_property(property_set, number, flags) if data is None else data
        return self.score.ioctl(slot, IOCTL_KS_PROPERTY, data, room, flags=MAY_FAIL)

    def open_render(self, state=RUN):
        self.score.open_pin(RENDER, FILTER, RENDER_PIN)
        self.walk(RENDER, state)

    def open_capture(self, state=RUN):
        self.score.open_pin(CAPTURE, FILTER, CAPTURE_PIN)
        if state >= PAUSE:
            self.walk(CAPTURE, PAUSE)
            self.score.read_start(CAPTURE)
        if state == RUN:
            self.score.set_state(CAPTURE, RUN)

    def walk(self, slot, state):
        for step in (ACQUIRE, PAUSE, RUN)[:state]:
            self.score.set_state(slot, step)

    def write(self, payload, **more):
        return self.score.write(RENDER, record(0, payload), **more)

    def play(self, end=0, **more):
        run = guest_machine.boot(self.score, guest_machine.own_driver(), **more)
        self.assertEqual(run.end, end, run)
        return run

    def assertStatus(self, run, step, status):
        self.assertEqual(f"{run.status_of(step):#010x}", f"{status:#010x}", f"step {step}\n{run}")


def counters(run, step):
    """{name: value} of a request for the counters that succeeded."""
    end = run.end_of(step)
    assert end.b == SUCCESS and end.c == COUNTERS_SIZE, f"{end}\n{run}"
    size, version, *values = struct.unpack(f"<{COUNTERS_SIZE // 4}I", run.answer(step)[:COUNTERS_SIZE])
    assert (size, version) == (COUNTERS_SIZE, 1), (size, version)
    return dict(zip(COUNTER_NAMES, values))


def between(run, first, last):
    """Records from the beginning of one step to the end of another."""
    at = {(r.kind, r.number): i for i, r in enumerate(run.records) if r.corr >> 56 == eventlog.STEP}
    return run.records[at["STEP_BEGIN", first] : at["STEP_END", last] + 1]


def is_part(part, whole):
    """Whether it is `whole` with some bytes left out."""
    rest = iter(whole)
    return all(byte in rest for byte in part)


def wire_out(run):
    return bytes(r.a for r in run.of("WIRE_OUT") if r.corr >> 56 != eventlog.OWN_BYTE)


def captured(run):
    return b"".join(r.data for r in run.of("CAPTURED"))


def events(run):
    """[(name, level, [its data])] of the driver's events."""
    found, numbers = [], set()
    for r in run.of("ETW_PROVIDER", "ETW_EVENT", "ETW_DATA"):
        if r.kind == "ETW_PROVIDER":
            if uuid.UUID(bytes_le=struct.pack("<QQ", r.a, r.b)) == PROVIDER:
                (numbers.discard if r.c >> 63 else numbers.add)(r.c & ~(1 << 63))
        elif r.kind == "ETW_EVENT":
            number, _version, _channel, level, _opcode, _task = struct.unpack("<HBBBBH", struct.pack("<Q", r.a))
            found.append((EVENTS[number], level, b"") if r.c in numbers else None)
        elif found[-1]:
            found[-1] = (*found[-1][:2], found[-1][2] + r.data)
    assert not numbers or run.of("ETW_PROVIDER")
    return [(name, level, list(struct.unpack("<4I", data))) for name, level, data in filter(None, found)]
