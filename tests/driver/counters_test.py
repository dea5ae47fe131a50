#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the driver counts and what it tells event tracing, in the real guest: against the wire, and to clients that ask
oddly (guest-images/agent/counters.h; driver/README.md, Counters, Events)."""
import plan_writer
from own_driver import *  # noqa: F403


class Property(OwnDriver):
    def test_a_client_learns_the_size_of_the_counters_and_too_little_room_is_refused(self):
        size = self.ask(room=0)
        small = [self.ask(room=room) for room in (1, 4, COUNTERS_SIZE - 1)]
        exact, more = self.ask(), self.ask(room=COUNTERS_SIZE + 100)
        run = self.play()
        self.assertStatus(run, size, BUFFER_OVERFLOW)
        self.assertEqual(run.end_of(size).c, COUNTERS_SIZE)
        for step in small:
            self.assertStatus(run, step, BUFFER_TOO_SMALL)
        for step in (exact, more):
            self.assertEqual(counters(run, step), dict.fromkeys(COUNTER_NAMES, 0) | {"resets": 1, "interrupts": 2})
        self.assertEqual(run.findings(), [])

    def test_counters_cannot_be_set_and_their_set_has_no_other_property(self):
        wrong = [(self.ask(SET), NOT_FOUND), (self.ask(GET | SET), INVALID_DEVICE_REQUEST),
                 (self.ask(0), INVALID_DEVICE_REQUEST), (self.ask(number=0), NOT_FOUND), (self.ask(number=2), NOT_FOUND),
                 (self.ask(number=0xFFFFFFFF), NOT_FOUND), (self.ask(property_set=PROVIDER), PROPSET_NOT_FOUND),
                 (self.ask(data=b"", room=8), INVALID_BUFFER_SIZE),
                 (self.ask(data=COUNTERS.bytes_le, room=8), INVALID_BUFFER_SIZE)]
        run = self.play()
        for step, status in wrong:
            self.assertStatus(run, step, status)

    def test_basic_support_says_that_they_can_be_read(self):
        flags, description = self.ask(BASICSUPPORT, 4), self.ask(BASICSUPPORT, 100)
        size, small, whole_set = self.ask(BASICSUPPORT, 0), self.ask(BASICSUPPORT, 3), self.ask(SETSUPPORT, 0)
        run = self.play()
        for step, length in ((flags, 4), (description, 40)):
            self.assertStatus(run, step, SUCCESS)
            self.assertEqual(run.end_of(step).c, length)
            self.assertEqual(struct.unpack_from("<I", run.answer(step))[0], GET | BASICSUPPORT)
        self.assertEqual(struct.unpack_from("<II", run.answer(description)), (GET | BASICSUPPORT, 40))
        self.assertStatus(run, size, BUFFER_OVERFLOW)
        self.assertEqual(run.end_of(size).c, 40)
        self.assertStatus(run, small, BUFFER_TOO_SMALL)
        self.assertStatus(run, whole_set, SUCCESS)


class Counted(OwnDriver):
    def test_bytes_interrupts_and_resets_are_those_of_the_log(self):
        self.score.marker(1)
        self.score.delay_ms(10)  # five bytes that no client listens to
        self.open_render()
        self.open_capture()
        self.score.marker(2)
        self.write(b"\x90\x3c\x40\x80\x3c\x40\xf8")
        self.score.wait_writes(RENDER)
        self.score.wait_captured(CAPTURE, 11)
        self.score.set_state(RENDER, PAUSE)
        asked = self.ask()
        run = self.play(cue_bytes=plan_writer.cue_section([(1, 0, b"\xfe" * 5), (2, 0, bytes(range(0x80, 0x8B)))]))
        seen = counters(run, asked)
        claimed = len([r for r in run.of("INTERRUPT") if r.b])
        self.assertEqual(seen, {"bytes_out": 7, "bytes_out_dropped": 0, "bytes_in": 11, "bytes_in_dropped": 0,
                                "bytes_in_ignored": 5, "interrupts": claimed, "interrupts_spurious": 0, "resets": 1,
                                "acks_missed": 0})
        self.assertEqual(claimed, 18)
        self.assertEqual(len(wire_out(run)), seen["bytes_out"])
        self.assertEqual(len(captured(run)), seen["bytes_in"])

    def test_spurious_interrupts_and_missed_acks_are_counted(self):
        self.score.marker(1)
        self.score.delay_ms(10)
        asked = self.ask()
        run = self.play(cue_bytes=plan_writer.cues([
            plan_writer.cue(plan_writer.WRITE, plan_writer.WITHHOLD_ACK, argument=1, first=1, count=1),
            plan_writer.cue(plan_writer.MARKER, plan_writer.IRQ_STORM, argument=1, count=3, time_ns=1_000_000)]))
        seen = counters(run, asked)
        self.assertEqual((seen["resets"], seen["acks_missed"], seen["interrupts_spurious"]), (2, 1, 3))
        self.assertEqual(len([r for r in run.of("INTERRUPT") if not r.b]), 3)

    def test_a_card_that_keeps_uart_mode_in_d1_and_d2_is_asked_for_it_no_second_time_but_after_d3(self):
        asked = []
        for state in (2, 3, 4):  # D1, D2, D3
            self.score.device(SET_POWER, state)
            self.score.device(SET_POWER, 1)
            asked.append(self.ask())
        run = self.play()
        self.assertEqual([counters(run, step)["acks_missed"] for step in asked], [0, 0, 0])
        self.assertEqual([counters(run, step)["interrupts"] for step in asked], [2, 2, 3])

    def test_what_a_stuck_card_does_not_take_is_counted_as_dropped(self):
        self.open_render()
        self.score.marker(1)
        self.write(bytes(range(0x80, 0x90)))
        self.score.wait_writes(RENDER)
        self.score.set_state(RENDER, PAUSE)
        asked = self.ask()
        run = self.play(cue_bytes=plan_writer.cues([
            plan_writer.cue(plan_writer.MARKER, plan_writer.HOLD_DRR, argument=1, value=1)]))
        seen = counters(run, asked)
        self.assertEqual((seen["bytes_out"], seen["bytes_out_dropped"]), (0, 16))
        self.assertIn(("BytesDropped", 3, [0, 16, 0, 0]), events(run))

    def test_counters_begin_anew_with_each_start_of_the_device(self):
        self.open_render()
        self.write(b"\x90\x3c\x40\x00")
        self.score.wait_writes(RENDER)
        self.score.set_state(RENDER, STOP)
        before = self.ask()
        for slot in (RENDER, FILTER):
            self.score.close(slot)
        for request in (QUERY_STOP, STOP_DEVICE, START_DEVICE):
            self.score.device(request)
        self.score.open_filter(FILTER)
        after = self.ask()
        run = self.play()
        self.assertEqual([counters(run, step)["bytes_out"] for step in (before, after)], [4, 0])


class Events(OwnDriver):
    def test_the_driver_tells_of_its_start_each_stream_state_and_its_end_and_of_no_byte(self):
        self.open_render()
        self.write(bytes(range(0x80, 0x90)))
        self.score.wait_writes(RENDER)
        self.score.set_state(RENDER, PAUSE)
        self.score.close(RENDER)
        self.score.close(FILTER)
        self.score.remove_device()
        run = self.play()
        told = events(run)
        self.assertEqual([(name, level) for name, level, _ in told[:2]], [("Reset", 4), ("Started", 4)])
        self.assertEqual(told[0][2][:2], [0, 1], "answered, one RESET")
        self.assertEqual(told[1][2], [0, 0, 0, 0])
        states = [data[:2] for name, _, data in told if name == "StreamState"]
        self.assertEqual(states, [[0, state] for state in (ACQUIRE, PAUSE, RUN, PAUSE, ACQUIRE, STOP)])
        self.assertEqual(told[-1], ("Stopped", 4, [1, 0, 0, 0]))
        self.assertEqual(len(told), 9)

    def test_the_provider_is_there_from_driver_entry_to_unload(self):
        self.score.close(FILTER)
        self.score.remove_device()
        run = self.play()
        told = run.of("ETW_PROVIDER", "CALL_ENTER")
        ours = [r.c >> 63 for r in told if r.kind == "ETW_PROVIDER"]
        self.assertEqual(ours, [0, 1])
        self.assertEqual(run.findings(), [])

    def test_a_card_that_does_not_answer_is_told_as_an_error_with_what_was_seen(self):
        run = self.play(end=DRIVER_REFUSED, cue_bytes=plan_writer.cues([
            plan_writer.cue(plan_writer.WRITE, plan_writer.WITHHOLD_ACK, argument=1, first=1, count=2)]))
        told = events(run)
        self.assertEqual([(name, level) for name, level, _ in told], [("Reset", 2), ("Started", 2)])
        self.assertEqual(told[0][2][:2], [3, 2], "no ACK, two RESETs")
        self.assertEqual(told[1][2][0], 0xC0000185)

    def test_a_dead_interrupt_is_told_as_a_warning(self):
        run = self.play(cue_bytes=plan_writer.cues([plan_writer.cue(plan_writer.TIME, plan_writer.DEAD_IRQ)]))
        self.assertEqual([name for name, level, _ in events(run) if level == 3], ["InterruptDead"])


if __name__ == "__main__":
    unittest.main()
