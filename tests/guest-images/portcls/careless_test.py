#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rules of a driver's contract with PortCls, and of what it was given, that are told and gone on from: careless.sys
breaks each (V18, V33, V40, V60, V67, V72, V74, V79), is told for that one and no other, and does the same rightly."""
import re
import struct
import unittest
import uuid

from recorder_score import *  # noqa: F403

SET = uuid.UUID("5ad23c10-31f3-4e0c-9b51-70112c4d3002")
FORGOTTEN, AT_ONCE, TWICE, ANSWERED = range(4)  # properties.cpp
IOCTL_KS_PROPERTY = guest_machine.ctl_code(0, guest_machine.METHOD_NEITHER, 0x2F)
GET = 1
WHILE_STARTING = {  # what careless.sys does, and the rule that it breaks
    "notifies_twice": None, "notifies_each_byte": 79, "notifies_all_each_byte": 79, "group_at_rest": None, "group_without_members": None,
    "group_awaited": 18, "group_released_by_its_member": (1, 18), "registers_kept": None, "registers_rbx_r15": 67, "registers_xmm12": 67,
    "registers_direction": 67, "dpc_registers_kept": None, "dpc_registers_rsi": 67, "translated_vector": None,
    "raw_vector": 40, "foreign_port": None, "wired_and_gone": 74, "unwired_and_gone": None, "start_is_done": None}


def boot(score, **more):
    return guest_machine.boot(score, guest_machine.test_driver("portcls/careless", "careless"), **more)


def told_after(run):
    """{name: [rule]}: what was told between the line of each thing that is done and the next one's."""
    told, name = {}, "before"
    findings = iter(run.findings())
    text = b""
    for record in run.of("TEXT", "FINDING"):
        if record.kind == "FINDING":
            told.setdefault(name, []).append(next(findings)[0])
            continue
        text += record.data
        *lines, text = text.split(b"\n")
        for line in lines:
            if begins := re.match(rb"careless: (\w+)$", line):
                name = begins.group(1).decode()
                told[name] = []
    return told


class WhileItStarts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        score = guest_machine.Score()
        cls.opened = score.open_filter(0, reference="Changes")
        score.close(0)
        score.marker(1)
        score.remove_device()
        cls.run_ = boot(score)

    def test_each_thing_is_told_as_its_own_rule_and_nothing_else_is(self):
        self.assertEqual(self.run_.end, 0, self.run_)
        self.assertNotIn("FAILED", self.run_.text)
        told = told_after(self.run_)
        started = told.pop("start_is_done")
        expected = {name: [] if rule is None else list(rule) if isinstance(rule, tuple) else [rule]
                    for name, rule in WHILE_STARTING.items() if name != "start_is_done"}
        self.assertEqual(told, expected, self.run_)
        self.assertEqual(sorted(started), [60, 60, 74, 74], "names and what is left: when a filter opens, and at the end")

    def test_a_changed_name_is_told_when_the_filter_is_opened_and_once(self):
        marker = self.run_.of("MARKER")[0].seq
        before = [text for finding, text in self.run_.named("FINDING") if finding.a == 60 and finding.seq < marker]
        after = [text for finding, text in self.run_.named("FINDING") if finding.a == 60 and finding.seq > marker]
        self.assertEqual(self.run_.status_of(self.opened), 0)
        self.assertEqual([("changed" in text, "freed" in text) for text in before], [(True, False)])
        self.assertEqual([("changed" in text, "freed" in text) for text in after], [(False, True)])

    def test_registers_are_named_and_put_right_again(self):
        masks = [record.b for record in self.run_.of("FINDING") if record.a == 67]
        self.assertEqual(masks, [0x01 | 0x80, 0x100, 0x200, 0x04])
        texts = [text for rule, text in self.run_.findings() if rule == 67]
        self.assertRegex(texts[3], r"routine careless\.sys\+0x[0-9a-f]+ came back .*: rsi$")

    def test_what_is_left_is_told_with_the_place_that_made_it(self):
        texts = [text for rule, text in self.run_.findings() if rule == 74]
        self.assertRegex(texts[1], r"interface enabled at careless\.sys\+0x[0-9a-f]+")
        self.assertRegex(texts[2], r"link made at careless\.sys\+0x[0-9a-f]+")
        self.assertEqual(len(texts), 3, texts)

    def test_accesses_where_no_device_is_are_in_the_log_with_their_instruction(self):
        image = next(record for record, name in self.run_.named("MODULE") if name == "careless.sys")
        alien = [record for record in self.run_.of("NO_DEVICE") if image.a <= record.pc < image.a + image.b]
        self.assertEqual([(record.a, record.b, record.c) for record in alien], [(0x332, 0xFF, 1), (0x332, 0x1234, 0x102)])

    def test_the_log_says_what_the_device_was_started_with(self):
        given = [(record.a, record.b, record.c) for record in self.run_.of("RESOURCE")]
        self.assertEqual([kind for kind, *_ in given], [0, 1, 2, 0], "nothing before, ports and interrupt, nothing after REMOVE")
        self.assertEqual(given[1], (1, 0x330, 2))

    def test_each_of_these_rules_says_how_often_it_was_looked_at(self):
        counts = {record.a: (record.b, record.c) for record in self.run_.of("RULE_COUNT")}
        for rule in (18, 40, 60, 67, 74, 79):
            looks, findings = counts[rule]
            self.assertGreater(looks, findings, f"V{rule}: what is done rightly is looked at, too")


