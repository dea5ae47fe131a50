// SPDX-License-Identifier: MIT
// Pool, strings, copies, lists without locks, addresses.
#include "cases.hpp"

#include <initializer_list>

namespace {

constexpr ULONG kTag = 'nmeS';
constexpr ULONG64 kNonPaged = 0x40; // POOL_FLAG_NON_PAGED
constexpr ULONG kNoExecute = 512;   // POOL_NX_ALLOCATION

bool all(const UCHAR* bytes, SIZE_T size, UCHAR value) {
    for (SIZE_T i = 0; i < size; ++i)
        if (bytes[i] != value) return false;
    return true;
}

extern "C" __declspec(dllimport) PVOID NTAPI ExAllocatePool2(ULONG64, SIZE_T, ULONG);

} // namespace

void pool() {
    for (const SIZE_T size : {SIZE_T{1}, SIZE_T{16}, SIZE_T{4000}, SIZE_T{4096}, SIZE_T{20000}}) {
        auto* block = static_cast<UCHAR*>(ExAllocatePool2(kNonPaged, size, kTag));
        CHECK(block != nullptr);
        if (!block) continue;
        CHECK(all(block, size, 0)); // zeroed, unlike the older ones
        CHECK_EQUAL(reinterpret_cast<ULONG_PTR>(block) % (size >= PAGE_SIZE ? PAGE_SIZE : 16), 0);
        ExFreePoolWithTag(block, kTag);
    }
    CHECK(ExAllocatePool2(kNonPaged, 0, kTag) == nullptr);
    CHECK(ExAllocatePool2(kNonPaged, 16, 0) == nullptr);
    CHECK(ExAllocatePool2(0, 16, kTag) == nullptr);
    CHECK(ExAllocatePoolWithTag(NonPagedPoolNx, ~SIZE_T{0}, kTag) == nullptr);
    CHECK(ExAllocatePoolWithTag(NonPagedPoolNx, SIZE_T{1} << 40, kTag) == nullptr);
    // Paged pool keeps what is in it, in and out, and with its pages locked it is there at DISPATCH_LEVEL.
    auto* paged = static_cast<UCHAR*>(ExAllocatePoolWithTag(PagedPool, 5000, kTag));
    CHECK(paged != nullptr);
    if (paged) {
        RtlFillMemory(paged, 5000, 0x5a);
        KIRQL old;
        KSPIN_LOCK lock;
        KeInitializeSpinLock(&lock);
        KeAcquireSpinLock(&lock, &old);
        KeReleaseSpinLock(&lock, old);
        CHECK(!MmIsNonPagedSystemAddressValid(paged)); // in for a moment, and pageable
        CHECK(all(paged, 5000, 0x5a));
        PMDL mdl = IoAllocateMdl(paged, 5000, FALSE, FALSE, nullptr);
        MmProbeAndLockPages(mdl, KernelMode, IoModifyAccess);
        KeAcquireSpinLock(&lock, &old);
        CHECK(MmIsAddressValid(paged));
        CHECK(all(paged, 5000, 0x5a));
        KeReleaseSpinLock(&lock, old);
        MmUnlockPages(mdl);
        IoFreeMdl(mdl);
        ExFreePoolWithTag(paged, kTag);
    }
    NPAGED_LOOKASIDE_LIST list;
    ExInitializeNPagedLookasideList(&list, nullptr, nullptr, kNoExecute, 100, kTag, 0);
    PVOID one = ExAllocateFromNPagedLookasideList(&list);
    CHECK(one != nullptr);
    ExFreeToNPagedLookasideList(&list, one);
    one = ExAllocateFromNPagedLookasideList(&list); // the one given back, or another
    CHECK(one != nullptr);
    ExFreeToNPagedLookasideList(&list, one);
    ExDeleteNPagedLookasideList(&list);
}

