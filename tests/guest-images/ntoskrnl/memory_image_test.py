#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A debugger that knows Windows and not nanont finds its way in an image of the guest's memory."""
import pathlib
import tempfile
import unittest

from faulty_driver import *  # noqa: F403
import memory_image

# KDDEBUGGER_DATA64
(KERN_BASE, SAVED_CONTEXT, LOADED_MODULES, BUGCHECK_DATA, PROCESSOR_BLOCK, PAGE_SIZE) = (0x18, 0x28, 0x48, 0x88, 0x218,
                                                                                        0x138)
(CONTEXT_RSP, CONTEXT_RIP) = (0x98, 0xF8)  # CONTEXT of x64
FAULT = "null_read_at_dispatch"


class Image(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix="mpulab-memory-") as folder:
            ram = pathlib.Path(folder) / "ram"
            cls.run_ = boot(FAULT, ram=ram, cpus=2)
            root = next(r.b for r in cls.run_.of("REGISTER") if guest_machine.eventlog.REGISTERS[r.a] == "CR3")
            cls.memory = memory_image.MemoryImage(ram.read_bytes(), root)
        version = cls.memory.debugger_data()
        assert len(version) == 1, f"KDBG is at {version} of the image"
        cls.physical = version[0]
        # Its address: what its own list leads back to.
        head = int.from_bytes(cls.memory.physical[cls.physical : cls.physical + 8], "little")
        cls.data = cls.memory.u64(head)

    def field(self, offset):
        return self.memory.u64(self.data + offset)

    def test_the_debugger_data_is_found_by_its_tag_and_by_the_list_it_is_in(self):
        self.assertEqual(self.memory.translate(self.data), self.physical)
        self.assertEqual(self.field(PAGE_SIZE), memory_image.PAGE)

    def test_every_processors_kpcr_leads_to_the_version_block_and_that_to_the_debugger_data(self):
        blocks = self.field(PROCESSOR_BLOCK)
        for number in range(2):
            kpcr = self.memory.u64(blocks + 8 * number) - memory_image.KPCR_PRCB
            self.assertEqual(self.memory.u64(kpcr + memory_image.KPCR_SELF), kpcr)
            version = self.memory.u64(kpcr + memory_image.KPCR_KD_VERSION_BLOCK)
            self.assertEqual(f"{self.memory.u16(version + 8):#x}", "0x8664", "MachineType")
            self.assertEqual(self.memory.u16(version + 2), 19045, "MinorVersion is the build of the profile")
            self.assertEqual(self.memory.u64(version + 0x10), self.field(KERN_BASE))
            self.assertEqual(self.memory.u64(version + 0x18), self.field(LOADED_MODULES))
            self.assertEqual(self.memory.u64(self.memory.u64(version + 0x20)), self.data)
        self.assertEqual(self.memory.u64(blocks + 16), 0, "there are two processors")

    def test_the_loaded_modules_are_those_of_the_event_log(self):
        told = guest_machine.eventlog.modules(self.run_.records)
        seen = self.memory.modules(self.field(LOADED_MODULES))
        self.assertEqual({name: (base, size) for name, (base, size, _) in seen.items()}, told)
        self.assertEqual(next(iter(seen)), "ntoskrnl.exe", "the kernel is first, as debuggers expect")
        self.assertEqual(seen["ntoskrnl.exe"][0], self.field(KERN_BASE))
        self.assertEqual(self.memory.read(self.field(KERN_BASE), 2), b"MZ")
        name = image(FAULT).name
        self.assertEqual(seen[name][2], rf"\SystemRoot\System32\drivers\{name}")

    def test_the_bugcheck_and_its_registers_are_those_of_the_report(self):
        code, parameters = self.run_.bugcheck()
        at = self.field(BUGCHECK_DATA)
        self.assertEqual([self.memory.u64(at + 8 * i) for i in range(5)], [code, *parameters])
        frame = self.run_.of("FRAME")[0]
        context = self.field(SAVED_CONTEXT)
        self.assertEqual((self.memory.u64(context + CONTEXT_RIP), self.memory.u64(context + CONTEXT_RSP)),
                         (frame.a, frame.b))


if __name__ == "__main__":
    unittest.main()
