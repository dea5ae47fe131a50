#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A miniport against IMiniportDMus (dmus/): bytes of the client become DMUS_KERNEL_EVENTs and reach the card, events of
the miniport become bytes of the client (Microsoft Learn: "MIDI Transport", "Allocator", IMXF, IAllocatorMXF)."""
import re
import unittest

import eventlog

import plan_writer
from recorder_score import *  # noqa: F403

(PLAY, BRIDGE_OUT, RAW, BRIDGE_IN, PRINT, KEEP, TWICE, REFUSE, HOARD, AHEAD, COOKED, WRONG, UNCONNECTED) = range(13)
NOT_READY = 0xC00000A3
NOT_SUPPORTED = 0xC00000BB
LONG_SYSEX = b"\xF0" + bytes(i % 0x80 for i in range(300)) + b"\xF7"
# Running status in a record and across two; real-time bytes in a message and in a SysEx; SysEx cut anywhere; data bytes
# of no message; a SysEx that a status byte ends; one that is longer than a buffer of the allocator may be.
SONG = [b"\x90\x3c\x40\x3e\x41", b"\x3c\x00", b"\x3e\xf8\x00", b"\xf0\x01\xf8\x02", b"\x03", b"\xf7", b"\xc1\x05\xfe\xb0\x07\x7f",
        b"\xf2\x01\x02\x44\x45", b"\xf0\x7e\x01\x80\x3c\x00", LONG_SYSEX[:7], LONG_SYSEX[7:], b"\xf6\xe0\x00\x40"]
BYTES = b"".join(SONG)
GONE = "dmus: pin {} gone, clock 1 allocator 1"  # the port's own references are left
GONE_CAPTURE = "dmus: pin {} gone, clock 2 allocator 2"  # its sink has references, too


def wire(run):
    """What left on MIDI OUT once the driver had started: a reset may send bytes of its own."""
    started = run.calls("StartDevice", leave=True)[0].seq
    return bytes(r.a for r in run.of("WIRE_OUT") if r.seq > started)


def captured(run):
    return eventlog.text(run.records, "CAPTURED")


def printed(run):
    """[(inside a package, {field: value}, bytes)] of the events that a printing pin was given."""
    found = []
    for line in run.text.splitlines():
        shape = re.match(r"dmus: (inside )?event (.*)", line)
        if shape:
            words = shape.group(2).split()
            found.append((bool(shape.group(1)), dict(zip(words[::2], map(int, words[1::2]))), b""))
        byte = re.match(r"dmus: byte (\w\w)", line)
        if byte:
            found[-1] = (*found[-1][:2], found[-1][2] + bytes.fromhex(byte.group(1)))
    return found


def put_times(run):
    return [int(time) for time in re.findall(r"dmus: put at (\d+)", run.text)]


class DMus(Recorder):
    def setUp(self):
        self.score = guest_machine.Score()
        self.score.open_filter(0, reference="DMus")

    def play(self, end=0, **more):
        run = guest_machine.boot(self.score, guest_machine.test_driver("portcls/dmus", "dmus"), **more)
        self.assertEqual(run.end, end, run)
        return run


class Render(DMus):
    def song(self, pin=PLAY):
        self.open(pin)
        self.write(1, *SONG)
        self.score.wait_writes(1)
        self.score.delay_ms(400)
        self.score.close(1)
        self.score.close(0)
        self.score.remove_device()

    def test_a_song_reaches_the_card_unharmed_and_every_event_and_reference_comes_back(self):
        self.song()
        run = self.play()
        self.assertEqual(wire(run), BYTES)
        self.assertEqual(rules(run), [])
        self.assertIn(GONE.format(PLAY), run.text)
        self.assertIn("dmus: miniport gone", run.text)
        self.assertNotIn("never given back", run.text)
        self.assertEqual(irps(run, WRITE_STREAM), [(SUCCESS, sum(8 + len(r) + -len(r) % 4 for r in SONG))])

    def test_a_song_reaches_the_card_unharmed_however_it_is_made_into_events(self):
        self.song()
        for choices in ({"dmus-events": 1}, {"dmus-chain": 1}, {"dmus-chain": 2}, {"dmus-buffer": 1},
                        {"dmus-events": 1, "dmus-chain": 2, "dmus-buffer": 1, "write-completes": 1}):
            run = self.play(choices=choices)
            self.assertEqual(wire(run), BYTES, choices)
            self.assertEqual(rules(run), [], choices)
            self.assertIn(GONE.format(PLAY), run.text)

    def test_init_newstream_and_setstate_come_in_order_and_service_never(self):
        self.song()
        run = self.play()
        calls = [eventlog.CALLBACKS[r.a] for r in run.of("CALL_ENTER")]
        self.assertLess(calls.index("Init"), calls.index("NewStream"))
        self.assertEqual(states(run), [ACQUIRE, PAUSE, RUN, PAUSE, ACQUIRE, STOP])
        self.assertLess(calls.index("SetState"), calls.index("PutMessage"))
        self.assertEqual({call.irql for call in run.calls("PutMessage")}, {2})
        self.assertNotIn("Service, which is unused", run.text)
        self.assertNotIn("SetFormat", calls)
        for midi_only in ("write-size", "read-buffer", "set-format"):
            self.assertNotIn(midi_only, run.choices())

    def test_one_event_a_message_zeroed_but_for_what_it_says(self):
        self.open(PRINT)
        self.score.write(1, record(0, b"\x90\x3c\x40\xc1\x05") + record(5, b"\xf0\1\2\3\4\5\6\7\xf7") + record(0, b"\xf0\1"))
        self.score.wait_writes(1)
        run = self.play()
        events = printed(run)
        self.assertEqual([data for _, _, data in events], [b"\x90\x3c\x40", b"\xc1\x05", b"\xf0\1\2\3\4\5\6\7\xf7", b"\xf0\1"])
        self.assertEqual([e["bytes"] for _, e, _ in events], [3, 2, 9, 2])
        self.assertEqual([e["flags"] for _, e, _ in events], [0, 0, 0, 1], "the last goes on")
        self.assertEqual([e["position"] for _, e, _ in events], [0, 3, 5, 14])
        self.assertEqual([e["time"] for _, e, _ in events], [0, 0, 50_000, 50_000])
        self.assertEqual({(e["struct"], e["group"], e["next"]) for _, e, _ in events}, {(40, 1, 0)})
        for time, (_, event, _) in zip(put_times(run), events):
            self.assertGreaterEqual(time, event["time"] - 5_000)
            self.assertLess(time, event["time"] + 15_000, "when it is due")

    def test_events_are_put_earlier_by_schedulepreftech_and_no_earlier(self):
        self.open(AHEAD)
        self.score.write(1, record(0, b"\x90\1\1") + record(100, b"\x90\2\2") + record(10, b"\x90\3\3"))
        self.score.wait_writes(1)
        run = self.play()
        for time, (_, event, _) in zip(put_times(run), printed(run)):
            early = (event["time"] - time) / 10_000
            self.assertLess(early, 21)
            if event["time"]:
                self.assertGreater(early, 18)

    def test_a_write_waits_for_the_allocator_when_the_miniport_holds_every_event(self):
        self.open(HOARD)
        self.write(1, *[b"\x90\1\1\2\2\3\3\4\4"] * 150)
        self.score.wait_writes(1)
        self.score.close(1)
        run = self.play()
        self.assertEqual(rules(run), [])
        self.assertIn(GONE.format(HOARD), run.text)
        entered = [call.b for call in run.calls("PutMessage")]
        self.assertEqual(sum(entered), 150 * 9)

    def test_what_waits_in_the_miniport_goes_back_with_stop(self):
        self.open(PLAY)
        self.write(1, *[b"\x90\1\1"] * 200)
        self.score.wait_writes(1)
        self.score.set_state(1, STOP)
        self.score.close(1)
        run = self.play()
        self.assertLess(len(wire(run)), 600)
        self.assertEqual(rules(run), [])
        self.assertIn(GONE.format(PLAY), run.text)

    def test_events_that_never_come_back_are_a_finding_and_the_pool_runs_dry(self):
        self.open(KEEP)
        self.write(1, *[b"\x90\1\1"] * 300, flags=MAY_FAIL)
        self.score.delay_ms(50)
        self.score.close(1)
        run = self.play()
        self.assertEqual(run.findings(), [(20, "V20 DMUS_KERNEL_EVENTs were never given back to their allocator")])
        self.assertEqual(irps(run, WRITE_STREAM), [(CANCELLED, 0)])
        self.assertEqual(len([c for c in run.calls("PutMessage") if c.b]), 256)

    def test_an_event_given_back_twice_is_refused_and_told_once(self):
        self.open(TWICE)
        self.write(1, b"\x90\1\1", b"\x90\2\2")
        self.score.wait_writes(1)
        run = self.play()
        self.assertEqual(run.text.count("given back again: 0xc000000d"), 2)
        self.assertEqual(run.findings(), [(19, "V19 PutMessage of an event that is not out")])

    def test_a_refused_event_ends_its_write_with_the_status(self):
        self.open(REFUSE)
        self.write(1, b"\x90\1\1\2\2", flags=MAY_FAIL)
        self.score.wait_writes(1, flags=MAY_FAIL)
        run = self.play()
        self.assertEqual(irps(run, WRITE_STREAM), [(IO_DEVICE_ERROR, 0)])
        self.assertEqual(rules(run), [], "the events that were not put went back, too")


class Choices(DMus):
    def test_dmus_events(self):
        self.open(PRINT)
        self.write(1, b"\x90\1\1\xc0\2", bytes(2500))
        self.score.wait_writes(1)
        messages, pieces = ([data for *_, data in printed(run)] for run in self.each("dmus-events"))
        self.assertEqual(messages[:2], [b"\x90\1\1", b"\xc0\2"])
        self.assertEqual([len(piece) for piece in pieces], [5, 1024, 1024, 452])

    def test_dmus_chain(self):
        self.open(PRINT)
        self.write(1, b"\x90\1\1\xc0\2")
        self.score.wait_writes(1)
        single, chained, package = self.each("dmus-chain")
        self.assertEqual([e["next"] for _, e, _ in printed(single)], [0, 0])
        self.assertEqual(len(put_times(single)), 2)
        self.assertEqual([e["next"] for _, e, _ in printed(chained)], [1, 0])
        self.assertEqual(len(put_times(chained)), 1)
        self.assertEqual([(inside, e["flags"], e["bytes"]) for inside, e, _ in printed(package)],
                         [(False, 2, 8), (True, 0, 3), (True, 0, 2)])
        for run in (single, chained, package):
            self.assertEqual(b"".join(data for *_, data in printed(run)), b"\x90\1\1\xc0\2")
            self.assertEqual(rules(run), [])

    def test_dmus_buffer(self):
        self.open(PRINT)
        self.write(1, b"\xf0" + bytes(48) + b"\xf7")
        self.score.wait_writes(1)
        large, small = ([(len(data), e["flags"]) for _, e, data in printed(run)] for run in self.each("dmus-buffer"))
        self.assertEqual(large, [(50, 0)])
        self.assertEqual(small, [(20, 1), (20, 1), (10, 0)])

    def test_dmus_clock(self):
        self.score.delay_ms(200)
        self.open(PRINT)
        self.score.write(1, record(20, b"\x90\1\1"))
        self.score.wait_writes(1)
        stream, boot = self.each("dmus-clock")
        self.assertEqual([e["time"] for _, e, _ in printed(stream)], [200_000])
        self.assertGreater(printed(boot)[0][1]["time"], 2_000_000)
        for run in (stream, boot):
            self.assertAlmostEqual(put_times(run)[0], printed(run)[0][1]["time"], delta=15_000)

    def test_miniport_query(self):
        midi, dmus = self.each("miniport-query")
        self.assertIn("dmus: IMiniportMidi::Init", midi.text)
        self.assertIn("dmus: IMiniportDMus::Init", dmus.text)
        for run in (midi, dmus):
            self.assertEqual(run.text.count("::Init\n"), 1)
            self.assertIn("dmus: Both: 0xc00000bb", run.text)


class Capture(DMus):
    def test_a_song_from_the_card_reaches_the_client_unharmed_and_in_order(self):
        pin = self.open(RAW)
        self.score.read_start(pin)
        self.score.marker(1)
        self.score.wait_captured(pin, len(BYTES))
        self.score.read_stop(pin)
        self.score.close(pin)
        self.score.close(0)
        self.score.remove_device()
        cue = plan_writer.cue_section([(1, 0, BYTES)])
        for choices in ({}, {"dmus-buffer": 1}, {"dmus-clock": 1}):
            run = self.play(cue_bytes=cue, choices=choices)
            self.assertEqual(captured(run), BYTES, choices)
            self.assertEqual(rules(run), [], choices)
            self.assertIn(GONE_CAPTURE.format(RAW), run.text)
            self.assertIn("dmus: miniport gone", run.text)
            stamps = [head.a for head in run.of("CAPTURED_AT")]
            self.assertEqual(stamps, sorted(stamps))
            self.assertEqual({call.b for call in run.calls("PutMessage")}, {0}, "asked with NULL")
            self.assertEqual({call.irql for call in run.calls("PutMessage")}, {2})
            self.assertEqual(sum(r.b for r in run.of("STREAM_RANGE")), len(BYTES))

    def test_a_raw_message_is_one_record_stamped_when_its_first_byte_came(self):
        pin = self.open(RAW)
        self.score.read_start(pin)
        self.score.marker(1)
        self.score.wait_captured(pin, 8)
        cue = plan_writer.cue_section([(1, 0, b"\x90\x3c"), (1, 20_000_000, b"\x40\xf8\xc0\1"), (1, 30_000_000, b"\xfe\xf6")])
        heads = self.play(cue_bytes=cue).of("CAPTURED_AT")
        self.assertEqual([head.b for head in heads], [3, 1, 2, 1, 1])
        self.assertLess(heads[0].a, heads[1].a - 15)

    def test_connectoutput_comes_before_any_state_and_disconnectoutput_before_release(self):
        pin = self.open(RAW)
        self.score.close(pin)
        run = self.play()
        seq = {name: run.calls(name)[0].seq for name in ("NewStream", "ConnectOutput", "SetState", "DisconnectOutput",
                                                          "StreamRelease")}
        self.assertEqual(list(seq.values()), sorted(seq.values()))
        self.assertEqual([c.irql for c in run.calls("ConnectOutput", "DisconnectOutput")], [0, 0])
        self.assertNotIn("released while connected", run.text)

    def test_a_stream_that_cannot_be_connected_does_not_open_and_is_not_disconnected(self):
        step = self.score.open_pin(1, 0, UNCONNECTED, flags=MAY_FAIL)
        run = self.play()
        self.assertStatus(run, step, NOT_READY)
        self.assertEqual(run.calls("DisconnectOutput"), [])
        self.assertIn(GONE_CAPTURE.format(UNCONNECTED), run.text)

    def test_messages_keep_the_time_stamps_of_the_miniport_in_chains_and_packages_too(self):
        pin = self.open(COOKED)
        self.score.read_start(pin)
        step = self.score.wait_captured(pin, 315)
        self.score.read_stop(pin)
        self.score.close(pin)
        for clock in (0, 1):
            run = self.play(choices={"dmus-clock": clock})
            self.assertStatus(run, step, SUCCESS)
            self.assertEqual(captured(run), b"".join(bytes([0x90, key, 0x40]) for key in (1, 2, 3, 4, 5)) +
                             b"\xf0" + b"\x55" * 298 + b"\xf7")
            stamps = [head.a for head in run.of("CAPTURED_AT")]
            self.assertEqual([stamp - stamps[0] for stamp in stamps], [0, 1, 2, 3, 3, 4])
            self.assertEqual(rules(run), [])
            self.assertIn(GONE_CAPTURE.format(COOKED), run.text)

    def test_what_a_driver_must_not_do_is_refused_and_the_stream_lives_on(self):
        pin = self.open(WRONG)
        self.score.read_start(pin)
        self.score.wait_captured(pin, 3)
        self.score.read_stop(pin)
        self.score.close(pin)
        run = self.play()
        told = {what: int(status, 16) for what, status in re.findall(r"dmus: ([^:\n]+): 0x(\w+)", run.text)}
        del told["Both"]
        for what in ("sink PutMessage(NULL)", "allocator PutMessage(NULL)", "GetBuffer", "PutBuffer", "nothing in it",
                     "a good one", "all of them back", "long data in no buffer", "65535 bytes"):
            self.assertEqual(told.pop(what), SUCCESS, what)
        for what in ("sink ConnectOutput", "sink DisconnectOutput", "allocator ConnectOutput", "allocator DisconnectOutput"):
            self.assertEqual(told.pop(what), INVALID_DEVICE_REQUEST, what)
        self.assertEqual(set(told), {"GetMessage(NULL)", "GetBuffer(NULL)", "PutBuffer(NULL)", "PutBuffer inside a buffer",
                                     "PutBuffer again", "GetTime(NULL)", "an event of one's own", "a chain in a circle"})
        self.assertEqual(set(told.values()), {INVALID_PARAMETER})
        self.assertEqual(captured(run), b"\x90\x09\x40")
        self.assertEqual(sorted(rules(run)), [19, 23], "each kind once")
        self.assertIn("dmus: 256 events and 64 buffers at most", run.text)
        self.assertIn(GONE_CAPTURE.format(WRONG), run.text)


if __name__ == "__main__":
    unittest.main()
