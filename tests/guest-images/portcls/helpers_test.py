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

LATE_OR_TWICE, STILL_CONNECTED, FROM_WITHIN, ENDLESS, ABOVE_PASSIVE, SMALL_EXTENSION, AWAITED = 44, 42, 45, 13, 1, 70, 18


def boot(**options):
    return guest_machine.boot(guest_machine.Score(), guest_machine.test_driver("portcls/helpers", "helpers"), **options)


# By case: what it shows, and the findings that it brings.
CASES = {
    "modes": ("normal stops at the first success all calls each once and repeat until a pass has none", []),
    "order": ("first puts a routine in front and one registered after connect is told", [LATE_OR_TWICE]),
    "endless": ("a routine that claims without end in repeat mode is found and does not hang the machine", [ENDLESS]),
    "connecting": ("an interrupt is connected once and can be connected again after disconnect", [LATE_OR_TWICE, LATE_OR_TWICE]),
    "releasing": ("the last release of a connected interrupt disconnects it and is told", [STILL_CONNECTED]),
    "synchronized": ("a synchronized routine runs at the lines irql and never from within or above", [FROM_WITHIN, FROM_WITHIN]),
    "too_many_routines": ("service routines have a limit and are none without a function", []),
    "serving": ("members are served once a request at dispatch level and requests before that are one", []),
    "members": ("a member is held as long as it is one and not served afterwards", [ABOVE_PASSIVE]),
    "delays": ("a delayed request comes in its time is replaced and cancelled", [AWAITED]),
    "lists": ("a list answers by type and index and is a copy", []),
    "sublists": ("a sublist takes entries from its parent as far as it has room", []),
    "plain_interrupt": ("an interrupt without a sync is connected as its resource says and serves at its irql", []),
    "refused_adapters": ("adapters devices and irps that are none are refused", [SMALL_EXTENSION]),
    "refused_registrations": ("subdevices connections and timeouts are refused without what they need and twice", []),
    "refused_keys": ("registry keys of no kind and of no place are refused", []),
    "refused_managers": ("managers of power and plug and play are refused when they are none and out of order", []),
}


class Helpers(unittest.TestCase):
    def test_all_cases_run_as_documented_each_with_its_findings_and_no_others(self):
        run = boot()
        parts = re.split(r"helpers: case (\w+)\n", run.text)
        cases = dict(zip(parts[1::2], parts[2::2]))
        found = self.findings_by_case(run)
        self.assertEqual(run.end, 0, run)
        self.assertIn("helpers: all cases ran", run.text)
        self.assertEqual(sorted(set(cases) - {"removing_from_a_second_processor"}), sorted(CASES), run.text)
        for name, (sentence, findings) in CASES.items():
            with self.subTest(sentence):
                self.assertEqual(re.findall("helpers: FAILED.*", cases[name]), [], cases[name])
                self.assertEqual(found.get(name, []), findings, cases[name])

    def findings_by_case(self, run):
        """Those between a case's line and the next one's, by sequence number."""
        starts, text, found = [], "", {}
        for record in run.of("TEXT"):
            text += record.data.decode()
            if match := re.search(r"helpers: case (\w+)\n\Z", text):
                starts.append((record.seq, match[1]))
        for finding in run.of("FINDING"):
            inside = [name for seq, name in starts if seq < finding.seq]
            found.setdefault(inside[-1], []).append(finding.a)
        return found


class TwoProcessors(unittest.TestCase):
    def test_remove_member_returns_when_a_call_on_the_other_processor_has(self):
        run = boot(cpus=2)
        self.assertEqual(re.findall("helpers: FAILED.*", run.text), [])
        self.assertIn("helpers: removed while it ran", run.text)
        self.assertIn("helpers: all cases ran", run.text)


if __name__ == "__main__":
    unittest.main()
