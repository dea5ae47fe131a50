#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bytes at full wire rate in the real guest: in while DPCs come late, in beyond what the driver can hold, both ways at
once; how soon a short message is on the wire."""
import plan_writer
from own_driver import *  # noqa: F403

WIRE_BYTE_NS = 320_000
QUEUE = 1024  # bytes that the driver keeps for a client: 0.3 s of wire
SERVICE_NS = 2_000_000


class Late(OwnDriver):
    """The guest's plan holds each DPC of driver, portcls and ks back (mpulab_guest_options.dpc_delay_us)."""

    def receive(self, song, delay_us, pause_after_ms):
        self.open_capture()
        self.score.marker(1)
        self.score.delay_ms(pause_after_ms)
        self.score.set_state(CAPTURE, PAUSE)
        asked = self.ask()
        run = self.play(cue_bytes=plan_writer.cue_section([(1, 0, song)]), dpc_delay_us=delay_us)
        arrived = run.of("WIRE_IN")
        self.assertEqual(len(arrived), len(song))
        self.assertEqual(arrived[-1].time - arrived[0].time, (len(song) - 1) * WIRE_BYTE_NS, "full wire rate")
        self.assertEqual(run.findings(), [])
        return run, counters(run, asked)

    def waits(self, run):
        """Nanoseconds from each interrupt after which nobody has asked the driver yet to the moment when somebody does."""
        found, since = [], None
        for r in run.of("MARKER", "INTERRUPT", "CALL_ENTER"):
            if r.kind == "MARKER":
                since = None  # before it came ENTER_UART's ACK
            elif r.kind == "INTERRUPT" and r.b:
                since = since or r.time
            elif eventlog.CALLBACKS[r.a] == "Read" and since:
                found.append(r.time - since)
                since = None
        return found

    def test_no_byte_is_lost_at_full_wire_rate_with_dpcs_two_milliseconds_late(self):
        song = bytes(n * 7 % 251 for n in range(600))
        run, seen = self.receive(song, 2_000, 250)
        self.assertEqual(captured(run), song)
        self.assertEqual((seen["bytes_in"], seen["bytes_in_dropped"], seen["bytes_in_ignored"]), (len(song), 0, 0))
        waits = self.waits(run)
        self.assertGreater(len(waits), 50)
        self.assertGreaterEqual(min(waits), SERVICE_NS, "the delay is in force")
        self.assertLess(max(waits), 2 * SERVICE_NS)

    def test_a_queue_that_overflows_is_counted_to_the_byte_and_the_rest_comes_in_order(self):
        song = bytes(n * 7 % 251 for n in range(1_400))
        run, seen = self.receive(song, 400_000, 1_500)  # for the time of 1,250 bytes nobody asks the driver for one
        dropped = seen["bytes_in_dropped"]
        self.assertGreater(dropped, 100)
        self.assertEqual(captured(run), song[:QUEUE] + song[QUEUE + dropped :], "the oldest are kept, and there is one gap")
        self.assertEqual(seen["bytes_in"], len(song) - dropped)
        self.assertIn(("BytesDropped", 3, [1, dropped, 0, 0]), events(run))


    def test_output_under_late_dpcs_is_slow_and_nobody_takes_the_card_for_stuck(self):
        song = bytes(n % 128 for n in range(640))
        self.open_render()
        for at in range(0, len(song), 128):
            self.write(song[at : at + 128], timeout=60_000)  # its queue is full for longer than half a second
        self.score.wait_writes(RENDER, timeout=60_000)
        self.score.delay_ms(600)  # for what is in the driver: a pause waits for 0.2 s of it
        self.score.set_state(RENDER, PAUSE)
        asked = self.ask()
        run = self.play(dpc_delay_us=1_500, cpus=2)
        self.assertEqual(wire_out(run), song)
        self.assertEqual((counters(run, asked)["bytes_out"], counters(run, asked)["bytes_out_dropped"]), (len(song), 0))
        wire = [r.time for r in run.of("WIRE_OUT") if r.corr >> 56 != eventlog.OWN_BYTE]
        self.assertGreater(wire[-1] - wire[0], 2 * len(song) * WIRE_BYTE_NS)

    def test_a_delay_of_more_than_a_second_is_refused(self):
        run = guest_machine.boot(self.score, guest_machine.own_driver(), dpc_delay_us=1_000_001)
        self.assertNotEqual(run.end, 0)
        self.assertIn("the plan's DPC delay is 1000001 us; expected at most 1000000", run.text)


