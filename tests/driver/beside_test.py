#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PnP and power requests that are made beside the client (BEGIN_DEVICE), at any instant of a call of its: when they come, what
becomes of their status, and that the driver keeps its rules. And scores that wait for what the card does (WAIT_EVENT)."""
import os

from own_driver import *  # noqa: F403

FULL = os.environ.get("MPULAB_FULL") == "1"
D0, D3 = 1, 4
STEP_FAILED = 2  # how a run ends: MPULAB_END_*
TIMEOUT = 0x102
INSTANTS = 20 if FULL else 2  # of each call
AFTERWARDS_NS = 5_000_000
BUSY_NS = 8_500  # what a thread that wakes costs more when it finds the processor busy


def step_record(run, kind, step):
    return next(r for r in run.of(kind) if r.corr == eventlog.STEP << 56 | step)


def calls(run, name):
    """[(enter, leave)] of the driver's callback."""
    found, entered = [], None
    for r in run.of("CALL_ENTER", "CALL_LEAVE"):
        if eventlog.CALLBACKS[r.a] == name:
            if r.kind == "CALL_LEAVE" and entered:
                found.append((entered, r))
            entered = r if r.kind == "CALL_ENTER" else None
    return found


def inside_a_call(run, step, name):
    begun = step_record(run, "STEP_BEGIN", step)
    return any(enter.seq < begun.seq < leave.seq for enter, leave in calls(run, name))


class Beside(OwnDriver):
    def test_a_request_is_made_when_its_time_has_come_whatever_the_clock_ticks_at(self):
        for later_us in (0, 37, 3_141, 20_000):
            with self.subTest(later_us=later_us):
                self.setUp()
                asked = self.score.begin_device(QUERY_POWER, D3, later_ns=later_us * 1000)
                waits = self.score.delay_ms(30)
                self.score.wait_device()
                run = self.play()
                came = step_record(run, "STEP_BEGIN", asked).time - step_record(run, "STEP_BEGIN", waits).time
                self.assertLess(abs(came - later_us * 1000), 100_000, run)  # what it takes to make a thread

    def test_jobs_sleep_each_its_own_time_and_end_in_that_order(self):
        later = {0: 5_000_000, 1: 2_000_000, 2: 2_000_000, 3: 300_000}
        steps = {job: self.score.begin_device(QUERY_POWER, D3, job=job, later_ns=ns) for job, ns in later.items()}
        for job in later:
            self.score.wait_device(job)
        for machine in {}, {"cpus": 2}, {"dpc_delay_us": 700}:  # which arms the clock between ticks, too
            with self.subTest(**machine):
                run = self.play(**machine)
                begun = [r for r in run.of("STEP_BEGIN") if r.number in steps.values()]
                self.assertEqual([r.number for r in begun][:2], [steps[3], steps[1]], run)
                self.assertEqual({r.number for r in begun}, set(steps.values()))
                self.assertEqual(begun[-1].number, steps[0], run)
                self.assertLess(abs(begun[-1].time - begun[0].time - 4_700_000), 300_000, run)

    def test_the_next_step_does_not_wait_and_wait_device_does(self):
        asked = self.score.begin_device(QUERY_POWER, D3, later_ns=5_000_000)
        marker, waits = self.score.marker(1), self.score.wait_device()
        run = self.play()
        order = [step_record(run, "STEP_END", marker), step_record(run, "STEP_BEGIN", asked),
                 step_record(run, "STEP_END", asked), step_record(run, "STEP_END", waits)]
        self.assertEqual([r.seq for r in order], sorted(r.seq for r in order), run)

    def test_a_wait_that_is_too_short_times_out_and_the_request_is_made_all_the_same(self):
        asked = self.score.begin_device(QUERY_POWER, D3, later_ns=50_000_000)
        waits = self.score.wait_device(timeout=10, flags=MAY_FAIL)
        self.score.delay_ms(60)
        run = self.play()
        self.assertStatus(run, waits, TIMEOUT)
        self.assertStatus(run, asked, SUCCESS)

    def test_what_is_made_for_a_request_carries_its_step_and_not_the_client_s(self):
        asked = self.score.begin_device(SET_POWER, D3, later_ns=1_000_000)
        self.score.delay_ms(5)
        self.score.wait_device()
        run = self.play()
        set_power = [r for r in run.of("IRP_MADE") if r.a == 0x1602]
        self.assertEqual([r.c for r in set_power], [eventlog.STEP << 56 | asked], run)

    def test_its_status_is_its_own_step_s_and_ends_the_run_unless_it_may_fail(self):
        asked = self.score.begin_device(CANCEL_STOP, flags=MAY_FAIL)
        self.score.wait_device()
        self.assertStatus(self.play(), asked, INVALID_DEVICE_STATE)
        self.setUp()
        asked = self.score.begin_device(CANCEL_STOP)
        self.score.wait_device()
        after = self.score.marker(1)
        run = self.play(end=STEP_FAILED)
        self.assertStatus(run, asked, INVALID_DEVICE_STATE)
        self.assertFalse([r for r in run.of("STEP_BEGIN") if r.number == after], run)


