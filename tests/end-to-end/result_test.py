#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `mpulab play` says and leaves behind: the result document against its published schema, the files it names, the
one line with the hash."""
import hashlib
import json
import pathlib
import re
import unittest
import wave

import jsonschema
import mpulab

SCHEMA = mpulab.ROOT / "harness" / "report" / "result.schema.json"


class Result(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = mpulab.Scratch()
        cls.addClassCleanup(scratch.__exit__)
        cls.json_run = mpulab.play(mpulab.SONG, scratch.path / "json")
        cls.text_run = mpulab.play(mpulab.SONG, scratch.path / "text", json_output=False)
        cls.bad_run = mpulab.play(scratch.path / "absent.mid", scratch.path / "bad")
        cls.schema = json.loads(SCHEMA.read_text())

    def test_the_schema_is_a_schema_and_closed(self):
        jsonschema.validators.validator_for(self.schema).check_schema(self.schema)
        self.assertIs(self.schema.get("additionalProperties"), False)

    def test_the_result_of_a_passed_run_validates(self):
        self.assertEqual(self.json_run.status, mpulab.PASSED, self.json_run)
        jsonschema.validate(self.json_run.result, self.schema)
        self.assertEqual(self.json_run.result["verdict"], "passed")

    def test_a_refused_song_has_its_line_of_error_and_no_document_that_breaks_the_schema(self):
        self.assertEqual(self.bad_run.status, mpulab.ERROR, self.bad_run)
        mpulab.one_line_error(self, self.bad_run, "absent.mid")
        if self.bad_run.stdout.strip():
            jsonschema.validate(self.bad_run.result, self.schema)
            self.assertEqual(self.bad_run.result["verdict"], "error")

    def test_a_result_with_a_field_missing_or_wrong_does_not_validate(self):
        for change in (lambda r: r.pop("event_log_sha256"), lambda r: r.update(verdict="fine"),
                       lambda r: r.update(surprise=1)):
            document = self.json_run.result
            change(document)
            with self.assertRaises(jsonschema.ValidationError):
                jsonschema.validate(document, self.schema)

    def test_stdout_holds_the_document_and_nothing_else(self):
        self.assertIsInstance(json.loads(self.json_run.stdout), dict)

    def test_the_hash_line_is_the_event_logs_sum(self):
        lines = re.findall(r"^event log sha256: ([0-9a-f]{64})$", self.text_run.stdout, re.M)
        self.assertEqual(lines, [hashlib.sha256(self.text_run.file(mpulab.EVENT_LOG).read_bytes()).hexdigest()])

    def test_the_wav_is_as_long_as_the_song_and_not_silent(self):
        with wave.open(str(self.text_run.file("*.wav"))) as sound:
            seconds = sound.getnframes() / sound.getframerate()
            frames = sound.readframes(sound.getnframes())
        self.assertGreater(seconds, 18)
        self.assertLess(seconds, 40)
        self.assertGreater(max(frames), 0)

    def test_every_file_the_output_names_is_there(self):
        named = [pathlib.Path(path) for path in re.findall(r"(/\S+/text/\S+)", self.text_run.stdout)]
        self.assertTrue(named, self.text_run.stdout)
        for path in named:
            self.assertTrue(path.exists(), path)


if __name__ == "__main__":
    mpulab.main()
