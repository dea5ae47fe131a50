#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The zip that scripts/package-driver leaves is the thing tested: unpacked, verified, installed and started from it alone."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest
import zipfile

import mpulab

SCRIPT = mpulab.ROOT / "scripts/package-driver"
CATALOG = mpulab.BUILD / "harness/mpulab-catalog"


def run(*command, timeout=60, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, **more)


class Zip(unittest.TestCase):
    def setUp(self):
        scratch = mpulab.Scratch()
        self.addCleanup(scratch.__exit__)
        self.folder = scratch.path

    def make(self, *options):
        surroundings = {**os.environ, "MPULAB_BUILD_DIR": str(mpulab.BUILD), "XDG_CACHE_HOME": str(self.folder / "cache")}
        return run(SCRIPT, "--no-build", "--out", self.folder / "made", *options, env=surroundings)

    def unpacked(self, *options):
        """The folder a user has of it; nothing else of the build is in reach of what looks there."""
        done = self.make(*options)
        self.assertEqual(done.returncode, 0, done.stderr)
        package = self.folder / "package"
        shutil.rmtree(package, ignore_errors=True)
        with zipfile.ZipFile(done.stdout.strip()) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual([name for name in archive.namelist() if "key" in name], [])
            archive.extractall(package)
        shutil.rmtree(self.folder / "away", ignore_errors=True)
        shutil.move(self.folder / "made", self.folder / "away")
        run("openssl", "x509", "-inform", "DER", "-in", package / "test-certificate.cer", "-out", self.folder / "ca.pem")
        return package

    def osslsigncode(self, file, *options):
        return run("osslsigncode", "verify", "-CAfile", self.folder / "ca.pem", *options, "-in", file)

    @staticmethod
    def alter(file, at):
        data = bytearray(file.read_bytes())
        data[at] ^= 1
        file.write_bytes(data)


class Signatures(Zip):
    def test_the_catalogue_and_both_drivers_are_signed_and_the_catalogue_vouches_for_them(self):
        package = self.unpacked()
        self.assertEqual(run(CATALOG, "verify", package).returncode, 0)
        for file in ("amd64/mpusynth.sys", "x86/mpusynth.sys"):
            with self.subTest(file):
                for options in ((), ("-catalog", package / "mpusynth.cat")):
                    done = self.osslsigncode(package / file, *options)
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_signed_driver_is_smaller_than_24_kilobytes(self):
        for abi in ("msvc", "mingw"):
            package = self.unpacked("--x64", abi)
            for file in ("amd64/mpusynth.sys", "x86/mpusynth.sys"):
                with self.subTest(file, abi=abi):
                    self.assertLess((package / file).stat().st_size, 24 * 1024)

    def test_a_key_of_another_certificate_is_told_by_its_reason_and_nothing_half_made_is_left(self):
        for name in ("one", "two"):
            run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", self.folder / f"{name}.key",
                "-out", self.folder / f"{name}.pem")
        done = self.make("--certificate", self.folder / "one.pem", "--key", self.folder / "two.key")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("private key", done.stderr)
        self.assertEqual(sorted(file.name for file in (self.folder / "made").iterdir()), ["sign.log"])

    def test_the_catalogue_tool_refuses_a_wrong_command_line_in_one_line(self):
        for words in ((), ("frob",), ("verify",), ("verify", "one", "two")):
            with self.subTest(words):
                done = run(CATALOG, *words)
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                self.assertRegex(done.stderr, r"\Aerror: .+; next: see .mpulab-catalog --help.\n\Z")

    def test_an_altered_driver_fails_with_osslsigncode_and_with_our_own_tool_which_names_it(self):
        package = self.unpacked()
        for file in ("amd64/mpusynth.sys", "x86/mpusynth.sys"):
            with self.subTest(file):
                good = (package / file).read_bytes()
                self.alter(package / file, 0x900)
                done = self.osslsigncode(package / file, "-catalog", package / "mpusynth.cat")
                self.assertNotEqual(done.returncode, 0, done.stdout)
                self.assertNotEqual(self.osslsigncode(package / file).returncode, 0)
                ours = run(CATALOG, "verify", package)
                self.assertEqual(ours.returncode, 1, ours.stdout)
                self.assertIn(f"{file}: its SHA-256 is not in the catalogue", ours.stdout)
                (package / file).write_bytes(good)
        self.assertEqual(run(CATALOG, "verify", package).returncode, 0)

    def test_inspect_tells_what_the_catalogue_does_not_vouch_for(self):
        package = self.unpacked()
        good = json.loads(run(mpulab.MPULAB, "inspect", package, "--json").stdout)["catalog"]
        self.assertEqual((good["file"], good["problems"], good["signatures"]), ("mpusynth.cat", [], 1))
        self.assertGreaterEqual(good["members"], 6)  # two drivers and the INF, by both hashes
        self.alter(package / "x86/mpusynth.sys", 0x900)
        self.assertIn("catalog  mpusynth.cat: x86/mpusynth.sys: its SHA-256 is not", run(mpulab.MPULAB, "inspect", package).stdout)
        (package / "mpusynth.cat").write_bytes(b"0" * 40)
        (problem,) = json.loads(run(mpulab.MPULAB, "inspect", package, "--json").stdout)["catalog"]["problems"]
        self.assertIn("mpusynth.cat", problem)
        (package / "mpusynth.cat").unlink()
        self.assertIsNone(json.loads(run(mpulab.MPULAB, "inspect", package, "--json").stdout)["catalog"])

    def test_an_altered_inf_and_an_altered_catalogue_fail(self):
        package = self.unpacked()
        inf, catalog = package / "mpusynth.inf", package / "mpusynth.cat"
        inf.write_bytes(inf.read_bytes() + b";")
        done = run(CATALOG, "verify", package)
        self.assertEqual(done.returncode, 1)
        self.assertIn("mpusynth.inf: its SHA-1 is not in the catalogue", done.stdout)
        self.assertIn("mpusynth.inf: its SHA-256 is not in the catalogue", done.stdout)
        # Made anew around it, the catalogue fits again, and is signed by nobody.
        self.assertEqual(run(CATALOG, "make", package).returncode, 0)
        self.assertIn("0 signatures", run(CATALOG, "verify", package).stdout)
        self.assertNotEqual(self.osslsigncode(package / "amd64/mpusynth.sys", "-catalog", catalog).returncode, 0)
        catalog.unlink()
        self.assertEqual(run(CATALOG, "verify", package).returncode, mpulab.ERROR)

    def test_the_same_drivers_certificate_and_key_give_the_same_zip(self):
        first = pathlib.Path(self.make().stdout.strip()).read_bytes()
        kept = self.folder / "made/test-certificate"
        self.assertEqual(kept.stat().st_mode & 0o077, 0, "the key is nobody else's")
        shutil.move(kept, self.folder / "kept")
        done = self.make("--certificate", self.folder / "kept/certificate.pem", "--key", self.folder / "kept/key.pem")
        self.assertEqual(pathlib.Path(done.stdout.strip()).read_bytes(), first)

    def test_a_certificate_without_its_key_and_an_unknown_compiler_are_wrong_usage(self):
        for options in (("--certificate", "/none.pem"), ("--x64", "watcom"), ("--out",), ("--sign",)):
            with self.subTest(options):
                done = run(SCRIPT, "--no-build", *options)
                self.assertEqual(done.returncode, mpulab.USAGE, done.stderr)
                self.assertIn("next:", done.stderr)


