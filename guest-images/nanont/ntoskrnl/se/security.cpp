// SPDX-License-Identifier: MIT
// Security descriptors as data: built, taken apart, copied. That is what IoCreateDeviceSecure's static library imports.
// Nobody is refused anything here: the score's client may open what it can name. Layouts:
// [MS-DTYP] 2.4.2, 2.4.5, 2.4.6.
#include "ke/ke.hpp"
#include "ob/ob.hpp"

namespace nanont::se {
namespace {

struct Sid {
    UCHAR revision, count;
    UCHAR authority[6];
    ULONG parts[2];
};

struct Descriptor { // absolute: its parts are elsewhere
    UCHAR revision, reserved;
    USHORT control;
    const void *owner, *group;
    ACL *sacl, *dacl;
};
static_assert(sizeof(Descriptor) == 40);

struct Relative { // its parts are behind it
    UCHAR revision, reserved;
    USHORT control;
    ULONG owner, group, sacl, dacl;
};
static_assert(sizeof(Relative) == 20);

struct AllowedAce {
    UCHAR type, flags;
    USHORT size;
    ULONG mask; // the SID follows
};

enum Control : USHORT { kDaclPresent = 4, kDaclDefaulted = 8, kSaclPresent = 0x10, kSaclDefaulted = 0x20 };
constexpr USHORT kSelfRelative = 0x8000;
constexpr UCHAR kRevision = 1;
constexpr UCHAR kMostParts = 15;
constexpr ULONG kTag = tag("SeSd");

ULONG length_of_sid(const void* sid) {
    return sid != nullptr ? 8 + 4 * static_cast<const Sid*>(sid)->count : 0;
}

ULONG padded(ULONG length) {
    return (length + 3) & ~3u;
}

/// A descriptor of either form, as the absolute one.
Descriptor open(PSECURITY_DESCRIPTOR given) {
    const auto* relative = static_cast<const Relative*>(given);
    if ((relative->control & kSelfRelative) == 0) {
        return *static_cast<const Descriptor*>(given);
    }
    auto* base = static_cast<UCHAR*>(given);
    const auto part = [base](ULONG offset) -> void* { return offset != 0 ? base + offset : nullptr; };
    return {relative->revision,
            0,
            relative->control,
            part(relative->owner),
            part(relative->group),
            static_cast<ACL*>(part(relative->sacl)),
            static_cast<ACL*>(part(relative->dacl))};
}

ULONG size_of_acl(const ACL* acl, USHORT control, USHORT present) {
    return acl != nullptr && (control & present) != 0 ? padded(acl->AclSize) : 0;
}

ULONG relative_size(const Descriptor& d) {
    return static_cast<ULONG>(sizeof(Relative)) + padded(length_of_sid(d.owner)) + padded(length_of_sid(d.group)) +
           size_of_acl(d.sacl, d.control, kSaclPresent) + size_of_acl(d.dacl, d.control, kDaclPresent);
}

void write_relative(const Descriptor& d, void* out) {
    RtlZeroMemory(out, relative_size(d));
    auto& relative = *static_cast<Relative*>(out);
    relative.revision = d.revision;
    relative.control = d.control | kSelfRelative;
    ULONG at = sizeof(Relative);
    const auto put = [&](const void* part, ULONG length) -> ULONG {
        if (length == 0) {
            return 0;
        }
        RtlCopyMemory(static_cast<UCHAR*>(out) + at, part, length);
        const ULONG offset = at;
        at += padded(length);
        return offset;
    };
    relative.sacl = put(d.sacl, size_of_acl(d.sacl, d.control, kSaclPresent) != 0 ? d.sacl->AclSize : 0);
    relative.dacl = put(d.dacl, size_of_acl(d.dacl, d.control, kDaclPresent) != 0 ? d.dacl->AclSize : 0);
    relative.owner = put(d.owner, length_of_sid(d.owner));
    relative.group = put(d.group, length_of_sid(d.group));
}

NTSTATUS get_acl(PSECURITY_DESCRIPTOR given, USHORT is_present, USHORT is_defaulted, bool system, BOOLEAN* present,
                 ACL** acl, BOOLEAN* defaulted) {
    const Descriptor d = open(given);
    if (d.revision != kRevision) {
        return STATUS_UNKNOWN_REVISION;
    }
    *present = (d.control & is_present) != 0;
    if (*present) {
        *acl = system ? d.sacl : d.dacl;
        *defaulted = (d.control & is_defaulted) != 0;
    }
    return STATUS_SUCCESS;
}

NTSTATUS get_sid(PSECURITY_DESCRIPTOR given, bool group, PVOID* sid, BOOLEAN* defaulted) {
    const Descriptor d = open(given);
    if (d.revision != kRevision) {
        return STATUS_UNKNOWN_REVISION;
    }
    *sid = const_cast<void*>(group ? d.group : d.owner);
    *defaulted = (d.control & (group ? 2 : 1)) != 0;
    return STATUS_SUCCESS;
}

// [MS-DTYP] 2.4.2.4, "Well-Known SID Structures".
Sid g_null = {1, 1, {0, 0, 0, 0, 0, 0}, {0, 0}};
Sid g_world = {1, 1, {0, 0, 0, 0, 0, 1}, {0, 0}};
Sid g_local = {1, 1, {0, 0, 0, 0, 0, 2}, {0, 0}};
Sid g_creator_owner = {1, 1, {0, 0, 0, 0, 0, 3}, {0, 0}};
Sid g_creator_group = {1, 1, {0, 0, 0, 0, 0, 3}, {1, 0}};
Sid g_authority = {1, 0, {0, 0, 0, 0, 0, 5}, {0, 0}};
#define NT_SID(name, part) Sid name = {1, 1, {0, 0, 0, 0, 0, 5}, {part, 0}}
#define ALIAS_SID(name, part) Sid name = {1, 2, {0, 0, 0, 0, 0, 5}, {32, part}}
NT_SID(g_dialup, 1);
NT_SID(g_network, 2);
NT_SID(g_batch, 3);
NT_SID(g_interactive, 4);
NT_SID(g_anonymous, 7);
NT_SID(g_authenticated, 11);
NT_SID(g_restricted, 12);
NT_SID(g_iuser, 17);
NT_SID(g_system, 18);
NT_SID(g_local_service, 19);
NT_SID(g_network_service, 20);
ALIAS_SID(g_admins, 544);
ALIAS_SID(g_users, 545);
ALIAS_SID(g_guests, 546);
ALIAS_SID(g_power_users, 547);
ALIAS_SID(g_account_ops, 548);
ALIAS_SID(g_system_ops, 549);
ALIAS_SID(g_print_ops, 550);
ALIAS_SID(g_backup_ops, 551);

/// SE_EXPORTS of ntifs.h: privileges are LUIDs with the numbers of wdm.h's SE_*_PRIVILEGE.
struct Exports {
    ULONGLONG create_token = 2, assign_primary_token = 3, lock_memory = 4, increase_quota = 5, unsolicited_input = 6,
              tcb = 7, security = 8, take_ownership = 9, load_driver = 10, create_pagefile = 15,
              increase_base_priority = 14, system_profile = 11, system_time = 12, profile_single = 13,
              create_permanent = 16, backup = 17, restore = 18, shutdown = 19, debug = 20, audit = 21,
              system_environment = 22, change_notify = 23, remote_shutdown = 24;
    Sid *null = &g_null, *world = &g_world, *local = &g_local, *creator_owner = &g_creator_owner,
        *creator_group = &g_creator_group, *nt_authority = &g_authority, *dialup = &g_dialup, *network = &g_network,
        *batch = &g_batch, *interactive = &g_interactive, *local_system = &g_system, *admins = &g_admins,
        *users = &g_users, *guests = &g_guests, *power_users = &g_power_users, *account_ops = &g_account_ops,
        *system_ops = &g_system_ops, *print_ops = &g_print_ops, *backup_ops = &g_backup_ops,
        *authenticated_users = &g_authenticated, *restricted = &g_restricted, *anonymous_logon = &g_anonymous;
    ULONGLONG undock = 25, sync_agent = 26, enable_delegation = 27;
    Sid *local_service = &g_local_service, *network_service = &g_network_service;
    ULONGLONG manage_volume = 28, impersonate = 29, create_global = 30, trusted_credential_access = 31, relabel = 32,
              increase_working_set = 33, time_zone = 34, create_symbolic_link = 35;
    Sid* iuser = &g_iuser;
};
Exports g_exports;

} // namespace
} // namespace nanont::se

