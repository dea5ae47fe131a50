// SPDX-License-Identifier: MIT
// Calls one export one level above the highest IRQL it may be called at, or one below the lowest: the one its service
// is named after, limits-<export> or limits-below-<export>. Every export of exports.inc is imported; arguments do not
// matter, as the call must not get there.
#include "module/ddk.hpp"
#include "ntoskrnl/ldr/irql_range.hpp"

#define NANONT_EXPORT(name, state, limit, missing, ...) extern "C" void (*__imp_##name)();
#define NANONT_EXPORT_DATA(name, state, missing, ...)
#include "hal/exports.inc"
#include "ks/exports.inc"
#include "ntoskrnl/exports.inc"
#include "portcls/exports.inc"
#undef NANONT_EXPORT

namespace {

using namespace nanont::ldr;

struct Export {
    const WCHAR *above, *below; // services
    void (**import)();
    IrqlRange irql;
};

#define NANONT_EXPORT(name, state, limit, missing, ...)                                                                \
    {L"\\limits-" #name, L"\\limits-below-" #name, &__imp_##name, k##limit},
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
        const bool above = ends_with(*service, one.above) && one.irql.highest != HIGH_LEVEL;
        const bool below = ends_with(*service, one.below) && one.irql.lowest != PASSIVE_LEVEL;
        if (!above && !below) continue;
        const auto irql = static_cast<KIRQL>(above ? one.irql.highest + 1 : one.irql.lowest - 1);
        KIRQL old;
        KeRaiseIrql(irql, &old);
        (*one.import)();
        KeLowerIrql(old);
        DbgPrint("limits: the call at IRQL %u came back\n", irql);
        return STATUS_UNSUCCESSFUL;
    }
    DbgPrint("limits: %wZ names no export with a limit\n", service);
    return STATUS_OBJECT_NAME_NOT_FOUND;
}
