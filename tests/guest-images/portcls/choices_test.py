#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where Windows is undocumented portcls.sys takes one of several answers (include/nanont_choices.def). Each of them
changes a run here; what is forced, drawn or unknown is in the event log (CHOICE records)."""

import pathlib
import unittest

import eventlog

import plan_writer
from recorder_score import *  # noqa: F403

GUEST_UNFIT = 7


def splitmix64(value):
    mask = (1 << 64) - 1
    value = (value + 0x9E3779B97F4A7C15) & mask
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & mask
    return value ^ value >> 31


class Plumbing(Recorder):
    def capture(self):
        pin = self.open(CAPTURE)
        self.score.read_start(pin)
        self.score.wait_captured(pin, 16)

    def test_what_is_not_forced_is_drawn_from_the_seed_as_the_contract_says(self):
        self.capture()
        number, alternatives = plan_writer.choices()["read-buffer"]
        drawn = {}
        for seed in (1, 2, 3, 2**63):
            run = self.play(seed=seed, choices=guest_machine.DRAWN)
            drawn[seed] = run.choices()["read-buffer"]
            self.assertEqual(drawn[seed], splitmix64(seed ^ number) % alternatives, f"seed {seed}")
        self.assertGreater(len(set(drawn.values())), 1, "seeds that draw different answers")

    def test_a_choice_that_nothing_asked_for_makes_no_record(self):
        self.open(PLAIN)
        self.assertNotIn("read-buffer", self.play().choices())

    def test_the_same_plan_gives_the_same_log(self):
        self.capture()
        one, two = (self.play(seed=9, choices=guest_machine.DRAWN) for _ in range(2))
        self.assertEqual(one.sha256, two.sha256)

    def test_a_forced_alternative_that_is_not_there_ends_the_run_before_the_driver_is_loaded(self):
        self.capture()
        run = self.play(end=GUEST_UNFIT, choices={"read-buffer": 99})
        self.assertIn("CHOICES force choice 1 to alternative 99: the choice has fewer alternatives (5)", run.text)
        self.assertEqual(run.calls("DriverEntry"), [])

    def test_a_forced_choice_that_is_not_there_ends_the_run_before_the_driver_is_loaded(self):
        self.capture()
        run = self.play(end=GUEST_UNFIT, choices={4711: 0})
        self.assertIn("CHOICES force choice 4711 to alternative 0: there is no such choice", run.text)
        self.assertEqual(run.calls("DriverEntry"), [])


class Render(Recorder):
    def test_write_size(self):
        pin = self.open(PLAIN)
        self.write(pin, bytes(range(40)), bytes(range(40, 43)))
        self.score.wait_writes(pin)
        whole, four, drawn = ([offer[1] for offer in offers(run)] for run in self.each("write-size"))
        self.assertEqual(whole, [40, 3])
        self.assertEqual(four, [4] * 10 + [3], "never two records at once")
        self.assertEqual(sum(drawn), 43)
        self.assertLessEqual(max(drawn), 16)
        self.assertGreater(len(set(drawn)), 2)

    def test_write_size_loses_nothing(self):
        pin = self.open(BUSY)
        self.write(pin, bytes(range(64)))
        self.score.wait_writes(pin)
        for run in self.each("write-size"):
            self.assertEqual(bytes_taken(run, BUSY), bytes(range(64)))

    def test_write_completes(self):
        pin = self.open(BUSY)
        step = self.write(pin, b"\1\2\3", b"\4")
        self.score.wait_writes(pin)
        self.score.delay_ms(50)
        orders = []
        for run in self.each("write-completes"):
            self.assertStatus(run, step, SUCCESS)
            self.assertEqual(bytes_taken(run, BUSY), b"\1\2\3\4")
            taken = [leave.seq for leave in run.calls("Write", leave=True) if leave.c]
            made = {r.corr for r in run.of("IRP_MADE") if r.b == WRITE_STREAM}
            done = [r.seq for r in run.of("IRP_DONE") if r.corr in made]
            orders.append((taken[0] < done[0], taken[-1] < done[0]))
        self.assertEqual(orders, [(True, True), (False, False)])

    def test_what_a_busy_miniport_did_not_take_is_offered_again_though_the_next_record_is_due_much_later(self):
        pin = self.open(BUSY)
        self.score.write(pin, record(0, b"\1\2\3\4") + record(200, b"\5"))
        self.score.wait_writes(pin)
        self.score.delay_ms(20)
        for run in self.each("write-completes"):
            times = [time for time, _, _, taken in offers(run) for _ in range(taken)]
            self.assertEqual(len(times), 5, run)
            self.assertLess(times[3] - times[0], 20 * MS, "the first record waits for nothing but the miniport")
            self.assertGreater(times[4] - times[0], 190 * MS)

    def writes_without_a_dpc_between(self, kind, choice, records):
        """The most of them, over the choice's alternatives, when so many records of one byte are due at once."""
        pin = self.open(kind)
        self.write(pin, *(bytes([i]) for i in range(records)))
        self.score.wait_writes(pin)
        self.score.delay_ms(400)
        longest = 0
        for run in self.each(choice):
            self.assertEqual(bytes_taken(run, kind), bytes(range(records)))
            together, writes = 0, {r.seq for r in run.calls("Write")}
            for r in run.records:
                together = 0 if r.kind == "DPC" else together + (r.seq in writes)
                longest = max(longest, together)
        return longest

    def test_many_records_due_at_once_leave_the_processor_to_others_after_eight_writes(self):
        self.assertEqual(self.writes_without_a_dpc_between(PLAIN, "write-completes", 120), 8)

    def test_many_records_for_a_busy_miniport_are_no_reason_to_ask_it_many_times(self):
        self.assertLessEqual(self.writes_without_a_dpc_between(BUSY, "write-completes", 40), 4)

    def test_a_write_that_was_completed_early_and_is_refused_then_is_told_in_the_log(self):
        pin = self.open(ERROR)
        step = self.write(pin, b"\1\2\3", flags=MAY_FAIL)
        self.score.wait_writes(pin, flags=MAY_FAIL)
        accepted, parsed = self.each("write-completes")
        self.assertStatus(accepted, step, IO_DEVICE_ERROR)
        self.assertStatus(parsed, step, SUCCESS)
        self.assertIn("refused 3 bytes (status 0xc0000185) of a write that was completed", parsed.text)

    def test_what_was_parsed_and_not_accepted_goes_with_stop(self):
        pin = self.open(DEAD)
        step = self.write(pin, bytes(100), flags=MAY_FAIL)
        self.score.delay_ms(5)
        self.score.close(pin)
        accepted, parsed = self.each("write-completes")
        self.assertStatus(accepted, step, CANCELLED)
        self.assertStatus(parsed, step, SUCCESS)

    def test_write_retry(self):
        pin = self.open(NOTIFYING)
        self.write(pin, b"\1\2\3\4")
        self.score.wait_writes(pin)
        runs = self.each("write-retry")
        gaps = []
        for run in runs:
            times = [time for time, *_ in offers(run)]
            gaps.append([(b - a) / MS for a, b in zip(times, times[1:])])
        self.assertLess(max(gaps[0]), 1.1)
        self.assertGreater(max(gaps[1]), 2.0, "the group fires every 3 ms")
        self.assertLess(max(gaps[1]), 4.1)
        self.assertGreater(min(gaps[2][1:]), 8.9)

    def test_write_context(self):
        pin = self.open(PLAIN)
        self.write(pin, b"\1\2\3")
        self.score.wait_writes(pin)
        dpcs = []
        for run in self.each("write-context"):
            made = [r.seq for r in run.of("IRP_MADE") if r.b == WRITE_STREAM][0]
            write = run.calls("Write")[0]
            self.assertEqual(write.irql, 2)
            dpcs.append(len([r for r in run.of("DPC") if made < r.seq < write.seq]))
        self.assertEqual(dpcs[0], 0)
        self.assertGreater(dpcs[1], 0)

    def test_leave_run(self):
        pin = self.open(SLOW_PAUSE)
        self.score.write(pin, b"".join(record(2, bytes([number])) for number in range(30)))  # one each 2 ms
        self.score.delay_ms(20)
        self.score.set_state(pin, PAUSE)
        self.score.set_state(pin, RUN)
        self.score.wait_writes(pin)
        meanwhile = []
        for run in self.each("leave-run"):
            begins, ends = next((enter.seq, leave.seq)
                                for enter, leave in zip(run.calls("SetState"), run.calls("SetState", leave=True))
                                if enter.b == PAUSE and enter.seq > run.calls("Write")[0].seq)
            meanwhile.append(len([write for write in run.calls("Write") if begins < write.seq < ends]))
            self.assertEqual(bytes_taken(run, SLOW_PAUSE), bytes(range(30)))
            self.assertEqual(run.findings(), [])
        self.assertEqual(meanwhile[0], 0)
        self.assertGreater(meanwhile[1], 5)

    def test_partial_count(self):
        pin = self.open(ODD_PARTIAL)
        step = self.write(pin, b"\1\2\3\4\5\6\7", flags=MAY_FAIL)
        self.score.wait_writes(pin, flags=MAY_FAIL)
        believed, given_up = self.each("partial-count")
        self.assertStatus(believed, step, SUCCESS)
        self.assertEqual(bytes_taken(believed, ODD_PARTIAL), b"\1\2\3\4\5\6\7")
        self.assertStatus(given_up, step, IO_DEVICE_ERROR)
        self.assertEqual(bytes_taken(given_up, ODD_PARTIAL), b"\1\2\3")

    def test_stream_clock(self):
        pin = self.open(PLAIN)
        self.score.delay_ms(400)
        self.score.set_state(pin, PAUSE)
        self.score.set_state(pin, RUN)
        self.score.write(pin, record(0, b"\1"), presentation_100ns=1_000_000)
        self.score.wait_writes(pin)
        waited = []
        for run in self.each("stream-clock"):
            again = [leave.time for enter, leave in zip(run.calls("SetState"), run.calls("SetState", leave=True))
                     if enter.b == RUN][1]
            waited.append((offers(run)[0][0] - again) / MS)
        # The delay counts from the last tick before RUN, which may be a long one.
        self.assertLess(waited[0], 60)
        self.assertAlmostEqual(waited[1], 100, delta=2)

    def test_stop_requests(self):
        pin = self.open(PLAIN, state=STOP)
        step = self.write(pin, b"\1", flags=MAY_FAIL)
        self.score.set_state(pin, RUN)
        self.score.wait_writes(pin, flags=MAY_FAIL)
        refused, queued = self.each("stop-requests")
        self.assertStatus(refused, step, INVALID_DEVICE_STATE)
        self.assertStatus(queued, step, SUCCESS)
        self.assertEqual(bytes_taken(queued, PLAIN), b"\1")

    def test_what_waits_in_stop_is_cancelled_by_close(self):
        for open_pin in (PLAIN, CAPTURE):
            self.setUp()
            pin = self.open(open_pin, state=STOP)
            if open_pin == PLAIN:
                self.write(pin, b"\1", flags=MAY_FAIL)
            else:
                self.score.read_start(pin, pending=1)
            closed = self.score.close(pin)
            run = self.play(choices={"stop-requests": 1})
            self.assertStatus(run, closed, SUCCESS)
            self.assertEqual(irps(run, WRITE_STREAM if open_pin == PLAIN else READ_STREAM), [(CANCELLED, 0)])


