#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Packages that the bench's own does not resemble: an INF is written around test drivers of this tree, and `mpulab inspect`
and `mpulab play --package` take the folder. What is wrong with a package is said in one line, in bounded time."""
import json
import os
import shlex
import pathlib
import re
import shutil
import subprocess
import unittest

import mpulab

TEST_DRIVERS = mpulab.BUILD / "tests/guest-images/test_drivers"
RECORDER = TEST_DRIVERS / "mingw/portcls/recorder/recorder.sys"

INF = r"""[Version]
Signature="$Windows NT$"
Class=MEDIA
ClassGuid={{4d36e96c-e325-11ce-bfc1-08002be10318}}
Provider=%Maker%
DriverVer=01/02/2024,3.4.5.6
[Manufacturer]
%Maker%=Models,{decoration}
[Models.{decoration}]
%Device%=Port,{ids}
[Port.NT]
AddReg=Port.Reg
[Port.Reg]
HKR,,Driver,,{driver}
[Port.NT.Services]
AddService=portsvc,2,Port.Service
[Port.Service]
ServiceType=1
StartType=3
ErrorControl=1
ServiceBinary=%12%\{driver}
[Port.NT.Interfaces]
AddInterface={{6994ad04-93ef-11d0-a3cc-00a0c9223196}},{reference},Port.If
[Port.If]
AddReg=Port.If.Reg
[Port.If.Reg]
HKR,,FriendlyName,,%Device%
{more}
[Strings]
Maker="Somebody"
Device="Some port"
"""


class PackageCase(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path

    def package(self, driver=RECORDER, name="port.sys", ids=r"ACPI\PNPB006", reference="Recorder", decoration="NTamd64",
                more="", inf=None):
        """A folder with an INF and a driver's image (or these bytes, or none)."""
        folder = self.folder / "package"
        folder.mkdir(exist_ok=True)
        text = INF.format(ids=ids, driver=name, reference=reference, decoration=decoration, more=more)
        (folder / "port.inf").write_bytes(text.replace("\n", "\r\n").encode("utf-16") if inf is None else inf)
        if isinstance(driver, bytes):
            (folder / name).write_bytes(driver)
        elif driver:
            shutil.copy(driver, folder / name)
        return folder

    def loopback(self, image, name):
        """loopback.inf around one of the images made of its source."""
        folder = self.folder / name
        folder.mkdir()
        shutil.copy(mpulab.ROOT / "tests/guest-images/portcls/loopback/loopback.inf", folder)
        shutil.copy(TEST_DRIVERS / image, folder / "loopback.sys")
        return folder

    def run_mpulab(self, *words, timeout=60):
        return subprocess.run([mpulab.MPULAB, *map(str, words)], capture_output=True, text=True, timeout=timeout,
                              env=mpulab.surroundings(self.folder / "out", None), stdin=subprocess.DEVNULL)

    def inspect(self, what):
        done = self.run_mpulab("inspect", what, "--json")
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def refused(self, what, *words):
        """One line of error, exit status 2."""
        done = self.run_mpulab("inspect", what)
        self.assertEqual(done.returncode, mpulab.ERROR, done.stdout + done.stderr)
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        for word in (*words, "; next: "):
            self.assertIn(word, lines[0])


