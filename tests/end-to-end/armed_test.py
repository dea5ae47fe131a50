#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A run whose guest has a broken checker is no green run: in a copy of nanont's modules one checker is made to do nothing, as
a mistake in it might, and the run is the bench's error that names rule and family."""
import pathlib
import os
import shutil
import struct
import subprocess
import unittest

import mpulab

NANONT = mpulab.BUILD / "guest-images/nanont"
NOTE = mpulab.ROOT / "tests/scenarios/output/note.yaml"
RETURN = b"\xc3"  # ret
CHECKERS = {  # function of the kernel, the rule it judges, the family
    "nanont::vf::lock_taken(": ("V08", "deadlock"),
    "nanont::mm::tell_unfreed_blocks(": ("V20", "tracking"),
}


def file_offset(image, address):
    """Where in a PE file an address of its symbols lies."""
    pe = struct.unpack_from("<I", image, 0x3c)[0]
    sections, optional = struct.unpack_from("<H", image, pe + 6)[0], struct.unpack_from("<H", image, pe + 20)[0]
    rva = address - struct.unpack_from("<Q", image, pe + 24 + 24)[0]
    for at in range(pe + 24 + optional, pe + 24 + optional + 40 * sections, 40):
        size, start, _, raw = struct.unpack_from("<IIII", image, at + 8)
        if start <= rva < start + size:
            return raw + rva - start
    raise AssertionError(f"{address:#x} lies in no section")


def address_of(function):
    lines = subprocess.run(["x86_64-w64-mingw32-nm", "-C", NANONT / "unstripped/ntoskrnl.exe.unstripped"], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    found = [int(line.split()[0], 16) for line in lines if line.split(None, 2)[2:] and line.split(None, 2)[2].startswith(function)]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} functions of ntoskrnl.exe are {function}…; name one that is there in CHECKERS")
    return found[0]


class Armed(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path

    def modules_with(self, function, code):
        """nanont's modules, `function` beginning with `code`."""
        folder = self.folder / "modules"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in ("ntoskrnl.exe", "hal.dll", "ks.sys", "portcls.sys", "agent.sys"):
            shutil.copy(NANONT / name, folder)
        kernel = bytearray((folder / "ntoskrnl.exe").read_bytes())
        at = file_offset(kernel, address_of(function))
        kernel[at:at + len(code)] = code
        (folder / "ntoskrnl.exe").write_bytes(kernel)
        return folder

    def run_note(self, modules):
        return subprocess.run([mpulab.MPULAB, "run", NOTE, "--cold"], cwd=self.folder, capture_output=True, text=True, timeout=60,
                              env={**os.environ, "MPULAB_MODULES": str(modules)}, stdin=subprocess.DEVNULL)

    def test_a_guest_with_a_broken_checker_makes_the_run_the_benchs_error_and_names_its_family(self):
        for function, (rule, family) in CHECKERS.items():
            with self.subTest(function):
                done = self.run_note(self.modules_with(function, RETURN))
                self.assertEqual(done.returncode, mpulab.ERROR, done.stdout + done.stderr)
                self.assertRegex(done.stdout, rf"why +armed: planted defects that no checker told.*: {rule}, any of {family};")

    def test_the_same_guest_with_its_checkers_as_they_are_is_armed(self):
        function = next(iter(CHECKERS))
        first = pathlib.Path(NANONT / "ntoskrnl.exe").read_bytes()
        same = first[file_offset(first, address_of(function))]
        done = self.run_note(self.modules_with(function, bytes([same])))
        self.assertEqual(done.returncode, mpulab.PASSED, done.stdout + done.stderr)


if __name__ == "__main__":
    mpulab.main()
