# SPDX-License-Identifier: MIT
"""What the wire must carry for a Standard MIDI File, worked out without a line of the code under test.

Two readers: python3-mido (Debian), which nobody here wrote, and a plain one below, written from the SMF 1.0 text. mido
takes F7 events for SysEx, closes a SysEx the file leaves open and refuses real-time bytes in escapes; where a file has none of that,
both must agree, or the oracle itself fails. Where it has, the plain reader alone decides and says so.

The rule (issue 3): channel events with explicit status, the payload of F0 and F7 events raw, meta events dropped;
order: tick, then track, then place in the file.
"""
import struct
from collections import namedtuple
from fractions import Fraction

import mido

Event = namedtuple("Event", "time_ns data")  # time from the start of the song, exact, rounded down once


class OracleError(Exception):
    """The readers disagree, or the file cannot be read."""


def _quantity(data, at):
    value = 0
    for _ in range(4):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    raise OracleError(f"a variable-length quantity of more than four bytes at {at}")


def _plain_track(data):
    """[(tick, bytes for the wire or None, tempo or None)], and whether mido can be asked about it."""
    at, tick, status, events, mido_can = 0, 0, None, [], True
    while at < len(data):
        delta, at = _quantity(data, at)
        tick += delta
        if data[at] >= 0x80:
            status = data[at]
            at += 1
        elif status is None or status >= 0xF0:
            raise OracleError(f"data byte {data[at]:#x} without a status")
        if status == 0xFF:
            kind = data[at]
            length, at = _quantity(data, at + 1)
            body, at = data[at : at + length], at + length
            if kind == 0x51 and length == 3:
                events.append((tick, None, int.from_bytes(body, "big")))
            status = None
            if kind == 0x2F:
                break
        elif status in (0xF0, 0xF7):
            length, at = _quantity(data, at)
            body, at = data[at : at + length], at + length
            whole = status == 0xF0 and body.endswith(b"\xf7") and max(body[:-1], default=0) < 0x80
            mido_can = mido_can and whole
            events.append((tick, (b"\xf0" if status == 0xF0 else b"") + body, None))
            status = None
        else:
            size = 1 if status & 0xF0 in (0xC0, 0xD0) else 2
            events.append((tick, bytes([status]) + data[at : at + size], None))
            at += size
    return events, mido_can


def _plain(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"MThd":
        raise OracleError(f"{path}: no MThd")
    length, _, _, division = struct.unpack_from(">IHHH", data, 4)
    if division & 0x8000:
        raise OracleError(f"{path}: SMPTE division; this oracle counts in beats")
    at, tracks, mido_can = 8 + length, [], True
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], struct.unpack_from(">I", data, at + 4)[0]
        if kind == b"MTrk":
            events, can = _plain_track(data[at + 8 : at + 8 + length])
            tracks.append(events)
            mido_can = mido_can and can
        at += 8 + length
    return division, tracks, mido_can


def _mido(path):
    file = mido.MidiFile(path)
    tracks = []
    for track in file.tracks:
        tick, events = 0, []
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                events.append((tick, None, message.tempo))
            elif not message.is_meta:
                events.append((tick, bytes(message.bytes()), None))
        tracks.append(events)
    return file.ticks_per_beat, tracks


def _timed(division, tracks):
    merged = sorted((event[0], number, place, event) for number, track in enumerate(tracks)
                    for place, event in enumerate(track))
    now, tick, tempo, out = Fraction(0), 0, 500_000, []
    for at, _, _, (_, data, new_tempo) in merged:
        now += Fraction((at - tick) * tempo * 1000, division)
        tick = at
        if new_tempo is not None:
            tempo = new_tempo
        elif data:
            out.append(Event(int(now), data))
    return out


def expected(path):
    """([Event], "mido and the plain reader" or "the plain reader"), in the order the wire must show them."""
    division, tracks, mido_can = _plain(path)
    plain = _timed(division, tracks)
    if not mido_can:
        return plain, "the plain reader"
    other = _timed(*_mido(path))
    if other != plain:
        at = next((i for i, pair in enumerate(zip(other, plain)) if pair[0] != pair[1]), min(len(other), len(plain)))
        raise OracleError(f"{path}: mido and the plain reader differ at event {at}: "
                          f"{other[at : at + 1]} against {plain[at : at + 1]}")
    return plain, "mido and the plain reader"


def wire_bytes(events):
    return b"".join(event.data for event in events)