class Opening(Recorder):
    def test_pin_limit(self):
        self.open(PLAIN, 1, STOP)
        step = self.score.open_pin(2, 0, PLAIN, flags=MAY_FAIL)
        for run, status in zip(self.each("pin-limit"), (INSUFFICIENT_RESOURCES, NOT_FOUND)):
            self.assertStatus(run, step, status)

    def test_set_format(self):
        self.open(PLAIN)
        never, once = self.each("set-format")
        self.assertEqual(never.calls("SetFormat"), [])
        self.assertEqual(len(once.calls("SetFormat")), 1)
        self.assertLess(once.calls("NewStream")[0].seq, once.calls("SetFormat")[0].seq)
        self.assertLess(once.calls("SetFormat")[0].seq, once.calls("SetState")[0].seq)


class Capture(Recorder):
    def test_pause_reads(self):
        pin = self.open(CAPTURE)
        self.score.read_start(pin, pending=2)
        self.score.wait_captured(pin, 8)
        pause = self.score.set_state(pin, PAUSE)
        self.score.delay_ms(5)
        self.score.read_stop(pin)
        waiting, empty = self.each("pause-reads")
        for run, completed in ((waiting, 0), (empty, 2)):
            paused = next(r.seq for r in run.of("STEP_BEGIN") if r.number == pause)
            made = {r.corr for r in run.of("IRP_MADE") if r.b == READ_STREAM}
            after = [r.b for r in run.of("IRP_DONE") if r.corr in made and r.seq > paused]
            self.assertEqual(after, [SUCCESS] * completed + [CANCELLED] * 2, "those sent again in PAUSE wait")

    def test_capture_overflow(self):
        pin = self.open(CAPTURE)
        self.score.delay_ms(10_400)
        self.score.read_start(pin)
        self.score.wait_captured(pin, 16384)
        first = []
        for run in self.each("capture-overflow"):
            bytes_ = eventlog.text(run.records, "CAPTURED")[:16384]
            self.assertEqual(bytes_, bytes((bytes_[0] + i) % 256 for i in range(16384)), "no hole")
            first.append(run.of("CAPTURED_AT")[0].a)
        self.assertLess(first[0], 10)
        self.assertGreater(first[1], 100)

    def test_capture_outside_run(self):
        pin = self.open(EARLY, state=PAUSE)
        self.score.delay_ms(30)
        self.score.set_state(pin, RUN)
        self.score.read_start(pin)
        self.score.wait_captured(pin, 16)
        read, left = self.each("capture-outside-run")
        runs = [[call.seq for call in run.calls("SetState") if call.b == RUN][0] for run in (read, left)]
        self.assertLess(read.calls("Read")[0].seq, runs[0])
        self.assertGreater(left.calls("Read")[0].seq, runs[1])
        self.assertGreater(eventlog.text(read.records, "CAPTURED")[0], 0, "what came before RUN was dropped")
        self.assertEqual(eventlog.text(left.records, "CAPTURED")[0], 0, "it stayed in the driver")

    def test_read_buffer(self):
        pin = self.open(CAPTURE)
        self.score.read_start(pin)
        self.score.wait_captured(pin, 48)
        sizes = []
        for run in self.each("read-buffer"):
            self.assertEqual(eventlog.text(run.records, "CAPTURED")[:48], bytes(range(48)))
            self.assertEqual(rules(run), [])
            sizes.append([call.b for call in run.calls("Read")])
        for alternative, size in ((0, 256), (1, 1), (2, 3), (4, 4096)):
            self.assertEqual(set(sizes[alternative]), {size})
        self.assertGreater(len(set(sizes[3])), 4, "drawn for each call")
        self.assertLessEqual(max(sizes[3]), 64)