class Polled(OwnDriver):
    """A card whose interrupt is dead from power-on: the driver looks for bytes at each tick."""

    def test_what_the_card_collected_before_run_is_read_a_little_at_a_time_and_not_given_to_the_client(self):
        before, after = bytes(n % 128 for n in range(200)), bytes(range(0x80, 0xC0))
        self.score.marker(1)
        self.score.delay_ms(100)
        self.open_capture(PAUSE)
        running = self.score.set_state(CAPTURE, RUN)
        self.score.delay_ms(20)
        self.score.marker(2)
        self.score.wait_captured(CAPTURE, len(after))
        asked = self.ask()
        dead = plan_writer.cue(plan_writer.TIME, plan_writer.DEAD_IRQ, time_ns=60_000_000_000)
        run = self.play(cue_bytes=plan_writer.cue_section([(1, 0, before), (2, 0, after)], faults=[dead]))
        self.assertEqual(captured(run), after)
        seen = counters(run, asked)
        self.assertEqual((seen["bytes_in"], seen["bytes_in_ignored"], seen["interrupts"]), (len(after), len(before), 0))
        slices, since = [], None  # from the beginning of a DPC to the last byte that it took
        for r in between(run, running, asked):
            if r.kind == "DPC":
                since = r.time
                slices.append(0)
            elif r.kind == "REG_READ" and slices:
                slices[-1] = r.time - since
            self.assertFalse(r.kind == "REG_READ" and not slices, "SetState itself reads nothing")
        self.assertGreater(len([s for s in slices if s > 0]), 10)
        self.assertLess(max(slices), 50_000)
        self.assertEqual(run.findings(), [])


class Prompt(OwnDriver):
    def test_a_short_message_is_on_the_wire_within_three_tenths_of_a_millisecond(self):
        self.open_render()
        self.score.delay_ms(20)  # the first tick of the finer clock is behind us: until then a wait may be 15 ms short
        for note in range(8):
            self.write(bytes([0x90, note, 0x40]))
            self.score.wait_writes(RENDER)
            self.score.delay_ms(7 + note % 3)
        run = self.play()
        self.assertEqual(wire_out(run), b"".join(bytes([0x90, note, 0x40]) for note in range(8)))
        offered = [r.time for r in run.calls("Write")]
        wire = [r.time for r in run.of("WIRE_OUT") if r.corr >> 56 != eventlog.OWN_BYTE]
        self.assertEqual((len(offered), len(wire)), (8, 24))
        for number, time in enumerate(offered):
            first, second, third = wire[3 * number : 3 * number + 3]
            self.assertLessEqual(first - time, 300_000, f"message {number}")
            self.assertEqual((second - first, third - second), (WIRE_BYTE_NS, WIRE_BYTE_NS))

    def test_both_directions_at_once_do_not_disturb_each_other(self):
        song, other = bytes(n * 11 % 128 for n in range(640)), bytes(n * 7 % 251 for n in range(640))
        self.open_render()
        self.open_capture()
        self.score.marker(1)
        for at in range(0, len(song), 128):
            self.write(song[at : at + 128], timeout=60_000)
        self.score.wait_writes(RENDER)
        self.score.wait_captured(CAPTURE, len(other))
        self.score.set_state(RENDER, PAUSE)
        asked = self.ask()
        run = self.play(cue_bytes=plan_writer.cue_section([(1, 0, other)]))
        self.assertEqual(wire_out(run), song)
        self.assertEqual(captured(run), other)
        wire = [r.time for r in run.of("WIRE_OUT") if r.corr >> 56 != eventlog.OWN_BYTE]
        self.assertEqual(wire[-1] - wire[0], (len(song) - 1) * WIRE_BYTE_NS, "no gap")
        arrived = [r.time for r in run.of("WIRE_IN")]
        self.assertGreater(min(wire[-1], arrived[-1]) - max(wire[0], arrived[0]), 600 * WIRE_BYTE_NS, "at once")
        seen = counters(run, asked)
        self.assertEqual((seen["bytes_out"], seen["bytes_in"]), (len(song), len(other)))
        self.assertEqual((seen["bytes_out_dropped"], seen["bytes_in_dropped"], seen["interrupts_spurious"]), (0, 0, 0))
        self.assertEqual(run.findings(), [])
        self.assertEqual(run.of("GUEST_ERROR"), [])


if __name__ == "__main__":
    unittest.main()
