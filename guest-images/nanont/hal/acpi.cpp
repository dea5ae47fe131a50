// SPDX-License-Identifier: MIT
// The firmware's tables (ACPI 6.5): found by their pointer in low memory, read once at start. They are firmware's word:
// every length is bounded and every table must add up before anything in it is believed.
#include "acpi.hpp"

namespace hal {
namespace {

constexpr ULONGLONG kSearchBegin = 0xe0000; // ACPI 6.5 §5.2.5.1: at a multiple of 16 in the BIOS area
constexpr ULONG kSearchSize = 0x20000;
constexpr ULONG kLongestTable = 0x10000;
constexpr ULONG kMostTables = 64;

struct RootPointer {
    UCHAR signature[8]; // "RSD PTR "
    UCHAR checksum;
    UCHAR oem[6];
    UCHAR revision;
    ULONG rsdt;
};
static_assert(sizeof(RootPointer) == 20);

bool adds_up(const UCHAR* bytes, ULONG size) {
    UCHAR sum = 0;
    for (ULONG i = 0; i < size; ++i) {
        sum = static_cast<UCHAR>(sum + bytes[i]);
    }
    return sum == 0;
}

bool find_root_table(ULONG& rsdt) {
    const Mapped area(kSearchBegin, kSearchSize);
    if (!area) {
        return false;
    }
    for (ULONG at = 0; at + sizeof(RootPointer) <= kSearchSize; at += 16) {
        const UCHAR* place = area.bytes() + at;
        if (__builtin_memcmp(place, "RSD PTR ", 8) == 0 && adds_up(place, sizeof(RootPointer))) {
            RootPointer root;
            __builtin_memcpy(&root, place, sizeof(root));
            rsdt = root.rsdt;
            return true;
        }
    }
    return false;
}

} // namespace

Mapped::Mapped(ULONGLONG physical, ULONG size) : size_(size) {
    PHYSICAL_ADDRESS address;
    address.QuadPart = static_cast<LONGLONG>(physical);
    bytes_ = static_cast<UCHAR*>(MmMapIoSpace(address, size, MmNonCached));
}

Mapped::~Mapped() {
    if (bytes_ != nullptr) {
        MmUnmapIoSpace(bytes_, size_);
    }
}

ULONG AcpiTable::length_at(ULONGLONG physical) {
    const Mapped header(physical, sizeof(AcpiHeader));
    if (!header) {
        return 0;
    }
    const ULONG length = header.at<AcpiHeader>(0)->length;
    return length >= sizeof(AcpiHeader) && length <= kLongestTable ? length : 0;
}

bool find_acpi_table(const char (&signature)[5], ULONGLONG& physical) {
    ULONG root = 0;
    if (!find_root_table(root)) {
        return false;
    }
    const ULONG length = AcpiTable::length_at(root);
    const Mapped rsdt(root, length != 0 ? length : sizeof(AcpiHeader));
    if (length == 0 || !rsdt || !adds_up(rsdt.bytes(), length)) {
        return false;
    }
    const ULONG count = (length - static_cast<ULONG>(sizeof(AcpiHeader))) / 4;
    for (ULONG i = 0; i < count && i < kMostTables; ++i) {
        ULONG entry;
        __builtin_memcpy(&entry, rsdt.bytes() + sizeof(AcpiHeader) + i * 4, 4);
        const ULONG size = AcpiTable::length_at(entry);
        const Mapped table(entry, size != 0 ? size : sizeof(AcpiHeader));
        if (size != 0 && table && __builtin_memcmp(table.bytes(), signature, 4) == 0 && adds_up(table.bytes(), size)) {
            physical = entry;
            return true;
        }
    }
    return false;
}

} // namespace hal
