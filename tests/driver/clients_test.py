#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What clients may send to the shipped driver's filter and pins, and should not: odd formats, sizes, states, NULL and
short buffers. Each is refused with a documented status, the driver plays on, and nothing is left behind."""
from own_driver import *  # noqa: F403

CONNECTION = uuid.UUID("1d58c920-ac9b-11cf-a5d6-28db04c10000")
PIN = uuid.UUID("8c134960-51ad-11cf-878a-94f801c10000")
STATE, DATAFORMAT = 0, 2  # KSPROPERTY_CONNECTION_*
DATAINTERSECTION = 4      # KSPROPERTY_PIN_*
MUSIC = uuid.UUID("e725d360-62cc-11cf-a5d6-28db04c10000")
MIDI = uuid.UUID("1d262760-e957-11cf-a5d6-28db04c10000")
MIDI_BUS = uuid.UUID("2ca15fa0-6cfe-11cf-a5d6-28db04c10000")
NONE = uuid.UUID("0f6417d6-c318-11d0-a43f-00a0c9223196")
WILDCARD = uuid.UUID(int=0)
WRITE_STREAM, READ_STREAM = 0x2F8013, 0x2F4017


def data_format(size=64, major=MUSIC, sub=MIDI, specifier=NONE):
    return struct.pack("<IIII", size, 0, 0, 0) + major.bytes_le + sub.bytes_le + specifier.bytes_le


def header(size=0x38, extent=0, used=0, data=0, numerator=1, denominator=1):
    """KSSTREAM_HEADER."""
    return struct.pack("<IIqIIqIIQII", size, 0, 0, numerator, denominator, 0, extent, used, data, 0, 0)


class Clients(OwnDriver):
    def setUp(self):
        super().setUp()
        self.cases = []  # (what, step, status)

    def case(self, what, step, status):
        self.cases.append((what, step, status))

    def set_on(self, slot, what, number, value, status):
        step = self.score.ioctl(slot, IOCTL_KS_PROPERTY, ks_property(CONNECTION, number, SET), filled=value, flags=MAY_FAIL)
        self.case(what, step, status)

    def stream_on(self, slot, code, what, value, status, **more):
        self.case(what, self.score.ioctl(slot, code, b"", filled=value, flags=MAY_FAIL, **more), status)

    def end(self):
        """The driver is well: what it is given next is played, and all of it goes away again."""
        self.score.set_state(RENDER, RUN)
        self.write(b"\xb0\x07\x7f")
        self.score.wait_writes(RENDER)
        self.score.set_state(RENDER, STOP)
        self.score.close(RENDER)
        self.score.close(FILTER)
        self.score.remove_device()
        run = self.play()
        self.assertEqual(wire_out(run), b"\xb0\x07\x7f")
        self.assertEqual(run.findings(), [])
        for what, step, status in self.cases:
            with self.subTest(what):
                self.assertStatus(run, step, status)
        return run

    def test_states_that_are_none_and_states_of_odd_sizes(self):
        self.open_render(PAUSE)
        for state in (4, 7, 0x80000000, 0xFFFFFFFF):
            self.set_on(RENDER, f"state {state:#x}", STATE, struct.pack("<I", state), INVALID_PARAMETER)
        for size in (0, 1, 3):
            self.set_on(RENDER, f"state of {size} bytes", STATE, b"\x03\0\0\0"[:size], BUFFER_TOO_SMALL)
        self.case("no property", self.score.ioctl(RENDER, IOCTL_KS_PROPERTY, b"", flags=MAY_FAIL), INVALID_BUFFER_SIZE)
        self.case("half a property", self.score.ioctl(RENDER, IOCTL_KS_PROPERTY, ks_property(CONNECTION, STATE, SET)[:20],
                                                      filled=b"\x03\0\0\0", flags=MAY_FAIL), INVALID_BUFFER_SIZE)
        self.set_on(FILTER, "a state for the filter", STATE, b"\x03\0\0\0", PROPSET_NOT_FOUND)
        run = self.end()
        self.assertEqual([call.b for call in run.calls("SetState")], [ACQUIRE, PAUSE, RUN, PAUSE, ACQUIRE, STOP])

    def test_formats_that_are_not_the_pins(self):
        self.open_render(PAUSE)
        self.set_on(RENDER, "the format it has", DATAFORMAT, data_format(), SUCCESS)
        for what, value in (("another major format", data_format(major=NONE)), ("the bus's format", data_format(sub=MIDI_BUS)),
                            ("another specifier", data_format(specifier=MUSIC)),
                            ("no format at all", data_format(major=WILDCARD, sub=WILDCARD, specifier=WILDCARD))):
            self.set_on(RENDER, what, DATAFORMAT, value, NO_MATCH)
        for size in (0, 63, 65, 0x7FFFFFFF, 0xFFFFFFFF):
            self.set_on(RENDER, f"FormatSize {size:#x}", DATAFORMAT, data_format(size=size), INVALID_BUFFER_SIZE)
        for length in (0, 1, 63):
            self.set_on(RENDER, f"{length} bytes of it", DATAFORMAT, data_format()[:length], BUFFER_TOO_SMALL)
        self.end()

    def test_pins_are_opened_with_their_format_and_with_no_other(self):
        self.open_render(PAUSE)

        def opens(what, value, status, pin=CAPTURE_PIN, padding=64):
            self.case(what, self.score.open_pin(5, FILTER, pin, value.ljust(padding, b"\0"), flags=MAY_FAIL), status)
            self.score.close(5, flags=MAY_FAIL)

        opens("its own", data_format(), SUCCESS)
        for what, value in (("another major format", data_format(major=NONE)), ("the bus's format", data_format(sub=MIDI_BUS)),
                            ("another specifier", data_format(specifier=MUSIC)),
                            ("no format at all", data_format(major=WILDCARD, sub=WILDCARD, specifier=WILDCARD))):
            opens(what, value, NO_MATCH)
        for size in (0, 1, 63):
            opens(f"FormatSize {size}", data_format(size=size), INVALID_PARAMETER)
        opens("more than a format", data_format(size=128), SUCCESS, padding=128)
        opens("a bridge's format on a bridge", data_format(sub=MIDI_BUS), INVALID_PARAMETER, pin=RENDER_PIN + 1)
        opens("a pin that is none", data_format(), INVALID_PARAMETER, pin=99)
        run = self.end()
        self.assertEqual(len(run.calls("NewStream")), 3, "of the wrong ones the driver hears nothing")

    def test_ranges_that_do_not_meet_the_pins(self):
        self.open_render(PAUSE)

        def intersect(what, pin, ranges, status, room=64):
            step = self.score.ioctl(FILTER, IOCTL_KS_PROPERTY, ks_property(PIN, DATAINTERSECTION, GET, struct.pack("<II", pin, 0)
                                                                           + ranges), room, flags=MAY_FAIL)
            self.case(what, step, status)
            return step

        def multiple(*ranges, size=None, count=None):
            body = b"".join(ranges)
            return struct.pack("<II", len(body) + 8 if size is None else size, len(ranges) if count is None else count) + body

        good = intersect("its own", RENDER_PIN, multiple(data_format()), SUCCESS)
        intersect("no room", RENDER_PIN, multiple(data_format()), BUFFER_OVERFLOW, room=0)
        intersect("too little room", RENDER_PIN, multiple(data_format()), BUFFER_TOO_SMALL, room=63)
        intersect("another", RENDER_PIN, multiple(data_format(major=NONE)), NO_MATCH)
        intersect("none", RENDER_PIN, multiple(), NO_MATCH)
        intersect("a pin that is none", 99, multiple(data_format()), INVALID_PARAMETER)
        for what, ranges in (("more than there are", multiple(data_format(major=NONE), count=1000)),
                             ("Size 0", multiple(data_format(), size=0)),
                             ("Size beyond the buffer", multiple(data_format(), size=0xFFFFFFF0)),
                             ("a range of size 0", multiple(data_format(size=0))),
                             ("a range of endless size", multiple(data_format(size=0xFFFFFFFF)))):
            intersect(what, RENDER_PIN, ranges, INVALID_PARAMETER)
        intersect("no list", RENDER_PIN, b"", INVALID_BUFFER_SIZE)
        run = self.end()
        self.assertEqual(run.answer(good)[:64], data_format())

    def test_stream_headers_that_are_short_or_lie(self):
        self.open_render(PAUSE)
        short = (("no header", b""), ("half a header", header()[:20]))
        for what, value in (*short, ("Size 0", header(size=0)), ("a 32-bit client's size", header(size=0x30)),
                            ("Size beyond the buffer", header(size=0x1000)), ("a header and a half", header() + header()[:20])):
            self.stream_on(RENDER, WRITE_STREAM, what, value, INVALID_BUFFER_SIZE)
        for what, value in (("DataUsed beyond FrameExtent", header(extent=8, used=16)),
                            ("NULL data", header(extent=16, used=16))):
            self.stream_on(RENDER, WRITE_STREAM, what, value, INVALID_PARAMETER)
        wild = (("one that is not there", 0x10), ("one that is no address", 1 << 62), ("the last byte of all", 2**64 - 1))
        for what, address in wild:
            self.stream_on(RENDER, WRITE_STREAM, f"data at {what}", header(extent=16, used=16, data=address), ACCESS_VIOLATION)
        self.open_capture(PAUSE)
        for what, address in wild:
            self.stream_on(CAPTURE, READ_STREAM, f"read: data at {what}", header(extent=16, data=address), ACCESS_VIOLATION)
        for what, value in short:
            self.stream_on(CAPTURE, READ_STREAM, f"read: {what}", value, INVALID_BUFFER_SIZE)
        self.stream_on(CAPTURE, READ_STREAM, "read: NULL data", header(extent=16), INVALID_PARAMETER)
        self.score.read_stop(CAPTURE)
        self.score.close(CAPTURE)
        self.end()

    def test_requests_of_the_other_direction_and_of_nobody(self):
        self.open_render(PAUSE)
        self.score.open_pin(CAPTURE, FILTER, CAPTURE_PIN)
        self.stream_on(RENDER, READ_STREAM, "read of the render pin", header(), INVALID_DEVICE_REQUEST)
        self.stream_on(CAPTURE, WRITE_STREAM, "write to the capture pin", header(), INVALID_DEVICE_REQUEST)
        for code in (0, 0x2F0013, 0x222000, 0xFFFFFFFF):
            for slot in (FILTER, RENDER, CAPTURE):
                step = self.score.ioctl(slot, code, b"", 0, flags=MAY_FAIL)
                self.case(f"IOCTL {code:#x} to slot {slot}", step, INVALID_DEVICE_REQUEST)
        again = [self.score.open_pin(slot, FILTER, pin, flags=MAY_FAIL)
                 for slot, pin in enumerate((RENDER_PIN, CAPTURE_PIN, 1, 3, 4, 0xFFFFFFFF), 5)]
        self.score.close(CAPTURE)
        run = self.end()
        for step in again:
            self.assertNotEqual(run.status_of(step), SUCCESS, "a second client, a bridge, or no pin")
        self.assertEqual(len(run.calls("NewStream")), 2)


if __name__ == "__main__":
    unittest.main()
