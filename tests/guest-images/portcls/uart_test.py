#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The system's own UART miniports (PcNewMiniport), under an adapter driver that has none of its own (uart/): they drive the
card through both ports, and fail as they should when there is none or it is silent."""
import unittest
import uuid

import dmus_test
import eventlog
import plan_writer
from recorder_score import *  # noqa: F403

KINDS = ("uart_midi", "uart_dmus")  # render pin 0, capture pin 2; uart_capture has its capture pin at 0
RENDER_PIN, CAPTURE_PIN = 0, 2
SONG, BYTES = dmus_test.SONG, dmus_test.BYTES
NOT_SUPPORTED, CONFIGURATION_ERROR = 0xC00000BB, 0xC0000182
DRIVER_REFUSED = 3
FM_SYNTH = uuid.UUID("252c5c80-62e9-11cf-a5d6-28db04c10000")


class Uart(Recorder):
    def setUp(self):
        self.score = guest_machine.Score()
        self.score.open_filter(0, reference="Uart")

    def play(self, kind, end=0, **more):
        run = guest_machine.boot(self.score, guest_machine.test_driver("portcls/uart", kind), **more)
        self.assertEqual(run.end, end, run)
        return run

    def leave(self):
        """Everything is closed, the device goes: the miniport's last reference with it."""
        for slot in (1, 2):
            self.score.close(slot)
        self.score.close(0)
        self.score.remove_device()

    def both(self):
        self.open(RENDER_PIN, 1)
        self.open(CAPTURE_PIN, 2)

    def song_both_ways(self):
        """The song goes out, and comes in by the cue that the marker arms."""
        self.both()
        self.score.read_start(2)
        self.score.marker(1)
        self.write(1, *SONG)
        self.score.wait_writes(1)
        self.score.wait_captured(2, len(BYTES))
        self.score.delay_ms(100)


class Song(Uart):
    def test_a_song_goes_out_and_comes_in_unharmed_at_the_same_time_and_everything_is_given_back(self):
        self.song_both_ways()
        self.score.read_stop(2)
        self.leave()
        for kind in KINDS:
            run = self.play(kind, cue_bytes=plan_writer.cue_section([(1, 0, BYTES)]))
            self.assertEqual(dmus_test.wire(run)[:len(BYTES)], BYTES, kind)
            self.assertEqual(dmus_test.captured(run), BYTES, kind)
            self.assertEqual(rules(run), [], run)
            self.assertEqual([leave.c for leave in run.calls("StreamRelease", leave=True)], [0, 0])
            self.assertEqual([leave.c for leave in run.calls("MiniportRelease", leave=True)], [0])
            self.assertEqual(len(run.of("OVERRUN")), 0)

    def test_a_song_goes_both_ways_whatever_windows_leaves_open(self):
        self.song_both_ways()
        for kind, choices in (("uart_midi", {"read-buffer": 1, "write-size": 2, "write-completes": 1, "set-format": 1}),
                              ("uart_dmus", {"dmus-events": 1, "dmus-chain": 1, "dmus-buffer": 1}),
                              ("uart_dmus", {"dmus-chain": 2, "dmus-clock": 1, "write-context": 1})):
            run = self.play(kind, cue_bytes=plan_writer.cue_section([(1, 0, BYTES)]), choices=choices)
            self.assertEqual(dmus_test.wire(run), BYTES, choices)
            self.assertEqual(dmus_test.captured(run), BYTES, choices)
            self.assertEqual(rules(run), [], choices)

    def test_a_song_goes_both_ways_on_two_processors(self):
        self.song_both_ways()
        self.score.read_stop(2)
        self.leave()
        for kind in KINDS:
            run = self.play(kind, cue_bytes=plan_writer.cue_section([(1, 0, BYTES)]), cpus=2, slice_seed=3)
            self.assertEqual(dmus_test.wire(run)[:len(BYTES)], BYTES, kind)
            self.assertEqual(dmus_test.captured(run), BYTES, kind)
            self.assertEqual(rules(run), [], kind)

    def test_the_capture_miniport_captures_and_has_no_other_streaming_pin(self):
        self.open(0, 1)
        refused = self.score.open_pin(2, 0, 1, flags=MAY_FAIL)
        self.score.read_start(1)
        self.score.marker(1)
        self.score.wait_captured(1, len(BYTES))
        run = self.play("uart_capture", cue_bytes=plan_writer.cue_section([(1, 0, BYTES)]))
        self.assertEqual(dmus_test.captured(run), BYTES)
        self.assertNotEqual(run.status_of(refused), SUCCESS)

    def test_a_device_without_an_interrupt_is_polled_and_one_of_the_adapter_s_own_is_used(self):
        self.song_both_ways()
        self.score.read_stop(2)
        self.leave()
        runs = {}
        for kind in ("uart_polled", "uart_shared"):
            run = runs[kind] = self.play(kind, cue_bytes=plan_writer.cue_section([(1, 0, BYTES)]))
            self.assertEqual(dmus_test.wire(run)[:len(BYTES)], BYTES, kind)
            self.assertEqual(dmus_test.captured(run), BYTES, kind)
            self.assertEqual(rules(run), [], run)
            self.assertEqual([leave.c for leave in run.calls("MiniportRelease", leave=True)], [0])
        self.assertEqual(runs["uart_polled"].calls("InterruptRoutine"), [])
        self.assertGreater(len(runs["uart_shared"].calls("InterruptRoutine")), 0)
        self.assertIn("uart: connected: 1\n", runs["uart_shared"].text)
        self.assertIn("uart: common object gone", runs["uart_shared"].text)

    def test_a_slow_card_gets_everything_and_no_byte_before_it_is_ready(self):
        self.open(RENDER_PIN, 1)
        self.write(1, bytes(1500))
        self.score.wait_writes(1)
        self.score.delay_ms(600)
        for kind in KINDS:
            run = self.play(kind, card="iobase=0x330,irq=7,tx-fifo=1")
            self.assertEqual(dmus_test.wire(run), bytes(1500), kind)
            self.assertEqual(len(run.of("OVERRUN")), 0)


