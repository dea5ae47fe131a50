#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""mpusynth.sys as it ships, one ABI at a time: what Windows' loader, Driver Verifier and memory integrity ask of it."""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import unittest

import pe

FOLDER = pathlib.Path(os.environ["MPULAB_DRIVER_DIR"])
ABI = os.environ["MPULAB_DRIVER_ABI"]
SOURCE = pathlib.Path(os.environ["MPULAB_DRIVER_SOURCE"])
I686 = ABI == "i686"
MSVC = ABI == "x86_64-msvc"
TOOLCHAIN = "msvc-x86_64" if MSVC else f"mingw-{ABI}"

# All that the driver may ask of Windows; each is there from Windows 7 on.
ALLOWED = {
    "hal.dll": {"KeStallExecutionProcessor"},
    "ntoskrnl.exe": {
        "DbgPrintEx", "EtwRegister", "EtwUnregister", "EtwWrite", "ExAllocatePoolWithTag", "ExFreePool",
        "ExSetTimerResolution", "KeBugCheckEx", "KeCancelTimer", "KeDelayExecutionThread", "KeFlushQueuedDpcs",
        "KeInitializeDpc", "KeInitializeMutex", "KeInitializeTimer", "KeInsertQueueDpc", "KeReleaseMutex", "KeSetTimer",
        "KeWaitForSingleObject", "RtlGetVersion", "memset", "memcpy", "memmove",
    },
    "portcls.sys": {
        "PcAddAdapterDevice", "PcDispatchIrp", "PcGetTimeInterval", "PcInitializeAdapterDriver", "PcNewInterruptSync",
        "PcNewPort", "PcNewServiceGroup", "PcRegisterAdapterPowerManagement", "PcRegisterSubdevice",
        "PcUnregisterAdapterPowerManagement",
    },
}
if I686:
    ALLOWED["hal.dll"] |= {"KfAcquireSpinLock", "KfReleaseSpinLock", "READ_PORT_UCHAR", "WRITE_PORT_UCHAR"}
else:
    ALLOWED["ntoskrnl.exe"] |= {"KeAcquireSpinLockRaiseToDpc", "KeReleaseSpinLock"}


def tool(name):
    return f"{ABI}-w64-mingw32-{name}"


