#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A virtual port driver without hardware (loopback.sys): its control device's IOCTLs make and destroy MIDI ports while it
runs; what a client writes to a port comes back from it (reference real-packages.md)."""
import struct

from moody_driver import *  # noqa: F403

ADD, REMOVE = ctl_code(0x800, access=2), ctl_code(0x801, access=2)
LIST, CHANGE = ctl_code(0x802, METHOD_OUT_DIRECT, access=1), ctl_code(0x803, access=1)
SUM, REVERSE = ctl_code(0x804, METHOD_IN_DIRECT, access=1), ctl_code(0x805, METHOD_NEITHER)
NOT_FOUND, NAME_COLLISION, NAME_NOT_FOUND = 0xC0000225, 0xC0000035, 0xC0000034
INVALID_DEVICE_REQUEST, BUFFER_TOO_SMALL, INFO_LENGTH_MISMATCH = 0xC0000010, 0xC0000023, 0xC0000004
INSUFFICIENT_RESOURCES, OBJECT_PATH_NOT_FOUND, IO_TIMEOUT = 0xC000009A, 0xC000003A, 0x102
UNIT = 1  # behind the machine's one card
CONTROL, FILTER, RENDER_SLOT, CAPTURE_SLOT = 0, 1, 2, 3


def number(value):
    return struct.pack("<I", value)


class Loopback(Moody):
    def setUp(self):
        super().setUp()
        self.score.open_device(CONTROL, r"\??\MpulabLoopback")

    def play(self, ports=0, end=0):
        registry = ("Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\Class\\"
                    f"{{4d36e96c-e325-11ce-bfc1-08002be10318}}\\{UNIT:04}]\n\"Ports\"=dword:{ports:08x}\n")
        return super().play(driver=guest_machine.test_driver("portcls/loopback", "loopback"), end=end, files={
            "boot.cfg": b"driver=loopback.sys\nroot=ROOT\\MPULABLOOPBACK\n", "registry.reg": registry.encode()})

    def control(self, code, data=b"", **more):
        return self.score.ioctl(CONTROL, code, data, **more)

    def open_port(self, name, first=FILTER, **more):
        return self.score.open_filter(first, unit=UNIT, reference=name, **more)

    def stream(self, name, first=FILTER):
        """Filter, render pin, capture pin in three slots, running."""
        self.open_port(name, first)
        for slot, pin in ((first + 2, CAPTURE), (first + 1, RENDER)):
            self.score.open_pin(slot, first, pin)
            if pin == CAPTURE:
                self.score.set_state(slot, PAUSE)
                self.score.read_start(slot)
            self.score.set_state(slot, RUN)

    def exchange(self, data, first=FILTER):
        self.score.write(first + 1, record(0, data))
        self.score.wait_captured(first + 2, len(data))

    def captured(self, run):
        return eventlog.text(run.records, "CAPTURED")

    # ---- ports come and go --------------------------------------------------------------------------------------------

    def test_ports_are_made_and_destroyed_by_ioctls_and_each_gives_back_what_it_is_given(self):
        before = self.open_port("Loopback5", 9, flags=MAY_FAIL)
        steps = [self.control(ADD, number(5)), self.control(ADD, number(17))]
        listed = self.control(LIST, room=32)
        self.stream("Loopback5")
        self.stream("Loopback17", 4)
        self.exchange(b"\x90\x3c\x40")
        self.exchange(b"\x80\x3c\x00", 4)
        for slot in (2, 3, 1, 5, 6, 4):
            self.score.close(slot)
        steps += [self.control(REMOVE, number(5))]
        after = self.open_port("Loopback5", 10, flags=MAY_FAIL)
        relisted = self.control(LIST, room=4)
        steps += [self.control(ADD, number(5))]
        self.stream("Loopback5", 11)
        self.exchange(b"\xf0" + bytes(range(120)) + b"\xf7", 11)
        run = self.play()
        self.assertStatuses(run, *((step, SUCCESS) for step in steps), (before, NO_SUCH_DEVICE), (after, NO_SUCH_DEVICE))
        self.assertEqual(sorted(struct.unpack("<2I", run.answer(listed)[:8])), [5, 17])
        self.assertEqual(run.answer(relisted), number(17))
        self.assertEqual(self.captured(run), b"\x90\x3c\x40\x80\x3c\x00\xf0" + bytes(range(120)) + b"\xf7")
        self.assertEqual(self.told(run, "loopback: "), ["port 5 gone"])
        self.assertEqual(run.findings(), [])

    def test_a_port_destroyed_under_its_clients_ends_their_requests_and_lives_until_the_last_handle_is_closed(self):
        self.control(ADD, number(1))
        self.stream("Loopback1")
        self.open_port("Loopback1", 7)  # a filter handle without any pin
        late = self.score.write(RENDER_SLOT, record(60_000, b"\1"), flags=MAY_FAIL)
        self.control(REMOVE, number(1))
        after = self.score.write(RENDER_SLOT, record(0, b"\2"), flags=MAY_FAIL)
        pin = self.score.open_pin(8, 7, CAPTURE, flags=MAY_FAIL)
        for slot in (CAPTURE_SLOT, RENDER_SLOT, FILTER):
            self.score.close(slot)
        before_last = self.score.marker(1)
        self.score.close(7)
        run = self.play()
        self.assertStatuses(run, (late, CANCELLED), (after, NOT_CONNECTED), (pin, NOT_CONNECTED))
        gone = [r.seq for r in run.of("TEXT") if r.data.startswith(b"loopback: port 1 gone")]
        self.assertEqual(len(gone), 1, f"step {before_last}\n{run}")
        self.assertGreater(gone[0], run.of("MARKER")[0].seq)

    def test_what_cannot_be_made_or_destroyed_is_refused_and_changes_nothing(self):
        steps = [(self.control(ADD, number(1)), SUCCESS)]
        for code, data, status in ((ADD, number(1), NAME_COLLISION), (ADD, number(100), INVALID_PARAMETER),
                                   (ADD, b"", INFO_LENGTH_MISMATCH), (ADD, b"12345", INFO_LENGTH_MISMATCH),
                                   (REMOVE, number(2), NOT_FOUND), (ctl_code(0x900), b"", INVALID_DEVICE_REQUEST)):
            steps.append((self.control(code, data, flags=MAY_FAIL), status))
        steps += [(self.control(ADD, number(port)), SUCCESS) for port in range(2, 9)]
        steps.append((self.control(ADD, number(9), flags=MAY_FAIL), INSUFFICIENT_RESOURCES))
        small = self.control(LIST, room=31, flags=MAY_FAIL)
        steps.append((small, BUFFER_TOO_SMALL))
        run = self.play()
        self.assertStatuses(run, *steps)

    # ---- the four transfer methods ------------------------------------------------------------------------------------

    def test_each_transfer_method_carries_bytes_in_and_out(self):
        in_direct = self.control(SUM, b"\1\2", filled=bytes([10, 20, 30]))
        neither = self.control(REVERSE, b"abcdef", room=8, filled=b"........")
        nothing = self.control(REVERSE)
        small = self.control(REVERSE, b"abc", room=2, flags=MAY_FAIL)
        run = self.play()
        self.assertEqual(run.end_of(in_direct).c, 63)
        self.assertEqual((run.answer(neither), run.end_of(neither).c), (b"fedcba..", 6))
        self.assertEqual((run.answer(nothing), run.end_of(nothing).c), (b"", 0))
        self.assertStatuses(run, (small, BUFFER_TOO_SMALL))

    # ---- requests that wait -------------------------------------------------------------------------------------------

    def test_a_request_that_waits_ends_with_the_change_it_waited_for(self):
        waiting = self.control(CHANGE, room=4, pend=True)
        added = self.control(ADD, number(3))
        self.score.wait_ioctls(CONTROL)
        run = self.play()
        self.assertStatuses(run, (waiting, SUCCESS), (added, SUCCESS))
        self.assertEqual(run.answer(waiting), number(1))

    def test_a_request_that_waits_ends_cancelled_by_its_client_by_its_close_and_by_its_time(self):
        cancelled = self.control(CHANGE, room=4, pend=True, flags=MAY_FAIL)
        self.score.cancel_io(CONTROL)
        too_long = self.control(CHANGE, room=4, timeout=20, flags=MAY_FAIL)
        self.score.open_device(9, r"\Device\MpulabLoopback")
        died = self.score.ioctl(9, CHANGE, room=4, pend=True, flags=MAY_FAIL)
        other = self.control(CHANGE, room=4, pend=True, flags=MAY_FAIL)
        self.score.close(9)  # as a client that dies
        self.score.marker(1)
        self.control(ADD, number(3))
        self.score.wait_ioctls(CONTROL)
        run = self.play()
        self.assertStatuses(run, (cancelled, CANCELLED), (too_long, IO_TIMEOUT), (died, CANCELLED), (other, SUCCESS))
        self.assertLess(run.end_of(died).seq, run.of("MARKER")[0].seq)

    # ---- names, PnP -----------------------------------------------------------------------------------------------------

    def test_a_device_or_an_interface_opens_by_its_name_and_an_absent_one_does_not(self):
        self.control(ADD, number(4))
        audio = f"{{{KSCATEGORY_AUDIO}}}"
        interface = self.score.open_device(1, rf"\??\ROOT#MPULABLOOPBACK#0001#{audio}\loopback4")
        pin = self.score.open_pin(2, 1, RENDER)
        steps = [(self.score.open_device(slot, name, flags=MAY_FAIL), status) for slot, name, status in (
            (5, r"\??\NoSuchDevice", NAME_NOT_FOUND), (6, r"\Device\MpulabLoopbac", NAME_NOT_FOUND),
            (7, rf"\??\ROOT#MPULABLOOPBACK#0001#{audio}\Loopback6", NAME_NOT_FOUND))]
        on_nothing = self.score.ioctl(5, CHANGE, flags=MAY_FAIL)
        run = self.play()
        self.assertStatuses(run, (interface, SUCCESS), (pin, SUCCESS), (on_nothing, 0xC0000008))
        for step, status in steps:
            self.assertGreaterEqual(run.status_of(step), 0xC0000000, f"step {step}, expected {status:#x}\n{run}")

    def test_a_stop_takes_the_ports_and_the_control_device_says_so_and_a_start_brings_back_what_the_registry_lists(self):
        self.control(ADD, number(7))
        self.score.device(QUERY_STOP, unit=UNIT)
        self.score.device(STOP_DEVICE, unit=UNIT)
        stopped = self.control(ADD, number(8), flags=MAY_FAIL)
        self.score.device(START_DEVICE, UNIT, unit=UNIT)
        listed = self.control(LIST, room=8)
        self.stream("Loopback1")
        self.exchange(b"\x01\x02")
        run = self.play(ports=2)
        self.assertStatuses(run, (stopped, NOT_CONNECTED))
        self.assertEqual(sorted(struct.unpack("<2I", run.answer(listed))), [0, 1])
        self.assertEqual(self.captured(run), b"\x01\x02")

    def test_a_control_handle_that_outlives_the_device_keeps_the_driver_until_it_is_closed(self):
        waiting = self.control(CHANGE, room=4, pend=True)
        removed = self.score.remove_device(UNIT)
        self.score.wait_ioctls(CONTROL)
        after = self.control(ADD, number(1), flags=MAY_FAIL)
        self.score.marker(1)
        self.score.close(CONTROL)
        self.score.delay_ms(1)
        back = self.score.device(ADD_DEVICE, unit=UNIT)
        self.score.open_device(CONTROL, r"\??\MpulabLoopback")
        self.control(ADD, number(1))
        self.stream("Loopback1")
        self.exchange(b"\x01")
        run = self.play()
        self.assertStatuses(run, (waiting, SUCCESS), (removed, SUCCESS), (after, NOT_CONNECTED), (back, SUCCESS))
        unload = next(r for r in run.of("TEXT") if r.data.startswith(b"loopback: unload"))
        self.assertGreater(unload.seq, run.of("MARKER")[0].seq)
        self.assertEqual(self.captured(run), b"\x01")


if __name__ == "__main__":
    unittest.main()
