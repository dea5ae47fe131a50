#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the MIDI files of tests/data/songs, byte for byte the same each time.

The songs are our own (MIT). They are written without a MIDI library, so that no reader under test, and no reader that
judges one, had a hand in them.

usage: tests/data/make_songs.py [--check]     --check: compare with what is there, write nothing
Example: tests/data/make_songs.py --check
"""
import pathlib
import struct
import sys

TICKS = 480  # per quarter note
SONGS = pathlib.Path(__file__).resolve().parent / "songs"


def quantity(value):
    """A variable-length quantity (SMF 1.0: seven bits a byte, most significant first)."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | value & 0x7F)
    return bytes(reversed(out))


class Track:
    """Events at absolute ticks; equal ticks keep the order in which they were added."""

    def __init__(self, name):
        self.events = []
        self.at(0, b"\xff\x03" + quantity(len(name)) + name.encode())

    def at(self, tick, data):
        self.events.append((tick, data))

    def note(self, channel, key, velocity, tick, length):
        self.at(tick, bytes([0x90 | channel, key, velocity]))
        self.at(tick + length, bytes([0x90 | channel, key, 0]))  # NoteOn with velocity 0: running status goes on

    def sysex(self, tick, payload):
        self.at(tick, b"\xf0" + quantity(len(payload)) + payload)

    def escape(self, tick, payload):
        self.at(tick, b"\xf7" + quantity(len(payload)) + payload)

    def chunk(self):
        out, now, running = b"", 0, None
        for tick, data in sorted(self.events, key=lambda event: event[0]):
            out += quantity(tick - now)
            now = tick
            status = data[0]
            if status < 0xF0:
                out += data[1:] if status == running else data
                running = status
            else:  # meta events and SysEx end running status
                out += data
                running = None
        out += quantity(TICKS) + b"\xff\x2f\x00"
        return b"MTrk" + struct.pack(">I", len(out)) + out


def song(file_format, tracks, division=TICKS):
    return b"MThd" + struct.pack(">IHHH", 6, file_format, len(tracks), division) + b"".join(t.chunk() for t in tracks)


def tempo(bpm):
    return b"\xff\x51\x03" + struct.pack(">I", round(60_000_000 / bpm))[1:]


GM_ON = bytes([0x7E, 0x7F, 0x09, 0x01, 0xF7])
MASTER_VOLUME = bytes([0x7F, 0x7F, 0x04, 0x01, 0x00, 0x70, 0xF7])