def disassembly():
    if MSVC:
        return output_of("llvm-objdump", "-d", "--no-show-raw-insn", FOLDER / "mpusynth.sys")
    return output_of(tool("objdump"), "-d", "--no-show-raw-insn", FOLDER / "mpusynth.unstripped.sys")


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=100).stdout


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = pe.Image((FOLDER / "mpusynth.sys").read_bytes())

    def test_it_imports_only_from_ntoskrnl_hal_and_portcls(self):
        modules = {module.lower() for module in self.image.imports()}
        self.assertEqual(modules, set(ALLOWED))

    def test_it_imports_only_functions_of_the_list(self):
        for module, names in self.image.imports().items():
            self.assertLessEqual(set(names), ALLOWED[module.lower()], f"from {module}")

    def test_imported_names_carry_no_decoration(self):
        for module, names in self.image.imports().items():
            for name in names:
                self.assertRegex(name, r"^[A-Za-z_][A-Za-z0-9_]*$", f"from {module}")

    def test_it_is_a_native_driver_for_this_machine(self):
        self.assertEqual(self.image.machine, 0x14C if I686 else 0x8664)
        self.assertEqual(self.image.subsystem, 1)
        self.assertTrue(self.image.file_flags & 0x0002, "executable")
        self.assertFalse(self.image.file_flags & 0x2000, "no DLL")
        for bit, name in ((0x40, "DYNAMIC_BASE"), (0x100, "NX_COMPAT"), (0x2000, "WDM_DRIVER")):
            self.assertTrue(self.image.dll_flags & bit, name)

    def test_it_can_be_relocated(self):
        self.assertFalse(self.image.file_flags & 0x0001, "relocations stripped")
        types = {kind for _, kind in self.image.relocations() if kind != 0}
        self.assertEqual(types, {3 if I686 else 10})

    def test_it_exports_nothing_and_has_no_thread_local_storage(self):
        for directory in (pe.EXPORTS, pe.TLS):
            self.assertEqual(self.image.directory(directory), (0, 0))

    def test_driver_entry_lies_in_init_and_init_is_discardable(self):
        init = self.image.section("INIT")
        self.assertTrue(init.flags & pe.DISCARDABLE)
        self.assertTrue(init.address <= self.image.entry < init.address + init.size)

    def test_nothing_that_stays_is_discardable_or_pageable(self):
        for section in self.image.sections:
            with self.subTest(section=section.name):
                passing = section.name in ("INIT", ".reloc")
                self.assertEqual(bool(section.flags & pe.DISCARDABLE), passing)
                # The driver never looks at its resources: they may be paged out.
                self.assertEqual(bool(section.flags & pe.NOT_PAGED), not passing and section.name != ".rsrc")

    def test_its_version_resource_says_the_version_of_the_inf(self):
        inf = (SOURCE / "package" / "mpusynth.inf").read_text()
        version = re.search(r"^DriverVer *= *[\d/]+,([\d.]+)$", inf, re.MULTILINE)[1]
        section = self.image.section(".rsrc")
        self.assertFalse(section.flags & pe.WRITE)
        start = section.raw
        resource = self.image.data[start : start + section.raw_size]
        at = resource.index(struct.pack("<I", 0xFEEF04BD))  # VS_FIXEDFILEINFO
        _, high, low, product_high, product_low = struct.unpack_from("<5I", resource, at + 4)
        words = [int(word) for word in version.split(".")]
        self.assertEqual([high >> 16, high & 0xFFFF, low >> 16, low & 0xFFFF], words)
        self.assertEqual((product_high, product_low), (high, low))
        for key, value in (("FileVersion", version), ("OriginalFilename", "mpusynth.sys"), ("CompanyName", "mpulab")):
            self.assertIn(f"{key}\0".encode("utf-16-le"), resource)
            self.assertIn(f"{value}\0".encode("utf-16-le"), resource)

    def test_no_section_is_writable_and_executable(self):
        for section in self.image.sections:
            with self.subTest(section=section.name):
                self.assertNotEqual(section.flags & (pe.WRITE | pe.EXECUTE), pe.WRITE | pe.EXECUTE)
                self.assertTrue(section.flags & pe.READ)
                self.assertEqual(bool(section.flags & pe.CODE), bool(section.flags & pe.EXECUTE))
                self.assertEqual(section.flags & pe.ALIGN_MASK, 0)

    def test_sections_are_page_aligned(self):
        self.assertEqual(self.image.section_alignment, 0x1000)
        for section in self.image.sections:
            self.assertEqual(section.address % 0x1000, 0, section.name)

    def test_its_checksum_is_right(self):
        self.assertEqual(self.image.checksum, self.image.computed_checksum())

    def test_it_is_smaller_than_24_kilobytes(self):
        # One SHA-256 signature with a certificate as the tests' makes it some 2,000 bytes longer (package_zip_test.py).
        self.assertLessEqual(len(self.image.data), 24 * 1024 - 2048)

    def test_it_carries_no_path_no_time_and_no_compiler_name(self):
        if not MSVC:  # there it is a hash of the image
            self.assertEqual(self.image.timestamp, 0)
        for trace in (b"/work", b"/tmp", b"/home", b"/root", b".cpp", b"GCC", b"mingw"):
            self.assertNotIn(trace, self.image.data)

    def test_its_code_uses_no_register_that_kernel_code_may_not_use(self):
        # i386: no floating point and no vector register at all; amd64: the kernel saves xmm0-5 for everybody, no more.
        code = disassembly()
        self.assertGreater(len(code.splitlines()), 1000)
        forbidden = r"%(?:[xyz]mm\d|mm\d|st\b)" if I686 else r"%(?:[yz]mm\d|mm\d|st\b)"
        self.assertEqual(re.findall(rf"^.*{forbidden}.*$", code, re.MULTILINE), [])

    def test_no_constructor_would_have_to_run_before_driver_entry(self):
        names = {section.name for section in self.image.sections}
        self.assertFalse(names & {".ctors", ".init_array", ".CRT", ".tls"})

    @unittest.skipIf(MSVC, "a trap of GCC's")
    def test_allocations_are_checked_for_null(self):
        # GCC drops the caller's check when operator new is not noexcept: the constructor then runs on a null pointer.
        symbol = "__ZN8mpusynth12MidiMiniport6createEv" if I686 else "_ZN8mpusynth12MidiMiniport6createEv"
        code = output_of(tool("objdump"), "-d", "--no-show-raw-insn", f"--disassemble={symbol}",
                         FOLDER / "mpusynth.unstripped.sys")
        calls = re.split(r"call .*<_?_Znw[^>]*>", code)
        self.assertEqual(len(calls), 2, "one allocation in MidiMiniport::create")
        self.assertRegex("\n".join(calls[1].splitlines()[:12]), r"test +%(\w+),%\1")

    def test_the_symbol_file_names_the_functions_at_the_addresses_of_the_image(self):
        if MSVC:
            where = output_of("llvm-symbolizer", f"--obj={FOLDER / 'mpusynth.sys'}", hex(self.image.base + self.image.entry))
            self.assertEqual(where.splitlines()[0], "GsDriverEntry")
            self.assertRegex(where, r"/driver/support/msvc_runtime\.cpp:\d+")
            return
        symbols = output_of(tool("nm"), FOLDER / "mpusynth.debug")
        name = "_DriverEntry@8" if I686 else "DriverEntry"
        match = re.search(rf"^([0-9a-f]+) . {re.escape(name)}$", symbols, re.MULTILINE)
        self.assertIsNotNone(match, f"no {name} in mpusynth.debug")
        self.assertEqual(int(match.group(1), 16), self.image.base + self.image.entry)

    def test_no_port_and_no_interrupt_number_stands_in_the_source(self):
        for file in sorted((SOURCE / "mpusynth").glob("*.[ch]pp")):
            self.assertNotRegex(file.read_text(), r"(?i)0x3[0-9a-f]0\b|\birq\s*=\s*\d", file.name)

    def test_image_and_symbols_name_each_other(self):
        if not MSVC:
            self.assertEqual(self.image.directory(6), (0, 0), "DWARF is found by its file's name alone")
            return
        at = self.image.data.index(b"RSDS")
        signature = self.image.data[at + 4 : at + 20]
        self.assertEqual(self.image.data[at + 24 :].split(b"\0")[0], b"mpusynth.pdb", "no path")
        self.assertEqual((FOLDER / "mpusynth.pdb").read_bytes().count(signature), 1)

    @unittest.skipUnless(MSVC, "mingw-w64 has neither")
    def test_stack_cookies_and_control_flow_guard_are_announced_in_the_load_configuration(self):
        address, size = self.image.directory(10)
        config = self.image.offset(address)
        self.assertEqual(size, struct.unpack_from("<I", self.image.data, config)[0])
        cookie, = struct.unpack_from("<Q", self.image.data, config + 0x58)
        at = self.image.offset(cookie - self.image.base)
        self.assertEqual(struct.unpack_from("<Q", self.image.data, at)[0], 0x2B992DDFA232)
        check, dispatch, table, count, flags = struct.unpack_from("<QQQQI", self.image.data, config + 0x70)
        self.assertTrue(check and dispatch and table and count > 20, (check, dispatch, table, count))
        self.assertTrue(flags & 0x500, "instrumented, with a table of functions")
        self.assertTrue(self.image.dll_flags & 0x4000, "GUARD_CF")

    def test_the_same_source_in_another_place_gives_the_same_file(self):
        if os.environ["MPULAB_DRIVER_ABI"] != "x86_64-msvc" and os.environ.get("MPULAB_FULL") != "1":
            self.skipTest("forty seconds of building; --full does it for each compiler, otherwise the one that ships")
        root = SOURCE.parent
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "elsewhere"
            for part in ("driver", "device-model/core/include", "guest-images/agent"):
                shutil.copytree(root / part, copy / part)
            build = pathlib.Path(folder) / "build"
            output_of("cmake", "-G", "Ninja", "-S", copy / "driver" / "mpusynth", "-B", build,
                      f"-DCMAKE_TOOLCHAIN_FILE={copy}/driver/cmake/{TOOLCHAIN}.cmake", "-DCMAKE_BUILD_TYPE=Release")
            output_of("cmake", "--build", build)
            self.assertEqual((build / "mpusynth.sys").read_bytes(), self.image.data)


if __name__ == "__main__":
    unittest.main()