class Packages(PackageCase):
    # ---- right packages ---------------------------------------------------------------------------------------

    def test_the_bundled_package_is_inspected(self):
        status, report = self.inspect(mpulab.BUILD / "driver/package")
        self.assertEqual(status, mpulab.PASSED, report)
        self.assertTrue(report["start"]["started"])
        self.assertEqual(report["disagreements"], [])
        self.assertEqual(report["lint"], [])
        (subdevice,) = report["subdevices"]
        self.assertEqual(subdevice["port"], "CLSID_PortMidi")
        self.assertEqual(subdevice["categories"], ["KSCATEGORY_AUDIO", "KSCATEGORY_RENDER", "KSCATEGORY_CAPTURE"])
        self.assertEqual([pin["streams_midi"] for pin in subdevice["pins"]], [True, False, True, False])
        self.assertIn("MUSIC / MIDI / NONE", subdevice["pins"][0]["ranges"][0])

    def test_the_bundled_package_plays_as_any_package(self):
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--package", mpulab.BUILD / "driver/package")
        self.assertEqual(run.status, mpulab.PASSED, run)
        self.assertEqual(run.result["package"]["hardware_id"], r"ACPI\PNPB006")
        self.assertTrue(run.result["package"]["inf"].endswith(".inf"))

    def test_a_package_nobody_here_shipped_is_inspected_with_its_own_names(self):
        status, report = self.inspect(self.package())
        self.assertTrue(report["start"]["started"], report)
        self.assertEqual(report["inf"]["driver_version"], "3.4.5.6")
        self.assertEqual(report["inf"]["interfaces"][0]["reference"], "Recorder")
        self.assertEqual(report["subdevices"][0]["name"], "Recorder")
        self.assertEqual(status, mpulab.PASSED if report["runs"] else mpulab.ERROR)

    def test_a_reference_string_that_is_not_the_registered_name_is_told(self):
        _, report = self.inspect(self.package(reference="Recoder"))
        self.assertTrue(any("'Recoder': no subdevice of that name was registered" in line for line in report["disagreements"]),
                        report["disagreements"])

    def test_the_chosen_device_is_told_where_an_inf_has_several(self):
        _, report = self.inspect(self.package(ids=r"PCI\VEN_1234,*PNPB006"))
        self.assertEqual([model["chosen"] for model in report["inf"]["models"]], [True])

    def test_what_an_inf_says_reaches_no_terminal_as_a_control_character(self):
        inf = INF.format(ids=r"ACPI\PNPB006", driver="port.sys", reference="%Device%", decoration="NTamd64", more="")
        folder = self.package(inf=inf.replace("Some port", "Some\x1b]0;title\x07\x1b[2Jport").encode())
        done = self.run_mpulab("inspect", folder)
        self.assertIn("2Jport", done.stdout)
        for line in (done.stdout + done.stderr).splitlines():
            self.assertTrue(line.isprintable(), repr(line))

    def test_a_card_that_the_inf_gives_no_interrupt_is_not_judged_by_interrupts(self):
        more = "[Log]\nConfigPriority=NORMAL\nIOConfig=330-331"
        folder = self.package(ids=r"ROOT\Port", more=more)
        inf = (folder / "port.inf").read_bytes().decode("utf-16").replace("[Port.NT]", "[Port.NT]\r\nLogConfig=Log")
        (folder / "port.inf").write_bytes(inf.encode("utf-16"))
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--package", folder)
        status = {check["name"]: check["status"] for check in run.result["checks"]}
        self.assertEqual(status["interrupts"], "n/a", run)

    # ---- wrong INFs -------------------------------------------------------------------------------------------

    def test_a_broken_inf_is_refused_at_its_line(self):
        self.refused(self.package(inf=b"[Version\r\nSignature=\"$Windows NT$\"\r\n"), "port.inf:1: '[Version'")

    def test_an_empty_and_a_binary_inf_are_refused(self):
        self.refused(self.package(inf=b""), "port.inf:1: the end of the file")
        self.refused(self.package(inf=os.urandom(4096) + b"\0"), "port.inf:")

    def test_another_device_class_is_refused_by_name(self):
        inf = INF.format(ids="ROOT\\X", driver="port.sys", reference="R", decoration="NTamd64", more="")
        inf = inf.replace("Class=MEDIA", "Class=Net").replace("4d36e96c-e325", "4d36e972-e325")
        self.refused(self.package(inf=inf.encode()), "port.inf:4: device class Net {4d36e972-")

    def test_a_wdf_driver_is_refused_by_name(self):
        more = "[Port.NT.Wdf]\nKmdfService=portsvc,Kmdf\n[Kmdf]\nKmdfLibraryVersion=1.15"
        self.refused(self.package(more=more), "KmdfLibraryVersion 1.15", "Windows Driver Frameworks")

    def test_a_usb_device_is_refused_by_name(self):
        self.refused(self.package(ids=r"USB\VID_1234&PID_5678"), "a USB device: nanont has no USB")

    def test_a_package_for_another_machine_is_refused(self):
        self.refused(self.package(decoration="NTx86"), "no models for amd64", "[Models.NTx86]")

    def test_a_package_for_a_newer_windows_is_refused_and_its_profile_takes_it(self):
        folder = self.package(decoration="NTamd64.10.0...22000")
        self.refused(folder, "it wants Windows 10.0.22000 or newer", "--profile")
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--package", folder, json_output=False)
        self.assertEqual(run.status, mpulab.ERROR, run)
        mpulab.one_line_error(self, run, "port.inf", "10.0.22000")

    def test_a_zip_is_told_for_what_it_is(self):
        (self.folder / "driver.zip").write_bytes(b"PK\x03\x04" + bytes(100))
        self.refused(self.folder / "driver.zip", "driver.zip is a zip archive", "unpack it")

    def test_a_folder_without_an_inf_and_one_that_is_not_there_are_refused(self):
        self.refused(self.folder, "there is no INF in package")
        self.refused(self.folder / "gone", "there is no package at")

    # ---- wrong images -----------------------------------------------------------------------------------------

    def reason(self, driver):
        """Why the driver cannot be run: told by inspect and by play alike, and never as the driver's failure."""
        folder = self.package(driver=driver)
        status, report = self.inspect(folder)
        self.assertEqual((status, report["runs"]), (mpulab.ERROR, False), report)
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--package", folder)
        self.assertEqual((run.status, run.result["verdict"]), (mpulab.ERROR, "error"), run)
        self.assertTrue(run.result["next"])
        return report["verdict"], run.result["reason"]

    def faulty(self, fault):
        return TEST_DRIVERS / "mingw/ntoskrnl/faulty" / f"faulty-{fault}.sys"

    def test_a_driver_that_is_not_in_the_package_is_named(self):
        self.refused(self.package(driver=None), "the driver port.sys, which is not in the package")

    def test_what_is_no_pe_is_an_error(self):
        inspected, played = self.reason(b"#!/bin/sh\n")
        self.assertIn("nanont cannot run it", inspected)
        self.assertIn("no loadable PE image", played)

    def test_a_truncated_image_is_an_error(self):
        self.reason(RECORDER.read_bytes()[:700])

    def test_an_image_for_another_machine_is_an_error(self):
        inspected, played = self.reason((mpulab.BUILD / "driver/i686" / mpulab.bundled_driver().name).read_bytes())
        self.assertIn("0x14c", inspected)
        self.assertIn("0x14c", played)

    def test_missing_imports_are_each_named(self):
        inspected, played = self.reason(self.faulty("missing_imports"))
        self.assertIn("lacks 3 of its imports", inspected)
        for name in ("absent.sys!AbsentFunction", "ntoskrnl.exe!KeNoSuchFunction", "ntoskrnl.exe!#77"):
            self.assertIn(name, played)

    def test_a_driver_entry_that_fails_is_an_error_with_its_status(self):
        for text in self.reason(self.faulty("entry_fails")):
            self.assertIn("0xc0000182 STATUS_DEVICE_CONFIGURATION_ERROR from DriverEntry", text)

    def test_an_add_device_and_a_start_that_fail_are_errors(self):
        for fault, call in (("add_device_fails", "AddDevice"), ("start_fails", "START_DEVICE")):
            with self.subTest(fault):
                self.assertIn(call, self.reason(self.faulty(fault))[1])

    def test_a_driver_entry_that_never_returns_is_an_error_in_bounded_time(self):
        for text in self.reason(self.faulty("endless_entry")):
            self.assertIn("DriverEntry, which did not return", text)

    def test_an_add_device_and_a_start_that_never_return_are_errors_in_bounded_time(self):
        for fault, words in (("add_device_waits", "AddDevice, which did not return"),
                             ("start_pends", "from IRP_MN_START_DEVICE: port.sys: IRP_MN_START_DEVICE has not returned")):
            with self.subTest(fault):
                self.assertIn(words, self.reason(self.faulty(fault))[1])

    def test_an_image_without_relocations_is_an_error(self):
        image = bytearray(RECORDER.read_bytes())
        image[int.from_bytes(image[0x3C:0x40], "little") + 22] |= 1  # Characteristics: RELOCS_STRIPPED
        for text in self.reason(bytes(image)):
            self.assertIn("RELOCS_STRIPPED", text)

    # ---- a crash ----------------------------------------------------------------------------------------------

    def test_a_crash_is_told_with_meaning_function_line_and_modules(self):
        folder = self.package(driver=self.faulty("null_read_at_dispatch"))
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--package", folder)
        self.assertEqual((run.status, run.result["verdict"]), (mpulab.CRASH, "crash"), run)
        crash = run.result["crash"]
        self.assertEqual(crash["name"], "DRIVER_IRQL_NOT_LESS_OR_EQUAL")
        self.assertEqual(crash["page"], "Bug Check 0xD1: DRIVER_IRQL_NOT_LESS_OR_EQUAL")
        self.assertEqual(crash["parameter_meanings"][1], "IRQL at that time")
        lines = [line for frame in crash["frames"] for line in frame["lines"]]
        functions = [line["function"] for line in lines]
        self.assertTrue(any("null_read_at_dispatch" in name for name in functions), functions)
        self.assertTrue(any(line["file"].endswith("faulty.cpp") and line["line"] for line in lines), lines)
        self.assertIn("port.sys", [module["name"] for module in crash["modules"]])
        self.assertLessEqual(len(crash["events"]), 200)
        self.assertIn("null_read_at_dispatch", (run.folder / "crash.txt").read_text())

    def test_a_crash_without_symbols_says_what_was_looked_for(self):
        stripped = self.folder / "stripped.sys"
        subprocess.run(["x86_64-w64-mingw32-strip", "-o", stripped, self.faulty("null_read_at_dispatch")], check=True)
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--package", self.package(driver=stripped))
        self.assertEqual(run.result["verdict"], "crash", run)
        said = [line for line in run.result["crash"]["symbols"] if line.startswith("port.sys: ")]
        self.assertIn("looked for port.sys.debug", said[0])

    # ---- other interfaces than our driver's ------------------------------------------------------------------

    def test_packages_against_iminiportdmus_and_around_the_systems_uart_miniports_pass(self):
        for abi, driver, reference in (("mingw", "dmus/dmus", "DMus"), ("msvc", "dmus/dmus", "DMus"),
                                       ("mingw", "uart/uart_midi", "Uart"), ("msvc", "uart/uart_dmus", "Uart")):
            with self.subTest(driver, abi=abi):
                folder = self.package(driver=TEST_DRIVERS / abi / "portcls" / f"{driver}.sys", reference=reference)
                run = mpulab.play(mpulab.SONGS / "corners.mid", self.folder / "out", "--package", folder)
                self.assertEqual(run.status, mpulab.PASSED, run)
                states = {check["name"]: check["status"] for check in run.result["checks"]}
                for name in ("wire", "times", "injected", "captured", "nothing-lost", "findings"):
                    self.assertEqual(states[name], "passed", states)

    # ---- choices and profiles ---------------------------------------------------------------------------------

    def test_a_result_lists_the_choices_it_depended_on_and_one_can_be_forced(self):
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--choice", "read-buffer=2")
        self.assertEqual(run.status, mpulab.PASSED, run)
        choice = next(c for c in run.result["choices"] if c["name"] == "read-buffer")
        self.assertEqual((choice["taken"], choice["forced"]), (2, True))
        self.assertEqual(choice["alternatives"][2]["text"], "3 bytes")

    def test_all_alternatives_are_run_and_told(self):
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--choices", "all")
        for choice in run.result["choices"]:
            self.assertNotIn(None, [alternative["verdict"] for alternative in choice["alternatives"]], choice)
        self.assertEqual(run.status, mpulab.PASSED, run)

    def test_a_driver_that_is_green_on_only_some_alternatives_fails_and_the_others_are_named(self):
        folder = self.loopback("mingw/portcls/loopback/loopback-fours.sys", "fours")
        play = lambda *options: mpulab.play(mpulab.SONG, self.folder / "out", "--package", folder, "--choice",
                                            "read-buffer=0", *options)
        alone = play()
        self.assertEqual(alone.status, mpulab.PASSED, alone)
        run = play("--choices", "all")
        self.assertEqual((run.status, run.result["verdict"]), (mpulab.FAILED, "failed"), run)
        self.assertRegex(run.result["reason"], r"green on \d+ of \d+ answers where Windows is undocumented; red first on "
                                               r"read-buffer=1 \(1 byte\): failed: ")
        choices = {choice["name"]: [a["verdict"] for a in choice["alternatives"]] for choice in run.result["choices"]}
        large, one, three, _drawn, larger = choices.pop("read-buffer")
        self.assertEqual([large, one, three, larger], ["passed", "failed", "failed", "passed"])
        self.assertGreater(len(choices), 2)
        for name, verdicts in choices.items():
            self.assertEqual(set(verdicts), {"passed"}, name)

    def test_a_choice_and_a_profile_that_do_not_exist_are_wrong_usage(self):
        for option, value, word in (("--choice", "colour=1", "read-buffer"), ("--choice", "read-buffer=99", "256 bytes"),
                                    ("--profile", "win95", "win10-22h2")):
            run = mpulab.play(mpulab.SONG, self.folder / "out", option, value, json_output=False)
            self.assertEqual(run.status, mpulab.USAGE, run)
            mpulab.one_line_error(self, run, value, word)

    def test_the_profile_is_in_the_result(self):
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--profile", "win7")
        self.assertEqual(run.result["windows"], "6.1.7601", run)

    # ---- documentation ----------------------------------------------------------------------------------------

    def test_the_commands_of_the_readme_do_what_it_says(self):
        section = (mpulab.ROOT / "README.md").read_text().split("## Your own driver")[1].split("## ")[0]
        commands = [shlex.split(line.split("#")[0]) for line in section.splitlines() if line.startswith("build/harness/mpulab ")]
        self.assertGreaterEqual(len(commands), 6)
        for words in commands:
            words = [str(mpulab.SONG) if word == "song.mid" else word.replace("build/", f"{mpulab.BUILD}/") for word in words]
            if words[1] == "play":
                words += ["--out", str(self.folder / "out")]
            with self.subTest(" ".join(words)):
                done = self.run_mpulab(*words[1:])
                self.assertEqual(done.returncode, mpulab.PASSED, done.stdout + done.stderr)

    def test_the_sample_of_the_readme_is_what_play_prints_but_for_numbers(self):
        """Its numbers are any, its "…" is anything."""
        readme = (mpulab.ROOT / "README.md").read_text().split("This is what `scripts/run` ends with:")[1]
        sample = readme.split("```")[1].strip().splitlines()
        done = subprocess.run([mpulab.MPULAB, "play", mpulab.SONG], capture_output=True, text=True, timeout=100, cwd=self.folder,
                              env=mpulab.surroundings(self.folder / "mpulab-out", None), stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, mpulab.PASSED, done.stderr)
        printed = done.stdout.replace(f"{self.folder.resolve()}/", "").strip().splitlines()
        for shown, line in zip(sample, printed):
            pattern = re.sub(r"\d+", r"\\d+", re.escape(shown)).replace("…", ".*")
            self.assertRegex(line, f"^{pattern}$")
        self.assertEqual(len(sample), len(printed), done.stdout)

    def test_every_export_is_in_the_generated_document(self):
        done = self.run_mpulab("inspect", "--exports")
        self.assertEqual(done.returncode, mpulab.PASSED, done.stderr)
        for module in ("ntoskrnl", "hal", "ks", "portcls"):
            listed = (mpulab.ROOT / "guest-images/nanont" / module / "exports.inc").read_text()
            for line in listed.splitlines():
                if line.startswith(("NANONT_EXPORT(", "NANONT_EXPORT_DATA(")):
                    self.assertIn(f"`{line.split('(')[1].split(',')[0]}`", done.stdout)
        self.assertEqual(self.run_mpulab("inspect", "--exports", "nosuch.sys").returncode, mpulab.USAGE)


