#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What portcls.sys gives an adapter beside its ports: timeouts, device properties, and requests that the adapter forwards
and completes itself (early.sys; reference portcls-midi.md 4)."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402


class Adapter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_ = guest_machine.boot(guest_machine.Score(), guest_machine.test_driver("portcls/early", "early"))

    def says(self, *lines):
        for line in lines:
            self.assertIn(f"early: {line}\n", self.run_.text)

    def test_a_timeout_is_taken_back_once_and_only_by_routine_and_context(self):
        self.says("timeout taken back before it was given: 0xc0000225", "timeout given: 0x00000000",
                  "timeout without a routine: 0xc000000d", "timeout of another context: 0xc0000225",
                  "timeout taken back: 0x00000000", "timeout taken back twice: 0xc0000225")

    def test_power_management_is_registered_once(self):
        self.says("power management registered: 0x00000000", "registered twice: 0xc0000184")

    def test_a_device_property_comes_with_its_length_and_a_small_buffer_is_told_it(self):
        self.assertRegex(self.run_.text, r"early: hardware id: 0x00000000, \d+ bytes, .*PNPB006")
        self.says("in 4 bytes: 0xc0000023, as long: 1", "property 99: 0xc00000f0")

    def test_a_forwarded_irp_is_the_adapters_until_it_completes_it_and_never_as_pending(self):
        self.says("forwarded: 0x00000000, and the IRP is still here: 0x00000000", "completed as pending: 0xc000000d",
                  "completed: 0x00000000")

    def test_a_helper_object_made_a_part_of_the_adapter_s_keeps_com_s_rules_in_both_its_faces(self):
        self.assertNotIn("FAILED", self.run_.text)
        self.says(*(f"aggregated {what}" for what in ("interrupt sync", "service group", "resource list",
                                                      "resource sublist")))

    def test_a_method_called_above_passive_level_says_so_and_does_nothing(self):
        told = [text for rule, text in self.run_.findings() if rule == 1]
        self.assertEqual(told, [f"V01 {method} above PASSIVE_LEVEL" for method in (
            "IInterruptSync::RegisterServiceRoutine", "IInterruptSync::Connect", "IServiceGroup::AddMember",
            "IPort::GetDeviceProperty", "IPort::NewRegistryKey")])
        statuses = ["0xc000000d", "0xc0000184", "0xc000000d", "0xc0000010", "0xc0000010"]
        self.assertEqual(re.findall("early: above its level: (.*)", self.run_.text), statuses)

    def test_nothing_an_aggregated_object_was_is_left_and_no_rule_is_broken(self):
        self.assertEqual([rule for rule, _ in self.run_.findings() if rule != 1], [44, 73, 61],
                         "the early call; power management twice; one subdevice more than announced")


if __name__ == "__main__":
    unittest.main()
