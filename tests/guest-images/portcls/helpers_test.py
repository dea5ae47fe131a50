#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The helper objects of portcls.sys on a real card (helpers.sys): interrupt syncs, service groups, resource lists
(reference portcls-midi.md 3). One boot, each case by its name, with exactly the findings it must bring."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402

LATE_OR_TWICE, STILL_CONNECTED, FROM_WITHIN, ENDLESS, ABOVE_PASSIVE, SMALL_EXTENSION = 44, 42, 45, 13, 1, 70


def boot(**options):
    return guest_machine.boot(guest_machine.Score(), guest_machine.test_driver("portcls/helpers", "helpers"), **options)


class Helpers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_ = boot()
        parts = re.split(r"helpers: case (\w+)\n", cls.run_.text)
        cls.cases = dict(zip(parts[1::2], parts[2::2]))
        # A case's findings: those between its line and the next one's, by sequence number.
        marks = [(record.seq, record.data.decode()) for record in cls.run_.of("TEXT")]
        cls.findings = {name: [] for name in cls.cases}
        starts, text = [], ""
        for seq, piece in marks:
            text += piece
            for name in cls.cases:
                if text.endswith(f"helpers: case {name}\n"):
                    starts.append((seq, name))
        for finding in cls.run_.of("FINDING"):
            inside = [name for seq, name in starts if seq < finding.seq]
            cls.findings[inside[-1]].append(finding.a)

    def case(self, name, *findings):
        self.assertIn(name, self.cases, self.run_.text)
        self.assertEqual(re.findall("helpers: FAILED.*", self.cases[name]), [], self.cases[name])
        self.assertEqual(self.findings[name], list(findings), self.cases[name])

    def test_all_cases_run(self):
        self.assertEqual(self.run_.end, 0, self.run_)
        self.assertIn("helpers: all cases ran", self.run_.text)
        self.assertEqual(len(self.cases), 18)

    def test_normal_stops_at_the_first_success_all_calls_each_once_and_repeat_until_a_pass_has_none(self):
        self.case("modes")

    def test_first_puts_a_routine_in_front_and_one_registered_after_connect_is_told(self):
        self.case("order", LATE_OR_TWICE)

    def test_a_routine_that_claims_without_end_in_repeat_mode_is_found_and_does_not_hang_the_machine(self):
        self.case("endless", ENDLESS)

    def test_an_interrupt_is_connected_once_and_can_be_connected_again_after_disconnect(self):
        self.case("connecting", LATE_OR_TWICE, LATE_OR_TWICE)

    def test_the_last_release_of_a_connected_interrupt_disconnects_it_and_is_told(self):
        self.case("releasing", STILL_CONNECTED)

    def test_a_synchronized_routine_runs_at_the_lines_irql_and_never_from_within_or_above(self):
        self.case("synchronized", FROM_WITHIN, FROM_WITHIN)

    def test_service_routines_have_a_limit_and_are_none_without_a_function(self):
        self.case("too_many_routines")

    def test_members_are_served_once_a_request_at_dispatch_level_and_requests_before_that_are_one(self):
        self.case("serving")

    def test_a_member_is_held_as_long_as_it_is_one_and_not_served_afterwards(self):
        self.case("members", ABOVE_PASSIVE)

    def test_a_delayed_request_comes_in_its_time_is_replaced_and_cancelled(self):
        self.case("delays")

    def test_a_list_answers_by_type_and_index_and_is_a_copy(self):
        self.case("lists")

    def test_a_sublist_takes_entries_from_its_parent_as_far_as_it_has_room(self):
        self.case("sublists")

    def test_an_interrupt_without_a_sync_is_connected_as_its_resource_says_and_serves_at_its_irql(self):
        self.case("plain_interrupt")

    def test_adapters_devices_and_irps_that_are_none_are_refused(self):
        self.case("refused_adapters", SMALL_EXTENSION)

    def test_subdevices_connections_and_timeouts_are_refused_without_what_they_need_and_twice(self):
        self.case("refused_registrations")

    def test_registry_keys_of_no_kind_and_of_no_place_are_refused(self):
        self.case("refused_keys")

    def test_managers_of_power_and_plug_and_play_are_refused_when_they_are_none_and_out_of_order(self):
        self.case("refused_managers")


class TwoProcessors(unittest.TestCase):
    def test_remove_member_returns_when_a_call_on_the_other_processor_has(self):
        run = boot(cpus=2)
        self.assertEqual(re.findall("helpers: FAILED.*", run.text), [])
        self.assertIn("helpers: removed while it ran", run.text)
        self.assertIn("helpers: all cases ran", run.text)


if __name__ == "__main__":
    unittest.main()
