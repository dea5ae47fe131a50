// SPDX-License-Identifier: MIT
// Event tracing: every provider is enabled, at every level, and what it writes goes into the event log.
#include "etw/provider.hpp"

#include "dbg/report.hpp"
#include "ke/ke.hpp"
#include "ldr/ldr.hpp"
#include "vf/rules.hpp"

namespace nanont::etw {
namespace {

struct Provider {
    ULONGLONG id[2];
    ULONG number;
    bool in_use;
    const void* from; // where the driver under test registered it; nullptr: somebody else did
};

// EVENT_DESCRIPTOR and EVENT_DATA_DESCRIPTOR of evntprov.h.
struct Descriptor {
    USHORT id;
    UCHAR version, channel, level, opcode;
    USHORT task;
    ULONGLONG keyword;
};
struct Data {
    ULONGLONG pointer;
    ULONG size, reserved;
};
static_assert(sizeof(Descriptor) == 16 && sizeof(Data) == 16);

constexpr size_t kMostProviders = 64;
constexpr ULONG kMostData = 128;
constexpr ULONG kMostBytes = 65536;
constexpr ULONGLONG kTakenBack = 1ull << 63;
Provider g_providers[kMostProviders];
ULONG g_last_number;
KSPIN_LOCK g_lock;

/// A handle is the provider's place + 1.
Provider* find(ULONGLONG handle) {
    return handle >= 1 && handle <= kMostProviders && g_providers[handle - 1].in_use ? &g_providers[handle - 1]
                                                                                     : nullptr;
}

/// The activities an event names; either may be NULL. An id that is left out is the thread's own, which nobody here
/// sets (EtwActivityIdControl): none.
struct Activities {
    const GUID *own, *related;
};

void emit_activity(const GUID* id, ULONGLONG which) {
    if (id == nullptr) {
        return;
    }
    ULONGLONG halves[2];
    RtlCopyMemory(halves, id, sizeof(GUID));
    dbg::emit(MPULAB_KIND_ETW_ACTIVITY, 0, halves[0], halves[1], which);
}

NTSTATUS write(ULONGLONG handle, const Descriptor& descriptor, Activities activities, ULONG count, const Data* data) {
    const Provider* provider = find(handle);
    if (provider == nullptr) {
        return STATUS_INVALID_HANDLE;
    }
    if (count > kMostData || (count != 0 && data == nullptr)) {
        return STATUS_INVALID_PARAMETER;
    }
    ULONGLONG bytes = 0;
    for (ULONG i = 0; i < count; ++i) {
        bytes += data[i].size;
    }
    if (bytes > kMostBytes) {
        return STATUS_BUFFER_OVERFLOW; // "the event size is larger than the allowed maximum"
    }
    ULONGLONG words;
    RtlCopyMemory(&words, &descriptor, sizeof(words));
    dbg::emit(MPULAB_KIND_ETW_EVENT, 0, words, descriptor.keyword, provider->number);
    emit_activity(activities.own, 0);
    emit_activity(activities.related, 1);
    for (ULONG i = 0; i < count; ++i) {
        if (data[i].size != 0) {
            dbg::emit_bytes(MPULAB_KIND_ETW_DATA, 0, reinterpret_cast<const void*>(data[i].pointer), data[i].size);
        }
    }
    return STATUS_SUCCESS;
}

const void* if_of_driver(const void* from) {
    return ldr::in_driver_under_test(reinterpret_cast<ULONG_PTR>(from)) ? from : nullptr;
}

void take_back(Provider& provider) {
    dbg::emit(MPULAB_KIND_ETW_PROVIDER, 0, provider.id[0], provider.id[1], kTakenBack | provider.number);
    ke::SpinLockGuard guard(g_lock);
    provider.in_use = false;
}

} // namespace

void tell_providers_left() {
    for (Provider& provider : g_providers) {
        if (!provider.in_use || provider.from == nullptr) {
            continue;
        }
        vf::finding_at(20, provider.number, "V20 an event provider registered at %s was never taken back",
                       provider.from);
        take_back(provider);
    }
}

} // namespace nanont::etw

using namespace nanont;
using namespace nanont::etw;

