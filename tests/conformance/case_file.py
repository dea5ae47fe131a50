# SPDX-License-Identifier: MIT
"""Reads conformance cases (README.md beside this file), as strictly as case_file.cpp does."""
import re
from collections import namedtuple

UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
MOST_STEPS = 200_000

Step = namedtuple("Step", "verb line arguments")
Case = namedtuple("Case", "name line path properties steps")


class CaseFileError(Exception):
    """The file is wrong; the text begins with file:line."""


def byte(word):
    if not re.fullmatch("[0-9a-fA-F]{2}", word):
        raise ValueError(f"'{word}' is no byte of two hexadecimal digits")
    return int(word, 16)


def time_ns(word):
    match = re.fullmatch(r"(\d+)(ns|us|ms|s)", word)
    if not match:
        raise ValueError(f"'{word}' is no time; a number and ns, us, ms or s expected")
    return int(match[1]) * UNITS[match[2]]


def masked(word):
    value, _, mask = word.partition("/")
    value, mask = byte(value), byte(mask) if mask else 0xFF
    if value & ~mask:
        raise ValueError(f"'{word}' expects bits that its mask leaves out")
    return value, mask


def wire_byte(word):
    value, at, start = word.partition("@")
    return byte(value), time_ns(start) if at else None


def several(words, read):
    if words == ["nothing"]:
        return []
    if not words:
        raise ValueError("bytes, or nothing, expected")
    return [read(word) for word in words]


def poll(words, last):
    if len(words) != 6 or words[0] != "status" or words[2] != "every" or words[4] != last:
        raise ValueError(f"status BITS/MASK every TIME {last} TIME expected")
    return (*masked(words[1]), time_ns(words[3]), time_ns(words[5]))


def one(words, read):
    if len(words) != 1:
        raise ValueError("one word expected")
    return read(words[0])


def lost(words):
    if words == ["nothing"]:
        return []
    if len(words) < 2 or words[0] not in ("host-latch", "rx-fifo"):
        raise ValueError("host-latch or rx-fifo and bytes, or nothing, expected")
    return [(words[0], byte(word)) for word in words[1:]]


def read_step(words):
    if len(words) != 2 or words[0] not in ("data", "status"):
        raise ValueError("read data BYTE, or read status BITS/MASK expected")
    return (words[0], *masked(words[1]))


def d_state(word):
    if not re.fullmatch("D[0-3]", word):
        raise ValueError("D0, D1, D2 or D3 expected")
    return int(word[1])


def fixed(words, expected):
    if words != expected:
        raise ValueError(f"{' '.join(expected) or 'nothing'} expected")


VERBS = {
    "data": lambda words: one(words, byte), "command": lambda words: one(words, byte),
    "send": lambda words: several(words, byte), "midi-in": lambda words: several(words, byte),
    "read": read_step, "run": lambda words: one(words, time_ns), "irq": lambda words: one(words, int),
    "edges": lambda words: one(words, int), "wire": lambda words: several(words, wire_byte), "lost": lost,
    "await": lambda words: poll(words, "within"), "never": lambda words: poll(words, "for"),
    "power-on": lambda words: fixed(words, []), "power": lambda words: one(words, d_state), "given": lambda words: fixed(words, ["uart"]),
}


def parse(text, path):
    cases, repeats = [], []

    def fail(line, what):
        raise CaseFileError(f"{path}:{line}: {what}")

    def finish():
        if repeats:
            fail(repeats[-1][2], "repeat without its end")
        if cases and not cases[-1].steps:
            fail(cases[-1].line, "a case without a step")

    for line, raw in enumerate(text.splitlines(), 1):
        if match := re.fullmatch(r'\s*case\s+([\d.]+)\s+"(.+)"\s*', raw):
            finish()
            name = f"{match[1]} {match[2]}"
            if any(case.name == name for case in cases):
                fail(line, f'there is a case "{name}" already')
            cases.append(Case(name, line, path, {}, []))
            continue
        words = raw.split("#")[0].split()
        if not words:
            continue
        if not cases:
            fail(line, f"'{words[0]}' before the first case")
        verb, rest, steps = words[0], words[1:], cases[-1].steps
        if verb == "with":
            if steps or not rest or not all(re.fullmatch("[^=]+=.*", word) for word in rest):
                fail(line, "with PROPERTY=VALUE ... before the first step expected")
            cases[-1].properties.update(word.split("=", 1) for word in rest)
        elif verb == "repeat":
            if len(rest) != 1 or not rest[0].isdecimal() or int(rest[0]) == 0:
                fail(line, "repeat COUNT expected")
            repeats.append((int(rest[0]), len(steps), line))
        elif verb == "end":
            if not repeats or rest:
                fail(line, "end without a repeat")
            count, first, _ = repeats.pop()
            steps += steps[first:] * (count - 1)
            if len(steps) > MOST_STEPS:
                fail(line, f"more than {MOST_STEPS} steps")
        elif verb not in VERBS:
            fail(line, f"'{verb}' is unknown")
        else:
            try:
                steps.append(Step(verb, line, VERBS[verb](rest)))
            except ValueError as error:
                fail(line, error)
    finish()
    if not cases:
        fail(0, "no case in this file")
    return cases


def read(path):
    return parse(path.read_text(), path.name)
