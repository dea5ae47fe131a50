#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The PnP manager's requests at a moment of the score: stop and start again with the same and with other resources,
removal, surprise removal, the device coming back; idle and in mid-stream, granted and refused (reference portcls-midi.md
1.5; "State Transitions for PnP Devices"). moody.sys refuses what it is told to; the bundled driver has a card under it."""
from moody_driver import *  # noqa: F403

BEGIN = ["START", "start 1 at 0x330", "S3 is D3 by the bus"]
END = ["power management gone", "miniport gone"]


class Idle(Moody):
    def test_an_idle_device_is_stopped_and_started_again_and_a_query_can_be_cancelled(self):
        score = self.score
        steps = [score.device(QUERY_STOP), score.device(CANCEL_STOP), score.device(QUERY_STOP), score.device(STOP_DEVICE)]
        gone = score.open_filter(9, flags=MAY_FAIL)
        steps.append(score.device(START_DEVICE))
        self.stream()
        self.write(b"\x90\x3c\x40")
        score.wait_writes(1)
        run = self.play()
        self.assertStatuses(run, *((step, SUCCESS) for step in steps), (gone, NO_SUCH_DEVICE))
        self.assertEqual(self.told(run), BEGIN + ["QUERY_STOP", "CANCEL_STOP", "QUERY_STOP", "STOP"] + END +
                         ["START", "start 2 at 0x330", "S3 is D3 by the bus"])
        self.assertEqual(written(run), b"\x90\x3c\x40")
        self.assertEqual(run.findings(), [])

    def test_a_device_is_removed_in_steps_and_comes_back_with_its_driver_loaded_afresh(self):
        score = self.score
        steps = [score.device(QUERY_REMOVE), score.device(CANCEL_REMOVE), score.device(QUERY_REMOVE)]
        leaving = score.open_filter(8, flags=MAY_FAIL)
        steps.append(score.device(FINISH_REMOVE))
        gone = score.open_filter(9, flags=MAY_FAIL)
        steps.append(score.device(ADD_DEVICE))
        self.stream()
        self.write(b"\x01")
        score.wait_writes(1)
        run = self.play()
        self.assertStatuses(run, *((step, SUCCESS) for step in steps), (leaving, DELETE_PENDING), (gone, NO_SUCH_DEVICE))
        self.assertEqual(self.told(run), BEGIN + ["QUERY_REMOVE", "CANCEL_REMOVE", "QUERY_REMOVE", "REMOVE"] + END +
                         ["unload"] + BEGIN)  # its counts begin again: it is a new image
        self.assertEqual(len(run.calls("DriverEntry")), 2)
        self.assertEqual(written(run), b"\x01")

    def test_what_does_not_fit_the_devices_state_is_not_asked(self):
        score = self.score
        wrong = [(score.device(request, flags=MAY_FAIL), INVALID_DEVICE_STATE)
                 for request in (CANCEL_STOP, STOP_DEVICE, START_DEVICE, CANCEL_REMOVE, FINISH_REMOVE, ADD_DEVICE, WAKE)]
        wrong += [(score.device(SET_POWER, argument, flags=MAY_FAIL), INVALID_PARAMETER) for argument in (0, 5)]
        wrong += [(score.device(SLEEP, argument, flags=MAY_FAIL), INVALID_PARAMETER) for argument in (0, 1, 7)]
        wrong.append((score.device(QUERY_STOP, unit=9, flags=MAY_FAIL), NO_SUCH_DEVICE))
        wrong.append((score.device(FAIL_CALL, 1_000_001, flags=MAY_FAIL), INVALID_PARAMETER))
        score.device(QUERY_STOP)
        wrong += [(score.device(request, flags=MAY_FAIL), INVALID_DEVICE_STATE) for request in (QUERY_STOP, QUERY_REMOVE)]
        score.device(STOP_DEVICE)
        wrong += [(score.device(START_DEVICE, argument, flags=MAY_FAIL), INVALID_PARAMETER) for argument in (7, ELSEWHERE)]
        wrong.append((score.device(QUERY_REMOVE, flags=MAY_FAIL), INVALID_DEVICE_STATE))
        run = self.play()
        self.assertStatuses(run, *wrong)
        self.assertEqual(self.told(run), BEGIN + ["QUERY_STOP", "STOP"] + END)

    def test_a_device_is_restarted_on_the_resources_of_one_that_is_not_there_any_more(self):
        score = self.score
        score.device(QUERY_STOP)
        score.device(STOP_DEVICE)
        taken = score.device(START_DEVICE, 1, flags=MAY_FAIL)
        score.remove_device(1)
        moved = score.device(START_DEVICE, 1)
        run = self.play(card=("iobase=0x330,irq=7", "iobase=0x300,irq=5"))
        self.assertStatuses(run, (taken, CONFLICTING_ADDRESSES), (moved, SUCCESS))
        self.assertEqual([line for line in self.told(run) if line.startswith("start")],
                         ["start 1 at 0x330", "start 2 at 0x300", "start 3 at 0x300"])


class InMidStream(Moody):
    def test_a_stop_is_refused_while_a_stream_runs_and_the_stream_goes_on(self):
        self.stream()
        refused = self.score.device(QUERY_STOP, flags=MAY_FAIL)
        self.write(b"\x01")
        self.score.wait_writes(1)
        run = self.play()
        self.assertStatuses(run, (refused, UNSUCCESSFUL))
        self.assertEqual(self.told(run), BEGIN + ["QUERY_STOP", "CANCEL_STOP"], "the query is taken back")
        self.assertEqual(written(run), b"\x01")
        self.assertEqual(run.choices()["stop-streams"], 0)

    def test_stop_streams(self):
        """Where a stop is granted in mid-stream requests are cancelled, and handles outlive what they led to."""
        self.stream()
        late = self.score.write(1, record(60_000, b"\x02"), flags=MAY_FAIL)  # due in a minute
        self.score.device(QUERY_STOP)
        self.score.device(STOP_DEVICE)
        after = self.write(b"\x03", flags=MAY_FAIL)
        state = self.score.set_state(1, RUN, flags=MAY_FAIL)
        pin = self.score.open_pin(2, 0, CAPTURE, flags=MAY_FAIL)
        self.score.device(START_DEVICE)
        still = self.write(b"\x04", flags=MAY_FAIL)
        self.score.close(1)
        self.score.close(0)
        self.stream()
        self.write(b"\x05")
        self.score.wait_writes(1)
        run = self.play(choices={"stop-streams": 1})
        self.assertStatuses(run, (late, CANCELLED), (after, NOT_CONNECTED), (state, NOT_CONNECTED), (pin, DEVICE_NOT_READY),
                            (still, NOT_CONNECTED))
        self.assertEqual(written(run), b"\x05")
        self.assertEqual(self.told(run), BEGIN + ["QUERY_STOP", "STOP", "power management gone",
                         "START", "start 2 at 0x330", "S3 is D3 by the bus", "stream gone", "miniport gone"],
                         "the first miniport lives until the last handle is closed")

    def test_a_device_pulled_out_in_mid_stream_ends_every_request_and_is_removed_when_the_last_handle_is_closed(self):
        score = self.score
        self.stream()
        score.open_pin(2, 0, CAPTURE)
        score.set_state(2, RUN)
        score.read_start(2)
        late = score.write(1, record(60_000, b"\x02"), flags=MAY_FAIL)
        pulled = score.device(SURPRISE_REMOVE)
        after = self.write(b"\x03", flags=MAY_FAIL)
        state = score.set_state(1, PAUSE, flags=MAY_FAIL)
        new = score.open_filter(3, flags=MAY_FAIL)
        too_early = score.device(ADD_DEVICE, flags=MAY_FAIL)
        for slot in (1, 2, 0):
            score.close(slot)
        score.delay_ms(1)
        back = score.device(ADD_DEVICE)
        self.stream()
        self.write(b"\x04")
        score.wait_writes(1)
        run = self.play()
        self.assertStatuses(run, (late, CANCELLED), (pulled, SUCCESS), (after, NOT_CONNECTED), (state, NOT_CONNECTED),
                            (new, NO_SUCH_DEVICE), (too_early, INVALID_DEVICE_STATE), (back, SUCCESS))
        self.assertEqual(self.told(run), BEGIN + ["SURPRISE_REMOVAL", "stream gone", "stream gone", "REMOVE"] + END +
                         ["unload"] + BEGIN)
        self.assertEqual(written(run), b"\x04")

    def test_a_device_that_says_in_mid_stream_that_it_has_failed_is_taken_away(self):
        self.stream()
        self.write(b"\xfd", flags=MAY_FAIL)
        self.score.delay_ms(50)
        after = self.write(b"\x03", flags=MAY_FAIL)
        self.score.close(1)
        self.score.close(0)
        self.score.delay_ms(1)
        run = self.play()
        self.assertStatuses(run, (after, NOT_CONNECTED))
        self.assertIn("by its driver's account it has failed", run.text)
        self.assertEqual(self.told(run), BEGIN + ["SURPRISE_REMOVAL", "stream gone", "REMOVE"] + END + ["unload"])


class Refused(Moody):
    def test_a_driver_that_refuses_the_queries_hears_that_they_are_off_and_works_on(self):
        stop = self.score.device(QUERY_STOP, flags=MAY_FAIL)
        remove = self.score.device(QUERY_REMOVE, flags=MAY_FAIL)
        self.stream()
        self.write(b"\x01")
        self.score.wait_writes(1)
        run = self.play(REFUSE_STOP | REFUSE_REMOVE)
        self.assertStatuses(run, (stop, DEVICE_BUSY), (remove, UNSUCCESSFUL))
        self.assertEqual(self.told(run), BEGIN + ["QUERY_STOP", "CANCEL_STOP", "QUERY_REMOVE", "CANCEL_REMOVE"])
        self.assertEqual(written(run), b"\x01")

    def test_open_handles_keep_a_device_that_would_go(self):
        self.stream()
        busy = self.score.device(QUERY_REMOVE, flags=MAY_FAIL)
        self.write(b"\x01")
        self.score.wait_writes(1)
        run = self.play()
        self.assertStatuses(run, (busy, DEVICE_BUSY))
        self.assertEqual(self.told(run), BEGIN + ["QUERY_REMOVE", "CANCEL_REMOVE"])

    def test_a_restart_that_fails_takes_the_device_away_and_it_is_removed_when_the_last_handle_is_closed(self):
        score = self.score
        score.open_filter(0)
        score.device(QUERY_STOP)
        score.device(STOP_DEVICE)
        failed = score.device(START_DEVICE, flags=MAY_FAIL)
        gone = score.device(QUERY_STOP, flags=MAY_FAIL)
        score.close(0)
        score.delay_ms(1)
        added = score.device(ADD_DEVICE)
        run = self.play(REFUSE_RESTART)
        self.assertStatuses(run, (failed, CONFIGURATION_ERROR), (gone, INVALID_DEVICE_STATE), (added, SUCCESS))
        self.assertIn("moody.sys: IRP_MN_START_DEVICE for ACPI\\PNPB006\\0 failed: 0xc0000182", run.text)
        self.assertEqual(self.told(run), BEGIN + ["QUERY_STOP", "STOP", "power management gone", "START",
                         "start 2 at 0x330", "SURPRISE_REMOVAL", "miniport gone", "REMOVE", "unload"] + BEGIN)

    def test_an_adddevice_or_a_start_that_fails_for_a_second_card_leaves_it_out(self):
        cards = ("iobase=0x330,irq=7", "iobase=0x300,irq=5")  # the second keeps the driver loaded
        for mood, status in ((REFUSE_ADD, "0xc0000017"), (REFUSE_RESTART, "0xc0000182")):
            with self.subTest(mood):
                self.setUp()
                run = self.play(mood, card=cards, end=3)  # the second card's start is refused already
                self.assertEqual(f"{run.detail:#x}", status, run)

    def test_a_surprise_removal_that_fails_is_told_and_counts_all_the_same(self):
        pulled = self.score.device(SURPRISE_REMOVE)
        run = self.play(FAIL_SURPRISE)
        self.assertStatuses(run, (pulled, SUCCESS))
        self.assertIn("moody.sys: IRP_MN_SURPRISE_REMOVAL for ACPI\\PNPB006\\0 came back with 0xc0000001, expected success",
                      run.text)
        self.assertEqual(self.told(run)[-4:], ["REMOVE"] + END + ["unload"])

    def test_a_removal_that_never_comes_back_ends_the_run_by_name(self):
        self.score.device(QUERY_REMOVE)
        self.score.device(FINISH_REMOVE)
        run = self.play(NEVER_REMOVES, end=3)
        self.assertIn("moody.sys: IRP_MN_REMOVE_DEVICE has not returned within 100", run.text.splitlines()[-1])


class Bundled(Moody):
    """The driver that has a card under it."""

    def play(self, **more):
        return super().play(driver=guest_machine.own_driver(), files={}, **more)

    def sent(self, run):
        """[(unit, byte)] without the real-time messages that a card sends by itself in intelligent mode."""
        return [(r.unit, r.a) for r in run.of("WIRE_OUT") if r.a < 0xF8]

    def bytes_out(self, run):
        return bytes(byte for _, byte in self.sent(run))

    def test_it_is_stopped_and_started_again_with_the_same_and_with_other_resources_and_plays_on(self):
        score = self.score
        for unit in (0, 1):
            score.device(QUERY_STOP)
            score.device(STOP_DEVICE)
            if unit:
                score.remove_device(1)
            score.device(START_DEVICE, unit)
            self.stream()
            self.write(bytes([0x90, 0x3C, unit]))
            score.wait_writes(1)
            score.close(1)
            score.close(0)
        run = self.play(card=("iobase=0x330,irq=7", "iobase=0x300,irq=5"))
        self.assertEqual(self.sent(run), [(0, 0x90), (0, 0x3C), (0, 0), (1, 0x90), (1, 0x3C), (1, 1)], run)
        self.assertEqual(run.findings(), [])

    def test_it_fails_to_start_where_no_card_answers_and_comes_back_on_its_own(self):
        score = self.score
        score.device(SURPRISE_REMOVE, unit=1)
        score.device(QUERY_STOP)
        score.device(STOP_DEVICE)
        failed = score.device(START_DEVICE, 1, flags=MAY_FAIL)  # nothing is plugged in there
        added = score.device(ADD_DEVICE)
        self.stream()
        self.write(b"\x90\x3c\x40")
        score.wait_writes(1)
        score.delay_ms(20)  # a delay ends on a tick: a shorter one may be over at once
        run = self.play(card=("iobase=0x330,irq=7", "iobase=0x300,irq=5"))
        self.assertGreaterEqual(run.status_of(failed), 0xC0000000, run)
        self.assertStatuses(run, (added, SUCCESS))
        self.assertEqual(self.bytes_out(run), b"\x90\x3c\x40")

    def test_it_survives_being_pulled_out_in_mid_stream_and_plays_when_the_card_is_back(self):
        score = self.score
        self.stream()
        score.open_pin(2, 0, CAPTURE)
        score.set_state(2, RUN)
        score.read_start(2)
        self.write(b"\x90\x3c\x40" * 30, flags=MAY_FAIL)
        score.delay_ms(5)
        score.device(SURPRISE_REMOVE)
        after = self.write(b"\x03", flags=MAY_FAIL)
        for slot in (1, 2, 0):
            score.close(slot)
        score.delay_ms(200)
        score.device(ADD_DEVICE)
        self.stream()
        self.write(b"\xb0\x07\x7f")
        score.wait_writes(1)
        score.delay_ms(5)
        run = self.play()
        self.assertStatuses(run, (after, NOT_CONNECTED))
        self.assertEqual(self.bytes_out(run)[-3:], b"\xb0\x07\x7f")
        self.assertEqual(len(run.calls("DriverUnload")), 1)
        self.assertEqual(run.findings(), [])


if __name__ == "__main__":
    unittest.main()
