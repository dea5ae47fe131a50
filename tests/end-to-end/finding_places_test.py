#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A finding says where in the driver's source: function, file and line, from the symbols of either ABI."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest
import xml.etree.ElementTree

import mpulab

ABI = os.environ.get("MPULAB_ABI", "mingw")
DRIVERS = mpulab.BUILD / "tests/guest-images/test_drivers" / ABI / "ntoskrnl"
SOURCES = mpulab.ROOT / "tests/guest-images/ntoskrnl"
LEAVE_IT_ALONE = "scenario: left alone\nsteps:\n  - wait: 1ms\nchecks:\n  - never: BUGCHECK\n"


def lines_of(source, text):
    """Numbers of the lines of a source file that have `text`."""
    return [number for number, line in enumerate((SOURCES / source).read_text().splitlines(), 1) if text in line]


def beside(line):
    """`line`; of code that was inlined LLVM reads from a PDB now and then the line after it."""
    return (line, line + 1) if ABI == "msvc" else (line,)


class FindingPlaces(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path
        self.scenario = self.folder / "left-alone.yaml"
        self.scenario.write_text(LEAVE_IT_ALONE)

    def run_driver(self, driver, *words):
        done = subprocess.run([mpulab.MPULAB, "run", self.scenario, "--cold", "--driver", driver, *words], cwd=self.folder,
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, mpulab.FAILED, done.stdout + done.stderr)
        return done

    def result_of(self, driver):
        return json.loads(self.run_driver(driver, "--json").stdout)[0]

    def places(self, driver, rule):
        """(function without arguments and namespace, file's name, line) of the places of the first finding of `rule`."""
        finding = next(one for one in self.result_of(driver)["verifier"]["findings"] if one["rule"] == rule)
        return [(line["function"].split("(")[-2 if ")::" in line["function"] else 0].split("::")[-1],
                 pathlib.PurePath(line["file"]).name, line["line"])
                for place in finding["places"] for line in place["lines"]]

    def test_a_finding_of_the_guest_names_the_line_of_the_call_that_broke_the_rule(self):
        places = self.places(DRIVERS / "breaches/breaches.sys", "V08")
        inner, = lines_of("breaches/breaches.cpp", "KeAcquireSpinLockAtDpcLevel(&inner)")
        self.assertEqual(places[0][:2], ("take_both", "breaches.cpp"), places)
        self.assertIn(places[0][2], beside(inner), places)
        self.assertTrue(any(("take_both", "breaches.cpp", line) in places for line in beside(inner - 1)), places)

    def test_a_routine_that_a_finding_names_is_named_by_where_it_begins(self):
        places = self.places(DRIVERS / "breaches/breaches.sys", "V07")
        begins, = lines_of("breaches/breaches.cpp", "VOID NTAPI keep_lock(")
        self.assertEqual(places[0][:2], ("keep_lock", "breaches.cpp"), places)
        self.assertIn(places[0][2], (begins, begins + 1), places)

    def test_a_finding_without_an_address_of_its_own_has_the_place_from_its_stack(self):
        places = self.places(DRIVERS / "breaches/breaches.sys", "V53")
        allocates, = lines_of("breaches/breaches.cpp", "ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(T), tag)")
        self.assertEqual(places[0][1:], ("breaches.cpp", allocates), places)

    def test_a_finding_over_the_log_names_the_line_of_the_access(self):
        places = self.places(DRIVERS / "faulty/faulty-card_written_unready.sys", "V35")
        writes = lines_of("faulty/faulty.cpp", "WRITE_PORT_UCHAR(command, 0xff);")
        at = [line for _, file, line in places if file == "faulty.cpp"]
        self.assertTrue(set(at) & set(beside(writes[-1])), places)

    def test_terminal_and_junit_name_function_file_and_line(self):
        report = self.folder / "junit.xml"
        done = self.run_driver(DRIVERS / "faulty/faulty-card_written_unready.sys", "--junit", report)
        written = "|".join(map(str, beside(lines_of("faulty/faulty.cpp", "WRITE_PORT_UCHAR(command, 0xff);")[-1])))
        failure = xml.etree.ElementTree.parse(report).find(".//failure")
        for text in (done.stdout, failure.text):
            self.assertRegex(text, rf"\n    in  .*card_written_unready.*faulty\.cpp:({written})\)", text)
        self.assertRegex(failure.get("message"), rf"^findings: V35.*; in .*card_written_unready.*faulty\.cpp:({written})\)")

    def test_without_symbols_a_finding_is_told_all_the_same_by_module_and_offset(self):
        driver = self.folder / "breaches.sys"
        shutil.copy(DRIVERS / "breaches/breaches.sys", driver)
        if ABI == "mingw":
            subprocess.run(["x86_64-w64-mingw32-strip", driver], check=True)
        else:
            image = driver.read_bytes()
            self.assertIn(b"breaches.pdb", image)
            driver.write_bytes(image.replace(b"breaches.pdb", b"brXXches.pdb"))
        result = self.result_of(driver)
        places = [place for finding in result["verifier"]["findings"] for place in finding["places"]
                  if place["place"].startswith("breaches.sys+0x")]
        self.assertGreater(len(places), 10)
        self.assertEqual([line for place in places for line in place["lines"]], [])
        self.assertNotIn("; in ", result["reason"])


if __name__ == "__main__":
    mpulab.main()