class Stranger(PackageCase):
    """byte_ports.sys: its author had read the reference, and nothing of guest-images or driver."""

    def test_a_miniport_written_from_the_reference_alone_plays_and_captures(self):
        folder = self.folder / "byte_ports"
        folder.mkdir()
        shutil.copy(mpulab.ROOT / "tests/guest-images/portcls/byte_ports/byte_ports.inf", folder)
        shutil.copy(TEST_DRIVERS / "mingw/portcls/byte_ports/byte_ports.sys", folder)
        status, report = self.inspect(folder)
        self.assertEqual(status, mpulab.PASSED, report)
        self.assertEqual([subdevice["name"] for subdevice in report["subdevices"]], ["ByteWire"])
        for number, options in enumerate(((), ("--cpus", "2"), ("--no-capture",), ("--card", "iobase=0x300,irq=5"))):
            with self.subTest(options):
                run = mpulab.play(mpulab.SONGS / "corners.mid", self.folder / f"out{number}", "--package", folder, *options)
                self.assertEqual(run.status, mpulab.PASSED, run)


class RootEnumerated(PackageCase):
    """Packages without hardware."""

    def test_a_package_without_hardware_plays_and_what_needs_the_wire_is_not_applicable(self):
        folder = self.package(ids=r"ROOT\Port")
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--package", folder)
        self.assertIn(run.result["verdict"], ("passed", "failed"), run)
        self.assertFalse(run.result["package"]["hardware"])
        self.assertEqual(run.result["cards"], [])
        states = {check["name"]: check["status"] for check in run.result["checks"]}
        for name in ("wire", "times", "interrupts", "nothing-lost"):
            self.assertEqual(states[name], "n/a", states)

    def test_a_virtual_loopback_port_gives_the_song_back_in_either_abi_and_nothing_of_the_wire_is_passed(self):
        for abi in ("mingw", "msvc"):
            with self.subTest(abi):
                folder = self.loopback(f"{abi}/portcls/loopback/loopback.sys", f"loopback-{abi}")
                status, report = self.inspect(folder)
                self.assertEqual(status, mpulab.PASSED, report)
                self.assertEqual([subdevice["name"] for subdevice in report["subdevices"]], ["Loopback0"])
                run = mpulab.play(mpulab.SONG, self.folder / "out", "--package", folder)
                self.assertEqual(run.status, mpulab.PASSED, run)
                states = {check["name"]: check["status"] for check in run.result["checks"]}
                self.assertEqual(states["captured"], "passed", states)
                for name in ("wire", "times", "injected", "interrupts", "nothing-lost"):
                    self.assertEqual(states[name], "n/a", states)

    def test_a_driver_that_makes_its_ports_at_an_ioctl_plays_in_a_scenario_that_asks_for_one(self):
        folder = self.loopback("mingw/portcls/loopback/loopback.sys", "silent")
        inf = folder / "loopback.inf"
        inf.write_text(inf.read_text().replace("HKR,,Ports,0x10001,1", "HKR,,Ports,0x10001,0"))
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--package", folder, json_output=False)
        self.assertEqual(run.status, mpulab.ERROR, run)
        mpulab.one_line_error(self, run, "registered no subdevice", "ask in a scenario: open-device, ioctl")
        done = self.run_mpulab("run", mpulab.ROOT / "tests/guest-images/portcls/loopback/port_at_ioctl.yaml", "--package", folder,
                               "--out", self.folder / "scenario")
        self.assertEqual(done.returncode, mpulab.PASSED, done.stdout + done.stderr)

    def test_an_image_with_sections_below_a_page_runs_mapped_whole_and_inspect_and_the_result_say_so(self):
        for abi in ("mingw", "msvc"):
            with self.subTest(abi):
                folder = self.loopback(f"{abi}/portcls/loopback/loopback-whole.sys", f"whole-{abi}")
                words = "section alignment 0x200 is below a page: it is mapped whole, writable and executable throughout"
                self.assertIn(words, self.run_mpulab("inspect", folder).stdout)
                run = mpulab.play(mpulab.SONG, self.folder / "out", "--package", folder)
                self.assertEqual(run.status, mpulab.PASSED, run)
                self.assertEqual(run.result["package"]["image_remarks"], [f"loopback.sys: {words}"])
        plain = mpulab.play(mpulab.SONG, self.folder / "out", "--package",
                            self.loopback("mingw/portcls/loopback/loopback.sys", "plain"))
        self.assertEqual(plain.result["package"]["image_remarks"], [])

    def test_a_card_for_a_package_without_hardware_is_wrong_usage(self):
        folder = self.package(ids=r"ROOT\Port")
        run = mpulab.play(mpulab.SONG, self.folder / "out", "--package", folder, "--card", "irq=5", json_output=False)
        self.assertEqual(run.status, mpulab.USAGE, run)
        mpulab.one_line_error(self, run, r"ROOT\Port", "--card")


if __name__ == "__main__":
    mpulab.main()