using namespace nanont;
using namespace nanont::se;

extern "C" {

extern Exports* export_SeExports;
Exports* export_SeExports __asm__("SeExports") = &g_exports;

#define NANONT_NAMED(result, name, arguments)                                                                          \
    result export_##name arguments __asm__(#name);                                                                     \
    result export_##name arguments

NANONT_NAMED(ULONG, RtlLengthSid, (const void* sid)) {
    return length_of_sid(sid);
}

NANONT_NAMED(BOOLEAN, RtlValidSid, (const void* sid)) {
    return sid != nullptr && static_cast<const Sid*>(sid)->revision == kRevision &&
           static_cast<const Sid*>(sid)->count <= kMostParts;
}

/// STATUS_BUFFER_TOO_SMALL, STATUS_INVALID_PARAMETER.
NANONT_NAMED(NTSTATUS, RtlCreateAcl, (ACL * acl, ULONG length, ULONG revision)) {
    if (length < sizeof(ACL)) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    if (revision < 2 || revision > 4 || length > MAXUSHORT) {
        return STATUS_INVALID_PARAMETER;
    }
    *acl = {static_cast<UCHAR>(revision), 0, static_cast<USHORT>(length & ~3u), 0, 0};
    return STATUS_SUCCESS;
}

/// STATUS_INVALID_SID, STATUS_INVALID_ACL, STATUS_REVISION_MISMATCH, STATUS_ALLOTTED_SPACE_EXCEEDED.
NANONT_NAMED(NTSTATUS, RtlAddAccessAllowedAce, (ACL * acl, ULONG revision, ACCESS_MASK mask, const void* sid)) {
    if (!export_RtlValidSid(sid)) {
        return STATUS_INVALID_SID;
    }
    if (acl->AclRevision < 2 || acl->AclRevision > 4 || revision > acl->AclRevision) {
        return STATUS_REVISION_MISMATCH;
    }
    ULONG at = sizeof(ACL);
    for (USHORT i = 0; i < acl->AceCount; ++i) {
        const auto* ace = reinterpret_cast<const AllowedAce*>(reinterpret_cast<UCHAR*>(acl) + at);
        if (at + sizeof(AllowedAce) > acl->AclSize || ace->size < sizeof(AllowedAce) || ace->size > acl->AclSize - at) {
            return STATUS_INVALID_ACL;
        }
        at += ace->size;
    }
    const ULONG size = static_cast<ULONG>(sizeof(AllowedAce)) + length_of_sid(sid);
    if (size > acl->AclSize - at) {
        return STATUS_ALLOTTED_SPACE_EXCEEDED;
    }
    auto* ace = reinterpret_cast<AllowedAce*>(reinterpret_cast<UCHAR*>(acl) + at);
    *ace = {0, 0, static_cast<USHORT>(size), mask};
    RtlCopyMemory(ace + 1, sid, length_of_sid(sid));
    ++acl->AceCount;
    return STATUS_SUCCESS;
}

/// STATUS_UNKNOWN_REVISION.
NTSTATUS NTAPI RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Revision) {
    if (Revision != kRevision) {
        return STATUS_UNKNOWN_REVISION;
    }
    *static_cast<Descriptor*>(SecurityDescriptor) = {kRevision, 0, 0, nullptr, nullptr, nullptr, nullptr};
    return STATUS_SUCCESS;
}

