#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Gives a linked driver the section flags Windows wants, a time stamp that does not tell the time, and its checksum.

usage: fixsys.py IN.sys OUT.sys [IN.pdb OUT.pdb]

GNU as and ld cannot say DISCARDABLE or NOT_PAGED, and leave alignment bits in that belong to object files only; objcopy
writes the time of day into the header. After this: INIT and .reloc are discardable; everything but them and PAGE* stays
resident; code is code and nothing else; resources are read only; the time stamp is zero, so that the same source gives the same file.
With a PDB (lld-link): its signature and the image's time stamps become a hash of the image; lld's hash covers the PDB,
and with it the compiler's command lines and where the tree lay. Image and PDB still name each other.
Run it after stripping and before signing (a signature covers the checksum).

exit codes: 0 done, 1 the input is not a driver image that can be fixed, 64 wrong usage
"""
import hashlib
import os
import struct
import sys

CODE = 0x00000020
INITIALIZED_DATA = 0x00000040
ALIGN_MASK = 0x00F00000
DISCARDABLE = 0x02000000
NOT_PAGED = 0x08000000
EXECUTE = 0x20000000
READ = 0x40000000
WRITE = 0x80000000

MACHINES = {0x014C: 0x10B, 0x8664: 0x20B}  # machine: magic of its optional header
SUBSYSTEM_NATIVE = 1
DEBUG_DIRECTORY = 6
DEBUG_ENTRY_SIZE = 28
CODEVIEW = 2  # type of the debug entry that names the PDB
CHECKSUM_OFFSET = 64  # in the optional header, both kinds
SUBSYSTEM_OFFSET = 68
MAX_SECTIONS = 96  # what Windows' loader takes
SECTION_SIZE = 40


class NotADriver(Exception):
    """The input cannot be fixed; the text says what was seen and what was expected."""


class Image:
    """The few fields of a PE image this tool reads, each read checked against the file's end."""

    def __init__(self, data):
        self.data = bytearray(data)
        if self.data[:2] != b"MZ":
            raise NotADriver(f"starts with {bytes(self.data[:2])!r}, expected b'MZ'")
        pe = self.u32(0x3C, "offset of the PE header")
        if bytes(self.data[pe : pe + 4]) != b"PE\0\0":
            raise NotADriver(f"no PE signature at offset {pe:#x}")
        self.machine = self.u16(pe + 4, "machine")
        if self.machine not in MACHINES:
            raise NotADriver(f"machine {self.machine:#x}, expected 0x14c or 0x8664")
        self.timestamp = pe + 8
        self.section_count = self.u16(pe + 6, "number of sections")
        if not 1 <= self.section_count <= MAX_SECTIONS:
            raise NotADriver(f"{self.section_count} sections, expected 1..{MAX_SECTIONS}")
        optional_size = self.u16(pe + 20, "size of the optional header")
        self.optional = pe + 24
        magic = self.u16(self.optional, "magic of the optional header")
        if magic != MACHINES[self.machine]:
            raise NotADriver(f"optional header {magic:#x} in an image for machine {self.machine:#x}")
        subsystem = self.u16(self.optional + SUBSYSTEM_OFFSET, "subsystem")
        if subsystem != SUBSYSTEM_NATIVE:
            raise NotADriver(f"subsystem {subsystem}, expected 1 (native)")
        self.sections = self.optional + optional_size
        self.need(self.sections, self.section_count * SECTION_SIZE, "section table")
        for index in range(self.section_count):
            name, header = self.section(index)
            raw_size = self.u32(header + 16, f"section {name}")
            raw_offset = self.u32(header + 20, f"section {name}")
            if raw_size:
                self.need(raw_offset, raw_size, f"contents of section {name}")

    def need(self, offset, size, what):
        if offset + size > len(self.data):
            raise NotADriver(f"truncated: {what} ends at {offset + size:#x}, the file at {len(self.data):#x}")

    def u16(self, offset, what):
        self.need(offset, 2, what)
        return struct.unpack_from("<H", self.data, offset)[0]

    def u32(self, offset, what):
        self.need(offset, 4, what)
        return struct.unpack_from("<I", self.data, offset)[0]

    def section(self, index):
        """(name, offset of the header)"""
        header = self.sections + SECTION_SIZE * index
        return bytes(self.data[header : header + 8]).rstrip(b"\0").decode("latin-1"), header


    def file_offset(self, address, what):
        """Of what lies at an RVA."""
        for index in range(self.section_count):
            name, header = self.section(index)
            start, size, offset = struct.unpack_from("<III", self.data, header + 12)
            if start <= address < start + size:
                return offset + address - start
        raise NotADriver(f"{what} at RVA {address:#x} lies in no section")

    def debug_entries(self):
        """(offset, type, offset of its data) of each entry of the debug directory."""
        first = 112 if self.machine == 0x8664 else 96
        entry = self.optional + first + 8 * DEBUG_DIRECTORY
        address, size = self.u32(entry, "debug directory"), self.u32(entry + 4, "debug directory")
        if not size:
            return
        start = self.file_offset(address, "debug directory")
        self.need(start, size, "debug directory")
        for offset in range(start, start + size - DEBUG_ENTRY_SIZE + 1, DEBUG_ENTRY_SIZE):
            yield offset, self.u32(offset + 12, "debug entry"), self.u32(offset + 24, "debug entry")


