#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An independent reader of event logs, for tests: layout from mpulab_link.h's prose, names from the .def files.

It shares no code with the harness, so that the two can disagree. Strict: a gap in the sequence, time that runs
backwards, a kind it does not know or a half record is an error that names record and value.

usage: tests/support/eventlog.py FILE [KIND]...     print the records (of these kinds)
Example: tests/support/eventlog.py mpulab-out/latest/events.mpl WIRE_OUT REG_WRITE
"""
import gzip
import pathlib
import re
import struct
import sys
from collections import namedtuple

SOURCE = pathlib.Path(__file__).resolve().parents[2]
LINK = SOURCE / "device-model" / "link"
HEADER = struct.Struct("<8sII")
RECORD = struct.Struct("<QQQQHBBHBBQQQ")
NONE, TX_BYTE, RX_BYTE, STEP, IRP, STREAM, OWN_BYTE = range(7)  # correlation spaces, mpulab_corr_space
MORE = 0x01
TEXT_KINDS = {"TEXT", "NAME", "CAPTURED", "RANGE", "ANSWER", "ETW_DATA"}


class BadLog(Exception):
    """The event log breaks its contract."""


def _names(file, macro):
    text = (LINK / file).read_text()
    return {int(value): name for value, name in re.findall(macro + r"\((\d+), (\w+),", text)}


KINDS = _names("mpulab_link_kinds.def", "MPULAB_KIND")
CALLBACKS = _names("mpulab_callbacks.def", "MPULAB_CALLBACK")
REGISTERS = _names("mpulab_registers.def", "MPULAB_REGISTER")


def enum(name):
    """{constant: value} of an enum in mpulab_codes.h, without the comments."""
    text = re.sub(r"/\*.*?\*/", "", (LINK / "mpulab_codes.h").read_text(), flags=re.S)
    body = re.search(r"enum %s\s*\{(.*?)\}" % name, text, re.S).group(1)
    return {key: int(value, 0) for key, value in re.findall(r"(\w+)\s*=\s*(\w+)", body)}


class Record(namedtuple("Record", "seq time corr pc kind_number cpu unit count irql flags a b c")):
    """One record; `kind` is its name, `data` the bytes of a text or data kind."""

    __slots__ = ()

    @property
    def kind(self):
        return KINDS[self.kind_number]

    @property
    def space(self):
        return self.corr >> 56

    @property
    def number(self):
        return self.corr & 0x00FFFFFFFFFFFFFF

    @property
    def data(self):
        return struct.pack("<QQQ", self.a, self.b, self.c)[: self.count]

    def __str__(self):
        shown = repr(self.data) if self.kind in TEXT_KINDS else f"a={self.a:#x} b={self.b:#x} c={self.c:#x}"
        if self.kind in ("CALL_ENTER", "CALL_LEAVE"):
            shown = f"{CALLBACKS.get(self.a, self.a)} b={self.b:#x} c={self.c:#x}"
        return (f"{self.seq:8} {self.time / 1e6:14.6f} ms  corr={self.space}:{self.number:<6} pc={self.pc:#018x} "
                f"irql={self.irql:<2} {self.kind:14} {shown}")


def stream(path):
    """The records of an event log, one after the other, each checked; a log may be larger than memory."""
    with (gzip.open if str(path).endswith(".gz") else open)(path, "rb") as file:
        header = file.read(HEADER.size)
        if len(header) < HEADER.size:
            raise BadLog(f"{path}: {len(header)} bytes, a header has {HEADER.size}")
        magic, version, size = HEADER.unpack(header)
        if magic != b"MPLBLINK" or version != 1 or size != RECORD.size:
            raise BadLog(f"{path}: magic {magic!r}, version {version}, record size {size}; "
                         f"expected MPLBLINK, 1, {RECORD.size}")
        index, time = 0, 0
        while block := file.read(RECORD.size * 4096):
            if len(block) % RECORD.size:
                raise BadLog(f"{path}: {len(block) % RECORD.size} bytes of half a record at the end")
            for fields in RECORD.iter_unpack(block):
                record = Record(*fields)
                if record.seq != index:
                    raise BadLog(f"{path}: record {index} has sequence number {record.seq}")
                if record.time < time:
                    raise BadLog(f"{path}: record {index} at {record.time} ns comes after one at {time} ns")
                if record.kind_number not in KINDS:
                    raise BadLog(f"{path}: record {index} has kind {record.kind_number}, "
                                 "which mpulab_link_kinds.def lacks")
                index, time = index + 1, record.time
                yield record


def read(path):
    """Every record of an event log, checked."""
    return list(stream(path))


def of_kind(records, *kinds):
    numbers = {number for number, name in KINDS.items() if name in kinds}
    if len(numbers) != len(kinds):
        raise BadLog(f"no such kind among {kinds}")
    return [record for record in records if record.kind_number in numbers]


def text(records, kind="TEXT"):
    """All bytes of a text or data kind, joined in order."""
    return b"".join(record.data for record in of_kind(records, kind))


def modules(records):
    """{name: (base, size)}: each MODULE record with the NAME records after it."""
    found, index = {}, 0
    while index < len(records):
        record = records[index]
        index += 1
        if record.kind != "MODULE":
            continue
        name = b""
        while index < len(records):
            if records[index].kind == "NAME":
                name += records[index].data
                if not records[index].flags & MORE:
                    break
            index += 1
        found[name.decode().rstrip("\0").lower()] = (record.a, record.b)
    return found


def inside(modules_by_name, name, pc):
    base, size = modules_by_name[name]
    return base <= pc < base + size


def main(arguments):
    if not arguments or "--help" in arguments:
        print(__doc__.strip())
        return 0 if arguments else 64
    wanted = set(arguments[1:])
    try:
        for record in read(arguments[0]):
            if not wanted or record.kind in wanted:
                print(record)
    except (BadLog, OSError) as error:
        print(f"error: {error}\nnext:  name an events file of a run", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
