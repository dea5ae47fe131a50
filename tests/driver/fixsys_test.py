#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""driver/support/tools/fixsys.py: what it changes, and everything it must refuse."""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

FIXSYS = os.environ["MPULAB_FIXSYS"]
OPTIONAL = 0x80 + 24  # where the optional header of image() begins
SECTIONS = OPTIONAL + 0xF0


def image(sections, machine=0x8664, magic=0x20B, subsystem=1, count=None):
    """A small PE image: (name, flags, contents) for each section."""
    header = bytearray(0x400)
    header[0:2] = b"MZ"
    struct.pack_into("<I", header, 0x3C, 0x80)
    header[0x80:0x84] = b"PE\0\0"
    struct.pack_into("<HHI", header, 0x84, machine, len(sections) if count is None else count, 0x12345678)
    struct.pack_into("<HH", header, 0x94, 0xF0, 0x22)
    struct.pack_into("<H", header, OPTIONAL, magic)
    struct.pack_into("<H", header, OPTIONAL + 68, subsystem)
    body = b""
    for index, (name, flags, contents) in enumerate(sections):
        padded = contents + b"\0" * (-len(contents) % 0x200)
        struct.pack_into("<8sIIIIIIHHI", header, SECTIONS + 40 * index, name, len(contents), 0x1000 * (index + 1),
                         len(padded), len(header) + len(body), 0, 0, 0, 0, flags)
        body += padded
    return bytes(header) + body


def flags_of(data, index):
    return struct.unpack_from("<I", data, SECTIONS + 40 * index + 36)[0]


class Fixsys(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_on(self, data):
        source, target = self.folder / "in.sys", self.folder / "out.sys"
        source.write_bytes(data)
        done = subprocess.run([sys.executable, FIXSYS, source, target], capture_output=True, text=True, timeout=60)
        return done, target

    def fixed(self, data):
        done, target = self.run_on(data)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return target.read_bytes()

    def refused(self, data, words):
        done, target = self.run_on(data)
        self.assertEqual(done.returncode, 1)
        self.assertIn(words, done.stderr)
        self.assertIn("next:", done.stderr)
        self.assertFalse(target.exists(), "a refused image left a file behind")

    def test_code_stays_resident_and_init_can_be_discarded(self):
        data = self.fixed(image([(b".text", 0x60500060, b"\xc3"), (b"INIT", 0x60500020, b"\xc3"),
                                 (b".data", 0xC0600040, b"x"), (b".reloc", 0x42300040, b"y"),
                                 (b"PAGE", 0x60500020, b"\xc3")]))
        self.assertEqual([hex(flags_of(data, index)) for index in range(5)],
                         ["0x68000020", "0x62000020", "0xc8000040", "0x42000040", "0x60000020"])

    def test_resources_become_read_only_and_may_be_paged_out(self):
        data = self.fixed(image([(b".text", 0x60500020, b"\xc3"), (b".rsrc", 0xC0300040, b"x")]))
        self.assertEqual(hex(flags_of(data, 1)), "0x40000040")

    def test_the_time_stamp_becomes_zero_and_the_checksum_follows(self):
        data = self.fixed(image([(b".text", 0x60000020, bytes(range(256)) * 3)]))
        self.assertEqual(struct.unpack_from("<I", data, 0x88)[0], 0)
        field = OPTIONAL + 64
        total = 0
        for offset in range(0, len(data), 2):
            if not field <= offset < field + 4:
                total += data[offset] | data[offset + 1] << 8
        while total > 0xFFFF:
            total = (total & 0xFFFF) + (total >> 16)
        self.assertEqual(struct.unpack_from("<I", data, field)[0], total + len(data))

    def test_what_is_fixed_already_stays_as_it_is(self):
        once = self.fixed(image([(b".text", 0x60500060, b"\xc3"), (b".data", 0xC0600040, b"x")]))
        self.assertEqual(self.fixed(once), once)

    def test_an_image_of_odd_length_is_summed_to_its_last_byte(self):
        good = image([(b".text", 0x60000020, b"\xc3")])
        one, other = self.fixed(good + b"\x01"), self.fixed(good + b"\x02")
        self.assertNotEqual(one[OPTIONAL + 64 : OPTIONAL + 68], other[OPTIONAL + 64 : OPTIONAL + 68])

    def test_a_text_file_is_refused(self):
        self.refused(b"#!/bin/sh\necho no driver\n", "expected b'MZ'")

    def test_an_empty_file_is_refused(self):
        self.refused(b"", "starts with b''")

    def test_a_file_cut_off_anywhere_is_refused(self):
        good = image([(b".text", 0x60000020, b"\xc3"), (b".data", 0xC0000040, b"x")])
        for size in (2, 0x3E, 0x82, 0x90, OPTIONAL + 1, OPTIONAL + 69, SECTIONS + 79, 0x400, len(good) - 1):
            with self.subTest(size=size):
                self.refused(good[:size], "in.sys is no driver image")

    def test_an_offset_beyond_the_file_is_refused(self):
        data = bytearray(image([(b".text", 0x60000020, b"\xc3")]))
        struct.pack_into("<I", data, 0x3C, 0xFFFFFFF0)
        self.refused(bytes(data), "no PE signature")

    def test_a_section_that_is_writable_and_executable_is_refused(self):
        self.refused(image([(b".text", 0xE0000020, b"\xc3")]), "writable and executable")

    def test_a_section_without_any_permission_is_refused(self):
        self.refused(image([(b".odd", 0x00000040, b"x")]), "neither readable, writable nor executable")

    def test_a_program_for_another_subsystem_is_refused(self):
        self.refused(image([(b".text", 0x60000020, b"\xc3")], subsystem=3), "subsystem 3")

    def test_an_image_for_another_machine_is_refused(self):
        self.refused(image([(b".text", 0x60000020, b"\xc3")], machine=0xAA64), "machine 0xaa64")

    def test_a_header_of_the_other_bitness_is_refused(self):
        self.refused(image([(b".text", 0x60000020, b"\xc3")], magic=0x10B), "optional header 0x10b")

    def test_no_section_and_too_many_are_refused(self):
        self.refused(image([], count=0), "0 sections")
        self.refused(image([], count=2000), "2000 sections")

    def test_a_missing_file_is_named(self):
        done = subprocess.run([sys.executable, FIXSYS, "/nonexistent.sys", self.folder / "out.sys"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent.sys: No such file", done.stderr)

    def test_wrong_usage_exits_with_64(self):
        done = subprocess.run([sys.executable, FIXSYS], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 64)
        self.assertIn("usage:", done.stderr)


if __name__ == "__main__":
    unittest.main()
