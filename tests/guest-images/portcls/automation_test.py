#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Automation tables: what a miniport's filter, pins and nodes offer of properties, events and names, and what a client
that asks rightly or wrongly gets (automation.sys is both; each case is a function of its)."""
import re

from recorder_score import *  # noqa: F403

NAMES = r"""Windows Registry Editor Version 5.00

[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\MediaCategories\{5ad23c10-31f3-4e0c-9b51-70112c4d2001}]
"Name"="The bridge"
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\MediaCategories\{5ad23c10-31f3-4e0c-9b51-70112c4d2002}]
"Name"="All devices'"
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Class\{4d36e96c-e325-11ce-bfc1-08002be10318}\0000\MediaCategories\{5ad23c10-31f3-4e0c-9b51-70112c4d2002}]
"Name"="This device's"
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\MediaCategories\{5ad23c10-31f3-4e0c-9b51-70112c4d2003}]
"Name"=dword:00000001
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\MediaCategories\{5ad23c10-31f3-4e0c-9b51-70112c4d2004}]
"Name"="A node's name"
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\MediaCategories\{5ad23c10-31f3-4e0c-9b51-70112c4d2005}]
"Name"="A node's type"
"""
CONTROL = guest_machine.ctl_code(0x800)
CARRIED = "automation: event of the filter 0x00000000"


def boot(**options):
    score = guest_machine.Score()
    score.open_device(0, r"\Device\MpulabAutomation")
    score.ioctl(0, CONTROL, timeout=20000)
    score.close(0)
    score.remove_device()
    return guest_machine.boot(score, guest_machine.test_driver("portcls/automation", "automation"),
                              files={"registry.reg": NAMES.encode()}, **options)


class Automation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_ = boot()

    def case(self, name):
        """The lines of a case, none of which is a failed check."""
        parts = re.split(r"automation: case (\w+)\n", self.run_.text)
        self.assertIn(name, parts[1::2], self.run_.text)
        lines = parts[parts.index(name) + 1]
        self.assertEqual(re.findall("automation: FAILED.*", lines), [])
        return lines

    def test_all_cases_run_and_the_device_goes_without_a_finding(self):
        self.assertEqual(self.run_.end, 0, self.run_)
        self.assertIn("automation: all cases ran", self.run_.text)
        self.assertEqual(self.run_.findings(), [])

    def test_a_pins_name_is_that_of_its_name_or_its_category_in_the_registry(self):
        self.assertIn("the pin that is named twice is This device's", self.case("pin_names"))

    def test_a_nodes_name_is_that_of_its_name_or_its_type_in_the_registry(self):
        self.case("node_names")

    def test_a_nodes_properties_are_reached_through_the_filter_and_through_a_pin(self):
        self.case("node_properties")

    def test_a_property_may_be_completed_later_and_never_as_pending(self):
        self.case("pending_properties")

    def test_methods_of_automation_tables_are_left_out_as_wdm_audio_does(self):
        self.case("methods")
        self.assertIn("portcls.sys: automation table of the filter: 1 methods are left out, WDM audio has none",
                      self.run_.text)

    def test_a_client_is_told_of_the_events_of_a_pin_that_it_enabled_until_it_disables_them(self):
        self.case("pin_events")

    def test_a_client_is_told_of_the_events_of_a_node(self):
        self.case("node_events")

    def test_a_client_is_told_of_the_events_of_a_filter_and_of_the_pin_that_it_names(self):
        lines = self.case("filter_events")
        self.assertIn(CARRIED, lines)
        self.assertIn("told of the bridge pin: 0 1\n", lines)
        self.assertIn("told of all: 1 1\n", lines)

    def test_wrong_sets_ids_sizes_flags_and_notifications_are_refused_and_the_drivers_refusal_is_passed_on(self):
        self.case("wrong_event_requests")

    def test_a_one_shot_event_comes_once_and_its_handler_is_told_that_it_is_over(self):
        self.case("one_shot_events")

    def test_closing_a_handle_ends_the_events_enabled_through_it(self):
        self.case("closing_handles")

    def test_support_queries_answer_by_table_by_set_and_by_the_drivers_word(self):
        self.case("support_queries")

    def test_kernel_mode_clients_are_told_by_event_semaphore_dpc_and_work_item(self):
        self.case("kernel_notifications")

    def test_above_dispatch_level_a_dpc_tells_and_has_room_for_one_call(self):
        self.case("generating_above_dispatch_level")

    def test_each_call_of_an_event_handler_is_in_the_log(self):
        calls = self.run_.calls("EventHandler")
        verbs = {verb: sum(call.c == verb for call in calls) for verb in (1, 2, 4)}
        self.assertGreater(min(verbs.values()), 0, verbs)
        self.assertEqual(len(calls), sum(verbs.values()))


class Choice(unittest.TestCase):
    def test_filter_events(self):
        run = boot(choices={"filter-events": 1})
        self.assertEqual(run.choices()["filter-events"], 1)
        self.assertNotIn(CARRIED, run.text)
        self.assertIn("automation: event of the filter 0xc0000230", run.text)
        self.assertEqual(re.findall("automation: FAILED.*", run.text), [])


class Profile(unittest.TestCase):
    def test_windows_before_10_1809_does_not_look_for_names_in_the_devices_key(self):
        run = boot(windows_build=9600)
        self.assertIn("the pin that is named twice is All devices'", run.text)
        self.assertEqual(re.findall("automation: FAILED.*", run.text), [])


if __name__ == "__main__":
    unittest.main()