class Races(OwnDriver):
    """Whatever instant of a call it is that the card goes or sleeps: no rule is broken, and a new client is served."""

    def raced(self, later_ns, request, argument, **machine):
        """(run, the request's step) of a score in which a pin is opened and set to RUN meanwhile."""
        self.setUp()
        may = {"flags": MAY_FAIL}
        asked = self.score.begin_device(request, argument, later_ns=later_ns)
        self.score.open_pin(RENDER, FILTER, RENDER_PIN, **may)
        for state in (ACQUIRE, PAUSE, RUN, PAUSE, RUN):
            self.score.set_state(RENDER, state, **may)
        self.score.wait_device()
        self.score.close(RENDER, **may)
        self.score.close(FILTER)
        run = self.play(**machine)
        self.assertEqual([r.a for r in run.of("FINDING", "BUGCHECK")], [], run)
        return run, asked

    def sweep(self, request, argument, names):
        """On one processor the request's instant decides: instants of each call of the client's, from a run in which the
        request comes after all of them."""
        run, asked = self.raced(AFTERWARDS_NS, request, argument)
        begun = step_record(run, "STEP_BEGIN", asked)
        origin = begun.time - AFTERWARDS_NS - BUSY_NS
        mine = [(name, call) for name in names for call in calls(run, name) if call[0].seq < begun.seq]
        self.assertGreater(len(mine), len(names))
        for name, (enter, leave) in mine:
            inside = 0
            for part in range(1, INSTANTS + 1):
                later_ns = (enter.time + (leave.time - enter.time) * part // (INSTANTS + 1) - origin) // 100 * 100
                with self.subTest(call=str(enter), later_ns=later_ns):
                    raced, asked = self.raced(later_ns, request, argument)
                    inside += inside_a_call(raced, asked, name)
            self.assertGreater(inside, 0, f"{enter}: no request has come into it")

    def test_a_card_that_is_pulled_out_at_any_instant_of_a_client_s_calls(self):
        self.sweep(SURPRISE_REMOVE, 0, ["SetState", "NewStream"])

    def test_a_card_that_loses_its_power_at_any_instant_of_a_client_s_calls(self):
        self.sweep(SET_POWER, D3, ["SetState", "NewStream"])

    def test_a_card_that_is_pulled_out_beside_a_client_on_another_processor(self):
        beside = 0
        for seed in range(1, 41 if FULL else 7):
            with self.subTest(slice_seed=seed):
                run, asked = self.raced(seed * 37_000 % 500_000, SURPRISE_REMOVE, 0, cpus=2, slice_seed=seed)
                begun, done = step_record(run, "STEP_BEGIN", asked), run.end_of(asked)
                beside += any(begun.seq < leave.seq and enter.seq < done.seq and enter.cpu != begun.cpu
                              for name in ("SetState", "NewStream") for enter, leave in calls(run, name))
        self.assertGreater(beside, 0)


class WaitsForTheCard(OwnDriver):
    def test_a_score_goes_on_right_after_the_nth_event_it_waits_for(self):
        self.open_render()
        self.score.watch_event(kind=19, a=0x40)  # WIRE_OUT
        self.write(b"\x90\x3c\x40\x90\x3d\x40\x90\x3e\x40")
        waits = self.score.wait_event(2)
        run = self.play()
        second = [r for r in run.of("WIRE_OUT") if r.a == 0x40][1]
        end = run.end_of(waits)
        self.assertLess(end.time - second.time, 320_000, run)  # before the next byte, although the DPCs keep the processor
        self.assertEqual((end.b, end.c), (SUCCESS, 2), run)
        self.assertEqual([(r.a, r.b) for r in run.of("AWAIT")], [(19, 0x40)], run)

    def test_what_has_come_before_the_wait_counts_from_the_watch_on(self):
        self.open_render()
        self.score.watch_event(kind=17, a=0)  # REG_WRITE, DATA
        self.write(b"\xc0\x01")
        self.score.delay_ms(5)
        waits = self.score.wait_event(2)
        run = self.play()
        self.assertLess(run.end_of(waits).time - step_record(run, "STEP_BEGIN", waits).time, 60_000, run)  # at its first look

    def test_an_event_that_does_not_come_is_a_timeout_with_how_many_came(self):
        self.open_render()
        self.score.watch_event(kind=19)
        self.write(b"\xc0\x01")
        waits = self.score.wait_event(3, timeout=20, flags=MAY_FAIL)
        run = self.play()
        self.assertEqual((run.end_of(waits).b, run.end_of(waits).c), (TIMEOUT, 2), run)

    def test_a_write_that_fails_ends_the_wait_and_the_run(self):
        self.score.open_pin(RENDER, FILTER, RENDER_PIN)
        self.score.watch_event(kind=19)
        self.write(b"\xc0\x01")  # in STOP
        self.score.wait_event(1)
        run = self.play(end=STEP_FAILED, choices={"stop-requests": 0})
        self.assertLess(run.records[-1].time - run.of("AWAIT")[0].time, 100_000_000, run)


if __name__ == "__main__":
    unittest.main()