def first_light():
    """Eight bars: a rising melody over broken chords, one tempo change, System Exclusive whole and in two packets."""
    conductor = Track("First Light")
    conductor.at(0, tempo(112))
    conductor.at(0, b"\xff\x58\x04\x04\x02\x18\x08")
    conductor.sysex(0, GM_ON)
    conductor.sysex(TICKS // 4, MASTER_VOLUME[:3])  # first packet, its end comes with the escape below
    conductor.escape(TICKS // 4 + 20, MASTER_VOLUME[3:])
    conductor.at(TICKS * 16, tempo(126))

    melody, chords, drums = Track("melody"), Track("chords"), Track("drums")
    melody.at(TICKS // 2, b"\xc0\x0b")  # vibraphone
    melody.at(TICKS // 2, b"\xb0\x07\x64")
    chords.at(TICKS // 2, b"\xc1\x00")  # piano
    chords.at(TICKS // 2, b"\xb1\x07\x50")
    chords.at(TICKS // 2, b"\xb1\x5b\x40")
    start = TICKS
    bars = [(48, (0, 4, 7)), (45, (0, 3, 7)), (41, (0, 4, 7)), (43, (0, 4, 7)),
            (48, (0, 4, 7)), (52, (0, 3, 7)), (53, (0, 4, 7)), (43, (0, 4, 10))]
    line = [72, 76, 79, 84, 81, 79, 76, 74, 77, 81, 84, 86, 83, 79, 74, 71,
            72, 79, 84, 88, 91, 88, 86, 83, 84, 81, 77, 81, 79, 83, 86, 79]
    for bar, (base, shape) in enumerate(bars):
        at = start + bar * 4 * TICKS
        for eighth in range(8):
            chords.note(1, base + shape[(0, 1, 2, 1)[eighth % 4]] + 12 * (eighth // 4), 62 + 6 * (eighth % 4 == 0),
                        at + eighth * TICKS // 2, TICKS // 2 - 20)
        chords.note(1, base - 12, 70, at, 4 * TICKS - 20)
        for beat in range(4):
            melody.note(0, line[bar * 4 + beat], 80 + 4 * beat, at + beat * TICKS, TICKS - 30)
            drums.note(9, 36 if beat % 2 == 0 else 38, 84, at + beat * TICKS, 60)
            drums.note(9, 42, 56, at + beat * TICKS + TICKS // 2, 60)
        if bar % 2 == 1:  # a bend into the next bar and back
            for i in range(8):
                bend = 8192 + 512 * i
                melody.at(at + 3 * TICKS + 40 * i, bytes([0xE0, bend & 0x7F, bend >> 7]))
            melody.at(at + 4 * TICKS - 10, b"\xe0\x00\x40")
    end = start + len(bars) * 4 * TICKS
    for key in (48, 55, 60, 64, 72):
        chords.note(1, key, 76, end, 3 * TICKS)
    melody.note(0, 84, 88, end, 3 * TICKS)
    return song(1, [conductor, melody, chords, drums])


def three_minutes():
    """Format 0, 180 s at 120 beats a minute, as dense as a full arrangement: what the benchmark plays."""
    track = Track("Three Minutes")
    track.at(0, tempo(120))
    for beat in range(360):
        at = beat * TICKS
        for voice in range(4):
            key = 40 + (beat * 7 + voice * 5) % 24 + 6 * voice
            for half in range(2):
                track.note(voice, key + 3 * half, 70, at + half * TICKS // 2, TICKS // 2 - 15)
        track.note(9, 36 if beat % 2 == 0 else 38, 90, at, 60)
        track.at(at + 100, bytes([0xB0, 0x0B, 64 + beat % 64]))
    return song(0, [track])


def corners():
    """What readers get wrong: status right after a meta event, real-time and song-position bytes through escapes, a
    SysEx in three packets, 300 bytes of SysEx, equal ticks on several tracks, delta times of four bytes."""
    a, b = Track("a"), Track("b")
    a.at(0, tempo(240))
    b.at(0, b"\xff\x01\x04text")
    b.at(0, b"\x91\x3c\x40")
    a.at(0, b"\x90\x3c\x40")
    a.escape(10, b"\xf8")
    a.escape(10, b"\xf2\x10\x20")
    b.sysex(20, b"\x43\x12\x00")
    b.escape(30, b"\x01\x02\x03")
    b.escape(40, b"\x04\xf7")
    a.sysex(60, bytes(i & 0x7F for i in range(300)) + b"\xf7")
    a.at(60, tempo(90))
    for i in range(6):  # one tick, three kinds of message, two tracks
        a.at(300, bytes([0xB0, 0x10 + i, i]))
        b.at(300, bytes([0xD1, 0x20 + i]))
    a.at(300, b"\xa0\x3c\x11")
    a.at(2_200_000 // 64, b"\x80\x3c\x00")
    b.at(2_200_000 // 64, b"\x91\x3c\x00")
    return song(1, [a, b])


FILES = {"first-light.mid": first_light, "three-minutes.mid": three_minutes, "corners.mid": corners}


def main(arguments):
    if arguments not in ([], ["--check"]):
        print(__doc__.strip())
        return 64 if arguments != ["--help"] else 0
    different = 0
    SONGS.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        path, data = SONGS / name, make()
        if not arguments:
            path.write_bytes(data)
        elif not path.exists() or path.read_bytes() != data:
            print(f"{path}: differs from what make_songs.py makes; next: run it without --check")
            different = 1
    return different


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
