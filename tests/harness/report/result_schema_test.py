#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The result documents of every verdict against the published schema, and the schema against documents that lie."""
import copy
import json
import os
import pathlib
import subprocess
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "harness" / "report" / "result.schema.json").read_text())
SAMPLES = os.environ["MPULAB_RESULT_SAMPLES"]
VERDICTS = {"passed": "passed", "failed": "failed", "nothing to look at": "error", "crash": "crash",
            "bench trouble": "error", "garbled text": "error", "garbled finding": "failed", "odd path": "passed",
            "known issue": "known-issue"}


def samples():
    """name → document; strict UTF-8, strict JSON."""
    output = subprocess.run([SAMPLES], stdout=subprocess.PIPE, check=True).stdout.decode("utf-8")
    lines = [line.split("\t", 1) for line in output.split("\n") if line]
    return {name: json.loads(text) for name, text in lines}


class ResultSchemaTest(unittest.TestCase):
    def setUp(self):
        self.validator = jsonschema.Draft202012Validator(SCHEMA)

    def refused(self, document, **changes):
        """The document with `changes`, asked for to be refused."""
        bent = {**copy.deepcopy(document), **changes}
        self.assertFalse(self.validator.is_valid(bent), changes)

    def test_the_schema_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_documents_of_every_verdict_are_valid(self):
        documents = samples()
        self.assertEqual({name: document["verdict"] for name, document in documents.items()}, VERDICTS)
        for name, document in documents.items():
            with self.subTest(name):
                self.assertEqual([error.message for error in self.validator.iter_errors(document)], [])

    def test_a_seed_of_64_bits_keeps_its_digits(self):
        self.assertEqual(samples()["passed"]["seed"], 2 ** 64 - 1)

    def test_the_document_says_what_the_run_gave(self):
        passed, failed, crash = (samples()[name] for name in ("passed", "failed", "crash"))
        self.assertEqual(passed["song"], {"path": "/music/song.mid", "format": 1, "events": 3, "bytes": 9,
                                          "length_ns": 500_000_000})
        self.assertEqual(passed["cards"], [{"iobase": "0x300", "irq": "5"}])
        self.assertEqual(passed["interrupts"], {
            "taken": 2, "polled": 0, "spurious": 0, "line_rises": 2,
            "isr_latency_ns": {"count": 2, "min": 1000, "p50": 1000, "p95": 4000, "p99": 4000, "max": 4000},
            "isr_duration_ns": {"count": 2, "min": 2000, "p50": 2000, "p95": 2000, "p99": 2000, "max": 2000},
            "bytes_per_interrupt": {"count": 2, "min": 1, "p50": 1, "p95": 1, "p99": 1, "max": 1}})
        self.assertEqual(passed["host_seconds"], {"start": 0.5, "run": 0.25})
        wire = next(check for check in failed["checks"] if check["name"] == "wire")
        self.assertEqual((wire["status"], wire["looked_at"], wire["seen"]), ("failed", 8, "no more bytes after 8"))
        self.assertEqual(len(wire["around"]), 10)
        self.assertEqual(crash["crash"]["parameters"], ["0x10", "0x2", "0x0", "0xfffff80000100123"])
        self.assertEqual([frame["place"] for frame in crash["crash"]["frames"]], ["testcard.sys+0x456"])
        self.assertEqual(crash["crash"]["page"], "Bug Check 0xD1: DRIVER_IRQL_NOT_LESS_OR_EQUAL")
        self.assertEqual(crash["crash"]["registers"], {"RIP": "0xfffff80000100123"})
        self.assertEqual([module["name"] for module in crash["crash"]["modules"]], ["testcard.sys"])
        self.assertTrue(crash["crash"]["events"])

    def test_a_machine_that_never_started_has_no_hash(self):
        document = samples()["bench trouble"]
        self.assertIsNone(document["event_log_sha256"])
        self.assertEqual((document["reason"], document["next"]), ("no QEMU", "build it"))
        self.assertNotIn("isr_latency_ns", document["interrupts"])

    def test_bytes_that_are_no_text_are_replaced_and_nothing_else_is(self):
        documents = samples()
        self.assertEqual(documents["garbled text"]["reason"], "nanont cannot go on: broken \ufffd\ufffd text")
        self.assertEqual(documents["garbled finding"]["reason"], "findings: V03: \ufffd a rule")
        self.assertEqual(documents["odd path"]["song"]["path"], "/music/\ufffd.mid")

    def test_a_passed_run_that_looked_at_nothing_is_refused(self):
        document = samples()["passed"]
        self.refused(document, checks=[])
        self.refused(document, event_log_sha256=None)
        self.refused(document, reason="but")
        for change in ({"looked_at": 0}, {"status": "failed"}, {"status": "known"}):
            self.refused(document, checks=[{**document["checks"][0], **change}])

    def test_a_document_that_lacks_or_adds_a_word_is_refused(self):
        document = samples()["passed"]
        for key in document:
            short = {name: value for name, value in document.items() if name != key}
            self.assertFalse(self.validator.is_valid(short), key)
        self.refused(document, extra=1)
        self.refused(document, mpulab_result=2)
        self.refused(document, verdict="fine")
        self.refused(document, event_log_sha256="F" * 64)
        self.refused(samples()["crash"], crash=None)


if __name__ == "__main__":
    unittest.main()
