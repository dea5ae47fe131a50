#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Which scenario of the suite shows a thing of the format: EXAMPLES.md, made of harness/scenario/scenario.schema.json and of the
scenarios. Of several that have it, the shortest.

usage: tests/scenarios/examples.py     writes the page
"""
import json
import pathlib
import sys

import yaml

SUITE = pathlib.Path(__file__).parent
SCHEMA = SUITE.parents[1] / "harness/scenario/scenario.schema.json"
PAGE = SUITE / "EXAMPLES.md"
# What no scenario here can show, and where it is shown.
ELSEWHERE = {
    "package": "`tests/end-to-end/scenarios_test.py`: the suite is played with the bundled one, or yours",
    "finding": "`tests/end-to-end/verifier_test.py`: wants a driver that breaks a rule",
    "bar": "`tests/device-model/qemu/pci_test.py`: the bundled driver asks for ports",
}
HEADINGS = {"keys": "Keys of a file", "card": "Properties of the card", "cues": "Cues", "when": "What a cue waits for", "steps": "Steps",
            "device": "Requests of the PnP and power managers", "generate": "Generated traffic", "checks": "Checks"}


class Format:
    """The format's things by the headings of the page."""

    def __init__(self, schema):
        self.schema = schema
        root = self.resolved(schema)["properties"]
        verbs = {name: self.verbs(root[name]) for name in ("cues", "steps", "checks")}
        self.things = {
            "keys": list(root),
            "card": list(self.resolved(root["card"])["properties"]),
            "cues": list(verbs["cues"]),
            "when": self.words(verbs["cues"]["inject"]["properties"]["when"]),
            "steps": list(verbs["steps"]),
            "device": self.words(verbs["steps"]["device"]["properties"]["device"]),
            "generate": self.words(verbs["steps"]["generate"]["properties"]["generate"]),
            "checks": list(verbs["checks"]),
        }

    def resolved(self, node):
        while "$ref" in node:
            node = self.schema["$defs"][node["$ref"].split("/")[-1]]
        return node

    def verbs(self, node):
        """{verb: its mapping's schema}"""
        entries = self.resolved(self.resolved(node)["items"])["oneOf"]
        return {entry["required"][0]: entry for entry in map(self.resolved, entries)}

    def words(self, node):
        node = self.resolved(node)
        return [word for choice in node.get("anyOf", [node]) for word in self.resolved(choice).get("enum", [])]


def of_cues(cues):
    return {("cues", key) for cue in cues for key in cue} | {("when", cue.get("when")) for cue in cues}


def used(document):
    """{(heading, thing)} of a scenario."""
    things = {("keys", key) for key in document}
    things |= {("card", key) for card in (document.get("card", {}), *document.get("cards", [])) for key in card}
    things |= of_cues(document.get("cues", []))
    for step in document.get("steps", []):
        things |= {("steps", key) for key in step} | {("device", step.get("device")), ("generate", step.get("generate"))}
    things |= {("checks", key) for check in document.get("checks", []) for key in check}
    return things


def examples():
    """{(heading, thing): the shortest scenario that has it, as a link}; what only turns one red is said to."""
    found, red = {}, {}
    texts = {path: path.read_text() for path in sorted(SUITE.rglob("*.yaml"))}
    for path in sorted(texts, key=lambda path: (len(texts[path]), path)):
        document = yaml.safe_load(texts[path])
        name = path.relative_to(SUITE).as_posix()
        for thing in used(document):
            found.setdefault(thing, f"[{name}]({name})")
        for thing in of_cues(document.get("red", [])):
            red.setdefault(thing, f"[{name}]({name}), under `--red`")
    return red | found


def page():
    """(the page, the things without an example)"""
    found, missing = examples(), []
    lines = ["<!-- SPDX-License-Identifier: MIT; written by examples.py, do not edit -->", "# An example of each thing", "",
             "The shortest scenario of this folder that has it. All keys, with what they mean: `mpulab run --reference`."]
    for heading, things in Format(json.loads(SCHEMA.read_text())).things.items():
        lines += ["", f"## {HEADINGS[heading]}", "", "| | |", "|---|---|"]
        for thing in things:
            example = found.get((heading, thing)) or ELSEWHERE.get(thing)
            if example is None:
                missing.append((heading, thing))
            lines.append(f"| `{thing}` | {example or 'none'} |")
    return "\n".join(lines) + "\n", missing


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    text, without = page()
    PAGE.write_text(text)
    for heading, thing in without:
        print(f"no example: {HEADINGS[heading]}: {thing}", file=sys.stderr)
