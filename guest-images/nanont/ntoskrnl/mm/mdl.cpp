// SPDX-License-Identifier: MIT
// Memory descriptor lists. All memory is in one address space: locking is checking, and pageable pages that were locked
// once stay in; mapping is adding.
// What drivers count on is kept: page numbers after the MDL, flags, MappedSystemVa.
#include "dbg/report.hpp"
#include "ke/ke.hpp"
#include "mm.hpp"
#include "paged.hpp"
#include "seh/seh.hpp"

using namespace nanont;

namespace {

void fill_pages(PMDL mdl) {
    auto* pages = reinterpret_cast<PFN_NUMBER*>(mdl + 1);
    const auto start = reinterpret_cast<ULONGLONG>(mdl->StartVa);
    const size_t count = ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(mdl), mdl->ByteCount);
    for (size_t i = 0; i < count; ++i) {
        PVOID address = reinterpret_cast<PVOID>(start + i * PAGE_SIZE);
        pages[i] = static_cast<PFN_NUMBER>(MmGetPhysicalAddress(address).QuadPart >> PAGE_SHIFT);
    }
}

bool is_accessible(ULONGLONG page, bool write) {
    const ULONGLONG entry = mm::page_entry(page);
    return entry != 0 && (!write || (entry & PageTables::kWrite) != 0);
}

void probe(ULONG_PTR begin, SIZE_T length, ULONG alignment) {
    if (length == 0) {
        return;
    }
    if ((begin & (ULONG_PTR{alignment} - 1)) != 0) {
        seh::raise(STATUS_DATATYPE_MISALIGNMENT);
    }
    if (begin + length < begin) {
        seh::raise(STATUS_ACCESS_VIOLATION);
    }
}

} // namespace

extern "C" {

SIZE_T NTAPI MmSizeOfMdl(PVOID Base, SIZE_T Length) {
    return sizeof(MDL) + ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, Length) * sizeof(PFN_NUMBER);
}

PMDL NTAPI IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer, BOOLEAN, PIRP Irp) {
    constexpr ULONG kLongest = 0x7fffffff;
    if (Length > kLongest) {
        return nullptr;
    }
    auto* mdl =
        static_cast<PMDL>(ExAllocatePoolWithTag(NonPagedPool, MmSizeOfMdl(VirtualAddress, Length), tag("Mdl ")));
    if (mdl == nullptr) {
        return nullptr;
    }
    MmInitializeMdl(mdl, VirtualAddress, Length);
    mdl->Process = nullptr;
    mdl->MappedSystemVa = nullptr;
    if (Irp != nullptr) {
        if (!SecondaryBuffer || Irp->MdlAddress == nullptr) {
            Irp->MdlAddress = mdl;
        } else {
            PMDL last = Irp->MdlAddress;
            while (last->Next != nullptr) {
                last = last->Next;
            }
            last->Next = mdl;
        }
    }
    return mdl;
}

VOID NTAPI IoFreeMdl(PMDL Mdl) {
    ExFreePoolWithTag(Mdl, tag("Mdl "));
}

/// The source's pages, as many as the part touches. Length 0: to the source's end. A part that is not in the source, or
/// a target whose own length does not reach over as many pages, is a bugcheck (Microsoft's bug check 0x40).
VOID NTAPI IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length) {
    const auto begin = reinterpret_cast<ULONG_PTR>(VirtualAddress);
    const auto source = reinterpret_cast<ULONG_PTR>(MmGetMdlVirtualAddress(SourceMdl));
    const ULONG_PTR offset = begin - source; // huge when it begins before the source
    const ULONG count = Length != 0 ? Length : SourceMdl->ByteCount - static_cast<ULONG>(offset);
    const bool inside = offset <= SourceMdl->ByteCount && count <= SourceMdl->ByteCount - offset;
    const SIZE_T pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(VirtualAddress, count);
    const SIZE_T room = (static_cast<USHORT>(TargetMdl->Size) - sizeof(MDL)) / sizeof(PFN_NUMBER);
    if (!inside || pages > room) {
        dbg::bugcheck(TARGET_MDL_TOO_SMALL, reinterpret_cast<ULONG_PTR>(SourceMdl),
                      reinterpret_cast<ULONG_PTR>(TargetMdl), begin, count, "IoBuildPartialMdl: %lu bytes from %p: %s",
                      count, VirtualAddress,
                      inside ? "the target MDL was made for fewer pages" : "they are not in the source MDL");
    }
    TargetMdl->StartVa = PAGE_ALIGN(VirtualAddress);
    TargetMdl->ByteOffset = BYTE_OFFSET(VirtualAddress);
    TargetMdl->ByteCount = count;
    TargetMdl->MdlFlags = static_cast<CSHORT>((TargetMdl->MdlFlags & MDL_ALLOCATED_FIXED_SIZE) | MDL_PARTIAL);
    if ((SourceMdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) != 0) {
        TargetMdl->MappedSystemVa = static_cast<UCHAR*>(SourceMdl->MappedSystemVa) + offset;
        TargetMdl->MdlFlags |= SourceMdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL);
    }
    const SIZE_T first = (begin - reinterpret_cast<ULONG_PTR>(SourceMdl->StartVa)) / PAGE_SIZE;
    RtlCopyMemory(MmGetMdlPfnArray(TargetMdl), MmGetMdlPfnArray(SourceMdl) + first, pages * sizeof(PFN_NUMBER));
}

