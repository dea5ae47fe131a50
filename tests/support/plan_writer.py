# SPDX-License-Identifier: MIT
"""Plans and cue sections, written by hand from device-model/probe/plan.h, so that a mistake in the harness' writers
cannot hide one in their readers."""
import struct

SCORE, OPTIONS, CUES = 0x524F4353, 0x5354504F, 0x53455543
TRIGGER_MARKER, ACTION_INJECT = 1, 1
CUES_HEADER, CUE, PLAN_HEADER, PLAN_SECTION = 32, 64, 32, 16


def cue_section(injections, seed=0):
    """A CUES section of [(marker, delay in ns, bytes)]: each sends its bytes on MIDI IN after its marker."""
    table, payload = b"", b""
    for marker, delay_ns, data in injections:
        offset = CUES_HEADER + CUE * len(injections) + len(payload)
        table += struct.pack("<IIIIQQQIIQII", TRIGGER_MARKER, marker, 1, ACTION_INJECT, 0, delay_ns, 0, 1, len(data), 0, offset, 0)
        payload += data
    size = CUES_HEADER + len(table) + len(payload)
    return struct.pack("<8sIIIIQ", b"MPLBCUES", 1, size, len(injections), 0, seed) + table + payload


def plan(sections, seed):
    """A plan of [(tag, unit, bytes)]."""
    offset, table, body = PLAN_HEADER + PLAN_SECTION * len(sections), b"", b""
    for tag, unit, data in sections:
        table += struct.pack("<IIII", tag, unit, offset + len(body), len(data))
        body += data + bytes(-len(data) % 8)
    return struct.pack("<8sIIIIQ", b"MPLBPLAN", 2, offset + len(body), len(sections), 0, seed) + table + body
