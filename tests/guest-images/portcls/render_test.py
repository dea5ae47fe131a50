#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""portcls.sys' render side in the real guest: what it offers a miniport, when, and what it makes of each answer
(reference portcls-midi.md 2.6, 2.8, 2.10). Each pin of recorder.sys answers in one way."""
import unittest

from recorder_score import *  # noqa: F403

TICK = MS  # the sequencer's resolution


class Offers(Recorder):
    def test_a_write_is_offered_record_by_record_at_dispatch_level_and_completes_with_its_bytes(self):
        pin = self.open(PLAIN)
        step = self.write(pin, b"\x90\x3c\x40", b"\xf8", bytes(range(200)))
        self.score.wait_writes(pin)
        run = self.play()
        self.assertEqual(bytes_taken(run, PLAIN), b"\x90\x3c\x40\xf8" + bytes(range(200)))
        self.assertEqual([(offered, status, taken) for _, offered, status, taken in offers(run)],
                         [(3, 0, 3), (1, 0, 1), (200, 0, 200)])
        self.assertEqual({call.irql for call in run.calls("Write")}, {2})
        end = run.end_of(step)
        self.assertEqual((end.b, end.c), (SUCCESS, 12 + 12 + 208), "Information: DataUsed, headers and padding too")
        self.assertEqual([(r.a, r.b) for r in run.of("STREAM_RANGE")], [(0, 3), (3, 1), (4, 200)])
        self.assertEqual(rules(run), [])

    def test_a_partial_write_is_offered_again_from_where_it_stopped_a_tick_later(self):
        pin = self.open(PARTIAL)
        step = self.write(pin, bytes(range(10)))
        self.score.wait_writes(pin)
        run = self.play()
        self.assertEqual(bytes_taken(run, PARTIAL), bytes(range(10)))
        made = offers(run)
        self.assertEqual([(offered, taken) for _, offered, _, taken in made], [(10, 4), (6, 4), (2, 2)])
        for (before, *_), (after, *_) in zip(made, made[1:]):
            self.assertLessEqual(after - before, 1.5 * TICK)
        self.assertStatus(run, step, SUCCESS)
        self.assertEqual(rules(run), [], "multiples of four are what the documentation allows")

    def test_an_odd_partial_write_is_resumed_too_and_told_once_a_stream(self):
        pin = self.open(ODD_PARTIAL)
        self.write(pin, bytes(range(10)))
        self.write(pin, bytes(range(50, 58)))
        self.score.wait_writes(pin)
        run = self.play()
        self.assertEqual(bytes_taken(run, ODD_PARTIAL), bytes(range(10)) + bytes(range(50, 58)))
        self.assertEqual([offered for _, offered, _, _ in offers(run)], [10, 7, 4, 1, 8, 5, 2])
        self.assertEqual(rules(run), [24])
        self.assertIn("multiple of 4", run.findings()[0][1])

    def test_a_busy_miniport_is_asked_again_each_tick_until_it_takes_the_bytes(self):
        pin = self.open(BUSY)
        step = self.write(pin, b"\x90\x3c\x40")
        self.score.wait_writes(pin)
        run = self.play()
        made = offers(run)
        self.assertEqual([(offered, taken) for _, offered, _, taken in made], [(3, 0)] * 7 + [(3, 3)])
        for (before, *_), (after, *_) in zip(made[1:], made[2:]): # the first tick may come at once
            self.assertAlmostEqual(after - before, TICK, delta=0.1 * TICK)
        self.assertStatus(run, step, SUCCESS)

    def test_a_write_to_a_dead_miniport_is_cancelled_by_stop(self):
        pin = self.open(DEAD)
        step = self.write(pin, b"\x90\x3c\x40", flags=MAY_FAIL)
        late = self.score.wait_writes(pin, timeout=100, flags=MAY_FAIL)
        self.score.set_state(pin, STOP)
        done = self.score.wait_writes(pin)
        run = self.play()
        self.assertStatus(run, late, TIMEOUT)
        self.assertStatus(run, step, CANCELLED)
        self.assertStatus(run, done, SUCCESS)
        self.assertEqual(bytes_taken(run, DEAD), b"")
        # The wait counts from the last tick, and until just now ticks were 15.6 ms apart.
        self.assertAlmostEqual(len(offers(run)), 92, delta=10, msg="one offer a tick, not a busy loop")

    def test_closing_the_pin_cancels_the_writes_that_are_pending(self):
        pin = self.open(DEAD)
        steps = [self.write(pin, b"\x90\x3c\x40", flags=MAY_FAIL) for _ in range(3)]
        closed = self.score.close(pin)
        run = self.play()
        for step in steps:
            self.assertStatus(run, step, CANCELLED)
        self.assertStatus(run, closed, SUCCESS)
        self.assertEqual(irps(run, WRITE_STREAM), [(CANCELLED, 0)] * 3)

    def test_an_error_ends_its_write_with_that_status_and_the_next_one_is_offered(self):
        pin = self.open(ERROR)
        steps = [self.write(pin, b"\x90\x3c\x40", b"\x80\x3c\x40", flags=MAY_FAIL) for _ in range(2)]
        self.score.wait_writes(pin)
        run = self.play()
        for step in steps:
            self.assertStatus(run, step, IO_DEVICE_ERROR)
        self.assertEqual([(offered, status) for _, offered, status, _ in offers(run)], [(3, IO_DEVICE_ERROR)] * 2)
        self.assertEqual(run.of("STREAM_RANGE"), [])

    def test_a_failed_write_that_may_not_fail_ends_the_run_with_its_step_and_status(self):
        pin = self.open(ERROR)
        step = self.write(pin, b"\x90\x3c\x40")
        self.score.wait_writes(pin)
        run = self.play(end=2)
        self.assertEqual(run.detail, IO_DEVICE_ERROR)
        self.assertIn(f"step {step} (WRITE) failed: status 0xc0000185", run.text)

    def test_a_miniport_that_does_not_set_byteswritten_has_taken_nothing_and_is_told_so(self):
        pin = self.open(SILENT)
        step = self.write(pin, b"\x90\x3c\x40", flags=MAY_FAIL)
        self.score.delay_ms(5)
        self.score.close(pin)
        run = self.play()
        self.assertEqual(set(rules(run)), {22})
        self.assertIn("BytesWritten", run.findings()[0][1])
        self.assertEqual({taken for _, _, _, taken in offers(run)}, {0})
        self.assertStatus(run, step, CANCELLED)

    def test_a_miniport_that_claims_more_than_it_was_offered_is_told_and_believed_for_no_more(self):
        pin = self.open(GREEDY)
        step = self.write(pin, b"\x90\x3c\x40")
        self.score.wait_writes(pin)
        run = self.play()
        self.assertEqual(rules(run), [23])
        finding = run.of("FINDING")[0]
        self.assertEqual((finding.b, finding.c), (4, 3), "seen, expected")
        self.assertEqual([(r.a, r.b) for r in run.of("STREAM_RANGE")], [(0, 3)])
        self.assertStatus(run, step, SUCCESS)

    def test_many_records_are_all_offered_in_order_and_a_large_one_whole(self):
        pin = self.open(PLAIN)
        payloads = [bytes([number % 128]) for number in range(600)]
        self.write(pin, *payloads)
        self.write(pin, bytes(number % 251 for number in range(1500)))
        self.score.wait_writes(pin)
        run = self.play()
        self.assertEqual([offered for _, offered, _, _ in offers(run)], [1] * 600 + [1500])
        self.assertEqual(bytes_taken(run, PLAIN), b"".join(payloads) + bytes(number % 251 for number in range(1500)))

    def test_sixteen_writes_in_flight_are_played_strictly_in_order(self):
        pin = self.open(PARTIAL)
        for number in range(16):
            self.write(pin, bytes([0xC0, number]) * 4)
        self.score.wait_writes(pin)
        run = self.play()
        self.assertEqual(bytes_taken(run, PARTIAL), b"".join(bytes([0xC0, number]) * 4 for number in range(16)))
        self.assertEqual([status for status, _ in irps(run, WRITE_STREAM)], [SUCCESS] * 16)

    def test_a_record_that_reaches_past_its_buffer_fails_the_write_after_the_good_ones(self):
        pin = self.open(PLAIN)
        bad = record(0, b"\x90\x3c\x40") + record(0, b"\x80\x3c\x40\0")[:4] + b"\x09\0\0\0" + b"\x80\x3c\x40\0"
        step = self.score.write(pin, bad, flags=MAY_FAIL)
        after = self.write(pin, b"\xfe")
        self.score.wait_writes(pin)
        run = self.play()
        self.assertStatus(run, step, INVALID_PARAMETER)
        self.assertStatus(run, after, SUCCESS)
        self.assertEqual(bytes_taken(run, PLAIN), b"\x90\x3c\x40\xfe")
        self.assertIn("reaches past the end of its buffer; 3 bytes were played before it", run.text)

    def test_a_write_without_a_record_completes_and_offers_nothing(self):
        pin = self.open(PLAIN)
        step = self.score.write(pin, b"", flags=MAY_FAIL)
        self.score.wait_writes(pin)
        run = self.play()
        self.assertEqual(offers(run), [])
        self.assertIn(run.status_of(step), (SUCCESS, INVALID_PARAMETER))

    def test_a_read_of_a_render_pin_is_an_invalid_request(self):
        pin = self.open(PLAIN)
        step = self.score.read_start(pin, flags=MAY_FAIL)
        run = self.play()
        self.assertStatus(run, step, INVALID_DEVICE_REQUEST)


class Schedule(Recorder):
    """Times are those of Write calls after SetState(RUN) came back, in ms of virtual time."""

    def assertPlayedAt(self, run, *expected_ms):
        began = entered_run(run)
        played = [(time - began) / MS for time, *_ in offers(run)]
        self.assertEqual(len(played), len(expected_ms), run)
        for at, expected in zip(played, expected_ms):
            self.assertTrue(expected - 0.5 <= at <= expected + 1.1, f"played at {played}, expected {expected_ms}\n{run}")

    def test_each_delta_counts_from_the_record_before_and_the_first_from_the_presentation_time(self):
        pin = self.open(PLAIN)
        self.score.write(pin, record(20, b"\1") + record(0, b"\2") + record(30, b"\3") + record(1, b"\4"))
        self.score.write(pin, record(0, b"\5") + record(10, b"\6"), presentation_100ns=100 * 10_000)
        self.score.wait_writes(pin)
        self.assertPlayedAt(self.play(), 20, 20, 50, 51, 100, 110)

    def test_a_time_in_the_past_plays_at_once_and_a_late_write_holds_back_those_behind_it(self):
        pin = self.open(PLAIN)
        self.score.write(pin, record(40, b"\1"))
        self.score.write(pin, record(0, b"\2"), presentation_100ns=10 * 10_000)
        self.score.write(pin, record(10, b"\3"))
        self.score.wait_writes(pin)
        self.assertPlayedAt(self.play(), 40, 40, 40)

    def test_writes_queued_before_run_wait_for_it_and_their_time_counts_from_it(self):
        pin = self.open(PLAIN, state=PAUSE)
        step = self.score.write(pin, record(0, b"\1") + record(15, b"\2"))
        self.score.delay_ms(50)
        self.score.set_state(pin, RUN)
        self.score.wait_writes(pin)
        run = self.play()
        self.assertPlayedAt(run, 0, 15)
        self.assertStatus(run, step, SUCCESS)

    def test_a_write_in_stop_is_refused(self):
        pin = self.open(PLAIN, state=STOP)
        step = self.write(pin, b"\1", flags=MAY_FAIL)
        run = self.play()
        self.assertStatus(run, step, INVALID_DEVICE_STATE)
        self.assertEqual(offers(run), [])

    def test_pause_stops_the_clock_and_keeps_the_queue(self):
        pin = self.open(PLAIN)
        self.score.write(pin, record(50, b"\1"))
        self.score.delay_ms(20)
        self.score.set_state(pin, PAUSE)
        self.score.delay_ms(100)
        self.score.set_state(pin, RUN)
        self.score.wait_writes(pin)
        run = self.play()
        paused = [call.time for call in run.calls("SetState") if call.b in (PAUSE, RUN)][2:]
        self.assertPlayedAt(run, 50 + (paused[1] - paused[0]) / MS)

    def test_stop_cancels_the_queue_and_sets_the_clock_back(self):
        pin = self.open(PLAIN)
        gone = self.score.write(pin, record(500, b"\1"), flags=MAY_FAIL)
        self.score.delay_ms(30)
        self.score.set_state(pin, STOP)
        self.score.set_state(pin, RUN)
        self.score.write(pin, record(20, b"\2"))
        self.score.wait_writes(pin)
        run = self.play()
        self.assertStatus(run, gone, CANCELLED)
        self.assertEqual(bytes_taken(run, PLAIN), b"\2")
        again = [leave.time for enter, leave in zip(run.calls("SetState"), run.calls("SetState", leave=True))
                 if enter.b == RUN][1]
        self.assertAlmostEqual((offers(run)[0][0] - again) / MS, 20, delta=1.1)


if __name__ == "__main__":
    unittest.main()