class Properties(unittest.TestCase):
    def ask(self, *properties, pend=False):
        score = guest_machine.Score()
        score.open_filter(0, reference="Careless")
        steps = [score.ioctl(0, IOCTL_KS_PROPERTY, SET.bytes_le + struct.pack("<II", number, GET), room=4, pend=pend)
                 for number in properties]
        return score, steps

    def rules_of(self, run):
        self.assertEqual(run.end, 0, run)
        self.assertNotIn("FAILED", run.text)
        return [(rule, text) for rule, text in run.findings() if rule == 72]

    def test_a_request_that_its_handler_completes_before_it_answers_pending_is_told_nothing(self):
        score, [step] = self.ask(AT_ONCE)
        score.close(0)
        score.remove_device()
        run = boot(score)
        self.assertEqual(self.rules_of(run), [])
        self.assertEqual(run.status_of(step), 0)
        self.assertEqual({record.a: record.b for record in run.of("RULE_COUNT")}[72], 1)

    def test_a_request_that_is_completed_twice_or_completed_and_answered_is_told(self):
        score, steps = self.ask(TWICE, ANSWERED)
        score.close(0)
        score.remove_device()
        run = boot(score)
        self.assertEqual([re.search("(does not have|did not answer)", text)[1] for _, text in self.rules_of(run)],
                         ["does not have", "did not answer"])
        self.assertEqual([run.status_of(step) for step in steps], [0, 0], "the client has its answer all the same")

    def test_requests_that_nobody_completes_are_told_once_each_after_five_seconds(self):
        score, _ = self.ask(FORGOTTEN, FORGOTTEN, pend=True)
        score.delay_ms(4_900)
        score.marker(1)
        score.delay_ms(20_000)
        run = boot(score)
        told = self.rules_of(run)
        self.assertEqual(["within 5 s" in text for _, text in told], [True, True], run)
        self.assertTrue(all(finding.seq > run.of("MARKER")[0].seq for finding in run.of("FINDING") if finding.a == 72))


class Switched(unittest.TestCase):
    def test_rules_that_are_off_are_not_told(self):
        run = boot(guest_machine.Score(), rules_off={18, 40, 67, 74, 79})
        self.assertEqual(run.end, 0, run)
        self.assertEqual([rule for rule, _ in run.findings()], [1], "V01 cannot be off")


if __name__ == "__main__":
    unittest.main()