extern "C" {

typedef VOID(NTAPI EnableCallback)(const GUID*, ULONG, UCHAR, ULONGLONG, ULONGLONG, PVOID, PVOID);

/// The callback hears at once that the provider is enabled for everything. STATUS_INVALID_PARAMETER,
/// STATUS_INSUFFICIENT_RESOURCES. PASSIVE_LEVEL.
NTSTATUS export_EtwRegister(const GUID* ProviderId, EnableCallback* Enable, PVOID Context,
                            ULONGLONG* RegHandle) __asm__("EtwRegister");
NTSTATUS export_EtwRegister(const GUID* ProviderId, EnableCallback* Enable, PVOID Context, ULONGLONG* RegHandle) {
    if (ProviderId == nullptr || RegHandle == nullptr) {
        return STATUS_INVALID_PARAMETER;
    }
    *RegHandle = 0;
    Provider* provider = nullptr;
    {
        ke::SpinLockGuard guard(g_lock);
        for (Provider& place : g_providers) {
            if (!place.in_use) {
                provider = &place;
                break;
            }
        }
        if (provider == nullptr) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        provider->in_use = true;
        provider->from = if_of_driver(__builtin_return_address(0));
        provider->number = ++g_last_number;
    }
    RtlCopyMemory(provider->id, ProviderId, sizeof(GUID));
    *RegHandle = static_cast<ULONGLONG>(provider - g_providers) + 1;
    dbg::emit(MPULAB_KIND_ETW_PROVIDER, 0, provider->id[0], provider->id[1], provider->number);
    if (Enable != nullptr) {
        constexpr ULONG kEnable = 1; // EVENT_CONTROL_CODE_ENABLE_PROVIDER
        constexpr UCHAR kVerbose = 5;
        const GUID nobody{};
        Enable(&nobody, kEnable, kVerbose, ~0ull, 0, nullptr, Context);
    }
    return STATUS_SUCCESS;
}

/// STATUS_INVALID_HANDLE. PASSIVE_LEVEL.
NTSTATUS export_EtwUnregister(ULONGLONG RegHandle) __asm__("EtwUnregister");
NTSTATUS export_EtwUnregister(ULONGLONG RegHandle) {
    const void* from = if_of_driver(__builtin_return_address(0));
    if (from != nullptr) {
        vf::judged(19);
    }
    Provider* provider = find(RegHandle);
    if (provider == nullptr) {
        if (from != nullptr) {
            char text[160];
            _snprintf(text, sizeof(text) - 1,
                      "V19 EtwUnregister at %s gives back the handle 0x%I64x, which is none, or was given back before",
                      dbg::Place(from).text, RegHandle);
            text[sizeof(text) - 1] = '\0';
            vf::finding(19, RegHandle, 0, text);
        }
        return STATUS_INVALID_HANDLE;
    }
    take_back(*provider);
    return STATUS_SUCCESS;
}

BOOLEAN export_EtwEventEnabled(ULONGLONG RegHandle, const Descriptor*) __asm__("EtwEventEnabled");
BOOLEAN export_EtwEventEnabled(ULONGLONG RegHandle, const Descriptor*) {
    return find(RegHandle) != nullptr;
}

BOOLEAN export_EtwProviderEnabled(ULONGLONG RegHandle, UCHAR, ULONGLONG) __asm__("EtwProviderEnabled");
BOOLEAN export_EtwProviderEnabled(ULONGLONG RegHandle, UCHAR, ULONGLONG) {
    return find(RegHandle) != nullptr;
}

/// STATUS_INVALID_HANDLE; STATUS_INVALID_PARAMETER: more than 128 descriptors; STATUS_BUFFER_OVERFLOW: more than 64 KB.
/// Any IRQL, as long as the data are resident.
NTSTATUS export_EtwWrite(ULONGLONG RegHandle, const Descriptor* Event, const GUID*, ULONG Count,
                         const Data* UserData) __asm__("EtwWrite");
NTSTATUS export_EtwWrite(ULONGLONG RegHandle, const Descriptor* Event, const GUID* ActivityId, ULONG Count,
                         const Data* UserData) {
    return etw::write(RegHandle, *Event, {ActivityId, nullptr}, Count, UserData);
}

/// As EtwWrite; the event belongs to one activity and was brought about by another.
NTSTATUS export_EtwWriteTransfer(ULONGLONG RegHandle, const Descriptor* Event, const GUID*, const GUID*, ULONG Count,
                                 const Data* UserData) __asm__("EtwWriteTransfer");
NTSTATUS export_EtwWriteTransfer(ULONGLONG RegHandle, const Descriptor* Event, const GUID* ActivityId,
                                 const GUID* RelatedActivityId, ULONG Count, const Data* UserData) {
    return etw::write(RegHandle, *Event, {ActivityId, RelatedActivityId}, Count, UserData);
}

NTSTATUS export_EtwWriteEx(ULONGLONG RegHandle, const Descriptor* Event, ULONGLONG, ULONG, const GUID*, const GUID*,
                           ULONG Count, const Data* UserData) __asm__("EtwWriteEx");
NTSTATUS export_EtwWriteEx(ULONGLONG RegHandle, const Descriptor* Event, ULONGLONG, ULONG, const GUID* ActivityId,
                           const GUID* RelatedActivityId, ULONG Count, const Data* UserData) {
    return etw::write(RegHandle, *Event, {ActivityId, RelatedActivityId}, Count, UserData);
}

/// An event of id 0 whose data are the text and its terminator.
NTSTATUS export_EtwWriteString(ULONGLONG RegHandle, UCHAR Level, ULONGLONG Keyword, const GUID*,
                               PCWSTR String) __asm__("EtwWriteString");
NTSTATUS export_EtwWriteString(ULONGLONG RegHandle, UCHAR Level, ULONGLONG Keyword, const GUID* ActivityId,
                               PCWSTR String) {
    Descriptor descriptor{};
    descriptor.level = Level;
    descriptor.keyword = Keyword;
    const Data data{reinterpret_cast<ULONGLONG>(String), static_cast<ULONG>((wcslen(String) + 1) * sizeof(WCHAR)), 0};
    return etw::write(RegHandle, descriptor, {ActivityId, nullptr}, 1, &data);
}

/// Provider traits and the like: nobody here reads them.
NTSTATUS export_EtwSetInformation(ULONGLONG RegHandle, ULONG, PVOID, ULONG) __asm__("EtwSetInformation");
NTSTATUS export_EtwSetInformation(ULONGLONG RegHandle, ULONG, PVOID, ULONG) {
    return find(RegHandle) != nullptr ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}

} // extern "C"
