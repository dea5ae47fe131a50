#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every PnP and power request at every moment: while the device is idle, in mid-stream out and in, between two bytes of a
SysEx (reference portcls-midi.md 1.4, 1.5). What must hold: bytes before it are intact, a stream that lives on loses none, one
that ends says so, the next one plays. A moment is one boot, in which one request comes after the other."""
import plan_writer
from own_driver import *  # noqa: F403

D0, D1, D2, D3 = 1, 2, 3, 4
S1, S2, S3, S4, S5 = 2, 3, 4, 5, 6
UNSUCCESSFUL, DEVICE_BUSY = 0xC0000001, 0x80000011

# Streams live on: {what: [(request, argument, status)]}.
GENTLE = {
    "a stop that is refused": [(QUERY_STOP, 0, UNSUCCESSFUL)],
    "a removal while handles are open": [(QUERY_REMOVE, 0, DEVICE_BUSY)],
    "a query for D3": [(QUERY_POWER, D3, SUCCESS)],
    "a query for D0": [(QUERY_POWER, D0, SUCCESS)],
    "D0 again": [(SET_POWER, D0, SUCCESS)],
}
POWER = {
    "D1": [(SET_POWER, D1, SUCCESS), (SET_POWER, D0, SUCCESS)],
    "D2": [(SET_POWER, D2, SUCCESS), (SET_POWER, D0, SUCCESS)],
    "D3": [(SET_POWER, D3, SUCCESS), (SET_POWER, D0, SUCCESS)],
    "D3 after a query": [(QUERY_POWER, D3, SUCCESS), (SET_POWER, D3, SUCCESS), (SET_POWER, D0, SUCCESS)],
    "D1, then D3": [(SET_POWER, D1, SUCCESS), (SET_POWER, D3, SUCCESS), (SET_POWER, D0, SUCCESS)],
    "S1": [(SLEEP, S1, SUCCESS), (WAKE, 0, SUCCESS)],
    "S2": [(SLEEP, S2, SUCCESS), (WAKE, 0, SUCCESS)],
    "S3": [(SLEEP, S3, SUCCESS), (WAKE, 0, SUCCESS)],
    "S4": [(SLEEP, S4, SUCCESS), (WAKE, 0, SUCCESS)],
}
# Streams end, or there are none.
IDLE = {
    "a stop that is taken back": [(QUERY_STOP, 0, SUCCESS), (CANCEL_STOP, 0, SUCCESS)],
    "stop and start": [(QUERY_STOP, 0, SUCCESS), (STOP_DEVICE, 0, SUCCESS), (START_DEVICE, 0, SUCCESS)],
    "a removal that is taken back": [(QUERY_REMOVE, 0, SUCCESS), (CANCEL_REMOVE, 0, SUCCESS)],
    "removal, and the device again": [(QUERY_REMOVE, 0, SUCCESS), (FINISH_REMOVE, 0, SUCCESS), (ADD_DEVICE, 0, SUCCESS)],
    "pulled out, and put back": [(SURPRISE_REMOVE, 0, SUCCESS), (ADD_DEVICE, 0, SUCCESS)],
    **{what: requests for what, requests in (GENTLE | POWER).items() if "refused" not in what and "handles" not in what},
}
# Where the choice stop-streams lets a stop be granted while streams are open.
GRANTED = {"a stop that is granted and taken back": [(QUERY_STOP, 0, SUCCESS), (CANCEL_STOP, 0, SUCCESS)]}
ENDING = {
    "a stop that is granted": ([(QUERY_STOP, 0, SUCCESS), (STOP_DEVICE, 0, SUCCESS)], [(START_DEVICE, 0, SUCCESS)]),
    "pulled out": ([(SURPRISE_REMOVE, 0, SUCCESS)], [(ADD_DEVICE, 0, SUCCESS)]),
}
MOVED = {"a stop, and a start elsewhere": ([(QUERY_STOP, 0, SUCCESS), (STOP_DEVICE, 0, SUCCESS)],
                                           [(START_DEVICE, ELSEWHERE, SUCCESS)])}


class Moments(OwnDriver):
    CARD = "iobase=0x330,irq=7"
    ENDS = ENDING

    def setUp(self):
        self.score = guest_machine.Score()
        self.expected = []

    def ask_device(self, what, requests):
        for request, argument, status in requests:
            self.expected.append((what, self.score.device(request, argument, flags=MAY_FAIL), status))

    def holds(self, **more):
        """Plays, and each request had the status of the table."""
        more.setdefault("card", self.CARD)
        self.score.delay_ms(5)
        run = self.play(**more)
        for what, step, status in self.expected:
            with self.subTest(what):
                self.assertStatus(run, step, status)
        self.assertEqual(run.findings(), [])
        self.assertEqual(run.of("GUEST_ERROR"), [], "nothing touches a card without power, or one that is gone")
        return run

    def reopened(self, payload):
        self.score.open_filter(FILTER)
        self.open_render()
        self.write(payload)
        self.score.wait_writes(RENDER)
        self.close_render()

    def close_render(self):
        self.score.set_state(RENDER, STOP, flags=MAY_FAIL)
        self.score.close(RENDER)
        self.score.close(FILTER)

    def test_while_idle(self):
        for number, (what, requests) in enumerate(IDLE.items()):
            self.ask_device(what, requests)
            self.reopened(bytes([0xF0, number, 0xF7]))
        run = self.holds()
        self.assertEqual(own_bytes(run), b"".join(bytes([0xF0, number, 0xF7]) for number in range(len(IDLE))))

    def test_in_mid_stream_out_and_no_byte_is_lost(self):
        self.in_mid_stream_out(GENTLE | POWER)
        self.in_mid_stream_out(GRANTED, choices={"stop-streams": 1})

    def in_mid_stream_out(self, cases, **more):
        self.setUp()
        self.score.open_filter(FILTER)
        self.open_render()
        song = b""
        for number, (what, requests) in enumerate(cases.items()):
            before, after = bytes([0xF0, number, *range(38)]), bytes([*range(40, 79), 0xF7])
            song += before + after
            self.write(before)
            self.score.delay_ms(4)  # a dozen of its bytes are out
            self.ask_device(what, requests)
            self.write(after)
            self.score.wait_writes(RENDER)
        self.close_render()
        run = self.holds(**more)
        self.assertEqual(own_bytes(run), song)
        asked = {what: step for what, step, _ in reversed(self.expected)}
        for number, what in enumerate(cases):
            to_come = 80 * number + 40 - len(own_bytes(run, before=asked[what]))
            self.assertGreater(to_come, 10, f"{what}: it came in mid-stream")

    def test_between_two_bytes_of_a_sysex_and_it_is_whole(self):
        self.between_two_bytes_of_a_sysex(GENTLE | POWER)
        self.between_two_bytes_of_a_sysex(GRANTED, choices={"stop-streams": 1})

    def between_two_bytes_of_a_sysex(self, cases, **more):
        self.setUp()
        self.score.open_filter(FILTER)
        self.open_render()
        for number, (what, requests) in enumerate(cases.items()):
            self.write(bytes([0xF0, number]))
            self.score.wait_writes(RENDER)
            self.score.delay_ms(2)
            self.ask_device(what, requests)
            self.write(b"\x01\xf7")
            self.score.wait_writes(RENDER)
        self.close_render()
        run = self.holds(**more)
        self.assertEqual(own_bytes(run), b"".join(bytes([0xF0, number, 1, 0xF7]) for number in range(len(cases))))

    def test_in_mid_stream_in_and_what_comes_while_the_card_has_power_is_not_lost(self):
        self.in_mid_stream_in(GENTLE | POWER)
        self.in_mid_stream_in(GRANTED, choices={"stop-streams": 1})

    def in_mid_stream_in(self, cases, **more):
        self.setUp()
        first, then = bytes([0xF0, *range(28), 0xF7]), b"\xb0\x07\x7f\x90\x3c\x40"
        self.score.open_filter(FILTER)
        self.open_capture()
        cues = []
        for number, (what, requests) in enumerate(cases.items()):
            cues += [(2 * number + 1, 0, first), (2 * number + 2, 0, then)]
            self.score.marker(2 * number + 1)
            self.score.delay_ms(4)  # of 9.6 that its bytes take
            self.ask_device(what, requests)
            self.score.delay_ms(30)
            self.score.marker(2 * number + 2)
            self.score.delay_ms(20)
        self.score.set_state(CAPTURE, PAUSE)
        self.score.read_stop(CAPTURE)
        self.score.close(CAPTURE)
        run = self.holds(cue_bytes=plan_writer.cue_section(cues), **more)
        parts, number = {}, 0
        for r in run.of("MARKER", "CAPTURED"):
            number = r.a if r.kind == "MARKER" else number
            if r.kind == "CAPTURED":
                parts[number] = parts.get(number, b"") + r.data
        for number, what in enumerate(cases):
            with self.subTest(what):
                came = parts[2 * number + 1]
                self.assertEqual(came[:10], first[:10], "what was there before is kept")
                self.assertTrue(is_part(came, first), came)
                if what not in POWER:
                    self.assertEqual(came, first)
                self.assertEqual(parts[2 * number + 2], then)

    def test_a_request_that_ends_streams_in_mid_stream_and_the_device_plays_afterwards(self):
        song, sent = [], []
        for number, (what, (requests, back)) in enumerate(self.ENDS.items()):
            for moment in ("out", "SysEx", "in"):
                self.score.open_filter(FILTER)
                self.open_render()
                if moment == "in":
                    self.open_capture()
                    self.score.marker(number + 1)
                    self.score.wait_captured(CAPTURE, 10)
                body = {"out": bytes([0xF0, number, *range(60)]), "SysEx": bytes([0xF0, number]), "in": b""}[moment]
                if body:
                    self.write(body, flags=MAY_FAIL)
                    self.score.delay_ms(4)
                self.ask_device(f"{what}, {moment}", requests)
                self.expected.append((f"a write after {what}, {moment}", self.write(b"\x05", flags=MAY_FAIL), DEVICE_NOT_CONNECTED))
                if moment == "in":
                    self.score.close(CAPTURE)
                self.close_render()
                self.score.delay_ms(200)
                self.ask_device(f"back after {what}, {moment}", back)
                mark = bytes([0xB0, number, len(song)])
                self.reopened(mark)
                song.append((what, moment, body, mark))
        cues = [(number + 1, 0, bytes([0xF0, *range(28), 0xF7])) for number in range(len(self.ENDS))]
        run = self.holds(choices={"stop-streams": 1}, cue_bytes=plan_writer.cue_section(cues))
        out = own_bytes(run)
        for what, moment, body, mark in song:
            with self.subTest(what, moment=moment):
                sent, out = out[:out.index(mark)], out[out.index(mark) + 3:]
                self.assertTrue(body.startswith(sent), sent)
                self.assertGreaterEqual(len(sent), min(len(body), 8), "what was on the wire in 4 ms")
                if moment == "SysEx":
                    self.assertEqual(sent, body)
        self.assertEqual(out, b"")
        self.assertEqual(captured(run)[:10], bytes([0xF0, *range(9)]))

    def test_a_shutdown_at_every_moment_leaves_what_was_sent_intact(self):
        song = bytes([0xF0, *range(60)])
        for moment in ("idle", "out", "SysEx", "in"):
            with self.subTest(moment):
                self.setUp()
                self.score.open_filter(FILTER)
                body = {"out": song, "SysEx": song[:2]}.get(moment, b"")
                if body:
                    self.open_render()
                    self.write(body)
                if moment == "in":
                    self.open_capture()
                    self.score.delay_ms(20)  # until ticks come each millisecond
                    self.score.marker(1)
                self.score.delay_ms(4)
                self.ask_device(f"S5, {moment}", [(SLEEP, S5, SUCCESS), (WAKE, 0, INVALID_DEVICE_STATE)])
                if moment == "in":
                    self.score.read_stop(CAPTURE)
                run = self.holds(cue_bytes=plan_writer.cue_section([(1, 0, song)]))
                sent = own_bytes(run)
                self.assertTrue(song.startswith(sent), sent)
                self.assertGreaterEqual(len(sent), min(len(body), 8), "what was on the wire in 4 ms")
                if moment == "in":
                    self.assertEqual(captured(run)[:10], song[:10])

    def test_the_adapter_puts_the_card_into_uart_mode_before_a_stream_runs_again_and_takes_its_leave_from_power_at_a_stop(self):
        self.score.open_filter(FILTER)
        self.open_render()
        self.write(b"\xc0\x01")
        self.score.wait_writes(RENDER)
        self.ask_device("D3", [(SET_POWER, D3, SUCCESS), (SET_POWER, D0, SUCCESS)])
        self.write(b"\xc0\x02")
        self.score.wait_writes(RENDER)
        self.close_render()
        self.ask_device("stop and start", [(QUERY_STOP, 0, SUCCESS), (STOP_DEVICE, 0, SUCCESS), (START_DEVICE, 0, SUCCESS)])
        self.ask_device("D3 again", [(SET_POWER, D3, SUCCESS), (SET_POWER, D0, SUCCESS)])
        self.reopened(b"\xc0\x03")
        run = self.holds()
        self.assertEqual(own_bytes(run), b"\xc0\x01\xc0\x02\xc0\x03")
        heard = []  # of each change of power, what is written to COMMAND in it; and what the stream is told
        inside = False
        for r in run.records:
            if r.kind in ("CALL_ENTER", "CALL_LEAVE") and eventlog.CALLBACKS[r.a] == "PowerChangeNotify":
                inside = r.kind == "CALL_ENTER"
                heard += [f"D{r.b - 1}"] if inside else []
            elif inside and r.kind == "REG_WRITE" and r.a == 1:
                heard.append("UART")
            elif r.kind == "CALL_ENTER" and eventlog.CALLBACKS[r.a] == "SetState" and r.b == RUN:
                heard.append("RUN")
        self.assertEqual(heard, ["RUN", "D3", "D0", "UART", "RUN", "D3", "D0", "UART", "RUN"],
                         "the adapter hears once of each change: after a stop the old one does not any more")


class OnPci(Moments):
    """The same where a level interrupt is shared, and where the device may start elsewhere."""

    CARD = "pci-mpu401"
    ENDS = ENDING | MOVED

    def test_a_device_that_was_stopped_starts_on_other_resources_and_plays_there(self):
        self.reopened(b"\xc0\x01")
        self.score.device(QUERY_STOP)
        self.score.device(STOP_DEVICE)
        self.score.device(START_DEVICE, ELSEWHERE)
        self.reopened(b"\xc0\x02")
        run = self.holds()
        self.assertEqual(own_bytes(run), b"\xc0\x01\xc0\x02")


def own_bytes(run, before=None):
    """At MIDI OUT (before a step), without what a card sends by itself in intelligent mode."""
    end = next((r.seq for r in run.of("STEP_BEGIN") if r.corr == eventlog.STEP << 56 | before), 0) if before else float("inf")
    return bytes(r.a for r in run.of("WIRE_OUT") if r.seq < end and r.corr >> 56 != eventlog.OWN_BYTE and r.a < 0xF8)


if __name__ == "__main__":
    unittest.main()