/// STATUS_UNKNOWN_REVISION; STATUS_INVALID_SECURITY_DESCR: it is self-relative.
NTSTATUS NTAPI RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN DaclPresent, PACL Dacl,
                                            BOOLEAN DaclDefaulted) {
    auto& d = *static_cast<Descriptor*>(SecurityDescriptor);
    if (d.revision != kRevision) {
        return STATUS_UNKNOWN_REVISION;
    }
    if ((d.control & kSelfRelative) != 0) {
        return STATUS_INVALID_SECURITY_DESCR;
    }
    d.control &= static_cast<USHORT>(~(kDaclPresent | kDaclDefaulted));
    if (DaclPresent) {
        d.control |= static_cast<USHORT>(kDaclPresent | (DaclDefaulted ? kDaclDefaulted : 0));
    }
    d.dacl = DaclPresent ? Dacl : nullptr;
    return STATUS_SUCCESS;
}

NANONT_NAMED(NTSTATUS, RtlGetDaclSecurityDescriptor,
             (PSECURITY_DESCRIPTOR given, BOOLEAN* present, ACL** acl, BOOLEAN* defaulted)) {
    return get_acl(given, kDaclPresent, kDaclDefaulted, false, present, acl, defaulted);
}
NANONT_NAMED(NTSTATUS, RtlGetSaclSecurityDescriptor,
             (PSECURITY_DESCRIPTOR given, BOOLEAN* present, ACL** acl, BOOLEAN* defaulted)) {
    return get_acl(given, kSaclPresent, kSaclDefaulted, true, present, acl, defaulted);
}
NANONT_NAMED(NTSTATUS, RtlGetOwnerSecurityDescriptor, (PSECURITY_DESCRIPTOR given, PVOID* sid, BOOLEAN* defaulted)) {
    return get_sid(given, false, sid, defaulted);
}
NANONT_NAMED(NTSTATUS, RtlGetGroupSecurityDescriptor, (PSECURITY_DESCRIPTOR given, PVOID* sid, BOOLEAN* defaulted)) {
    return get_sid(given, true, sid, defaulted);
}