class States(Uart):
    def test_pause_holds_what_waits_run_lets_it_out_and_stop_drops_it(self):
        self.open(RENDER_PIN, 1)
        self.write(1, bytes(200))
        self.score.wait_writes(1)
        self.score.set_state(1, PAUSE)
        self.score.delay_ms(500)
        paused = self.score.marker(1)
        self.score.set_state(1, RUN)
        self.score.delay_ms(500)
        self.write(1, b"\1" * 200)
        self.score.wait_writes(1)
        self.score.set_state(1, STOP)
        self.score.delay_ms(500)
        for kind in KINDS:
            run = self.play(kind, card="iobase=0x330,irq=7,tx-fifo=1")
            out = dmus_test.wire(run)
            before = [r for r in run.of("WIRE_OUT") if r.seq < next(s.seq for s in run.of("STEP_BEGIN") if s.number == paused)]
            self.assertLess(len(before), 20)
            self.assertEqual(out[:200], bytes(200), kind)
            self.assertLess(len(out), 220)

    def test_what_comes_outside_run_is_read_from_the_card_and_dropped(self):
        self.open(CAPTURE_PIN, 1, PAUSE)
        self.score.read_start(1)
        self.score.marker(1)
        self.score.delay_ms(30)
        self.score.set_state(1, RUN)
        self.score.marker(2)
        self.score.wait_captured(1, 3)
        cue = plan_writer.cue_section([(1, 0, b"\x90\1\1"), (2, 0, b"\x90\2\2")])
        for kind in KINDS:
            run = self.play(kind, cue_bytes=cue)
            self.assertEqual(dmus_test.captured(run), b"\x90\2\2", kind)
            self.assertEqual(rules(run), [], kind)


    def test_power_that_goes_and_comes_back_leaves_no_port_touched_and_uart_mode_entered_again(self):
        self.both()
        self.score.read_start(2)
        self.write(1, b"\x90\1\1")
        self.score.delay_ms(1500)
        self.score.write(1, record(0, b"\x90\2\2"))
        self.score.delay_ms(1500)
        self.score.marker(1)
        self.write(1, b"\x90\3\3")
        self.score.wait_writes(1)
        self.score.wait_captured(2, 3)
        self.score.delay_ms(20)
        run = self.play("uart_power", cue_bytes=plan_writer.cue_section([(1, 0, b"\x90\4\4")]))
        self.assertIn("uart: D3: 0x00000103\n", run.text)
        off, on = [r.seq for r in run.of("POWER")][:2]
        self.assertEqual([r for r in run.of("REG_READ", "REG_WRITE") if off < r.seq < on], [])
        self.assertEqual([r.a for r in run.of("WIRE_OUT") if r.seq > run.calls("StartDevice", leave=True)[0].seq and r.a < 0xF8],
                         [0x90, 1, 1, 0x90, 2, 2, 0x90, 3, 3])
        self.assertEqual(dmus_test.captured(run), b"\x90\4\4")
        self.assertEqual(rules(run), [])


