#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Songs that are none, machines that cannot be: refused before anything boots, in one line that names the thing and the
next step, with an exit code of the table, and nothing left running."""
import struct
import subprocess
import unittest

import mpulab


def chunk(kind, body):
    return kind + struct.pack(">I", len(body)) + body


def header(file_format=1, tracks=1, division=480):
    return chunk(b"MThd", struct.pack(">HHH", file_format, tracks, division))


NOTE = b"\x00\x90\x3c\x40\x60\x90\x3c\x00"
END = b"\x00\xff\x2f\x00"


class BadInput(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path

    def refused(self, song, *words, status=mpulab.ERROR, options=(), environment=None):
        """Plays it and expects one line of error with all of `words`, within seconds, and nothing left behind."""
        if isinstance(song, bytes):
            path = self.folder / "song.mid"
            path.write_bytes(song)
            song = path
        run = mpulab.play(song, self.folder / "out", *options, json_output=False, timeout=30, environment=environment)
        self.assertEqual(run.status, status, run)
        mpulab.one_line_error(self, run, *words)
        self.assertEqual(mpulab.machines_of(run.out), [])
        self.assertEqual(mpulab.sockets_under(self.folder), [])
        return run

    def test_a_text_file_is_no_midi_file(self):
        self.refused(b"Dear Sir or Madam,\nplease find enclosed no music.\n", "song.mid", "MThd")

    def test_an_empty_file_is_no_midi_file(self):
        self.refused(b"", "song.mid")

    def test_a_file_that_is_missing_is_named(self):
        self.refused(self.folder / "absent.mid", "absent.mid", "o such file")

    def test_a_folder_is_no_midi_file(self):
        self.refused(self.folder, str(self.folder))

    def test_a_header_cut_short_is_named(self):
        self.refused(header()[:10], "song.mid")

    def test_a_track_cut_short_is_named(self):
        whole = header() + chunk(b"MTrk", NOTE * 20 + END)
        self.refused(whole[:-30], "song.mid")

    def test_a_track_that_ends_inside_an_event_is_named(self):
        self.refused(header() + chunk(b"MTrk", NOTE + b"\x00\x90\x3c"), "song.mid")

    def test_format_2_is_refused_by_number(self):
        self.refused(header(2) + chunk(b"MTrk", NOTE + END), "song.mid", "format 2")

    def test_format_3_is_refused_by_number(self):
        self.refused(header(3) + chunk(b"MTrk", NOTE + END), "song.mid", "3")

    def test_a_sysex_that_says_100_mb_is_refused_by_length(self):
        length = bytes([0x80 | 104857600 >> 21, 0x80 | 104857600 >> 14 & 0x7F, 0x80 | 104857600 >> 7 & 0x7F, 0x00])
        self.refused(header() + chunk(b"MTrk", b"\x00\xf0" + length + b"\x43\x12" + END), "song.mid", "104857600")

    def test_a_song_without_a_note_is_refused_or_plays_nothing(self):
        song = self.folder / "silent.mid"
        song.write_bytes(header() + chunk(b"MTrk", END))
        run = mpulab.play(song, self.folder / "out", json_output=False)
        self.assertIn(run.status, (mpulab.PASSED, mpulab.ERROR), run)
        if run.status == mpulab.ERROR:
            mpulab.one_line_error(self, run, "silent.mid")

    def test_a_data_byte_where_a_status_belongs_is_named(self):
        self.refused(header() + chunk(b"MTrk", b"\x00\x3c\x40" + END), "song.mid")

    def test_a_division_of_zero_is_refused(self):
        self.refused(header(division=0) + chunk(b"MTrk", NOTE + END), "song.mid")

    def test_an_unknown_option_is_wrong_usage(self):
        self.refused(mpulab.SONG, "--loudness", status=mpulab.USAGE, options=["--loudness", "11"])

    def test_a_seed_that_is_no_number_of_64_bits_is_wrong_usage(self):
        for seed in ("-1", "18446744073709551616", "1x"):
            with self.subTest(seed):
                self.refused(mpulab.SONG, "--seed", f"'{seed}'", status=mpulab.USAGE, options=[f"--seed={seed}"])

    def test_a_command_that_there_is_not_is_named(self):
        done = subprocess.run([mpulab.MPULAB, "pley", "song.mid"], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, mpulab.USAGE, done)
        self.assertIn("error: there is no command 'pley'; next: take one of play, run,", done.stderr)

    def test_a_junit_file_that_cannot_be_is_told_before_the_first_run(self):
        file = self.folder / "absent" / "junit.xml"
        done = subprocess.run([mpulab.MPULAB, "run", mpulab.ROOT / "tests/scenarios/power", "--junit", file],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stdout), (mpulab.ERROR, ""), done)
        self.assertIn(f"error: --junit {file}: cannot write in {file.parent}: No such file", done.stderr)

    def test_output_that_cannot_be_written_is_an_error(self):
        for arguments in (("rules",), ("inspect", "--exports", "portcls.sys")):  # more than a buffer, and less
            with self.subTest(arguments), open("/dev/full", "w") as full:
                done = subprocess.run([mpulab.MPULAB, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
                self.assertEqual(done.returncode, mpulab.ERROR, done)
                self.assertEqual(done.stderr, "error: cannot write the output: No space left on device; "
                                              "next: make room where it goes\n")

    def test_a_card_property_that_does_not_exist_is_named(self):
        self.refused(mpulab.SONG, "colour", options=["--card", "colour=red"], status=self.usage_or_error("colour=red"))

    def test_irq_9_is_refused_with_the_reason(self):
        self.refused(mpulab.SONG, "9", options=["--card", "irq=9"], status=self.usage_or_error("irq=9"))

    def usage_or_error(self, card):
        """--card's value is judged by the command line (64) or by the card itself (2): both stand in the table."""
        run = mpulab.play(mpulab.SONG, self.folder / "probe", "--card", card, json_output=False, timeout=60)
        self.assertIn(run.status, (mpulab.USAGE, mpulab.ERROR), run)
        return run.status

    def test_no_libvirt_driver_is_named(self):
        self.refused(mpulab.SONG, "libvirt", environment={"LIBVIRT_DRIVER_DIR": str(self.folder / "no-drivers")})

    def test_a_libvirt_nobody_listens_at_is_named(self):
        self.refused(mpulab.SONG, "libvirt", options=["--connect", "qemu:///system"],
                     environment={"LIBVIRT_DEFAULT_URI": "", "XDG_RUNTIME_DIR": str(self.folder)})

    def test_no_qemu_build_is_named_with_its_path(self):
        self.refused(mpulab.SONG, "/nonexistent/qemu", "build-qemu", environment={"MPULAB_QEMU": "/nonexistent/qemu"})

    def test_a_program_that_is_not_our_qemu_is_named(self):
        self.refused(mpulab.SONG, "/bin/true", environment={"MPULAB_QEMU": "/bin/true"})

    def test_an_output_folder_that_cannot_be_made_is_named(self):
        blocker = self.folder / "out"
        blocker.write_text("a file\n")
        self.refused(mpulab.SONG, str(blocker))

    def test_a_full_disk_is_said_to_be_one(self):
        disk = self.folder / "disk"
        mpulab.small_disk(self, disk, "96k")
        run = mpulab.play(mpulab.SONG, disk / "out", json_output=False, timeout=60,
                          environment={"MPULAB_RUNTIME_DIR": str(self.folder / "r")})
        self.assertEqual(run.status, mpulab.ERROR, run)
        mpulab.one_line_error(self, run, "o space left", str(disk))
        self.assertEqual([pid for pid, line in mpulab.processes().items() if f"{self.folder}/r/" in line], [])
        self.assertEqual(mpulab.sockets_under(self.folder), [])


if __name__ == "__main__":
    mpulab.main()