/// Of the self-relative form.
ULONG NTAPI RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor) {
    return relative_size(open(SecurityDescriptor));
}

/// STATUS_BAD_DESCRIPTOR_FORMAT: it is self-relative already; STATUS_BUFFER_TOO_SMALL: *length says what is needed.
NANONT_NAMED(NTSTATUS, RtlAbsoluteToSelfRelativeSD,
             (PSECURITY_DESCRIPTOR given, PSECURITY_DESCRIPTOR out, ULONG* length)) {
    const Descriptor d = open(given);
    if ((d.control & kSelfRelative) != 0) {
        return STATUS_BAD_DESCRIPTOR_FORMAT;
    }
    const ULONG size = relative_size(d);
    const bool enough = out != nullptr && *length >= size;
    *length = size;
    if (!enough) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    write_relative(d, out);
    return STATUS_SUCCESS;
}

/// A self-relative copy in pool, for SeReleaseSecurityDescriptor. A kernel caller's own is handed back as it is unless
/// `copy` asks for one. STATUS_UNKNOWN_REVISION, STATUS_INSUFFICIENT_RESOURCES. PASSIVE_LEVEL.
NANONT_NAMED(NTSTATUS, SeCaptureSecurityDescriptor,
             (PSECURITY_DESCRIPTOR given, KPROCESSOR_MODE mode, POOL_TYPE type, BOOLEAN copy,
              PSECURITY_DESCRIPTOR* captured)) {
    *captured = nullptr;
    if (given == nullptr) {
        return STATUS_SUCCESS;
    }
    if (mode == KernelMode && !copy) {
        *captured = given;
        return STATUS_SUCCESS;
    }
    const Descriptor d = open(given);
    if (d.revision != kRevision) {
        return STATUS_UNKNOWN_REVISION;
    }
    *captured = ExAllocatePoolWithTag(type, relative_size(d), kTag);
    if (*captured == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    write_relative(d, *captured);
    return STATUS_SUCCESS;
}

NANONT_NAMED(NTSTATUS, SeReleaseSecurityDescriptor,
             (PSECURITY_DESCRIPTOR captured, KPROCESSOR_MODE mode, BOOLEAN copied)) {
    if (captured != nullptr && (mode != KernelMode || copied)) {
        ExFreePoolWithTag(captured, kTag);
    }
    return STATUS_SUCCESS;
}

/// STATUS_OBJECT_TYPE_MISMATCH. PASSIVE_LEVEL.
NANONT_NAMED(NTSTATUS, ObOpenObjectByPointer,
             (PVOID object, ULONG, PVOID, ACCESS_MASK access, POBJECT_TYPE type, KPROCESSOR_MODE, HANDLE* handle)) {
    *handle = nullptr;
    if (type != nullptr && type != ob::g_types[static_cast<int>(ob::type_of(object))]) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    return ob::open_handle(object, access, *handle);
}

/// A device keeps it; nobody is judged by it. STATUS_OBJECT_TYPE_MISMATCH for other objects. PASSIVE_LEVEL.
NANONT_NAMED(NTSTATUS, ZwSetSecurityObject, (HANDLE handle, ULONG, PSECURITY_DESCRIPTOR given)) {
    PVOID body = nullptr;
    NTSTATUS status = ObReferenceObjectByHandle(handle, 0, nullptr, KernelMode, &body, nullptr);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    if (ob::type_of(body) != ob::Type::Device) {
        status = STATUS_OBJECT_TYPE_MISMATCH;
    } else {
        PSECURITY_DESCRIPTOR copy = nullptr;
        status = export_SeCaptureSecurityDescriptor(given, KernelMode, NonPagedPool, TRUE, &copy);
        if (NT_SUCCESS(status)) {
            auto* device = static_cast<PDEVICE_OBJECT>(body);
            PSECURITY_DESCRIPTOR before = device->SecurityDescriptor;
            device->SecurityDescriptor = copy;
            export_SeReleaseSecurityDescriptor(before, KernelMode, TRUE);
        }
    }
    ObfDereferenceObject(body);
    return status;
}

} // extern "C"