class Trouble(Uart):
    def test_a_card_that_never_acknowledges_fails_the_start_within_a_second(self):
        silent = plan_writer.cues([plan_writer.cue(plan_writer.TIME, plan_writer.WITHHOLD_ACK, count=1000)])
        for kind in KINDS:
            run = self.play(kind, end=DRIVER_REFUSED, cue_bytes=silent)
            self.assertIn(f"uart: Init: {IO_DEVICE_ERROR:#010x}", run.text)
            enter, leave = run.calls("Init")[0], run.calls("Init", leave=True)[0]
            self.assertLess(leave.time - enter.time, 1000 * MS)
            self.assertEqual([leave.c for leave in run.calls("MiniportRelease", leave=True)], [1], "the adapter's own")

    def test_a_device_without_ports_is_a_configuration_error(self):
        run = self.play("uart_midi", end=DRIVER_REFUSED, card=[],
                        files={"boot.cfg": b"driver=uart_midi.sys\nroot=ROOT\\NOTHING\n"})
        self.assertIn(f"uart: Init: {CONFIGURATION_ERROR:#010x}", run.text)

    def test_a_line_that_is_dead_does_not_keep_the_song_in(self):
        self.open(RENDER_PIN, 1)
        self.write(1, *SONG)
        self.score.wait_writes(1)
        self.score.delay_ms(300)
        dead = plan_writer.cues([plan_writer.cue(plan_writer.TIME, plan_writer.DEAD_IRQ)])
        for kind in KINDS:
            self.assertEqual(dmus_test.wire(self.play(kind, cue_bytes=dead)), BYTES, kind)

    def test_a_card_that_stops_taking_bytes_ends_the_write_with_an_error(self):
        self.open(RENDER_PIN, 1)
        self.score.marker(1)
        self.write(1, bytes(800), flags=MAY_FAIL)
        self.score.delay_ms(700)
        step = self.write(1, bytes(8), flags=MAY_FAIL)
        self.score.wait_writes(1, flags=MAY_FAIL)
        stuck = plan_writer.cues([plan_writer.cue(plan_writer.MARKER, plan_writer.HOLD_DRR, argument=1, value=1)])
        for kind in KINDS:
            run = self.play(kind, cue_bytes=stuck)
            self.assertStatus(run, step, IO_DEVICE_ERROR)

    def test_classes_that_are_not_there_are_refused_by_name(self):
        run = self.play("uart_midi")
        self.assertIn(f"uart: no place: {INVALID_PARAMETER:#010x}", run.text)
        self.assertEqual(run.text.count(f"uart: no miniport: {NOT_SUPPORTED:#010x}"), 3)
        self.assertEqual(run.text.count("64-bit Windows has no FM synthesizer miniport either"), 2)
        self.assertIn("only the UART miniports are", run.text)

    def test_a_stream_made_a_part_of_the_driver_s_object_keeps_com_s_rules_and_its_direction_is_free_again(self):
        for kind, streams in (("uart_midi", ("render", "capture")), ("uart_dmus", ("render MXF", "capture MXF")),
                              ("uart_capture", ("capture MXF",))):
            run = self.play(kind)
            self.assertNotIn("FAILED", run.text)
            for stream in streams:
                self.assertIn(f"uart: aggregated {stream}\n", run.text)

    def test_settechnology_changes_every_music_range(self):
        for kind, ranges in (("uart_midi", 2), ("uart_dmus", 4)):
            run = self.play(kind)
            self.assertIn("uart: SetTechnology(NULL): 0xc000000d", run.text)
            self.assertIn("uart: SetTechnology: 0x00000000", run.text)
            self.assertEqual(eventlog.text(run.records, "RANGE").count(FM_SYNTH.bytes_le), ranges, kind)


if __name__ == "__main__":
    unittest.main()
