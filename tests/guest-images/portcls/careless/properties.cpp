// SPDX-License-Identifier: MIT
// Properties that their handler does not end as it should; careless_test.py is the client.
#include "careless.hpp"

namespace {

const GUID kSet = {0x5ad23c10, 0x31f3, 0x4e0c, {0x9b, 0x51, 0x70, 0x11, 0x2c, 0x4d, 0x30, 0x02}};

NTSTATUS NTAPI forgets(PPCPROPERTY_REQUEST) {
    return STATUS_PENDING;
}

NTSTATUS NTAPI completes_at_once(PPCPROPERTY_REQUEST request) {
    request->ValueSize = 0;
    CHECK_EQUAL(PcCompletePendingPropertyRequest(request, STATUS_SUCCESS), STATUS_SUCCESS);
    return STATUS_PENDING;
}

NTSTATUS NTAPI completes_twice(PPCPROPERTY_REQUEST request) {
    request->ValueSize = 0;
    CHECK_EQUAL(PcCompletePendingPropertyRequest(request, STATUS_SUCCESS), STATUS_SUCCESS);
    CHECK_EQUAL(PcCompletePendingPropertyRequest(request, STATUS_SUCCESS), STATUS_INVALID_PARAMETER);
    return STATUS_PENDING;
}

NTSTATUS NTAPI completes_and_answers(PPCPROPERTY_REQUEST request) {
    request->ValueSize = 0;
    CHECK_EQUAL(PcCompletePendingPropertyRequest(request, STATUS_SUCCESS), STATUS_SUCCESS);
    return STATUS_SUCCESS;
}

// Handlers run at PASSIVE_LEVEL, so their table may be pageable.
[[gnu::section("PAGEDATA")]] PCPROPERTY_ITEM items[] = {{&kSet, 0, PCPROPERTY_ITEM_FLAG_GET, forgets},
                                                        {&kSet, 1, PCPROPERTY_ITEM_FLAG_GET, completes_at_once},
                                                        {&kSet, 2, PCPROPERTY_ITEM_FLAG_GET, completes_twice},
                                                        {&kSet, 3, PCPROPERTY_ITEM_FLAG_GET, completes_and_answers}};

} // namespace

const PCAUTOMATION_TABLE property_table = {
    sizeof(PCPROPERTY_ITEM), 4, items, sizeof(PCMETHOD_ITEM), 0, nullptr, sizeof(PCEVENT_ITEM), 0, nullptr, 0};
