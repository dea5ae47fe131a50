// SPDX-License-Identifier: MIT
// KS*_TYPE_SETSUPPORT, the same for properties, methods and events: whether a set is there, or, asked with GUID_NULL,
// which there are ("KSPROPERTY", "KSMETHOD", "KSEVENT": Flags).
#pragma once

#include "list_query.hpp"
#include "request.hpp"

namespace ks {

/** Whether the request asks for the list of sets: `set_support` is its kind's flag. */
inline bool asks_for_sets(const Request& request, ULONG set_support) {
    constexpr GUID kNoSet{};
    return (request.identifier->Flags & set_support) && IsEqualGUIDAligned(request.identifier->Set, kNoSet);
}

/** The GUIDs of the sets, one behind the other, sized as every list is (answer_size). PASSIVE_LEVEL. */
template <class Set> NTSTATUS answer_sets(PIRP irp, const Request& request, ULONG count, const Set* sets) {
    bool fill;
    NTSTATUS status = answer_size(irp, request.value, count * static_cast<ULONG>(sizeof(GUID)), fill);
    copy_value_back(irp, request);
    for (ULONG i = 0; fill && i < count; ++i)
        static_cast<GUID*>(request.value)[i] = *sets[i].Set;
    return status;
}

} // namespace ks
