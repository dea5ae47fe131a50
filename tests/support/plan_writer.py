# SPDX-License-Identifier: MIT
"""Plans and cue sections, written by hand from device-model/probe/plan.h, so that a mistake in the harness' writers
cannot hide one in their readers."""
import pathlib
import re
import struct

SCORE, OPTIONS, CUES, CHOICES = 0x524F4353, 0x5354504F, 0x53455543, 0x494F4843
CUES_HEADER, CUE, PLAN_HEADER, PLAN_SECTION = 32, 64, 32, 16
CUES_VERSION = 1
TIME, MARKER, IRQ, WIRE_OUT, WIRE_IN, READ, WRITE, MODE = range(8)  # mpulab_cue_triggers.def
INJECT, DROP_IRQ, DELAY_IRQ, DUPLICATE_IRQ, ADD_IRQ, IRQ_STORM, DEAD_IRQ, HOLD_DSR, HOLD_DRR, WITHHOLD_ACK, DELAY_ACK, \
    CORRUPT_ACK, CORRUPT_OUT, LOSE_OUT, CORRUPT_IN, LOSE_IN, CORRUPT_HOST, LOSE_HOST, FRAMING_ERROR, \
    FLOAT_BUS = range(1, 21)  # mpulab_cue_actions.def


def cue(trigger, action, argument=0, first=1, firings=1, every=0, delay_ns=0, jitter_ns=0, count=0, time_ns=0, value=0):
    """One row of a CUES section."""
    return struct.pack("<IIIIQQQIIQII", trigger, argument, first, firings, every, delay_ns, jitter_ns, action, count, time_ns,
                       value, 0)


def cues(rows, payload=b"", seed=0, version=CUES_VERSION):
    """A CUES section of rows made by `cue`; `payload` begins behind the last of them."""
    table = b"".join(rows)
    size = CUES_HEADER + len(table) + len(payload)
    return struct.pack("<8sIIIIQ", b"MPLBCUES", version, size, len(rows), 0, seed) + table + payload


def cue_section(injections, seed=0, faults=()):
    """A CUES section of [(marker, delay in ns, bytes)]: each sends its bytes on MIDI IN after its marker; and of other
    rows made by `cue`."""
    rows, payload = list(faults), b""
    for marker, delay_ns, data in injections:
        offset = CUES_HEADER + CUE * (len(injections) + len(faults)) + len(payload)
        rows.append(cue(MARKER, INJECT, argument=marker, delay_ns=delay_ns, count=len(data), value=offset))
        payload += data
    return cues(rows, payload, seed)


def choices():
    """{name: (number, alternatives)} of nanont_choices.def."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "guest-images/nanont/include/nanont_choices.def").read_text()
    rows = re.findall(r'^NANONT_CHOICE\((\d+), \w+, (\d+), "([^"]+)"', text, re.M)
    return {name: (int(number), int(alternatives)) for number, alternatives, name in rows}


def choice_section(forced):
    """A CHOICES section of {name or number: alternative}."""
    known = choices()
    return b"".join(struct.pack("<II", known[name][0] if name in known else name, alternative)
                    for name, alternative in forced.items())


def plan(sections, seed):
    """A plan of [(tag, unit, bytes)]."""
    offset, table, body = PLAN_HEADER + PLAN_SECTION * len(sections), b"", b""
    for tag, unit, data in sections:
        table += struct.pack("<IIII", tag, unit, offset + len(body), len(data))
        body += data + bytes(-len(data) % 8)
    return struct.pack("<8sIIIIQ", b"MPLBPLAN", 2, offset + len(body), len(sections), 0, seed) + table + body
