# SPDX-License-Identifier: MIT
"""The tests' own reader of PE images; shares no code with the tools under test."""
import struct

EXPORTS, IMPORTS, RELOCATIONS, TLS = 0, 1, 5, 9  # data directories
CODE = 0x00000020
ALIGN_MASK = 0x00F00000
DISCARDABLE = 0x02000000
NOT_PAGED = 0x08000000
EXECUTE = 0x20000000
READ = 0x40000000
WRITE = 0x80000000


class Section:
    def __init__(self, header):
        name, self.size, self.address, self.raw_size, self.raw, self.flags = struct.unpack("<8sIIII12xI", header)
        self.name = name.rstrip(b"\0").decode()


class Image:
    def __init__(self, data):
        self.data = data
        pe = struct.unpack_from("<I", data, 0x3C)[0]
        assert data[:2] == b"MZ" and data[pe : pe + 4] == b"PE\0\0", "no PE image"
        self.machine, count, self.timestamp = struct.unpack_from("<HHI", data, pe + 4)
        optional_size, self.file_flags = struct.unpack_from("<HH", data, pe + 20)
        opt = self.optional = pe + 24
        self.wide = struct.unpack_from("<H", data, opt)[0] == 0x20B
        self.entry = struct.unpack_from("<I", data, opt + 16)[0]
        self.base = struct.unpack_from("<Q", data, opt + 24)[0] if self.wide else struct.unpack_from("<I", data, opt + 28)[0]
        self.section_alignment = struct.unpack_from("<I", data, opt + 32)[0]
        self.checksum, self.subsystem, self.dll_flags = struct.unpack_from("<IHH", data, opt + 64)
        table = opt + optional_size
        self.sections = [Section(data[table + 40 * n : table + 40 * n + 40]) for n in range(count)]

    def section(self, name):
        return next(section for section in self.sections if section.name == name)

    def directory(self, index):
        """(address, size)"""
        return struct.unpack_from("<II", self.data, self.optional + (112 if self.wide else 96) + 8 * index)

    def offset(self, address):
        for section in self.sections:
            if section.address <= address < section.address + section.raw_size:
                return section.raw + address - section.address
        raise ValueError(f"address {address:#x} lies in no section")

    def text(self, address):
        start = self.offset(address)
        return self.data[start : self.data.index(b"\0", start)].decode()

    def imports(self):
        """{module: [name]}; an import by ordinal is refused, nobody documents those."""
        found = {}
        descriptor = self.offset(self.directory(IMPORTS)[0])
        while True:
            names, _, _, module, first = struct.unpack_from("<5I", self.data, descriptor)
            if module == 0:
                return found
            step, form = (8, "<Q") if self.wide else (4, "<I")
            thunk = self.offset(names or first)
            entries = found.setdefault(self.text(module), [])
            while value := struct.unpack_from(form, self.data, thunk)[0]:
                assert not value >> (8 * step - 1), "import by ordinal"
                entries.append(self.text(value + 2))
                thunk += step
            descriptor += 20

    def relocations(self):
        """[(address, type)]"""
        address, size = self.directory(RELOCATIONS)
        at, end = self.offset(address), self.offset(address) + size
        found = []
        while at < end:
            page, block = struct.unpack_from("<II", self.data, at)
            assert block >= 8, "a relocation block has its header at least"
            for entry in struct.unpack_from(f"<{(block - 8) // 2}H", self.data, at + 8):
                found.append((page + (entry & 0xFFF), entry >> 12))
            at += block
        return found

    def computed_checksum(self):
        field = self.optional + 64
        data = self.data[:field] + bytes(4) + self.data[field + 4 :]
        total = 0
        for low, high in zip(data[::2], data[1::2] + b"\0" * (len(data) % 2)):
            total += low | high << 8
            total = (total & 0xFFFF) + (total >> 16)
        return total + len(data)