class Started(Zip):
    def plays(self, package, *options):
        result = mpulab.play(mpulab.SONG, self.folder / "out", "--package", package, *options)
        self.assertEqual(result.status, mpulab.PASSED, result)
        by_message = {r.c for r in result.records if r.kind == "INTERRUPT"}
        self.assertEqual(by_message, {int("pci-mpu401" in options)}, "as the INF asks where the bus has messages")
        return result.result["package"]

    def test_the_driver_in_the_msvc_abi_starts_from_it_alone_for_acpi_and_for_pci(self):
        package = self.unpacked()
        self.assertEqual(self.plays(package)["hardware_id"], r"ACPI\PNPB006")
        self.assertIn(r"PCI\VEN_", self.plays(package, "--card", "pci-mpu401")["hardware_id"])
        self.assertIn(b"RSDS", (package / "amd64/mpusynth.sys").read_bytes())

    def test_a_card_that_no_bus_reports_is_made_by_hand_and_plays_on_what_its_logconfig_gives_it(self):
        package = self.unpacked()
        for options in ((), ("--card", "iobase=0x300,irq=10")):
            facts = self.plays(package, "--id", r"ROOT\MPUSYNTH", *options)
            self.assertEqual((facts["hardware_id"], facts["hardware"]), (r"ROOT\MPUSYNTH", True))
        for options, words in ((("--id", r"ROOT\MPUSYNTH", "--card", "iobase=0x360"), "offers ports from 0x360"),
                               (("--id", r"ROOT\OTHER"), r"names no device ROOT\OTHER")):
            result = mpulab.play(mpulab.SONG, self.folder / "out", "--package", package, *options)
            self.assertEqual(result.status, mpulab.ERROR, result)
            self.assertIn(words, result.stderr)

    def test_the_driver_of_mingw_starts_from_it_alone_for_acpi_for_pci_and_where_no_bus_reports_the_card(self):
        package = self.unpacked("--x64", "mingw")
        self.assertNotIn(b"RSDS", (package / "amd64/mpusynth.sys").read_bytes())
        self.assertEqual(self.plays(package)["hardware_id"], r"ACPI\PNPB006")
        self.assertIn(r"PCI\VEN_", self.plays(package, "--card", "pci-mpu401")["hardware_id"])
        facts = self.plays(package, "--id", r"ROOT\MPUSYNTH")
        self.assertEqual((facts["hardware_id"], facts["hardware"]), (r"ROOT\MPUSYNTH", True))


if __name__ == "__main__":
    mpulab.main()