void strings() {
    UNICODE_STRING a, b;
    RtlInitUnicodeString(&a, L"Recorder");
    RtlInitUnicodeString(&b, L"rECORDER");
    CHECK_EQUAL(a.Length, 16);
    CHECK_EQUAL(a.MaximumLength, 18);
    CHECK(RtlEqualUnicodeString(&a, &b, TRUE));
    CHECK(!RtlEqualUnicodeString(&a, &b, FALSE));
    CHECK(RtlCompareUnicodeString(&a, &b, FALSE) < 0);
    WCHAR room[4];
    UNICODE_STRING small{0, sizeof room, room};
    RtlCopyUnicodeString(&small, &a);
    CHECK_EQUAL(small.Length, 8); // cut, no error
    CHECK_EQUAL(RtlAppendUnicodeToString(&small, L"x"), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(small.Length, 8);
    RtlInitUnicodeString(&a, nullptr);
    CHECK(a.Length == 0 && a.MaximumLength == 0 && a.Buffer == nullptr);
    WCHAR digits[16];
    UNICODE_STRING number{0, sizeof digits, digits};
    CHECK_EQUAL(RtlIntegerToUnicodeString(0xe00, 16, &number), STATUS_SUCCESS);
    CHECK_EQUAL(_wcsicmp(digits, L"e00"), 0);
    ANSI_STRING ansi;
    UNICODE_STRING wide;
    RtlInitAnsiString(&ansi, "narrow");
    CHECK_EQUAL(RtlAnsiStringToUnicodeString(&wide, &ansi, TRUE), STATUS_SUCCESS);
    CHECK_EQUAL(wide.Length, 12);
    RtlFreeUnicodeString(&wide);
    GUID guid;
    UNICODE_STRING text;
    RtlInitUnicodeString(&text, L"{6994AD04-93EF-11D0-A3CC-00A0C9223196}");
    CHECK_EQUAL(RtlGUIDFromString(&text, &guid), STATUS_SUCCESS);
    CHECK_EQUAL(guid.Data1, 0x6994ad04);
    CHECK_EQUAL(guid.Data4[7], 0x96);
    RtlInitUnicodeString(&text, L"{6994AD04-93EF-11D0-A3CC-00A0C922319}");
    CHECK(!NT_SUCCESS(RtlGUIDFromString(&text, &guid)));
}

void copies() {
    UCHAR bytes[64];
    for (UCHAR i = 0; i < 64; ++i)
        bytes[i] = i;
    RtlMoveMemory(bytes + 3, bytes, 40); // overlapping, upwards
    CHECK(bytes[3] == 0 && bytes[42] == 39 && bytes[43] == 43 && bytes[2] == 2);
    RtlMoveMemory(bytes, bytes + 3, 40); // and back
    CHECK(bytes[0] == 0 && bytes[39] == 39 && bytes[40] == 37);
    RtlFillMemory(bytes, 10, 0x5a);
    CHECK(all(bytes, 10, 0x5a) && bytes[10] == 10);
    CHECK_EQUAL(RtlCompareMemory(bytes, bytes + 1, 20), 9); // bytes equal before the first that differs
}

void slists() {
    struct alignas(16) Node {
        SLIST_ENTRY entry;
    } nodes[3];
    alignas(16) SLIST_HEADER head;
    ExInitializeSListHead(&head);
    [[maybe_unused]] KSPIN_LOCK unused = 0; // the header's macros drop it
    CHECK(ExInterlockedPopEntrySList(&head, &unused) == nullptr);
    for (Node& node : nodes)
        ExInterlockedPushEntrySList(&head, &node.entry, &unused);
    CHECK_EQUAL(ExQueryDepthSList(&head), 3);
    CHECK(ExInterlockedPopEntrySList(&head, &unused) == &nodes[2].entry); // the last comes first
    CHECK(ExInterlockedPopEntrySList(&head, &unused) == &nodes[1].entry);
    CHECK_EQUAL(ExQueryDepthSList(&head), 1);
}

void addresses() {
    static ULONG here;
    CHECK(MmIsAddressValid(&here));
    CHECK(!MmIsAddressValid(nullptr));
    CHECK(MmIsNonPagedSystemAddressValid(&here));
    CHECK(!MmIsNonPagedSystemAddressValid(nullptr));
    CHECK(!MmIsAddressValid(reinterpret_cast<PVOID>(0xfffff70012345678)));
    CHECK(MmGetPhysicalAddress(&here).QuadPart != 0);
    UNICODE_STRING name;
    RtlInitUnicodeString(&name, L"KeSetEvent");
    CHECK(MmGetSystemRoutineAddress(&name) != nullptr);
    RtlInitUnicodeString(&name, L"KeNoSuchFunction");
    CHECK(MmGetSystemRoutineAddress(&name) == nullptr);
    void* frames[8];
    const USHORT count = RtlCaptureStackBackTrace(0, 8, frames, nullptr);
    CHECK(count >= 2 && count <= 8); // this one and DriverEntry at least
}
