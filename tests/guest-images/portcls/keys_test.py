#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""PcNewRegistryKey, IPort::NewRegistryKey and IRegistryKey, used rightly and wrongly by keys.sys (keys/) as it starts, over a
registry.reg. One boot serves all but the choices."""
import functools
import re
import unittest

import plan_writer
from recorder_score import *  # noqa: F403

SET = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet"
CLASS = r"Control\Class\{4d36e96c-e325-11ce-bfc1-08002be10318}\0000"
PROFILE = SET + r"\Hardware Profiles\Current\System\CurrentControlSet"
AUDIO, RENDER_CATEGORY, CAPTURE_CATEGORY = ("{6994ad04-93ef-11d0-a3cc-00a0c9223196}", "{65e8773e-8f56-11d0-a3b9-00a0c9223196}",
                                            "{65e8773d-8f56-11d0-a3b9-00a0c9223196}")


def interface(category):
    return rf"{SET}\Control\DeviceClasses\{category}\##?#ACPI#PNPB006#0#{category}\#Keys\Device Parameters"


REGISTRY = rf"""Windows Registry Editor Version 5.00

[{SET}\{CLASS}]
"Text"="hello"
"Number"=dword:0000002a

[{SET}\Enum\ACPI\PNPB006\0\Device Parameters]
"Where"="device"

[{PROFILE}\{CLASS}]
"Where"="driver in profile"

[{PROFILE}\Enum\ACPI\PNPB006\0]
"Where"="device in profile"

[{interface(AUDIO)}]
"Where"="audio"

[{interface(CAPTURE_CATEGORY)}]
"Where"="capture"

