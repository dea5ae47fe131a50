#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""portcls.sys in the real guest: CLSID_PortTopology, physical connections, and what is unregistered again (topology.sys
prints what its calls came to)."""
import re
import unittest

from recorder_score import *  # noqa: F403
from guest_machine import CANCEL_STOP, QUERY_STOP, START_DEVICE, STOP_DEVICE


class Topology(unittest.TestCase):
    def play(self, score):
        driver = guest_machine.test_driver("portcls/topology", "topology")
        run = guest_machine.boot(score, driver)
        self.assertEqual(run.end, 0, run)
        return run

    def test_connections_and_subdevices_are_registered_and_unregistered_with_the_documented_statuses(self):
        run = self.play(guest_machine.Score())
        self.assertEqual(re.findall(r"topology: (.*) 0x(\w{8})", run.text), [
            ("manage without an object", "c000000d"), ("manage without a device", "c000000d"),
            ("manage by another object", "c000000d"), ("no longer manage", "c0000184"), ("manage", "00000000"),
            ("manage again", "c0000184"), ("no longer manage", "00000000"),
            ("no longer manage without a device", "c000000d"), ("manage", "00000000"),
            ("wire", "00000000"), ("wire a pin that is not there", "c000000d"),
            ("unregister the wire", "00000000"), ("unregister it again", "c0000225"),
            ("wire to another adapter", "00000000"), ("wire from another adapter", "00000000"),
            ("unregister one of another name", "c0000225"), ("unregister that to", "00000000"),
            ("unregister that from", "00000000"),
            ("unregister Gone", "00000000"), ("unregister Gone again", "c0000225")])
        self.assertEqual(run.text.count("topology: Init with a port: 1"), 3)
        self.assertEqual(rules(run), [])

    def test_a_topology_filter_opens_and_has_no_streams_and_what_was_unregistered_is_gone(self):
        score = guest_machine.Score()
        opened = score.open_filter(0, reference="Topology")
        bridge = score.open_pin(1, 0, 0, flags=MAY_FAIL)
        gone = score.open_filter(2, reference="Gone", flags=MAY_FAIL)
        score.close(0)
        score.remove_device()
        run = self.play(score)
        self.assertStatus(run, opened, SUCCESS)
        self.assertStatus(run, bridge, NO_MATCH)
        self.assertStatus(run, gone, NO_SUCH_DEVICE)
        self.assertEqual(run.calls("NewStream"), [])
        self.assertEqual(run.text.count("topology: miniport gone"), 3, "with the device, and Gone before it")

    def test_an_adapter_that_manages_its_plug_and_play_is_asked_and_hears_of_each_stop(self):
        score = guest_machine.Score()
        steps = [score.device(request, flags=MAY_FAIL) for request in
                 (QUERY_STOP, CANCEL_STOP, QUERY_STOP, STOP_DEVICE, START_DEVICE, QUERY_STOP)]
        removed = score.remove_device()
        run = self.play(score)
        for step in steps[:-1] + [removed]:
            self.assertStatus(run, step, SUCCESS)
        self.assertStatus(run, steps[-1], UNSUCCESSFUL)
        lines = [line for line in re.findall(r"topology: (.*)", run.text)
                 if re.search("hears|is asked|plug and play", line)]
        self.assertEqual(lines, [
            "adapter is asked", "adapter hears that it may be stopped", "adapter hears that it is not",
            "adapter is asked", "adapter hears that it may be stopped",
            "miniport hears of a stop", "miniport hears of a stop", "adapter hears of a stop",
            "adapter is asked", "adapter hears that it is not",  # the PnP manager takes a refused query back
            "plug and play gone"])
        kinds = [call.b for call in run.calls("PnpNotify")]
        answers = [call.c for call in run.calls("PnpNotify", leave=True)]
        self.assertEqual([answer for kind, answer in zip(kinds, answers) if kind == 0], [1, 1, 0])

    def assertStatus(self, run, step, status):
        self.assertEqual(f"{run.status_of(step):#010x}", f"{status:#010x}", f"step {step}\n{run}")


if __name__ == "__main__":
    unittest.main()
