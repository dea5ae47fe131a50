#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Device and system power at a moment of the score, idle and in mid-stream: who hears of it and in which order, what a
stream does meanwhile, what is refused, and what never ends (reference portcls-midi.md 1.4)."""
from moody_driver import *  # noqa: F403

DOWN = ["miniport hears D3", "stream hears D3", "adapter hears D3"]
UP = ["adapter hears D0", "miniport hears D0", "stream hears D0"]
IDLE_DOWN, IDLE_UP = ["miniport hears D3", "adapter hears D3"], ["adapter hears D0", "miniport hears D0"]


def heard(test, run):
    return [line for line in test.told(run) if "hears" in line or "asked" in line]


class Power(Moody):
    def test_an_idle_device_goes_down_and_up_and_the_driver_hears_of_it_in_the_documented_order(self):
        steps = [self.score.device(request, state) for request, state in
                 ((QUERY_POWER, D3), (SET_POWER, D3), (SET_POWER, D0))]
        run = self.play()
        self.assertStatuses(run, *((step, SUCCESS) for step in steps))
        self.assertEqual(heard(self, run), ["adapter is asked for D3"] + IDLE_DOWN + IDLE_UP)
        self.assertEqual([(r.a, r.b) for r in run.of("POWER")], [(3, 0), (0, 3)])

    def test_a_running_stream_pauses_without_power_and_goes_on_where_it_was(self):
        self.stream()
        self.write(b"\x01")
        self.score.wait_writes(1)
        self.score.device(SET_POWER, D3)
        self.write(b"\x02")
        self.score.delay_ms(100)
        marker = self.score.marker(1)
        self.score.device(SET_POWER, D0)
        self.score.wait_writes(1)
        run = self.play()
        self.assertEqual(heard(self, run), DOWN + UP)
        self.assertEqual([call.b for call in run.calls("SetState")], [ACQUIRE, PAUSE, RUN, PAUSE, RUN])
        offered = [call for call in run.calls("Write")]
        at = next(r.seq for r in run.of("MARKER"))
        self.assertEqual([call.seq > at for call in offered], [False, True], f"step {marker}: nothing is offered in D3\n{run}")
        self.assertEqual(written(run), b"\x01\x02")

    def test_a_stream_that_is_told_to_run_without_power_runs_when_it_is_back(self):
        self.stream(PAUSE)
        self.score.device(SET_POWER, D3)
        self.score.set_state(1, RUN)
        self.score.delay_ms(10)
        self.score.device(SET_POWER, D0)
        self.write(b"\x01")
        self.score.wait_writes(1)
        run = self.play()
        self.assertEqual([call.b for call in run.calls("SetState")], [ACQUIRE, PAUSE, RUN])
        self.assertLess(run.of("POWER")[-1].seq, run.calls("SetState")[-1].seq)

    def test_a_deeper_sleep_is_told_as_the_first_and_the_stream_goes_on_after_both(self):
        self.stream()
        for state in (D1, D3, D0):
            self.score.device(SET_POWER, state)
        run = self.play()
        self.assertEqual(heard(self, run), [line.replace("D3", "D1") for line in DOWN] + DOWN + UP)
        self.assertEqual([call.b for call in run.calls("SetState")], [ACQUIRE, PAUSE, RUN, PAUSE, RUN])

    def test_the_system_sleeps_and_wakes_and_the_device_with_it_idle(self):
        sleep, wake = self.score.device(SLEEP, S3), self.score.device(WAKE)
        again = self.score.device(WAKE, flags=MAY_FAIL)
        run = self.play()
        self.assertStatuses(run, (sleep, SUCCESS), (wake, SUCCESS), (again, INVALID_DEVICE_STATE))
        self.assertEqual(heard(self, run), ["adapter is asked for D3"] + IDLE_DOWN + IDLE_UP)
        self.assertEqual([(r.a, r.b) for r in run.of("POWER")], [(3, 0), (0, 3)])

    def test_the_system_sleeps_and_wakes_in_mid_stream(self):
        self.stream()
        self.score.device(SLEEP, S3)
        self.write(b"\x01")
        asleep = self.score.device(SLEEP, S3, flags=MAY_FAIL)
        pin = self.score.open_pin(2, 0, CAPTURE, flags=MAY_FAIL)
        self.score.device(WAKE)
        self.score.wait_writes(1)
        run = self.play()
        self.assertStatuses(run, (asleep, INVALID_DEVICE_STATE), (pin, DEVICE_NOT_READY))
        self.assertEqual(heard(self, run), ["adapter is asked for D3"] + DOWN + UP)
        self.assertEqual(written(run), b"\x01")

    def versions(self, refuses, **more):
        """What the adapter hears of D3 and D0, and of a sleep in D0 and one in D3."""
        self.score.device(SET_POWER, D3)
        self.score.device(SET_POWER, D0)
        self.score.device(SLEEP, S3)
        self.score.device(WAKE)
        self.score.device(SET_POWER, D3)
        self.score.device(SLEEP, S3)
        self.score.device(WAKE)
        return [line[len("adapter hears "):] for line in heard(self, self.play(refuses, **more))
                if line.startswith("adapter hears")]

    def test_an_adapter_with_the_second_version_hears_of_the_systems_state_too(self):
        self.assertEqual(self.versions(POWER_2), ["D3 in S0", "D0 in S0", "D3 in S3", "D0 in S0", "D3 in S0", "D0 in S0"])

    def test_an_adapter_with_the_third_version_hears_how_soon_it_must_be_out_of_d3(self):
        self.assertEqual(self.versions(POWER_2 | POWER_3), [f"{change}, latency 0" for change in
                         ("D3 in S0", "D0 in S0", "D3 in S3", "D0 in S0", "D3 in S0", "D0 in S0")])

    def test_d3_exit_latency(self):
        """Where the system sleeps, an adapter with the third version may hear that it has more time."""
        self.assertEqual(self.versions(POWER_3, choices={"d3-exit-latency": 1}),
                         ["D3 in S0, latency 0", "D0 in S0, latency 0",
                          "D3 in S3, latency 0", "of latency 2", "D0 in S0, latency 2",
                          "D3 in S0, latency 0", "of latency 2", "D0 in S0, latency 2"])

    def test_an_object_that_unregisters_while_it_hears_of_power_lives_until_it_returns_and_hears_no_more(self):
        self.score.device(SET_POWER, D3)
        self.score.device(SET_POWER, D0)
        told = self.told(self.play(UNREGISTERS))
        heard_of = [line for line in told if "hears" in line or line == "power management gone"]
        self.assertEqual(heard_of, ["miniport hears D3", "adapter hears D3", "power management gone", "miniport hears D0"])

    def test_windows_7_does_not_know_the_third_version(self):
        self.assertEqual(self.versions(POWER_2 | POWER_3, windows_build=7601)[:2], ["D3 in S0", "D0 in S0"])

    def test_a_driver_that_refuses_a_state_keeps_the_device_and_the_system_awake(self):
        device = self.score.device(QUERY_POWER, D3, flags=MAY_FAIL)
        system = self.score.device(SLEEP, S3, flags=MAY_FAIL)
        self.stream()
        self.write(b"\x01")
        self.score.wait_writes(1)
        run = self.play(REFUSE_POWER)
        self.assertStatuses(run, (device, POWER_STATE_INVALID), (system, POWER_STATE_INVALID))
        self.assertEqual(heard(self, run), ["adapter is asked for D3"] * 2)
        self.assertEqual(run.of("POWER"), [])
        self.assertEqual(written(run), b"\x01")

    def test_a_driver_asks_for_a_state_itself_and_a_new_stream_brings_the_device_back(self):
        self.stream()
        self.write(b"\x01")
        self.score.wait_writes(1)
        run = self.play(WANTS_D3)
        self.assertEqual(self.told(run)[2:], ["D9 is 0xc000000d"] + IDLE_DOWN +
                         ["D3 is 0x00000000", "S3 is D3 by the bus"] + IDLE_UP)
        self.assertEqual([(r.a, r.b) for r in run.of("POWER")], [(3, 0), (0, 3)])
        self.assertLess(run.of("POWER")[-1].seq, run.calls("NewStream")[0].seq)

    def test_a_power_request_that_is_never_completed_stops_the_machine_as_in_windows(self):
        self.score.device(SET_POWER, D3)
        run = self.play(NEVER_POWERS, end=6)
        code, parameters = run.bugcheck()
        self.assertEqual((code, parameters[0]), (0x9F, 3), run)
        self.assertIn("ACPI\\PNPB006\\0: IRP_MN_SET_POWER for D3 has not been completed within 120 s", run.text)


class Bundled(Moody):
    """The driver that has a card under it."""

    def play_out(self):
        """The bytes at MIDI OUT, without what a card sends by itself in intelligent mode."""
        self.score.delay_ms(5)
        run = super().play(driver=guest_machine.own_driver(), files={})
        self.assertEqual(run.of("GUEST_ERROR"), [], "nothing touches a card without power")
        self.assertEqual(run.findings(), [])
        return run, bytes(r.a for r in run.of("WIRE_OUT") if r.a < 0xF8)

    def test_it_plays_after_the_device_was_down_and_after_the_system_slept_while_it_was_idle(self):
        for request, argument in ((SET_POWER, D3), (SET_POWER, D0), (SLEEP, S3), (WAKE, 0)):
            self.score.device(request, argument)
        self.stream()
        self.write(b"\x90\x3c\x40")
        self.score.wait_writes(1)
        run, out = self.play_out()
        self.assertEqual(out, b"\x90\x3c\x40")
        self.assertEqual([(r.a, r.b) for r in run.of("POWER")], [(3, 0), (0, 3)] * 2)

    def test_in_mid_stream_it_goes_on_where_it_was_when_the_card_has_power_again(self):
        self.stream()
        self.write(b"\x90\x3c\x40")
        self.score.wait_writes(1)
        for down, up in (((SET_POWER, D3), (SET_POWER, D0)), ((SLEEP, S3), (WAKE, 0))):
            self.score.device(*down)
            self.write(b"\x3e\x40")
            self.score.delay_ms(50)
            self.score.device(*up)
            self.score.wait_writes(1)
        self.assertEqual(self.play_out()[1], b"\x90\x3c\x40" + b"\x3e\x40" * 2)

    def test_it_is_removed_without_power(self):
        self.score.device(SET_POWER, D3)
        removed = self.score.remove_device()
        run, out = self.play_out()
        self.assertStatuses(run, (removed, SUCCESS))
        self.assertEqual(out, b"")


if __name__ == "__main__":
    unittest.main()
