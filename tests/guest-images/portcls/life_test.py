#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""portcls.sys in the real guest: the order and IRQL of a driver's callbacks, states, what cannot be opened, removal
(reference portcls-midi.md 1.1-1.3, 1.5, 2.4, 2.10, 5.3)."""
import unittest

import eventlog
from recorder_score import *  # noqa: F403


def calls(run):
    """Names of all callbacks in order, with > and < for enter and leave."""
    mark = {"CALL_ENTER": ">", "CALL_LEAVE": "<"}
    return [mark[r.kind] + eventlog.CALLBACKS[r.a] for r in run.of("CALL_ENTER", "CALL_LEAVE")]


class Order(Recorder):
    def test_callbacks_come_in_the_documented_order_at_the_documented_irql(self):
        pin = self.open(PLAIN)
        self.write(pin, b"\x90\x3c\x40")
        self.score.wait_writes(pin)
        self.score.close(pin)
        self.score.close(0)
        self.score.remove_device()
        run = self.play()
        self.assertEqual(calls(run), [
            ">DriverEntry", "<DriverEntry", ">AddDevice", "<AddDevice",
            ">StartDevice", ">Init", "<Init", ">GetDescription", "<GetDescription", "<StartDevice",
            ">NewStream", "<NewStream", *[">SetState", "<SetState"] * 3, ">Write", "<Write",
            *[">SetState", "<SetState"] * 3, ">StreamRelease", "<StreamRelease",
            ">MiniportRelease", "<MiniportRelease", ">DriverUnload", "<DriverUnload"])
        for call in run.of("CALL_ENTER", "CALL_LEAVE"):
            self.assertEqual(call.irql, 2 if eventlog.CALLBACKS[call.a] == "Write" else 0, call)
        self.assertEqual(rules(run), [])
        self.assertIn("recorder: miniport gone", run.text)

    def test_init_and_newstream_see_the_pin_and_the_direction(self):
        for slot, pin in enumerate((PLAIN, CAPTURE, BUSY), 1):
            self.open(pin, slot, STOP)
        run = self.play()
        self.assertEqual([(call.b, call.c) for call in run.calls("NewStream")], [(PLAIN, 0), (CAPTURE, 1), (BUSY, 0)])

    def test_two_streams_do_not_share_states_or_bytes(self):
        one, two = self.open(PLAIN, 1), self.open(BUSY, 2, ACQUIRE)
        self.write(one, b"\1\2\3")
        self.score.wait_writes(one)
        run = self.play()
        self.assertEqual((states(run, 1), states(run, 2)), ([1, 2, 3], [1]))
        self.assertEqual((bytes_taken(run, PLAIN), bytes_taken(run, BUSY)), (b"\1\2\3", b""))


class States(Recorder):
    def test_the_client_may_jump_and_the_miniport_sees_single_steps(self):
        pin = self.open(PLAIN)
        for state in (ACQUIRE, PAUSE, PAUSE, STOP, STOP, ACQUIRE, RUN):
            self.score.set_state(pin, state)
        run = self.play()
        self.assertEqual(states(run), [1, 2, 3, 2, 1, 2, 1, 0, 1, 2, 3])

    def test_a_new_stream_is_in_stop_without_being_told(self):
        pin = self.open(PLAIN, state=STOP)
        self.score.set_state(pin, STOP)
        run = self.play()
        self.assertEqual(states(run), [])

    def test_a_run_that_fails_walks_back_to_where_it_began_and_says_why(self):
        pin = self.open(RUN_FAILS, state=ACQUIRE)
        step = self.score.set_state(pin, RUN, flags=MAY_FAIL)
        after = self.score.set_state(pin, PAUSE)
        run = self.play()
        self.assertStatus(run, step, INVALID_DEVICE_STATE)
        self.assertEqual(states(run), [1, 2, 3, 1, 2])
        self.assertStatus(run, after, SUCCESS)

    def test_closing_a_running_pin_walks_down_through_every_state(self):
        pin = self.open(PLAIN)
        self.score.close(pin)
        run = self.play()
        self.assertEqual(states(run), [1, 2, 3, 2, 1, 0])
        self.assertEqual(calls(run)[-2:], [">StreamRelease", "<StreamRelease"])

    def test_closing_the_filter_first_leaves_the_pin_working(self):
        pin = self.open(PLAIN)
        self.score.close(0)
        self.write(pin, b"\1")
        self.score.wait_writes(pin)
        self.score.close(pin)
        run = self.play()
        self.assertEqual(bytes_taken(run, PLAIN), b"\1")
        self.assertIn("recorder: pin 0 gone", run.text)


    def test_a_step_down_that_fails_is_told_and_taken_all_the_same(self):
        pin = self.open(STOP_FAILS)
        step = self.score.set_state(pin, STOP)
        closed = self.score.close(pin)
        run = self.play()
        self.assertStatus(run, step, SUCCESS)
        self.assertStatus(run, closed, SUCCESS)
        self.assertEqual(states(run), [1, 2, 3, 2, 1, 0])
        self.assertEqual(rules(run), [47] * 3)

    def test_a_write_that_comes_back_at_another_irql_is_told_and_stops_the_machine(self):
        pin = self.open(IRQL)
        self.write(pin, b"\1")
        self.score.wait_writes(pin)
        run = self.play(end=6)
        self.assertEqual(rules(run)[0], 3)
        finding = run.of("FINDING")[0]
        self.assertEqual((finding.b, finding.c), (3, 2), "seen, expected")
        self.assertLess(finding.seq, run.of("BUGCHECK")[0].seq)


class Crash(Recorder):
    def test_a_crash_inside_write_is_reported_from_the_miniport_through_portcls_the_same_each_time(self):
        pin = self.open(CRASH)
        step = self.write(pin, b"\1")
        self.score.wait_writes(pin)
        run = self.play(end=6)
        self.assertEqual(run.bugcheck()[0], 0xD1, run)
        self.assertRegex(run.text, r"STOP 0xd1 DRIVER_IRQL_NOT_LESS_OR_EQUAL \(0x0, 0x2, 0x0, 0x\w+\) at recorder.sys\+0x")
        modules = [module for module, _ in run.stack()]
        in_order = [name for name, after in zip(modules, modules[1:] + [""]) if name != after]
        self.assertEqual(in_order[:2], ["recorder.sys", "portcls.sys"], run)
        self.assertEqual(in_order[-1], "ntoskrnl.exe")
        self.assertIn("agent.sys", in_order, "the client that wrote")
        self.assertEqual(calls(run)[-1], ">Write", "entered and never left")
        self.assertEqual([r for r in run.of("STEP_END") if r.number == step], [])
        self.assertEqual(self.play(end=6).sha256, run.sha256)


class Refused(Recorder):
    def open_may_fail(self, pin, slot=1, filter_slot=0):
        return self.score.open_pin(slot, filter_slot, pin, flags=MAY_FAIL)

    def test_a_bridge_pin_an_absent_one_and_one_that_the_miniport_refuses_do_not_open(self):
        bridge = self.open_may_fail(BRIDGE, 1)
        absent = self.open_may_fail(SLOW_PAUSE + 1, 2)
        far = self.open_may_fail(0xFFFFFFFF, 3)
        refused = self.open_may_fail(REFUSED, 4)
        on_nothing = self.score.set_state(4, RUN, flags=MAY_FAIL)
        run = self.play()
        self.assertStatus(run, bridge, NO_MATCH)
        self.assertStatus(run, absent, INVALID_PARAMETER)
        self.assertStatus(run, far, INVALID_PARAMETER)
        self.assertStatus(run, refused, INSUFFICIENT_RESOURCES)
        self.assertStatus(run, on_nothing, INVALID_HANDLE)
        self.assertEqual([call.b for call in run.calls("NewStream")], [REFUSED], "the others never reach the miniport")
        self.assertEqual(run.calls("StreamRelease"), [])

    def test_a_newstream_that_gives_no_stream_or_a_group_that_is_none_is_told_and_refused(self):
        no_stream = self.open_may_fail(NO_STREAM, 1)
        foreign = self.open_may_fail(FOREIGN_GROUP, 2)
        no_group = self.open_may_fail(NO_GROUP, 3)
        self.score.set_state(3, RUN)
        self.write(3, b"\1\2")
        self.score.wait_writes(3)
        run = self.play()
        for step in (no_stream, foreign):
            self.assertGreaterEqual(run.status_of(step), 0xC0000000, run)
        self.assertStatus(run, no_group, SUCCESS)
        self.assertEqual(rules(run), [22, 15])
        self.assertIn("recorder: pin 19 gone", run.text)
        self.assertEqual(bytes_taken(run, NO_GROUP), b"\1\2", "a render stream needs no group")

    def test_a_pin_opens_as_often_as_its_descriptor_allows_and_again_after_a_close(self):
        self.score.open_filter(8)
        first = self.open_may_fail(PLAIN, 1)
        second = self.open_may_fail(PLAIN, 2)
        elsewhere = self.open_may_fail(PLAIN, 3, 8)
        self.score.close(1)
        again = self.open_may_fail(PLAIN, 4)
        run = self.play()
        self.assertStatus(run, first, SUCCESS)
        self.assertStatus(run, second, INSUFFICIENT_RESOURCES)
        self.assertStatus(run, elsewhere, INSUFFICIENT_RESOURCES)
        self.assertStatus(run, again, SUCCESS)
        self.assertEqual(len(run.calls("NewStream")), 2)

    def test_limits_a_filter_and_limits_in_all_are_counted_apart(self):
        self.score.open_filter(8)
        self.score.open_filter(9)
        first = self.open_may_fail(TWO, 1, 0)
        same_filter = self.open_may_fail(TWO, 2, 0)
        other_filter = self.open_may_fail(TWO, 3, 8)
        third = self.open_may_fail(TWO, 4, 9)
        run = self.play()
        for step, status in ((first, SUCCESS), (same_filter, INSUFFICIENT_RESOURCES), (other_filter, SUCCESS),
                             (third, INSUFFICIENT_RESOURCES)):
            self.assertStatus(run, step, status)

    def test_a_refused_pin_does_not_use_up_an_instance(self):
        steps = [self.open_may_fail(REFUSED, slot) for slot in (1, 2, 3)]
        run = self.play()
        for step in steps:
            self.assertStatus(run, step, INSUFFICIENT_RESOURCES)
        self.assertEqual(len(run.calls("NewStream")), 3)

    def test_an_interface_that_nobody_registered_does_not_open_and_the_first_there_is_named(self):
        music = guest_machine.uuid.UUID("00000000-0000-0000-0000-000000000001")
        steps = [self.score.open_filter(1, category=music, flags=MAY_FAIL),
                 self.score.open_filter(2, reference="Other", flags=MAY_FAIL),
                 self.score.open_filter(3, unit=7, flags=MAY_FAIL)]
        right = self.score.open_filter(4, reference="rECORDER")
        run = self.play()
        for step in steps:
            self.assertStatus(run, step, NO_SUCH_DEVICE)
        self.assertStatus(run, right, SUCCESS)
        self.assertRegex(run.text, r"unit 0 and \"Other\"; the first of the category is \".*\\Recorder\"")


class TwoDevices(Recorder):
    """One driver, two cards."""

    CARDS = ("iobase=0x330,irq=7", "iobase=0x300,irq=5")

    def test_each_card_is_a_device_of_its_own_and_the_driver_goes_with_the_last(self):
        self.score.open_filter(8, unit=1)
        here = self.open(PLAIN)
        self.score.open_pin(9, 8, PLAIN)
        self.score.set_state(9, RUN)
        self.write(here, b"\1")
        self.score.wait_writes(here)
        self.write(9, b"\2")
        self.score.wait_writes(9)
        self.score.close(here)
        self.score.close(0)
        first = self.score.remove_device(0)
        gone = self.score.open_filter(0, unit=0, flags=MAY_FAIL)
        self.write(9, b"\3")
        self.score.wait_writes(9)
        self.score.close(9)
        self.score.close(8)
        second = self.score.remove_device(1)
        run = self.play(card=self.CARDS)
        self.assertEqual(calls(run).count(">StartDevice"), 2)
        self.assertStatus(run, first, SUCCESS)
        self.assertStatus(run, gone, NO_SUCH_DEVICE)
        self.assertStatus(run, second, SUCCESS)
        self.assertEqual(bytes_taken(run, PLAIN), b"\1\2\3")
        self.assertEqual([call for call in calls(run) if call in (">MiniportRelease", ">DriverUnload")],
                         [">MiniportRelease", ">MiniportRelease", ">DriverUnload"])


class Removal(Recorder):
    def test_a_device_with_an_open_handle_is_not_removed_and_works_on(self):
        pin = self.open(PLAIN)
        vetoed = self.score.remove_device(flags=MAY_FAIL)
        self.write(pin, b"\1")
        self.score.wait_writes(pin)
        self.score.close(pin)
        still = self.score.remove_device(flags=MAY_FAIL)
        self.score.close(0)
        removed = self.score.remove_device()
        run = self.play()
        self.assertStatus(run, vetoed, DEVICE_BUSY)
        self.assertStatus(run, still, DEVICE_BUSY)
        self.assertStatus(run, removed, SUCCESS)
        self.assertEqual(bytes_taken(run, PLAIN), b"\1")
        self.assertEqual(calls(run)[-4:], [">MiniportRelease", "<MiniportRelease", ">DriverUnload", "<DriverUnload"])

    def test_after_removal_nothing_of_the_device_is_left_to_open_or_to_remove(self):
        self.score.close(0)
        self.score.remove_device()
        opened = self.score.open_filter(0, flags=MAY_FAIL)
        again = self.score.remove_device(flags=MAY_FAIL)
        other = self.score.remove_device(unit=5, flags=MAY_FAIL)
        run = self.play()
        for step in (opened, again, other):
            self.assertStatus(run, step, NO_SUCH_DEVICE)

    def test_port_and_miniport_that_hold_each_other_are_parted(self):
        self.score.close(0)
        self.score.remove_device()
        run = self.play()
        self.assertEqual(run.text.count("recorder: miniport gone"), 1)


if __name__ == "__main__":
    unittest.main()
