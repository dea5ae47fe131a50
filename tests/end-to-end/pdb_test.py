#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A crash in an image of the MSVC ABI: function and line come from its PDB, if GUID and age are those of the image."""
import shutil
import subprocess
import unittest

import mpulab

SOURCE = """extern "C" __declspec(dllimport) void KeBugCheckEx(unsigned, unsigned long long, unsigned long long, unsigned long long,
                                                   unsigned long long);
__attribute__((noinline)) void give_up(void* driver) { KeBugCheckEx(0xe2, (unsigned long long)driver, 0, 0, 0); }
extern "C" int DriverEntry(void* driver, void*) {
    give_up(driver);
    return 1;
}
"""


@unittest.skipUnless(shutil.which("lld-link") and shutil.which("clang"), "clang and lld-link make the image")
class Pdb(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path

    def build(self, extra=""):
        work = self.folder / "build"
        work.mkdir(exist_ok=True)
        (work / "quit.cpp").write_text(SOURCE + extra)
        (work / "nt.def").write_text("LIBRARY ntoskrnl.exe\nEXPORTS\n  KeBugCheckEx\n")

        def run(*words):
            subprocess.run(words, cwd=work, check=True, capture_output=True)

        run("x86_64-w64-mingw32-dlltool", "-d", "nt.def", "-l", "nt.lib")
        run("clang", "--target=x86_64-pc-windows-msvc", "-g", "-gcodeview", "-O1", "-ffreestanding", "-c", "quit.cpp", "-o", "quit.obj")
        run("lld-link", "/driver", "/subsystem:native", "/entry:DriverEntry", "/debug", "/nodefaultlib", "/dynamicbase", "/out:quit.sys",
            "quit.obj", "nt.lib")
        return work

    def crash(self, folder):
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--driver", folder / "quit.sys")
        self.assertEqual(run.result["verdict"], "crash", run)
        return run.result["crash"]

    def moved(self, work, *names):
        folder = self.folder / "elsewhere"
        folder.mkdir(exist_ok=True)
        for name in names:
            shutil.move(work / name, folder / name)
        return folder

    def test_function_and_line_come_from_the_pdb_beside_the_image(self):
        work = self.build()
        crash = self.crash(self.moved(work, "quit.sys", "quit.pdb"))
        self.assertEqual(crash["name"], "MANUALLY_INITIATED_CRASH")
        lines = [(line["function"].split("(")[0], line["line"]) for frame in crash["frames"] for line in frame["lines"]]
        self.assertIn(("give_up", 3), lines, crash)
        self.assertIn(("DriverEntry", 5), lines, crash)

    def test_a_pdb_of_another_build_is_not_believed(self):
        folder = self.moved(self.build(), "quit.sys", "quit.pdb")
        other = self.build(extra="int more;\n")
        shutil.copy(other / "quit.pdb", folder / "quit.pdb")
        (other / "quit.pdb").unlink()
        crash = self.crash(folder)
        self.assertEqual([line for frame in crash["frames"] for line in frame["lines"] if frame["place"].startswith("quit")], [])
        self.assertTrue(any("is of another build" in line for line in crash["symbols"]), crash["symbols"])

    def test_a_pdb_that_is_missing_is_named(self):
        work = self.build()
        (work / "quit.pdb").unlink()
        crash = self.crash(work)
        self.assertTrue(any(line.startswith("quit.sys: looked for quit.pdb {") for line in crash["symbols"]), crash["symbols"])


if __name__ == "__main__":
    mpulab.main()
