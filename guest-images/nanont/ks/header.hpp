// SPDX-License-Identifier: MIT
// What KSDEVICE_HEADER and KSOBJECT_HEADER really are: a list of create items, and for objects a dispatch table. The
// first pointer in a device extension, or behind FsContext, leads to one (documented for KsDispatchIrp).
#pragma once

#include "module/locks.hpp"
#include "module/pool.hpp"

namespace ks {

inline constexpr ULONG kDeviceMagic = 'DsKM';
inline constexpr ULONG kObjectMagic = 'OsKM';

struct CreateEntry {
    LIST_ENTRY link;
    KSOBJECT_CREATE_ITEM* item; // the client's, or owned below
    KSOBJECT_CREATE_ITEM owned;
    LONG users; // creates that are running with it; under Header::lock
    bool leaving;
    KEVENT idle; // set when the last user has gone and it is leaving
};

struct Header {
    ULONG magic;
    KSPIN_LOCK lock;
    LIST_ENTRY entries; // CreateEntry
    const KSDISPATCH_TABLE* table;
    PDEVICE_OBJECT pnp_object, base_object;
    KSOBJECT_CREATE_ITEM* created_by;
    ACCESS_MASK access;
};

/** The header behind a device object or file object, NULL when there is none of ours. */
Header* of_device(PDEVICE_OBJECT device);
Header* of_file(PFILE_OBJECT file);

/** Finds the item a create name asks for and marks it used; give it back with release_entry(). IRQL <= DISPATCH. */
CreateEntry* acquire_entry(Header& header, const UNICODE_STRING& name);
void release_entry(Header& header, CreateEntry& entry);

} // namespace ks
