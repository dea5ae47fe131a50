#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What cannot be started or played ends the run with the right code and one line that names it: missing imports, images
that are none, drivers that refuse or hang, scores that are wrong. Nothing of it is a hang."""
import struct
import unittest

from faulty_driver import *  # noqa: F403

INVALID_IMAGE_FORMAT = 0xC000007B
NO_SUCH_FILE = 0xC000000F
INVALID_PARAMETER = 0xC000000D


def patched(data, at, code, value):
    return data[:at] + struct.pack(code, value) + data[at + struct.calcsize(code) :]


def headers(data):
    """Offsets of file header, optional header, section table."""
    pe = struct.unpack_from("<I", data, 0x3C)[0]
    optional = pe + 24
    return pe + 4, optional, optional + struct.unpack_from("<H", data, pe + 20)[0]


class Ended(Faulty):
    def ended(self, run, end, detail, *words):
        """One line, the last of the text, has all words."""
        self.assertEqual(run.end, end, run)
        self.assertEqual(f"{run.detail:#x}", f"{detail:#x}", run)
        self.assertTrue(run.text.strip(), "an end without a word")
        for word in words:
            self.assertIn(word, run.text.splitlines()[-1])
        self.assertEqual(run.of("BUGCHECK"), [], run)


class Imports(Ended):
    def test_each_missing_import_is_named_with_its_module_and_the_next_step_and_nothing_runs(self):
        run = boot("missing_imports")
        missing = ["absent.sys!AbsentFunction", "ntoskrnl.exe!KeNoSuchFunction", "ntoskrnl.exe!#77"]
        self.assertCountEqual(run.missing_imports(), missing)  # in which order, the linker says
        self.ended(run, MISSING_IMPORT, 0xC0000263, "faulty-missing_imports.sys imports 3 functions", *missing,
                   "next: ", "exports.inc")
        self.assertEqual(len(run.text.splitlines()), 1, "one report")
        self.assertNotIn("it runs although", run.text)
        self.assertEqual(run.calls("DriverEntry"), [])

    def test_a_module_taken_out_of_the_archive_is_missed_by_name(self):
        driver = guest_machine.own_driver()
        run = guest_machine.boot(guest_machine.Score(), driver, files={"portcls.sys": None})
        self.ended(run, MISSING_IMPORT, 0xC0000263, f"{driver.name} imports", "portcls.sys!Pc", "next: ")
        self.assertTrue(all(name.startswith("portcls.sys!Pc") for name in run.missing_imports()), run)


class Images(Ended):
    def refused(self, data, *words, name="faulty-none.sys"):
        run = boot("none", files={name: data})
        self.ended(run, BAD_IMAGE, INVALID_IMAGE_FORMAT, name, *words, "expected ")
        self.assertEqual(run.calls("DriverEntry"), [])

    def setUp(self):
        self.good = image("none").read_bytes()
        self.file_header, self.optional, self.sections = headers(self.good)

    def test_what_is_no_pe_image_is_refused_by_its_signature(self):
        self.refused(b"#!/bin/sh\necho no driver\n", "DOS signature is 0x2123")
        self.refused(b"", "DOS signature is 0x0")

    def test_an_image_for_i386_is_refused_by_its_machine(self):
        self.refused(patched(self.good, self.file_header, "<H", 0x14C), "Machine is 0x14c", "0x8664")

    def test_a_truncated_image_is_refused_by_what_is_not_there(self):
        self.refused(self.good[: self.sections + 10], "NumberOfSections")
        self.refused(self.good[:0x700], "section PointerToRawData")

    def test_an_image_without_relocations_is_refused_by_its_characteristics(self):
        characteristics = struct.unpack_from("<H", self.good, self.file_header + 18)[0]
        self.refused(patched(self.good, self.file_header + 18, "<H", characteristics | 1), "Characteristics is", "RELOCS_STRIPPED")

    def test_a_section_that_is_writable_and_executable_is_refused_by_its_characteristics(self):
        self.refused(patched(self.good, self.sections + 36, "<I", 0xE0000020),
                     "section Characteristics is 0xe0000020", "not both writable and executable")

    def test_a_program_for_a_user_is_refused_by_its_subsystem(self):
        self.refused(patched(self.good, self.optional + 68, "<H", 3), "Subsystem is 0x3", "native")

    def test_an_image_changed_after_linking_is_refused_by_its_checksum(self):
        good = self.good
        if guest_machine.ABI == "msvc":  # lld-link leaves CheckSum zero, which is not checked
            good = patched(good, self.optional + 64, "<I", 0x1234)
        self.refused(good[:0x700] + bytes([good[0x700] ^ 1]) + good[0x701 :], "CheckSum")

    def test_a_driver_without_driverentry_is_refused(self):
        run = boot("no_entry")
        self.ended(run, BAD_IMAGE, INVALID_IMAGE_FORMAT, "faulty-no_entry.sys", "AddressOfEntryPoint", "DriverEntry")

    def test_modules_of_the_kernel_that_are_broken_or_missing_are_named_by_the_boot_loader(self):
        for name in ("ntoskrnl.exe", "hal.dll"):
            with self.subTest(name):
                whole = (guest_machine.build_folder() / name).read_bytes()
                self.refused(whole[:0x800], "PointerToRawData", name=name)
                run = boot("none", files={name: None})
                self.ended(run, BAD_IMAGE, INVALID_IMAGE_FORMAT, name, "is not in the modules archive")
        self.refused(b"no image", "DOS signature", name="portcls.sys")

    def test_a_boot_cfg_that_names_no_driver_or_an_absent_one_says_so(self):
        for config, words in ((None, "names no driver"), (b"", "names no driver"), (b"drivers=x.sys\n", "names no driver"),
                              (b"driver=" + b"n" * 64, "63 characters"), (b"driver=gone.sys", "gone.sys, the driver")):
            with self.subTest(config):
                self.ended(boot("none", files={"boot.cfg": config}), BAD_IMAGE, NO_SUCH_FILE, words)


class Drivers(Ended):
    def test_a_driverentry_that_fails_ends_the_run_with_its_status(self):
        run = boot("entry_fails")
        self.ended(run, DRIVER_REFUSED, 0xC0000182, "faulty-entry_fails.sys: DriverEntry failed: 0xc0000182")
        self.assertEqual([leave.b for leave in run.calls("DriverEntry", leave=True)], [0xC0000182])

    def test_what_a_failed_driverentry_leaves_behind_is_found_piece_by_piece_and_driverunload_is_not_called(self):
        run = boot("entry_leaks_pool")
        findings = [text for record, text in run.named("FINDING") if record.a == 20]
        self.assertEqual(len(findings), 18, run)
        self.assertRegex(findings.pop(), r"^V20 an event provider registered at faulty-entry_leaks_pool.sys\+0x\w+ was never taken back$")
        self.assertEqual(findings.pop(), "V20 a timer resolution that ExSetTimerResolution set was never given up")
        for text in findings:
            self.assertRegex(text, r"^V20 a pool block of 100 bytes, tag 'Fult', allocated at faulty-entry_leaks_pool.sys\+0x")
        self.assertIn("18 pool blocks of the driver were never freed, of which 16 are told", run.text)
        self.assertNotIn("DriverUnload was called", run.text)

    def test_an_adddevice_or_a_start_that_fails_is_named_with_driver_device_and_status(self):
        self.ended(boot("add_device_fails"), DRIVER_REFUSED, 0xC0000017, "faulty-add_device_fails.sys: AddDevice for",
                   "PNPB006", "0xc0000017")
        self.ended(boot("start_fails"), DRIVER_REFUSED, 0xC000009C, "faulty-start_fails.sys: IRP_MN_START_DEVICE for",
                   "PNPB006", "0xc000009c")

    def test_a_driverentry_that_does_not_return_ends_after_10_s_of_virtual_time_with_its_stack(self):
        for fault in ("endless_entry", "endless_wait"):  # one computes, one waits
            with self.subTest(fault):
                run = boot(fault)
                self.ended(run, DRIVER_REFUSED, 0x102, f"faulty-{fault}.sys: DriverEntry has not returned within 100")
                self.assertEqual(self.stack_of(run, fault), [fault, "inner", "outer", "DriverEntry"])


    def test_an_adddevice_or_a_start_that_does_not_return_or_is_never_completed_ends_after_10_s_by_name(self):
        for fault, call in (("add_device_waits", "AddDevice"), ("start_pends", "IRP_MN_START_DEVICE"),
                            ("start_loops", "IRP_MN_START_DEVICE")):
            with self.subTest(fault):
                self.ended(boot(fault), DRIVER_REFUSED, 0x102, f"faulty-{fault}.sys: {call} has not returned within 100")

    def test_a_driverentry_that_takes_seconds_is_waited_for(self):
        run = boot("entry_takes_long")
        self.assertEqual(run.end, SCORE_DONE, run)
        entered, left = run.calls("DriverEntry")[0], run.calls("DriverEntry", leave=True)[0]
        self.assertGreaterEqual(left.time - entered.time, 4_980_000_000, "five seconds, to the tick")


class Scores(Ended):
    def refused(self, score, *words):
        run = boot("none", score)
        self.ended(run, SCORE_REFUSED, INVALID_PARAMETER, "agent.sys: score refused: ", *words, "seen ", "expected ")
        self.assertEqual(run.of("STEP_BEGIN"), [], "refused whole")
        self.assertEqual([phase.a for phase in run.of("PHASE")][-1], 5, "never begun")

    def setUp(self):
        self.score = guest_machine.Score()

    def test_a_header_that_lies_in_one_field_is_refused(self):
        good = guest_machine.Score()
        good.delay_ms(1)
        good = good.bytes()
        for at, code, value in ((0, "<Q", 0), (8, "<I", 2), (12, "<I", 2), (16, "<I", len(good) + 8), (20, "<I", 1)):
            with self.subTest(at):
                run = boot("none", patched(good, at, code, value))
                self.assertEqual((run.end, run.detail), (SCORE_REFUSED, INVALID_PARAMETER), run)
                self.assertRegex(run.text, r"score refused: step [0-2]: .+ \(seen \d+, expected \d+\)")

    def test_a_score_that_is_cut_short_or_not_there_is_refused(self):
        self.score.delay_ms(1)
        self.refused(self.score.bytes()[:-8], "step ")
        run = boot("none", b"")
        self.assertEqual(run.end, SCORE_REFUSED, run)
        self.assertIn("the plan's score has 0 bytes", run.text)

    def test_a_wrong_step_behind_good_ones_is_named_and_none_of_them_is_played(self):
        self.score.delay_ms(1)
        self.score.marker(1)
        self.score.set_state(3, guest_machine.RUN)
        self.refused(self.score, "step 3: ")

    def test_an_opcode_that_is_none_is_refused(self):
        self.score.step(99)
        self.refused(self.score, "step 1: unknown opcode (seen 99")

    def test_a_write_that_lies_about_its_size_is_refused(self):
        self.score.open_filter(0)
        self.score.open_pin(1, 0, 0)
        self.score.step(guest_machine.WRITE, 1, struct.pack("<QII", 0, 100, 1) + bytes(96))
        self.refused(self.score, "step 3: records_size")


if __name__ == "__main__":
    unittest.main()
