#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What happens when a process dies, a signal comes or a guest never starts: one line, the right exit code, and nothing
left running."""
import fcntl
import json
import os
import signal
import subprocess
import termios
import unittest

import eventlog
import mpulab

LONG_SONG = mpulab.SONGS / "three-minutes.mid"


class Trouble(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path
        self.out = self.folder / "out"

    def nothing_is_left(self, within=5):
        mpulab.wait_for(lambda: not mpulab.machines_of(self.out), within, "QEMU's end")
        self.assertEqual(mpulab.sockets_under(self.folder), [])

    def start(self, under=()):
        """A run whose machine is up and has made records."""
        playing = mpulab.Playing(LONG_SONG, self.out, under=under)
        self.addCleanup(playing.process.kill)
        machine = playing.machine()
        mpulab.wait_for(lambda: mpulab.log_size(self.out) > 64 * 100, 30, "100 records")
        return playing, machine

    def test_a_qemu_that_is_killed_ends_the_run_with_an_error(self):
        playing, machine = self.start()
        os.kill(machine, signal.SIGKILL)
        run = playing.finish(timeout=20)
        self.assertEqual(run.status, mpulab.ERROR, run)
        mpulab.one_line_error(self, run, "QEMU", "killed by signal 9")
        self.nothing_is_left()
        # What was recorded stays readable.
        self.assertGreater(len(eventlog.read(run.file(mpulab.EVENT_LOG))), 100)

    def test_a_harness_that_is_killed_takes_its_qemu_with_it(self):
        playing, machine = self.start()
        playing.kill()
        mpulab.wait_for(lambda: machine not in mpulab.processes(), 5, "QEMU's end")
        # The dead run's sockets go with the next run that starts.
        after = mpulab.play(mpulab.SONG, self.folder / "out", json_output=False)
        self.assertEqual(after.status, mpulab.PASSED, after)
        self.nothing_is_left()
        self.assertEqual([entry for entry in os.listdir(self.folder / "r") if entry.startswith("run-")], [])

    def test_a_harness_that_is_killed_while_qemu_is_stopped_leaves_nothing_after_the_next_run(self):
        playing, machine = self.start()
        os.kill(machine, signal.SIGSTOP)
        playing.kill()
        after = mpulab.play(mpulab.SONG, self.folder / "out", json_output=False)
        self.assertEqual(after.status, mpulab.PASSED, after)
        self.nothing_is_left()

    def test_ctrl_c_ends_the_run_with_130(self):
        playing, _ = self.start()
        playing.process.send_signal(signal.SIGINT)
        run = playing.finish(timeout=20)
        self.assertEqual(run.status, mpulab.INTERRUPTED, run)
        self.nothing_is_left()

    def test_a_terminal_that_goes_away_ends_the_run_with_130_and_leaves_no_folder(self):
        playing, _ = self.start()
        playing.process.send_signal(signal.SIGHUP)
        run = playing.finish(timeout=20)
        self.assertEqual(run.status, mpulab.INTERRUPTED, run)
        self.assertIn("hung up on", run.stderr)
        self.nothing_is_left()

    def test_a_terminal_that_is_gone_takes_no_result_with_it(self):
        master, terminal = os.openpty()
        process = subprocess.Popen(mpulab.command(LONG_SONG, self.out, json_output=False), stdin=terminal, stdout=terminal,
                                   stderr=terminal, start_new_session=True, env=mpulab.surroundings(self.out, {}),
                                   preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.addCleanup(process.kill)
        os.close(terminal)
        mpulab.wait_for(lambda: mpulab.log_size(self.out) > 64 * 100, 30, "100 records")
        os.close(master)
        self.assertEqual(process.wait(timeout=20), mpulab.INTERRUPTED)
        self.nothing_is_left()
        result = json.loads(mpulab.Run(mpulab.INTERRUPTED, "", "", self.out).file("result.json").read_text())
        self.assertEqual((result["verdict"], result["reason"]), ("error", "hung up on"))

    def test_under_nohup_a_run_outlives_its_terminal(self):
        playing, _ = self.start(under=["nohup"])
        playing.process.send_signal(signal.SIGHUP)
        playing.process.send_signal(signal.SIGINT)
        run = playing.finish(timeout=20)
        self.assertEqual(run.status, mpulab.INTERRUPTED, run)
        self.assertNotIn("hung up on", run.stderr)
        self.nothing_is_left()

    def interrupted(self, *arguments, **environment):
        """`mpulab ARGUMENTS`, and Ctrl-C once its machine is up."""
        process = subprocess.Popen([str(mpulab.MPULAB), *map(str, arguments)], text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                   env=mpulab.surroundings(self.out, environment))
        self.addCleanup(process.kill)

        def machines():
            return [line for line in mpulab.processes().values()
                    if "qemu-system" in line.split(" ")[0] and str(self.folder) in line]
        mpulab.wait_for(machines, 30, "a QEMU", or_stop=process.poll)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=20)
        run = mpulab.Run(process.returncode, stdout, stderr, self.out)
        self.assertEqual(run.status, mpulab.INTERRUPTED, run)
        mpulab.one_line_error(self, run, "interrupted")
        self.assertEqual(stdout, "", "half a run says nothing")
        mpulab.wait_for(lambda: not machines(), 5, "QEMU's end")

    def silent_firmware(self):
        """Nothing but "jmp $": the machine runs, the guest never says a word."""
        firmware = self.folder / "silent.rom"
        firmware.write_bytes(bytes(65520) + b"\xeb\xfe" + bytes(14))
        return str(firmware)

    def test_ctrl_c_ends_an_inspection_with_130(self):
        self.interrupted("inspect", mpulab.BUILD / "driver/package", MPULAB_FIRMWARE=self.silent_firmware())

    def test_ctrl_c_ends_a_rerun_with_130_and_leaves_no_half_log(self):
        stored = mpulab.play(LONG_SONG, self.out)
        self.assertEqual(stored.status, mpulab.PASSED, stored)
        before = sorted(os.listdir(stored.folder))
        self.interrupted("rerun", stored.folder)
        self.assertEqual(sorted(os.listdir(stored.folder)), before)

    def test_a_guest_that_never_starts_is_given_up_with_an_error(self):
        run = mpulab.play(mpulab.SONG, self.out, json_output=False, timeout=120,
                          environment={"MPULAB_FIRMWARE": self.silent_firmware(), "MPULAB_WATCHDOG_MS": "3000"})
        self.assertEqual(run.status, mpulab.ERROR, run)
        mpulab.one_line_error(self, run, "guest", "before its first record")
        self.nothing_is_left()

    def test_two_runs_at_once_do_not_touch_each_other(self):
        first = mpulab.Playing(LONG_SONG, self.out)
        second = mpulab.play(mpulab.SONG, self.folder / "out2", json_output=False)
        self.assertEqual(second.status, mpulab.PASSED, second)
        self.assertEqual(first.finish().status, mpulab.PASSED)
        self.nothing_is_left()


if __name__ == "__main__":
    mpulab.main()
