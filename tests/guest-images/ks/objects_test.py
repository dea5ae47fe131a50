#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ks.sys for a driver that uses it without PortCls (objects.sys): create items, lists, data intersections, cancelable
queues, a client in kernel mode. One boot, each case by its name."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402


class Objects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_ = guest_machine.boot(guest_machine.Score(), guest_machine.test_driver("ks/objects", "objects"))
        parts = re.split(r"objects: case (\w+)\n", cls.run_.text)
        cls.cases = dict(zip(parts[1::2], parts[2::2]))

    def case(self, name):
        self.assertIn(name, self.cases, self.run_.text)
        self.assertEqual(re.findall("objects: FAILED.*", self.cases[name]), [])

    def test_all_cases_run_and_nothing_is_left_behind(self):
        self.assertIn("objects: all cases ran", self.run_.text)
        self.assertEqual(len(self.cases), 17)
        self.assertEqual(self.run_.named("FINDING"), [])

    def test_the_device_object_of_plug_and_play_is_the_one_that_was_set(self):
        self.case("device_objects")

    def test_an_object_knows_the_item_that_made_it_and_the_access_it_was_opened_with(self):
        self.case("given_items")

    def test_an_item_added_to_an_object_is_found_below_it_alone_and_a_name_is_given_once(self):
        self.case("added_items")

    def test_items_of_one_context_go_together_and_what_is_open_stays(self):
        self.case("items_by_context")

    def test_an_item_goes_when_no_create_runs_with_it(self):
        self.case("items_in_use")

    def test_a_sized_list_is_given_whole_or_its_size_is(self):
        self.case("lists")

    def test_data_ranges_are_offered_in_the_clients_order_until_one_is_taken(self):
        self.case("intersections")

    def test_wrong_requests_are_refused_with_the_status_of_their_kind(self):
        self.case("wrong_requests")

    def test_a_client_waits_until_its_request_is_completed_or_cancelled(self):
        self.case("queued_requests")

    def test_a_drivers_cancel_routine_may_end_in_the_systems(self):
        self.case("chained_cancel")

    def test_a_request_that_is_acquired_cannot_be_cancelled_until_it_is_released(self):
        self.case("acquired_requests")

    def test_a_topology_answers_for_its_nodes_and_for_no_other(self):
        self.case("topology_answers")

    def test_a_data_range_is_offered_with_each_of_the_pins_ranges(self):
        self.case("extended_intersections")

    def test_a_pin_is_refused_without_the_filter_the_number_the_format_or_the_interface_for_it(self):
        self.case("refused_pins")

    def test_what_has_no_object_behind_it_is_dispatched_nowhere(self):
        self.case("refused_dispatches")

    def test_a_one_shot_event_happens_once_and_what_is_no_event_never(self):
        self.case("one_shot_events")

    def test_an_event_that_its_owner_discards_is_nobodys_any_more(self):
        self.case("discarded_events")


if __name__ == "__main__":
    unittest.main()