VOID NTAPI MmBuildMdlForNonPagedPool(PMDL Mdl) {
    fill_pages(Mdl);
    Mdl->MappedSystemVa = MmGetMdlVirtualAddress(Mdl);
    Mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
}

/// A buffer that is not there, or not writable when it is to be written, raises STATUS_ACCESS_VIOLATION.
VOID NTAPI MmProbeAndLockPages(PMDL Mdl, KPROCESSOR_MODE, LOCK_OPERATION Operation) {
    const auto start = reinterpret_cast<ULONGLONG>(Mdl->StartVa);
    const ULONGLONG end = start + Mdl->ByteOffset + Mdl->ByteCount;
    if (end < start) { // around the end of the address space
        seh::raise(STATUS_ACCESS_VIOLATION);
    }
    mm::make_resident(start, (end - start + PAGE_SIZE - 1) / PAGE_SIZE);
    for (ULONGLONG address = start; address < end; address += PAGE_SIZE) {
        if (!is_accessible(address, Operation != IoReadAccess)) {
            seh::raise(STATUS_ACCESS_VIOLATION);
        }
    }
    fill_pages(Mdl);
    Mdl->MdlFlags |= MDL_PAGES_LOCKED | (Operation != IoReadAccess ? MDL_WRITE_OPERATION : 0);
}

VOID NTAPI MmUnlockPages(PMDL Mdl) {
    if ((Mdl->MdlFlags & MDL_PAGES_LOCKED) == 0) {
        constexpr ULONG kNeverLocked = 0x7c;
        dbg::bugcheck(DRIVER_VERIFIER_DETECTED_VIOLATION, kNeverLocked, reinterpret_cast<ULONG_PTR>(Mdl),
                      static_cast<USHORT>(Mdl->MdlFlags), 0, "MmUnlockPages: the pages of MDL %p are not locked", Mdl);
    }
    Mdl->MdlFlags &= static_cast<CSHORT>(~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION | MDL_MAPPED_TO_SYSTEM_VA));
}

PVOID NTAPI MmMapLockedPagesSpecifyCache(PMDL Mdl, KPROCESSOR_MODE, MEMORY_CACHING_TYPE, PVOID, ULONG,
                                         MM_PAGE_PRIORITY) {
    // Pages that came from MmAllocatePagesForMdl, and a part of them, have no address of their own: they lie in a row.
    Mdl->MappedSystemVa = reinterpret_cast<LONG_PTR>(Mdl->StartVa) >= 0
                              ? static_cast<UCHAR*>(mm::direct(*MmGetMdlPfnArray(Mdl) * PAGE_SIZE)) + Mdl->ByteOffset
                              : MmGetMdlVirtualAddress(Mdl);
    Mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
    return Mdl->MappedSystemVa;
}

PVOID NTAPI MmMapLockedPages(PMDL Mdl, KPROCESSOR_MODE AccessMode) {
    return MmMapLockedPagesSpecifyCache(Mdl, AccessMode, MmCached, nullptr, FALSE, NormalPagePriority);
}

VOID NTAPI MmUnmapLockedPages(PVOID, PMDL Mdl) {
    Mdl->MdlFlags &= static_cast<CSHORT>(~MDL_MAPPED_TO_SYSTEM_VA);
}

/// Length 0 passes whatever the address. Addresses of the kernel's half pass too, as long as they do not wrap: the
/// score's client, whom they stand for, lives there.
VOID NTAPI ProbeForRead(CONST VOID* Address, SIZE_T Length, ULONG Alignment) {
    probe(reinterpret_cast<ULONG_PTR>(Address), Length, Alignment);
}

/// The same, and each page of it must be there and writable.
VOID NTAPI ProbeForWrite(PVOID Address, SIZE_T Length, ULONG Alignment) {
    const auto begin = reinterpret_cast<ULONG_PTR>(Address);
    probe(begin, Length, Alignment);
    const ULONG_PTR end = begin + Length;
    for (ULONG_PTR page = begin & ~ULONG_PTR{PAGE_SIZE - 1}; Length != 0 && page < end; page += PAGE_SIZE) {
        if (!is_accessible(page, true) && !mm::is_pageable(page)) {
            seh::raise(STATUS_ACCESS_VIOLATION);
        }
    }
}

} // extern "C"
