#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules that nanont tells and then goes on: breaches.sys breaks each in turn, and is told for that one and no other, with
the place; what is done rightly is told nothing. And the switches: a rule that is off is not told."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402

BREACHES = {  # what breaches.cpp does, and the rule that it breaks
    "nothing_is_wrong": None, "lock_kept": 7, "lock_order": 8, "lock_order_of_three": 8, "lock_long": None, "long_stall": 10,
    "no_tag": 53, "no_bytes": 53, "executable": 53, "timer_in_freed": 55, "dpc_in_freed": 56, "timer_set_anew": 57, "dpc_set_anew": 57,
    "timer_not_initialised": 58, "dpc_not_initialised": 58, "lock_not_initialised": 58,
    "resolution_given_up_twice": 19, "provider_given_back_twice": 19}
SCORE_DONE, GUEST_UNFIT = 0, 7


def boot(**more):
    score = guest_machine.Score()
    score.delay_ms(1)
    return guest_machine.boot(score, guest_machine.test_driver("ntoskrnl/breaches", "breaches"), **more)


class Breaches(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_ = boot()

    def test_each_breach_is_told_once_as_its_own_rule_and_nothing_else_is(self):
        self.assertIn("breaches: done", self.run_.text)
        told, name = {}, None
        findings = iter(self.run_.findings())
        for record in self.run_.of("TEXT", "FINDING"):
            if record.kind == "FINDING":
                told[name].append(next(findings)[0])
            elif begins := re.match(rb"breaches: (\w+)", record.data):
                name = begins.group(1).decode()[:14]
                told[name] = []
        expected = {name[:14]: [] if rule is None else [rule] for name, rule in BREACHES.items()}
        self.assertEqual({name: rules for name, rules in told.items() if name != "done"}, expected, self.run_)

    def test_a_finding_names_the_driver_and_the_place_in_it(self):
        for rule, text in self.run_.findings():
            with self.subTest(text):
                self.assertTrue(text.startswith(f"V{rule:02} "), text)
                if rule != 53:
                    self.assertRegex(text, r"breaches\.sys\+0x[0-9a-f]+")

    def test_a_lock_that_is_given_back_leaves_when_and_where_it_was_taken(self):
        held = self.run_.of("LOCK_HELD")
        self.assertTrue(all(record.b < record.time for record in held))
        longest = max(held, key=lambda record: record.time - record.b)
        self.assertTrue(1_050_000 <= longest.time - longest.b < 1_200_000, longest)  # 21 stalls of 50 us
        image = next(record for record in self.run_.of("MODULE") if record.a <= longest.a < record.a + record.b)
        self.assertTrue(image.a <= longest.c < image.a + image.b)

    def test_before_the_driver_is_loaded_each_family_of_rules_catches_what_the_bench_plants(self):
        kinds = [record.kind for record in self.run_.records]
        planted = {record.a: record.b for record in self.run_.of("SELFTEST")}
        self.assertEqual(planted, dict.fromkeys([44, 73, 1, 2, 52, 48, 20, 71, 8, 65, 57], 1))  # portcls.sys, then the kernel
        last = len(kinds) - kinds[::-1].index("SELFTEST")
        self.assertNotIn("FINDING", kinds[:last])
        self.assertNotIn("LOCK_HELD", kinds[:last])
        self.assertIn("breaches.sys", [name for module, name in self.run_.named("MODULE") if module.seq >= last])

    def test_what_the_bench_plants_is_not_counted_as_the_drivers(self):
        counts = {record.a for record in self.run_.of("RULE_COUNT")}
        self.assertFalse(counts & {44, 71, 73}, "breaches.sys gives no occasion for these")

    def test_a_rule_that_is_off_is_tested_all_the_same(self):
        run = boot(rules_off={8, 20, 57})
        self.assertTrue(all(record.b == 1 for record in run.of("SELFTEST")), run)

    def test_the_run_ends_with_how_often_each_rule_was_looked_at(self):
        kinds = [record.kind for record in self.run_.records]
        counts = {record.a: (record.b, record.c) for record in self.run_.of("RULE_COUNT")}
        self.assertEqual(kinds[-1 - len(counts):], ["RULE_COUNT"] * len(counts) + ["RUN_ENDED"])
        for rule in sorted({rule for rule in BREACHES.values() if rule}):
            with self.subTest(rule):
                looks, findings = counts[rule]
                self.assertEqual(findings, list(BREACHES.values()).count(rule))
                self.assertGreater(looks, findings, "what is done rightly is looked at, too")

    def test_before_windows_10_pool_may_be_executable_and_before_windows_8_has_to_be(self):
        for build, unknown in ((9600, False), (7601, True)):
            with self.subTest(build):
                told = "\n".join(text for rule, text in boot(windows_build=build).findings() if rule == 53)
                self.assertIn("0 bytes", told)
                self.assertNotIn("executable", told)
                self.assertEqual("does not know" in told, unknown, told)

    def test_rules_that_are_off_are_not_told_and_the_others_are(self):
        off = {7, 8, 9, 55, 57, 58}
        run = boot(rules_off=off)
        self.assertEqual(run.of("LOCK_HELD"), [])
        self.assertIn("breaches: done", run.text)
        self.assertEqual({rule for rule, _ in run.findings()}, set(BREACHES.values()) - off - {None}, run)

    def test_a_plan_that_switches_off_what_is_not_there_or_stops_the_run_is_refused_by_number(self):
        for rule, word in ((85, "not there"), (0, "not there"), (5, "cannot be switched off")):
            with self.subTest(rule):
                run = boot(rules_off={rule})
                self.assertEqual(run.end, GUEST_UNFIT, run)
                self.assertIn(f"V{rule:02}", run.text)
                self.assertIn(word, run.text)


if __name__ == "__main__":
    unittest.main()
