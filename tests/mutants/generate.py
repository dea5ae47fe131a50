#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mutants of the tool: every change that the operators make to the driver's source, each with a name that stays while
other functions change: operator, file, function, number within these.

usage: tests/mutants/generate.py [--list] [TEXT]...     all, or those with one of these in their name; --list: with the change
"""
import pathlib
import re
import sys
from dataclasses import dataclass

import cpp_text
import operators

DRIVER = pathlib.Path(__file__).resolve().parents[2] / "driver"
# The way into the kit's headers and its GUIDs have no code of ours; the last two are not in the images that are played.
NOT_MUTATED = {"wdk.hpp", "guids.cpp", "trace.hpp", "nt_try.hpp", "msvc_runtime.cpp", "runtime.cpp"}


@dataclass(frozen=True)
class Mutant:
    """`text` from `start` to `end` of the file becomes `new`."""

    name: str
    operator: str
    path: pathlib.Path
    line: int
    start: int
    end: int
    old: str
    new: str

    def applied(self, text):
        return text[:self.start] + self.new + text[self.end:]

    def shown(self):
        """On one line."""
        old, new = (re.sub(r"\b[a-z]+::(?=[A-Z])", "", " ".join(part.split())) for part in (self.old, self.new))
        return f"{old or '(nothing)'} → {new if new not in ('', ';') else '(nothing)'}"


class Source:
    """A file as operators see it."""

    def __init__(self, path):
        self.path = path
        self.text = path.read_text()
        self.functions = cpp_text.functions_of(self.text)
        header = path.with_suffix(".hpp")
        self.declared = header.read_text() if header.is_file() else ""

    def is_passive(self, function):
        """Do the words over its definition or its declaration promise PASSIVE_LEVEL?"""
        name = re.escape(function.name.split("::")[-1])
        above = _comment_above(self.text, function.start)
        for match in re.finditer(rf"^ .*\b{name}\(.*;", self.declared, re.M):
            above += _comment_above(self.declared, match.start())
        return "PASSIVE_LEVEL" in above and "DISPATCH_LEVEL" not in above


def _comment_above(text, place):
    lines = text[:text.rfind("\n", 0, place + 1) + 1].splitlines()
    found = []
    while lines and lines[-1].lstrip().startswith("//"):
        found.insert(0, lines.pop())
    return "\n".join(found)


def files():
    return sorted(path for path in DRIVER.glob("*/*.?pp") if path.name not in NOT_MUTATED)


def mutants():
    """All of them, file by file; no two the same."""
    made = []
    for path in files():
        source, seen, numbers = Source(path), set(), {}
        for operator, (changes, most) in operators.OPERATORS.items():
            for function, start, end, new in changes(source):
                key = f"{operator} {path.name} {function}"
                if (start, end, new) in seen or numbers.get(key, 0) == most:
                    continue
                seen.add((start, end, new))
                numbers[key] = numbers.get(key, 0) + 1
                made.append(Mutant(f"{key} {numbers[key]}", operator, path, source.text.count("\n", 0, start) + 1, start, end,
                                   source.text[start:end], new))
    return made


def main(arguments):
    wanted = [argument for argument in arguments if argument != "--list"]
    for mutant in mutants():
        if not wanted or any(text in mutant.name for text in wanted):
            print(mutant.name + (f"   line {mutant.line}: {mutant.shown()}" if "--list" in arguments else ""))


if __name__ == "__main__":
    main(sys.argv[1:])