class Adapter(Recorder):
    """What an adapter meets while it starts: early.sys, and topology.sys, whose descriptors list no category."""
    driver = ("portcls/early", "early")

    def setUp(self):
        self.score = guest_machine.Score()

    def play(self, end=0, **more):
        run = guest_machine.boot(self.score, guest_machine.test_driver(*self.driver), **more)
        self.assertEqual(run.end, end, run)
        return run

    def test_categories(self):
        self.driver = ("portcls/topology", "topology")
        filters = []
        for run in self.each("categories"):
            seen = run.of("SUBDEVICE", "CATEGORY")
            first = [record_.kind for record_ in seen].index("SUBDEVICE")
            kinds = [record_.kind for record_ in seen[first + 1:]]
            filters.append(kinds.index("SUBDEVICE"))
        self.assertEqual(filters, [3, 1, 4], "a filter without streaming pins is neither RENDER nor CAPTURE")

    def test_object_limit(self):
        for run, status in zip(self.each("object-limit"), (INSUFFICIENT_RESOURCES, INVALID_DEVICE_REQUEST)):
            self.assertIn(f"early: one more: {status:#010x}", run.text)
            self.assertIn(61, rules(run))

    def test_sync_unconnected(self):
        line, refused, dispatch = self.each("sync-unconnected")
        self.assertRegex(line.text, r"early: synchronized at IRQL ([3-9]|1[0-2])\nearly: CallSynchronizedRoutine: 0x00000000\n")
        self.assertNotIn("early: synchronized", refused.text)
        self.assertIn("early: CallSynchronizedRoutine: 0xc0000001", refused.text)
        self.assertIn("early: synchronized at IRQL 2\nearly: CallSynchronizedRoutine: 0x00000000\n", dispatch.text)
        for run in (line, refused, dispatch):
            self.assertIn("early: then IRQL 0", run.text)
            self.assertIn(44, rules(run))

    def test_every_choice_has_a_test_of_its_name(self):
        folder = pathlib.Path(__file__).resolve().parent
        tests = "".join((folder / f"{name}_test.py").read_text() for name in
                        ("automation", "choices", "dmus", "keys", "plug_and_play", "power", "troubles"))
        for name in plan_writer.choices():
            self.assertTrue(f"def test_{name.replace('-', '_')}(self)" in tests, f"no test is named after {name}")


if __name__ == "__main__":
    unittest.main()
