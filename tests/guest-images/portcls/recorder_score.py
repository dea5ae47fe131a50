# SPDX-License-Identifier: MIT
"""What the tests with recorder.sys share: its pins (recorder/pins.hpp), a score with the filter open, statuses."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402
import plan_writer  # noqa: E402
from guest_machine import ACQUIRE, MAY_FAIL, PAUSE, RUN, STOP, record  # noqa: E402,F401

(PLAIN, BRIDGE, CAPTURE, PARTIAL, ODD_PARTIAL, BUSY, DEAD, ERROR, SILENT, GREEDY, REFUSED, RUN_FAILS, ENDLESS,
 TWO, STOP_FAILS, IRQL, GREEDY_READ, SILENT_READ, NO_STREAM, FOREIGN_GROUP, NO_GROUP,
 CRASH, NOTIFYING, EARLY, SLOW_PAUSE) = range(25)

SUCCESS = 0
TIMEOUT = 0x102
DEVICE_BUSY = 0x80000011
UNSUCCESSFUL = 0xC0000001
INVALID_HANDLE = 0xC0000008
INVALID_PARAMETER = 0xC000000D
NO_SUCH_DEVICE = 0xC000000E
DELETE_PENDING = 0xC0000056
INVALID_DEVICE_REQUEST = 0xC0000010
INSUFFICIENT_RESOURCES = 0xC000009A
CANCELLED = 0xC0000120
INVALID_DEVICE_STATE = 0xC0000184
IO_DEVICE_ERROR = 0xC0000185
NOT_FOUND = 0xC0000225
NO_MATCH = 0xC0000272
WRITE_STREAM, READ_STREAM = 0x2F8013, 0x2F4017
MS = 1_000_000  # ns


class Recorder(unittest.TestCase):
    """A test's score begins with the filter open in slot 0; `play` boots it."""

    def setUp(self):
        self.score = guest_machine.Score()
        self.score.open_filter(0)

    def open(self, pin, slot=1, state=RUN):
        """Opens a pin of the filter in slot 0 and takes it to `state`."""
        self.score.open_pin(slot, 0, pin)
        if state != STOP:
            self.score.set_state(slot, state)
        return slot

    def write(self, slot, *payloads, **more):
        """One WRITE of records that are due at once."""
        return self.score.write(slot, b"".join(record(0, payload) for payload in payloads), **more)

    def play(self, end=0, **more):
        driver = guest_machine.test_driver("portcls/recorder", "recorder")
        run = guest_machine.boot(self.score, driver, **more)
        self.assertEqual(run.end, end, run)
        return run

    def each(self, name):
        """A run for every alternative of a choice, each saying so in exactly one record."""
        number, alternatives = plan_writer.choices()[name]
        runs = []
        for alternative in range(alternatives):
            run = self.play(choices={name: alternative})
            self.assertEqual([(r.a, r.b, r.c) for r in run.of("CHOICE") if r.a == number],
                             [(number, alternative, alternatives)], f"{name}={alternative}\n{run}")
            runs.append(run)
        return runs

    def assertStatus(self, run, step, status):
        self.assertEqual(f"{run.status_of(step):#010x}", f"{status:#010x}", f"step {step}\n{run}")


def states(run, stream=1):
    """States that SetState was called with."""
    return [call.b for call in run.calls("SetState") if call.c == stream]


def offers(run, stream=1):
    """[(time, bytes offered, status, bytes taken)] of a stream's Write calls."""
    entered = [call for call in run.calls("Write") if call.c == stream]
    left = run.calls("Write", leave=True)
    streams = [call.c for call in run.calls("Write")]
    left = [leave for leave, number in zip(left, streams) if number == stream]
    assert len(entered) == len(left), run
    return [(enter.time, enter.b, leave.b, leave.c) for enter, leave in zip(entered, left)]


def bytes_taken(run, pin):
    """What the miniport printed that it took, in order."""
    return bytes(int(byte, 16) for byte in re.findall(rf"recorder: pin {pin} byte (\w\w)", run.text))


def entered_run(run, stream=1):
    """Virtual time at which SetState(RUN) came back the first time: the stream's clock starts there."""
    pairs = zip(run.calls("SetState"), run.calls("SetState", leave=True))
    return next(leave.time for enter, leave in pairs if enter.b == RUN and enter.c == stream)


def irps(run, code):
    """[(status, Information)] of completed stream IRPs with this control code, in order of completion."""
    made = {r.corr for r in run.of("IRP_MADE") if r.b == code}
    return [(r.b, r.c) for r in run.of("IRP_DONE") if r.corr in made]


def rules(run):
    return [rule for rule, _ in run.findings()]
