#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""portcls.sys' capture side in the real guest: one record an IRP, its stamp, what waits, what is cancelled
(reference portcls-midi.md 2.5, 2.7, 2.8, 2.10). The recorder's capture pin counts up, 8 bytes every 5 ms."""
import unittest

import eventlog
from recorder_score import *  # noqa: F403


def captured(run):
    return eventlog.text(run.records, "CAPTURED")


class Capture(Recorder):
    def test_bytes_come_in_order_one_record_a_read_stamped_with_ms_since_run(self):
        pin = self.open(CAPTURE)
        self.score.read_start(pin)
        step = self.score.wait_captured(pin, 80)
        self.score.read_stop(pin)
        run = self.play()
        self.assertEqual(captured(run)[:80], bytes(range(80)))
        heads = run.of("CAPTURED_AT")
        self.assertEqual([head.b for head in heads[:10]], [8] * 10)
        self.assertEqual([head.c for head in heads[:10]], list(range(0, 80, 8)))
        began = entered_run(run)
        gave = [leave.time for leave in run.calls("Read", leave=True) if leave.c]
        for head, time in zip(heads, gave):
            self.assertGreaterEqual(head.a, (time - began) / MS - 0.1, "rounded up")
            self.assertLess(head.a, (time - began) / MS + 1.1)
        self.assertEqual([head.a for head in heads], sorted(head.a for head in heads))
        self.assertStatus(run, step, SUCCESS)
        self.assertEqual(rules(run), [])

    def test_read_is_called_at_dispatch_level_until_it_gives_nothing(self):
        pin = self.open(CAPTURE)
        self.score.read_start(pin)
        self.score.wait_captured(pin, 24)
        run = self.play()
        given = [leave.c for leave in run.calls("Read", leave=True)]
        self.assertEqual(given[:6], [8, 0] * 3)
        self.assertEqual({call.irql for call in run.calls("Read")}, {2})
        self.assertEqual({call.irql for call in run.calls("DeferredRoutine")}, {2}, "the driver's own DPC")

    def test_a_completed_read_says_how_much_it_holds_and_gives_the_header_back(self):
        pin = self.open(CAPTURE)
        self.score.read_start(pin, pending=1)
        self.score.wait_captured(pin, 16)
        self.score.read_stop(pin)
        run = self.play()
        done = irps(run, READ_STREAM)
        self.assertEqual(done[:2], [(SUCCESS, 0x38)] * 2, "Information: the stream header")
        self.assertEqual(done[-1][0], CANCELLED)

    def test_read_stop_cancels_every_pending_read(self):
        pin = self.open(CAPTURE, state=PAUSE)
        self.score.read_start(pin, pending=5)
        step = self.score.read_stop(pin)
        run = self.play()
        self.assertStatus(run, step, SUCCESS)
        self.assertEqual(irps(run, READ_STREAM), [(CANCELLED, 0)] * 5)

    def test_stop_cancels_the_reads_and_the_client_hears_of_it(self):
        pin = self.open(CAPTURE, state=PAUSE)
        self.score.read_start(pin, pending=2)
        self.score.set_state(pin, STOP)
        step = self.score.wait_captured(pin, 1, flags=MAY_FAIL)
        run = self.play()
        self.assertEqual(irps(run, READ_STREAM), [(CANCELLED, 0)] * 2)
        self.assertStatus(run, step, CANCELLED)

    def test_closing_a_running_pin_cancels_its_reads_before_the_stream_goes(self):
        pin = self.open(CAPTURE)
        self.score.read_start(pin, pending=3)
        self.score.wait_captured(pin, 8)
        step = self.score.close(pin)
        run = self.play()
        self.assertStatus(run, step, SUCCESS)
        self.assertEqual([status for status, _ in irps(run, READ_STREAM)][-3:], [CANCELLED] * 3)
        last = max(r.seq for r in run.of("IRP_DONE") if r.b == CANCELLED)
        self.assertLess(last, run.calls("StreamRelease")[0].seq)

    def test_a_read_in_stop_is_refused(self):
        pin = self.open(CAPTURE, state=STOP)
        step = self.score.read_start(pin, flags=MAY_FAIL)
        run = self.play()
        self.assertStatus(run, step, INVALID_DEVICE_STATE)

    def test_what_comes_while_no_read_is_pending_waits_with_the_stamp_it_came_with(self):
        pin = self.open(CAPTURE)
        self.score.delay_ms(52)
        self.score.read_start(pin)
        self.score.wait_captured(pin, 80)
        run = self.play()
        self.assertEqual(captured(run)[:80], bytes(range(80)))
        stamps = [head.a for head in run.of("CAPTURED_AT")][:10]
        # A relative timer counts from the last tick, maybe one of the long ones before RUN, and its period from when it
        # was due: the first comes early then, and the second less than 5 ms behind it.
        self.assertLessEqual(stamps[0], 5 + 2)
        self.assertLessEqual(stamps[1], 10 + 2)
        for before, stamp in zip(stamps[1:], stamps[2:]):
            self.assertAlmostEqual(stamp - before, 5, delta=2)

    def test_a_chunk_larger_than_the_buffer_is_cut_and_each_piece_keeps_its_stamp(self):
        pin = self.open(ENDLESS)
        self.score.read_start(pin, size=16, pending=4)
        self.score.wait_captured(pin, 256)
        run = self.play()
        heads = run.of("CAPTURED_AT")[:32]
        self.assertEqual([head.b for head in heads], [8] * 32)
        self.assertEqual(len({head.a for head in heads}), 1, "256 bytes of one Read")
        self.assertEqual(captured(run)[:256], b"\xf8" * 256)

    def test_a_read_that_never_gives_0_is_bounded_told_once_and_what_is_lost_is_counted(self):
        pin = self.open(ENDLESS)
        self.score.delay_ms(40)
        step = self.score.set_state(pin, STOP)
        self.score.close(pin)
        run = self.play()
        self.assertEqual(rules(run), [31])
        self.assertIn("Read never returns 0", run.findings()[0][1])
        self.assertStatus(run, step, SUCCESS)
        self.assertRegex(run.text, r"capture stream 1: \d{6} bytes lost because no read was pending and 16384 bytes")

    def test_a_read_that_claims_more_than_its_buffer_is_told_and_believed_for_no_more(self):
        pin = self.open(GREEDY_READ)
        self.score.read_start(pin)
        self.score.wait_captured(pin, 256)
        run = self.play()
        self.assertEqual(rules(run)[0], 23)
        self.assertEqual((run.of("FINDING")[0].b, run.of("FINDING")[0].c), (257, 256), "seen, expected")
        self.assertEqual(captured(run)[:257], b"\x11" * 256)

    def test_a_read_that_does_not_set_bytesread_is_told_and_gives_nothing(self):
        pin = self.open(SILENT_READ)
        self.score.read_start(pin)
        step = self.score.wait_captured(pin, 1, timeout=30, flags=MAY_FAIL)
        run = self.play()
        self.assertEqual(set(rules(run)), {22})
        self.assertIn("BytesRead", run.findings()[0][1])
        self.assertStatus(run, step, TIMEOUT)
        self.assertEqual(captured(run), b"")

    def test_a_write_to_a_capture_pin_is_an_invalid_request(self):
        pin = self.open(CAPTURE)
        step = self.write(pin, b"\1", flags=MAY_FAIL)
        run = self.play()
        self.assertStatus(run, step, INVALID_DEVICE_REQUEST)
        self.assertEqual(run.calls("Write"), [])

    def test_waiting_for_more_than_comes_times_out(self):
        pin = self.open(CAPTURE)
        self.score.read_start(pin)
        step = self.score.wait_captured(pin, 1000, timeout=50, flags=MAY_FAIL)
        run = self.play()
        self.assertStatus(run, step, TIMEOUT)
        # Eight each 5 ms; the wait may end up to a 15.6 ms tick early (render_test.py).
        self.assertIn(run.end_of(step).c, range(56, 89, 8), "Information: bytes that came")

    def test_nothing_is_delivered_after_pause(self):
        pin = self.open(CAPTURE)
        self.score.read_start(pin)
        self.score.wait_captured(pin, 16)
        self.score.set_state(pin, PAUSE)
        self.score.delay_ms(50)
        self.score.read_stop(pin)
        run = self.play()
        paused = [call for call in run.calls("SetState") if call.b == PAUSE][1]
        self.assertEqual([head for head in run.of("CAPTURED_AT") if head.time > paused.time + MS], [])


if __name__ == "__main__":
    unittest.main()