[HKEY_LOCAL_MACHINE\SOFTWARE\Keys\General]
"Where"="general"
"""
ACCESS_DENIED, CANNOT_DELETE, KEY_DELETED = 0xC0000022, 0xC0000121, 0xC000017C
NAME_NOT_FOUND, TYPE_MISMATCH, NO_MORE_ENTRIES = 0xC0000034, 0xC0000024, 0x8000001A
PATH_NOT_FOUND, BUFFER_OVERFLOW, BUFFER_TOO_SMALL = 0xC000003A, 0x80000005, 0xC0000023


@functools.lru_cache(None)
def boot(choices=()):
    score = guest_machine.Score()
    score.open_filter(0, reference="Keys")
    return guest_machine.boot(score, guest_machine.test_driver("portcls/keys", "keys"), choices=dict(choices),
                              files={"registry.reg": REGISTRY.encode()})


class Keys(unittest.TestCase):
    def setUp(self):
        self.run_ = boot()
        self.assertEqual(self.run_.end, 0, self.run_)

    def said(self, what, run=None):
        """[(status, the line after it)] of everything told under this name."""
        return [(int(status, 16), after) for status, after in
                re.findall(rf"^keys: {re.escape(what)}: 0x(\w+)\n(?:keys: ([^\n]*))?", (run or self.run_).text, re.M)]

    def answers(self, **expected):
        for what, status in expected.items():
            what = what.replace("_", " ")
            self.assertEqual([f"{s:#010x}" for s, _ in self.said(what)], [f"{status:#010x}"], what)

    def where(self, what, run=None):
        """The value Where of the key that was told under this name."""
        return re.findall(rf"^keys: {re.escape(what)}: 0x00000000\nkeys: Where: 0x00000000\nkeys: is (.*)$",
                          (run or self.run_).text, re.M)

    def test_each_type_of_key_is_the_right_one(self):
        self.assertEqual(self.said("a text"), [(SUCCESS, "is hello")])
        self.assertEqual(self.said("a number"), [(SUCCESS, "is 42")])
        self.assertEqual(self.where("device key"), ["device"])
        self.assertEqual(self.where("profile key"), ["driver in profile"])
        self.assertEqual(self.where("general key"), ["general"])
        self.assertIn("keys: is general\nkeys: disposition 2\n", self.run_.text, "opened, not made")

    def test_a_port_opens_its_own_keys_and_its_interface_s_once_it_is_registered(self):
        self.answers(**{"IPort::NewRegistryKey before Init": INVALID_PARAMETER,
                        "interface key before Init": INVALID_PARAMETER,
                        "interface key before the port is registered": INVALID_DEVICE_STATE})
        for what in ("IPort::NewRegistryKey", "IPort::NewRegistryKey again"):
            self.assertEqual(self.where(what), ["hello"])
        self.assertEqual(self.where("interface key"), ["audio"])

    def test_a_wrong_type_name_device_or_place_is_refused_and_gives_no_key(self):
        self.answers(a_type_that_is_none=INVALID_PARAMETER, general_key_without_a_name=INVALID_PARAMETER,
                     driver_key_without_a_device=INVALID_PARAMETER, interface_key_without_a_port=INVALID_PARAMETER,
                     no_place=INVALID_PARAMETER, **{"aggregated, and a type that is none": INVALID_PARAMETER})
        self.assertIn(self.said("a path that is no registry's")[0][0], (NAME_NOT_FOUND, PATH_NOT_FOUND))
        self.assertNotIn("a pointer all the same", self.run_.text)

    def test_a_key_made_a_part_of_the_driver_s_object_answers_through_both_its_faces_and_is_given_back(self):
        for what in ("registry key", "subkey"):
            self.assertIn(f"keys: aggregated {what}\n", self.run_.text)
        self.assertEqual(self.said("a number through each face"), [(SUCCESS, "is 42")] * 2)
        self.assertNotIn("FAILED", self.run_.text)

    def test_values_are_read_set_and_listed_and_a_small_buffer_is_told_what_it_lacks(self):
        self.answers(QueryInterface=SUCCESS, a_value_that_is_not_there=NAME_NOT_FOUND, SetValueKey=SUCCESS,
                     EnumerateValueKey=SUCCESS, EnumerateValueKey_beyond_the_last=NO_MORE_ENTRIES)
        self.assertEqual(self.said("what was set"), [(SUCCESS, "is 7")])
        self.assertEqual(self.said("a buffer for the head only"), [(BUFFER_OVERFLOW, "needs 24")])
        self.assertEqual(self.said("a buffer too small for the head"), [(BUFFER_TOO_SMALL, "needs 24")])

    def test_queryregistryvalues_calls_its_routines_fills_in_directly_and_checks_types(self):
        self.assertIn("keys: routine Text type 1 length 12 context 1 entry 2\n", self.run_.text)
        self.assertEqual(self.said("QueryRegistryValues"), [(SUCCESS, "number 42")])
        self.answers(a_required_value_that_is_not_there=NAME_NOT_FOUND, a_value_of_the_wrong_type=TYPE_MISMATCH,
                     no_table=INVALID_PARAMETER)

    def test_subkeys_are_made_opened_listed_and_deleted(self):
        self.assertEqual(self.said("NewSubKey"), [(SUCCESS, "disposition 1")])
        self.assertEqual(self.said("NewSubKey again"), [(SUCCESS, "disposition 2")])
        self.assertEqual(self.said("EnumerateKey"), [(SUCCESS, "is Sub")])
        self.assertEqual(self.said("QueryKey"), [(SUCCESS, "1 subkeys, 3 values")])
        self.answers(NewSubKey_of_a_parent_that_is_not_there=NAME_NOT_FOUND, NewSubKey_without_a_name=INVALID_PARAMETER,
                     NewSubKey_without_a_place=INVALID_PARAMETER, NewSubKey_aggregated_without_a_name=INVALID_PARAMETER,
                     EnumerateKey_beyond_the_last=NO_MORE_ENTRIES, EnumerateKey_with_too_little_room=BUFFER_TOO_SMALL,
                     SetValueKey_read_only=ACCESS_DENIED, DeleteKey_read_only=ACCESS_DENIED,
                     DeleteKey_with_a_subkey=CANNOT_DELETE, DeleteKey_below=SUCCESS, DeleteKey=SUCCESS,
                     DeleteKey_again=INVALID_DEVICE_REQUEST, QueryKey_of_what_is_deleted=INVALID_DEVICE_REQUEST,
                     SetValueKey_through_another_of_its_keys=KEY_DELETED, EnumerateKey_when_it_is_gone=NO_MORE_ENTRIES)

    def test_every_key_object_is_given_back_and_no_rule_is_broken(self):
        self.assertEqual(re.findall(r"keys: left (\d+)", self.run_.text), ["0"] * 5)
        self.assertEqual(rules(self.run_), [])

    def each(self, name):
        number, alternatives = plan_writer.choices()[name]
        runs = [boot(((name, alternative),)) for alternative in range(alternatives)]
        for alternative, run in enumerate(runs):
            self.assertEqual([(r.a, r.b) for r in run.of("CHOICE") if r.a == number], [(number, alternative)])
        return runs

    def test_profile_key(self):
        self.assertEqual([self.where("profile key", run) for run in self.each("profile-key")],
                         [["driver in profile"], ["device in profile"]])

    def test_interface_key(self):
        self.assertEqual([self.where("interface key", run) for run in self.each("interface-key")],
                         [["audio"], ["capture"]])


if __name__ == "__main__":
    unittest.main()
