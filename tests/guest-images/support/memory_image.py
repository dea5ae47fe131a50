# SPDX-License-Identifier: MIT
"""Reads a raw image of physical memory as a debugger does that knows nothing of nanont: only what Microsoft publishes.

KDDEBUGGER_DATA64, DBGKD_GET_VERSION64: wdbgexts.h of the Windows SDK. LDR_DATA_TABLE_ENTRY: winternl.h and the public
symbols of ntoskrnl.exe. KPCR.KdVersionBlock, KPRCB at +0x180: public symbols. Page tables: the processor's manual."""
import struct

PAGE = 4096
KPCR_KD_VERSION_BLOCK, KPCR_SELF, KPCR_PRCB = 0x108, 0x18, 0x180


class NotThere(Exception):
    """An address that no page table leads to."""


class MemoryImage:
    """`physical`: bytes from physical address 0. `root`: CR3 of the moment."""

    def __init__(self, physical, root):
        self.physical, self.root = physical, root & ~(PAGE - 1)

    def translate(self, address):
        table = self.root
        for shift in (39, 30, 21, 12):
            entry_at = table + (address >> shift & 511) * 8
            entry = struct.unpack_from("<Q", self.physical, entry_at)[0]
            if not entry & 1:
                raise NotThere(f"{address:#x}")
            table = entry & 0x000FFFFFFFFFF000
            if shift in (30, 21) and entry & 0x80:
                return (table & ~((1 << shift) - 1)) + (address & ((1 << shift) - 1))
        return table + (address & (PAGE - 1))

    def read(self, address, size):
        out = b""
        while len(out) < size:
            at = address + len(out)
            here = min(size - len(out), PAGE - at % PAGE)
            physical = self.translate(at)
            out += self.physical[physical : physical + here]
        return out

    def u16(self, address):
        return struct.unpack("<H", self.read(address, 2))[0]

    def u32(self, address):
        return struct.unpack("<I", self.read(address, 4))[0]

    def u64(self, address):
        return struct.unpack("<Q", self.read(address, 8))[0]

    def string(self, address):
        """Of a UNICODE_STRING."""
        length, _, buffer = struct.unpack("<HH4xQ", self.read(address, 16))
        return self.read(buffer, length).decode("utf-16-le")

    def list(self, head, bound=256):
        """Addresses of the entries behind a LIST_ENTRY; each must point back to the one before."""
        before, entry = head, self.u64(head)
        for _ in range(bound):
            if self.u64(entry + 8) != before:
                raise NotThere(f"the list at {head:#x} is torn at {entry:#x}")
            if entry == head:
                return
            yield entry
            before, entry = entry, self.u64(entry)
        raise NotThere(f"the list at {head:#x} has no end")

    def debugger_data(self):
        """Offsets in the image at which a DBGKD_DEBUG_DATA_HEADER64 with the tag KDBG stands: the tag, behind two
        pointers into the kernel's half, and a size that fits."""
        found, at = [], self.physical.find(b"KDBG")
        while at >= 0:
            if at % 8 == 0 and at >= 16:
                ahead, back, _, size = struct.unpack_from("<QQ4sI", self.physical, at - 16)
                if ahead >> 47 == back >> 47 == 0x1FFFF and 0x200 <= size <= 0x400:
                    found.append(at - 16)
            at = self.physical.find(b"KDBG", at + 1)
        return found

    def modules(self, head):
        """{name: (base, size, full name)} of PsLoadedModuleList."""
        return {self.string(entry + 0x58): (self.u64(entry + 0x30), self.u32(entry + 0x40), self.string(entry + 0x48))
                for entry in self.list(head)}
