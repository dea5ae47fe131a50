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


# What each case shows.
CASES = {
    "pin_names": "a pins name is that of its name or its category in the registry",
    "names_of_the_miniport": "a miniport with ipinname names its pins and leaves the others to the registry",
    "pin_counts": "how many pins are open and may be is told by filter and by port",
    "counts_of_the_miniport": "a miniport with ipincount is asked each time and its word counts",
    "node_names": "a nodes name is that of its name or its type in the registry",
    "node_properties": "a nodes properties are reached through the filter and through a pin",
    "pending_properties": "a property may be completed later and never as pending",
    "property_sets": "asked for its sets an object lists the driver's and the port's own",
    "methods": "methods of automation tables are left out as wdm audio does",
    "pin_events": "a client is told of the events of a pin that it enabled until it disables them",
    "node_events": "a client is told of the events of a node",
    "filter_events": "a client is told of the events of a filter and of the pin that it names",
    "wrong_event_requests": "wrong sets ids sizes flags and notifications are refused and the drivers refusal is passed on",
    "one_shot_events": "a one shot event comes once and its handler is told that it is over",
    "closing_handles": "closing a handle ends the events enabled through it",
    "support_queries": "support queries answer by table by set and by the drivers word",
    "kernel_notifications": "kernel mode clients are told by event semaphore dpc and work item",
    "generating_above_dispatch_level": "above dispatch level a dpc tells and has room for one call",
}
# What a case says beside that nothing of it failed.
SAID = (("pin_names", "the pin that is named twice is This device's"), ("filter_events", CARRIED),
        ("filter_events", "told of the bridge pin: 0 1\n"), ("filter_events", "told of all: 1 1\n"),
        ("before", "portcls.sys: automation table of the filter: 1 methods are left out, WDM audio has none"))


class Automation(unittest.TestCase):
    def test_all_cases_run_as_documented_and_the_device_goes_without_a_finding(self):
        run = boot()
        parts = ["before"] + re.split(r"automation: case (\w+)\n", run.text)
        lines = dict(zip(parts[::2], parts[1::2]))
        self.assertEqual(run.end, 0, run)
        self.assertIn("automation: all cases ran", run.text)
        self.assertEqual(run.findings(), [])
        self.assertEqual(sorted(lines), sorted([*CASES, "before"]), run.text)
        for name, sentence in CASES.items():
            with self.subTest(sentence):
                self.assertEqual(re.findall("automation: FAILED.*", lines[name]), [])
        for name, said in SAID:
            with self.subTest(said):
                self.assertIn(said, lines[name])
        with self.subTest("each question to the miniport is in the log"):
            for callback in ("PinCount", "GetPinName"):
                self.assertGreater(len(run.calls(callback)), 0, callback)
        with self.subTest("each call of an event handler is in the log"):
            calls = run.calls("EventHandler")
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
