#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ks.sys for a driver that uses it without PortCls (objects.sys): create items, lists, data intersections, cancelable
queues, a client in kernel mode. One boot, each case by its name and what it shows."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402


CASES = {
    "device_objects": "the device object of plug and play is the one that was set",
    "given_items": "an object knows the item that made it and the access it was opened with",
    "added_items": "an item added to an object is found below it alone and a name is given once",
    "items_by_context": "items of one context go together and what is open stays",
    "items_in_use": "an item goes when no create runs with it",
    "lists": "a sized list is given whole or its size is",
    "intersections": "data ranges are offered in the clients order until one is taken",
    "wrong_requests": "wrong requests are refused with the status of their kind",
    "queued_requests": "a client waits until its request is completed or cancelled",
    "chained_cancel": "a drivers cancel routine may end in the systems",
    "acquired_requests": "a request that is acquired cannot be cancelled until it is released",
    "topology_answers": "a topology answers for its nodes and for no other",
    "extended_intersections": "a data range is offered with each of the pins ranges",
    "refused_pins": "a pin is refused without the filter the number the format or the interface for it",
    "refused_dispatches": "what has no object behind it is dispatched nowhere",
    "one_shot_events": "a one shot event happens once and what is no event never",
    "methods": "a methods buffer goes in and out as its item says and an object lists its sets",
    "discarded_events": "an event that its owner discards is nobodys any more",
}


class Objects(unittest.TestCase):
    def test_all_cases_run_as_documented_and_nothing_is_left_behind(self):
        run = guest_machine.boot(guest_machine.Score(), guest_machine.test_driver("ks/objects", "objects"))
        parts = re.split(r"objects: case (\w+)\n", run.text)
        cases = dict(zip(parts[1::2], parts[2::2]))
        self.assertEqual(sorted(cases), sorted(CASES), run.text)
        for name, sentence in CASES.items():
            with self.subTest(sentence):
                self.assertEqual(re.findall("objects: FAILED.*", cases[name]), [])
        self.assertIn("objects: all cases ran", run.text)
        self.assertEqual(run.named("FINDING"), [])


if __name__ == "__main__":
    unittest.main()
