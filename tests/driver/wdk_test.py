#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The way to Microsoft's compiler and the WDK, as far as it goes without either: it is configured with clang-cl against a
kit of empty files, and what the driver has for that compiler alone is read by clang-cl. That it builds has not been seen."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

DRIVER = pathlib.Path(__file__).resolve().parents[2] / "driver"
TOOLS = {"cl": "clang-cl-14", "link": "lld-link", "rc": "llvm-rc", "mt": "llvm-mt"}
STUB = """
extern "C" {
char _InterlockedExchange8(volatile char*, char);
long _InterlockedExchange(volatile long*, long);
long _InterlockedExchangeAdd(volatile long*, long);
}
"""
USE = """
#include "atomic.hpp"
bool f(Atomic<bool>& a, Atomic<unsigned>& b) { b.add(2); a.store_release(b.load_acquire() != 0); return a.exchange(true); }
unsigned g(Atomic<unsigned>& b) { return b.exchange(3) + b.load_relaxed(); }
"""


class Wdk(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        (self.folder / "bin").mkdir()
        for name, tool in TOOLS.items():
            found = next(pathlib.Path(place) / tool for place in os.environ["PATH"].split(":")
                         if (pathlib.Path(place) / tool).exists())
            (self.folder / "bin" / name).symlink_to(found)

    def configure(self, version="10.0.1.0\\"):
        return subprocess.run(
            ["cmake", "-S", DRIVER / "mpusynth", "-B", self.folder / "build", "-G", "Ninja", "-DCMAKE_SYSTEM_NAME=Windows",
             "-DCMAKE_CXX_COMPILER_WORKS=ON", "-DCMAKE_BUILD_TYPE=Release", "--toolchain", DRIVER / "cmake/wdk-x64.cmake"],
            env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "WindowsSdkDir": f"{self.folder}/kit/",
                 "WindowsSDKVersion": version}, capture_output=True, text=True, timeout=100)

    def test_it_is_configured_for_a_kernel_image_and_nothing_of_a_program_is_in_it(self):
        header = self.folder / "kit/Include/10.0.1.0/km/ntddk.h"
        header.parent.mkdir(parents=True)
        header.touch()
        done = self.configure()
        self.assertEqual(done.returncode, 0, done.stderr)
        ninja = (self.folder / "build/build.ninja").read_text()
        compiled = re.findall(r"^build \S+: CXX_COMPILER.*\n(?:  (?!FLAGS).*\n)*  FLAGS = (.*)$", ninja, re.M)
        self.assertGreater(len(compiled), 10)
        for flags in compiled:
            self.assertIn("/kernel", flags)
            for wrong in ("/EH", " /GR ", "/MD", "/MT"):
                self.assertNotIn(wrong, flags + " ")
        (libraries,) = re.findall(r"^  LINK_LIBRARIES = (.*)$", ninja, re.M)
        self.assertEqual(libraries.split(), ["BufferOverflowK.lib", "ntoskrnl.lib", "hal.lib", "portcls.lib", "stdunk.lib"])
        (link,) = re.findall(r"^  LINK_FLAGS = (.*)$", ninja, re.M)
        self.assertEqual(re.findall(r"/subsystem:\S+", link), ["/subsystem:native,6.01"])
        self.assertIn("mpusynth.rc", ninja)

    def test_without_the_kit_it_says_what_is_missing_and_what_to_do(self):
        done = self.configure("10.0.2.0\\")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("the WDK is not there", done.stderr)
        self.assertIn("next:", done.stderr)

    def test_what_is_for_that_compiler_alone_is_understood(self):
        (self.folder / "intrin.h").write_text(STUB)
        (self.folder / "use.cpp").write_text(USE)
        done = subprocess.run([self.folder / "bin/cl", "--target=x86_64-pc-windows-msvc", "/std:c++20", "/W4", "/WX", "/c",
                               f"/I{self.folder}", f"/I{DRIVER / 'support'}", "-fsyntax-only", self.folder / "use.cpp"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)


if __name__ == "__main__":
    unittest.main()
