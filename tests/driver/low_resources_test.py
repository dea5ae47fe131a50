#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each call of the driver's that can fail for want of memory or resources fails once, in DriverEntry, AddDevice,
StartDevice, Init and NewStream, while streams run and end, and while power goes and comes: a documented status, nothing
left behind, and the next attempt succeeds. All of them in one boot: the device is put back and taken away again for
each."""
from own_driver import *  # noqa: F403

# In the order in which they come; how far each gets, by the callback that was left with a failure.
CALLS = [("PcInitializeAdapterDriver", "DriverEntry"), ("EtwRegister", None), ("PcAddAdapterDevice", "AddDevice"),
         ("ExAllocatePoolWithTag", "StartDevice"), ("ExAllocatePoolWithTag", "StartDevice"),
         ("PcRegisterAdapterPowerManagement", "StartDevice"), ("PcNewPort", "StartDevice"), ("PcNewServiceGroup", "Init"),
         ("PcNewInterruptSync", "Init"), ("PcRegisterSubdevice", "StartDevice")]
ONE_MORE = len(CALLS) + 1
TIMEOUT = 0x102


class Starting(OwnDriver):
    @classmethod
    def setUpClass(cls):
        test = cls("runTest")
        test.setUp()
        score = test.score
        score.close(FILTER)
        score.remove_device()
        cls.tries = []
        for n in range(1, ONE_MORE + 1):
            score.device(FAIL_CALL, n)
            failing = score.device(ADD_DEVICE, flags=MAY_FAIL)
            fired = score.device(FAIL_CALL, 0, flags=MAY_FAIL)
            again = score.device(ADD_DEVICE, flags=MAY_FAIL)
            cls.tries.append((failing, fired, again, score.remove_device()))
        score.device(ADD_DEVICE)
        score.open_filter(FILTER)
        test.open_render()
        test.write(b"\x90\x3c\x40")
        score.wait_writes(RENDER)
        score.set_state(RENDER, PAUSE)
        cls.run_ = test.play()

    def runTest(self):
        pass

    def test_every_call_that_can_fail_is_tried_and_there_is_no_other(self):
        failed = re.findall(r"(\w+) fails for the driver, as the score asked", self.run_.text)
        self.assertEqual(failed, [name for name, _ in CALLS])
        for step, status in [(fired, SUCCESS) for _, fired, _, _ in self.tries[:-1]] + [(self.tries[-1][1], NOT_FOUND)]:
            self.assertStatus(self.run_, step, status)

    def test_the_failure_is_the_status_of_the_callback_and_of_the_request(self):
        for (name, callback), (failing, _, _, _) in zip(CALLS, self.tries):
            with self.subTest(name):
                self.assertStatus(self.run_, failing, INSUFFICIENT_RESOURCES if callback else SUCCESS)
                left = [(eventlog.CALLBACKS[r.a], r.b) for r in between(self.run_, failing, failing) if r.kind == "CALL_LEAVE"]
                failures = [where for where, status in left if status == INSUFFICIENT_RESOURCES]
                self.assertEqual(failures[:1], [callback] if callback else [])

    def test_without_event_tracing_the_driver_works_and_says_nothing_to_it(self):
        failing, _, _, removed = self.tries[1]
        kinds = {r.kind for r in between(self.run_, failing, removed)}
        self.assertNotIn("ETW_EVENT", kinds)

    def test_the_device_starts_afterwards_each_time_and_plays(self):
        for (name, callback), (_, _, again, removed) in zip(CALLS, self.tries):
            with self.subTest(name):
                self.assertStatus(self.run_, again, SUCCESS if callback else INVALID_DEVICE_STATE)  # that one has started
                self.assertStatus(self.run_, removed, SUCCESS)
        self.assertEqual(wire_out(self.run_), b"\x90\x3c\x40")

    def test_nothing_is_left_behind(self):
        self.assertEqual(self.run_.findings(), [])
        providers = [r.c >> 63 for r in self.run_.of("ETW_PROVIDER")]
        self.assertEqual(providers, [0, 1] * (len(providers) // 2) + [0], "each is taken back before the next; the last is in use")
        self.assertNotIn("still attached", self.run_.text)


class PortCls(OwnDriver):
    """What the driver sees as calls of PortCls that fail (IInterruptSync::Connect among them): whatever portcls.sys and
    ks.sys ask of the kernel fails once. Some forty of them in two boots; the bounds are there to notice when there are
    more."""

    def tried(self, most, request, undo):
        """[(step of the request, step that says whether the failure came)]; `undo` leaves all as it was before."""
        steps = []
        for n in range(1, most + 1):
            self.score.device(FAIL_PORT_CALL, n)
            first = request(n)
            steps.append((first, self.score.device(FAIL_PORT_CALL, 0, flags=MAY_FAIL)))
            undo(n)
        return steps

    def judged(self, run, steps, survived=()):
        """How many calls failed; all of them failed the request, but for `survived`, the names of those that did not."""
        came = [run.status_of(fired) == SUCCESS for _, fired in steps]
        count = came.index(False)
        self.assertEqual(came, [True] * count + [False] * (len(came) - count), "the same each time, and then no more")
        asked = re.findall(r"(\w+) fails for portcls.sys or ks.sys, as the score asked", run.text)
        self.assertEqual(len(asked), count)
        seen = [name for name, (step, _) in zip(asked, steps) if run.status_of(step) == SUCCESS]
        self.assertEqual(seen, list(survived))
        self.assertEqual({run.status_of(step) for step, _ in steps[:count]} - {SUCCESS}, {INSUFFICIENT_RESOURCES})
        for step, _ in steps[count:]:
            self.assertStatus(run, step, SUCCESS)
        self.assertEqual(run.findings(), [])
        return asked

    def test_a_start_in_which_any_call_of_portcls_gets_no_memory_is_refused_and_the_next_one_is_not(self):
        self.score.close(FILTER)
        self.score.remove_device()
        again = []

        def undo(_):
            again.append(self.score.device(ADD_DEVICE, flags=MAY_FAIL))
            self.score.remove_device()

        steps = self.tried(48, lambda _: self.score.device(ADD_DEVICE, flags=MAY_FAIL), undo)
        run = self.play()
        # IPort::RegisterServiceGroup, which returns nothing: nobody can tell.
        asked = self.judged(run, steps, survived=["ExAllocatePoolWithTag"])
        self.assertGreater(len(asked), 15)
        self.assertEqual([name for name in asked if name != "ExAllocatePoolWithTag"],
                         ["IoCreateDevice", "KsAllocateDeviceHeader", "IoConnectInterrupt", *["IoRegisterDeviceInterface"] * 3])
        for (first, _), step in zip(steps, again):
            self.assertStatus(run, step, INVALID_DEVICE_STATE if run.status_of(first) == SUCCESS else SUCCESS)

    def test_a_pin_for_which_portcls_gets_no_memory_is_refused_and_the_next_one_is_not(self):
        def undo(n):
            self.score.close(3 + n % 2, flags=MAY_FAIL)
            self.score.open_pin(5 + n % 2, FILTER, RENDER_PIN if n % 2 else CAPTURE_PIN)
            self.score.close(5 + n % 2)

        steps = self.tried(24, lambda n: self.score.open_pin(3 + n % 2, FILTER, RENDER_PIN if n % 2 else CAPTURE_PIN,
                                                             flags=MAY_FAIL), undo)
        run = self.play()
        self.assertGreater(len(self.judged(run, steps)), 3)


class Living(OwnDriver):
    """From the opening of two streams to their end, D3, sleep and a stop in between. One life after the other in one boot, in
    each the n-th of the calls that can fail does; when there is no n-th the life is as it is without."""

    NOTE = b"\x90\x3c\x40"

    def live(self):
        """One life; its steps. Any of them may fail: what is open, and in which state, depends on what failed before."""
        score, steps = self.score, []

        def stream():
            for pin, slot in ((RENDER_PIN, RENDER), (CAPTURE_PIN, CAPTURE)):
                steps.append(score.open_pin(slot, FILTER, pin, flags=MAY_FAIL))
            for state in (ACQUIRE, PAUSE):
                steps.extend(score.set_state(slot, state, flags=MAY_FAIL) for slot in (RENDER, CAPTURE))
            steps.append(score.read_start(CAPTURE, flags=MAY_FAIL))
            steps.extend(score.set_state(slot, RUN, flags=MAY_FAIL) for slot in (RENDER, CAPTURE))
            write()

        def write():
            steps.append(self.write(self.NOTE, flags=MAY_FAIL))
            steps.append(score.wait_writes(RENDER, flags=MAY_FAIL))

        def power(*requests):
            steps.extend(score.device(request, argument, flags=MAY_FAIL) for request, argument in requests)

        stream()
        power((SET_POWER, 4), (SET_POWER, 1))
        write()
        power((SLEEP, 4), (WAKE, 0))
        write()
        steps.append(score.read_stop(CAPTURE, flags=MAY_FAIL))
        for state in (PAUSE, ACQUIRE, STOP):
            steps.extend(score.set_state(slot, state, flags=MAY_FAIL) for slot in (RENDER, CAPTURE))
        steps.extend(score.close(slot, flags=MAY_FAIL) for slot in (CAPTURE, RENDER))
        return steps

    def lives(self, request, most):
        """Lives in which the n-th call fails, for each n up to `most`, then one without: the run, [(steps, whether the call
        came)], steps of the last."""
        tried = []
        for n in range(1, most + 1):
            self.score.device(request, n)
            steps = self.live()
            tried.append((steps, self.score.device(request, 0, flags=MAY_FAIL)))
        last = self.live()
        self.score.close(FILTER)
        self.score.remove_device()
        run = self.play()
        return run, [(steps, run.status_of(fired) == SUCCESS) for steps, fired in tried], last

    def judged(self, run, tried, last):
        """How many calls failed. After each the next life is whole, and nothing is left behind in the end."""
        came = [fired for _, fired in tried]
        count = came.index(False)
        self.assertEqual(came, [True] * count + [False] * (len(came) - count), "the same in each life, and then no more")
        for steps in [steps for steps, _ in tried[count:]] + [last]:
            for step in steps:
                self.assertStatus(run, step, SUCCESS)
        self.assertEqual(run.findings(), [])
        self.assertIn(self.NOTE * 3, wire_out(run))
        return count

    def test_all_that_the_driver_asks_for_while_it_streams_and_while_power_goes_and_comes_fails_once(self):
        run, tried, last = self.lives(FAIL_CALL, 5)
        count = self.judged(run, tried, last)
        asked = re.findall(r"(\w+) fails for the driver, as the score asked", run.text)
        self.assertEqual(asked, ["ExAllocatePoolWithTag"] * 2, "a stream each; nothing is asked for in streaming or for power")
        self.assertEqual(count, len(asked))
        for (steps, _), pin in zip(tried, (0, 1)):
            self.assertStatus(run, steps[pin], INSUFFICIENT_RESOURCES)

    def test_all_that_portcls_asks_for_while_streams_run_and_power_goes_and_comes_fails_once(self):
        run, tried, last = self.lives(FAIL_PORT_CALL, 48)
        count = self.judged(run, tried, last)
        asked = re.findall(r"(\w+) fails for portcls.sys or ks.sys, as the score asked", run.text)
        self.assertEqual(len(asked), count)
        self.assertGreater(count, 30)
        self.assertEqual(set(asked), {"ExAllocatePoolWithTag", "KsAllocateObjectHeader", "IoAllocateMdl", "PoRequestPowerIrp"})
        for n, (name, (steps, _)) in enumerate(zip(asked, tried), 1):
            seen = {run.status_of(step) for step in steps}
            with self.subTest(f"life {n}: {name}"):
                if name == "PoRequestPowerIrp":  # the device sleeps on: what is written waits until its pin goes
                    self.assertLessEqual(seen, {SUCCESS, TIMEOUT, CANCELLED})
                else:
                    self.assertIn(INSUFFICIENT_RESOURCES, seen)


class Opening(OwnDriver):
    def test_a_stream_that_gets_no_memory_is_refused_and_the_next_one_is_not(self):
        steps = []
        for slot, pin in ((RENDER, RENDER_PIN), (CAPTURE, CAPTURE_PIN)):
            self.score.device(FAIL_CALL, 1)
            steps.append((self.score.open_pin(slot + 5, FILTER, pin, flags=MAY_FAIL), INSUFFICIENT_RESOURCES))
            steps.append((self.score.device(FAIL_CALL, 0, flags=MAY_FAIL), SUCCESS))
            self.score.device(FAIL_CALL, 2)
            steps.append((self.score.open_pin(slot, FILTER, pin, flags=MAY_FAIL), SUCCESS))
            steps.append((self.score.device(FAIL_CALL, 0, flags=MAY_FAIL), NOT_FOUND))  # there is no second call
            self.score.close(slot)
        self.open_render()
        self.write(b"\xc0\x05")
        self.score.wait_writes(RENDER)
        self.score.set_state(RENDER, PAUSE)
        self.score.close(RENDER)
        self.score.close(FILTER)
        self.score.remove_device()
        run = self.play()
        for step, status in steps:
            self.assertStatus(run, step, status)
        self.assertEqual(wire_out(run), b"\xc0\x05")
        self.assertEqual(run.findings(), [])


if __name__ == "__main__":
    unittest.main()