def sign(image, pdb):
    """Puts a hash of the image in the place of time stamps and PDB signature; the PDB with the new signature."""
    entries = list(image.debug_entries())
    names = [data for _, kind, data in entries if kind == CODEVIEW and bytes(image.data[data : data + 4]) == b"RSDS"]
    if len(names) != 1:
        raise NotADriver(f"{len(names)} debug entries name a PDB, expected 1")
    at = names[0] + 4
    image.need(at, 16, "signature of the PDB")
    old = bytes(image.data[at : at + 16])
    if pdb.count(old) != 1:
        raise NotADriver(f"the PDB holds the image's signature {pdb.count(old)} times, expected once")
    stamps = [image.timestamp] + [offset + 4 for offset, _, _ in entries]
    for stamp in stamps:
        struct.pack_into("<I", image.data, stamp, 0)
    image.data[at : at + 16] = bytes(16)
    digest = hashlib.sha256(image.data).digest()
    image.data[at : at + 16] = digest[:16]
    for stamp in stamps:
        image.data[stamp : stamp + 4] = digest[16:20]
    return pdb.replace(old, digest[:16])


def fixed_flags(name, flags):
    """The characteristics a section of a driver should have."""
    flags &= ~ALIGN_MASK
    if flags & CODE:
        flags &= ~INITIALIZED_DATA
        flags |= EXECUTE | READ
    if not flags & (EXECUTE | READ | WRITE):
        raise NotADriver(f"section {name} has flags {flags:#010x}: neither readable, writable nor executable")
    if flags & EXECUTE and flags & WRITE:
        raise NotADriver(f"section {name} has flags {flags:#010x}: writable and executable")
    if name in ("INIT", ".reloc"):
        flags |= DISCARDABLE
    if name == ".rsrc":
        flags &= ~WRITE  # windres and ld leave it writable; nobody writes there
    if name.startswith("PAGE") or name in ("INIT", ".reloc", ".rsrc", ".edata"):
        flags &= ~NOT_PAGED
    else:
        flags |= NOT_PAGED
    return flags


def checksum(data, field):
    """The PE checksum of `data`, its own field at offset `field` counted as zero."""
    zeroed = bytes(data[:field]) + b"\0\0\0\0" + bytes(data[field + 4 :])
    if len(zeroed) % 2:
        zeroed += b"\0"
    total = sum(struct.unpack(f"<{len(zeroed) // 2}H", zeroed))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total + len(data)


def fix(data, pdb=None):
    """(image with right section flags and checksum, PDB that matches it). Raises NotADriver."""
    image = Image(data)
    for index in range(image.section_count):
        name, header = image.section(index)
        flags = fixed_flags(name, image.u32(header + 36, f"section {name}"))
        struct.pack_into("<I", image.data, header + 36, flags)
    field = image.optional + CHECKSUM_OFFSET
    struct.pack_into("<I", image.data, field, 0)
    if pdb is None:
        struct.pack_into("<I", image.data, image.timestamp, 0)
    else:
        pdb = sign(image, pdb)
    struct.pack_into("<I", image.data, field, checksum(image.data, field))
    return bytes(image.data), pdb


def write(target, data):
    partial = target + ".partial"
    with open(partial, "wb") as file:
        file.write(data)
    os.replace(partial, target)


def read(source):
    with open(source, "rb") as file:
        return file.read()


def main(arguments):
    if len(arguments) not in (2, 4):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 64
    source, target = arguments[:2]
    try:
        fixed, pdb = fix(read(source), read(arguments[2]) if len(arguments) == 4 else None)
        if pdb is not None:
            write(arguments[3], pdb)
        write(target, fixed)
    except NotADriver as error:
        print(f"error: {source} is no driver image: {error}\nnext:  give a .sys that the linker made", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}\nnext:  check the path and its permissions", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
