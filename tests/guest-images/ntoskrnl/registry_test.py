#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The registry, tried from inside a driver (registry.sys) that is booted with a registry.reg: one boot, each case by its
name; and what a registry.reg or boot.cfg that is wrong ends in."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402

BAD_IMAGE, GUEST_UNFIT = 5, 7
CLASS = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Class\{4d36e96c-e325-11ce-bfc1-08002be10318}\0000"
ENUM = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Enum\ACPI\PNPB006\0"
SERVICE = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\registry"
ONE = "{11111111-0001-0002-0304-05060708090a}"
INTERFACE = (r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\DeviceClasses" + "\\" + ONE +
             r"\##?#ACPI#PNPB006#0#" + ONE + r"\#UART\Device Parameters")
HEAD = "Windows Registry Editor Version 5.00\r\n\r\n"
REGISTRY = HEAD + rf"""; what an INF would have written
[{SERVICE}\Parameters]
@="default"
"Text"="a \"quoted\" b\\c ü🎵"
"Number"=dword:DEADBEEF
"Bytes"=hex:01,02,\
  ff,04
"List"=hex(7):61,00,00,00,62,00,00,00,00,00
"Gone"="x"
"Gone"=-

[{CLASS}]
"AssociatedFilters"="wdmaud"

[{ENUM}]
"DeviceDesc"="The Device"
"Mfg"="Maker"

[{ENUM}\Device Parameters]
"Hardware"=dword:1

[{INTERFACE}]
"FriendlyName"="Port One"

[HKEY_LOCAL_MACHINE\SOFTWARE\GoneToo\Deep\Down]
[-HKEY_LOCAL_MACHINE\SOFTWARE\GoneToo]
"""


def boot(**files):
    driver = guest_machine.test_driver("ntoskrnl/registry", "registry")
    return guest_machine.boot(guest_machine.Score(), driver, files={name.replace("_", "."): text.encode()
                                                                    for name, text in files.items()})


class Registry(unittest.TestCase):
    def test_keys_values_and_what_stands_on_them_behave_as_documented(self):
        run = boot(registry_reg=REGISTRY)
        self.assertIn("semantics: all cases ran", run.text, run)
        self.assertEqual(len(re.findall("semantics: case ", run.text)), 21, run.text)
        self.assertEqual(re.findall("semantics: FAILED.*", run.text), [], run.text)
        self.assertIn(r"service key \Registry\Machine\System\CurrentControlSet\Services\registry, "
                      r"driver object \Driver\registry", run.text)

    def test_a_service_of_another_name_than_its_file_has_its_own_key_and_object(self):
        run = boot(registry_reg=REGISTRY.replace(r"Services\registry", r"Services\other"),
                   boot_cfg="driver=registry.sys\r\nservice=other\r\n")
        self.assertIn(r"Services\other, driver object \Driver\other", run.text, run)

    def test_a_registry_text_that_is_wrong_ends_the_run_with_its_line(self):
        for text, line, expected in (("", 1, "Windows Registry Editor"), ("REGEDIT4\n", 1, "Windows Registry Editor"),
                                     (HEAD + "\"a\"=dword:1\n", 3, "[KEY]"), (HEAD + "[HKEY_PLACE\\x]\n", 3, "HKEY_"),
                                     (HEAD + "[HKEY_USERS\\a]\n\"n\"=dword:x\n", 4, "dword:")):
            with self.subTest(text):
                run = boot(registry_reg=text)
                self.assertEqual(run.end, BAD_IMAGE, run)
                self.assertRegex(run.text, rf"registry.reg line {line}: expected .*{re.escape(expected)}")

    def test_a_root_device_of_no_good_name_ends_the_run_with_it(self):
        for name in ("PCI\\X", "ROOT", "ROOT\\", "ROOT\\a\\b", "ROOT\\a,b"):
            with self.subTest(name):
                run = boot(boot_cfg=f"driver=registry.sys\nroot={name}\n")
                self.assertEqual(run.end, GUEST_UNFIT, run)
                self.assertIn(f"root={name}, expected ROOT\\NAME", run.text)

    def test_a_root_device_whose_resources_cannot_be_read_ends_the_run_with_it(self):
        for what in ("ports=", "ports=0x300", "ports=0x301-0x300", "ports=0x300-0x10000", "ports=0x300-0x301 irq=", "irq=5",
                     "ports=0x300-0x301 irq=16", "ports=0x300-0x301 irq=5 more", "ports=0x300-0x301,", "ports=0xfffffffff-0x1"):
            with self.subTest(what):
                run = boot(boot_cfg=f"driver=registry.sys\nroot=ROOT\\A {what}\n")
                self.assertEqual(run.end, GUEST_UNFIT, run)
                self.assertIn("root=ROOT\\A and what follows it, expected ports=FIRST-LAST irq=LINE", run.text)


if __name__ == "__main__":
    unittest.main()
