// SPDX-License-Identifier: MIT
// Calls one export one level above the highest IRQL it may be called at: the one its service is named after,
// limits-<export>. Every export of exports.inc is imported; arguments do not matter, as the call must not get there.
#include "module/ddk.hpp"

#define NANONT_EXPORT(name, state, limit, missing, ...) extern "C" void (*__imp_##name)();
#define NANONT_EXPORT_DATA(name, state, missing, ...)
#include "hal/exports.inc"
#include "ks/exports.inc"
#include "ntoskrnl/exports.inc"
#include "portcls/exports.inc"
#undef NANONT_EXPORT

namespace {

constexpr KIRQL kPassive = PASSIVE_LEVEL, kApc = APC_LEVEL, kDispatch = DISPATCH_LEVEL, kAny = HIGH_LEVEL;

struct Export {
    const WCHAR* service;
    void (**import)();
    KIRQL limit;
};

#define NANONT_EXPORT(name, state, limit, missing, ...) {L"\\limits-" #name, &__imp_##name, k##limit},
const Export kExports[] = {
#include "hal/exports.inc"
#include "ks/exports.inc"
#include "ntoskrnl/exports.inc"
#include "portcls/exports.inc"
};

bool ends_with(const UNICODE_STRING& path, const WCHAR* end) {
    const SIZE_T length = path.Length / sizeof(WCHAR), size = wcslen(end);
    return length >= size && wcsncmp(path.Buffer + length - size, end, size) == 0;
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT, PUNICODE_STRING service) {
    for (const Export& one : kExports) {
        if (!ends_with(*service, one.service) || one.limit == kAny) continue;
        KIRQL old;
        KeRaiseIrql(static_cast<KIRQL>(one.limit + 1), &old);
        (*one.import)();
        KeLowerIrql(old);
        DbgPrint("limits: the call at IRQL %u came back\n", one.limit + 1);
        return STATUS_UNSUCCESSFUL;
    }
    DbgPrint("limits: %wZ names no export with a limit\n", service);
    return STATUS_OBJECT_NAME_NOT_FOUND;
}
