#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`mpulab play --gdb`: a real gdb attaches by the printed line, stops in the driver by symbol, lets go, and the run still
passes."""
import re
import shlex
import subprocess
import threading
import unittest

import eventlog
import mpulab


class Debugger(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.out = scratch.path / "out"

    def attach_line(self, playing):
        """Reads what mpulab prints until the line that starts a debugger; the rest is drained so that it never blocks."""
        lines, found = [], threading.Event()

        def drain(stream):
            for line in stream:
                lines.append(line.rstrip("\n"))
                if re.search(r"\bgdb\S* .*-x \S+", line):
                    found.set()

        for stream in (playing.process.stdout, playing.process.stderr):
            threading.Thread(target=drain, args=(stream,), daemon=True).start()
        self.assertTrue(found.wait(60), "no attach line within 60 s:\n" + "\n".join(lines))
        line = next(line for line in lines if re.search(r"\bgdb\S* .*-x \S+", line))
        return shlex.split(line[re.search(r"\S*gdb\S* ", line).start() :]), lines

    def test_gdb_attaches_by_the_printed_line_and_stops_in_the_driver_by_symbol(self):
        playing = mpulab.Playing(mpulab.SONG, self.out, "--gdb")
        self.addCleanup(playing.process.kill)
        attach, lines = self.attach_line(playing)
        batch = [attach[0], "-nx", "-batch", *attach[1:]]
        for command in ("info registers rip", "break DriverEntry", "continue", "printf \"stopped at %#lx\\n\", $pc",
                        "info symbol $pc", "backtrace 3", "delete", "detach"):
            batch += ["-ex", command]
        done = subprocess.run(batch, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        seen = done.stdout + done.stderr
        self.assertRegex(seen, r"Breakpoint 1(\.\d+)?, (0x[0-9a-f]+ in )?DriverEntry .*adapter\.cpp:\d+", seen)
        self.assertNotIn("No such file", seen)
        self.assertRegex(seen, r"DriverEntry.* in section .*" + mpulab.bundled_driver().stem, seen)

        playing.process.wait(timeout=60)
        self.assertEqual(playing.process.returncode, mpulab.PASSED, "\n".join(lines))
        run = mpulab.Run(0, "", "", self.out)
        # Where gdb stopped lies where the log says the driver is.
        stopped = int(re.search(r"stopped at (0x[0-9a-f]+)", seen).group(1), 16)
        self.assertTrue(eventlog.inside(eventlog.modules(run.records), mpulab.bundled_driver().name, stopped))
        self.assertEqual(mpulab.machines_of(self.out), [])

    def test_a_held_run_can_be_interrupted_and_leaves_nothing(self):
        playing = mpulab.Playing(mpulab.SONG, self.out, "--gdb")
        self.addCleanup(playing.process.kill)
        self.attach_line(playing)
        playing.process.terminate()
        playing.process.wait(timeout=20)
        self.assertEqual(playing.process.returncode, mpulab.INTERRUPTED)
        mpulab.wait_for(lambda: not mpulab.machines_of(self.out), 5, "QEMU's end")
        self.assertEqual(mpulab.sockets_under(self.out.parent), [])


if __name__ == "__main__":
    mpulab.main()
