// SPDX-License-Identifier: MIT
#include "automation.hpp"

namespace {

bool is(const WCHAR* seen, const WCHAR* expected) {
    UNICODE_STRING a, b;
    RtlInitUnicodeString(&a, seen);
    RtlInitUnicodeString(&b, expected);
    return RtlEqualUnicodeString(&a, &b, FALSE);
}

} // namespace

void pin_names() {
    Object filter;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    WCHAR name[64] = {};
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kRender, name, sizeof name), STATUS_SUCCESS);
    CHECK(is(name, L"MIDI")); // the system's
    CHECK_EQUAL(filter.returned, sizeof L"MIDI");
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kBridge, name, sizeof name), STATUS_SUCCESS);
    CHECK(is(name, L"The bridge")); // no name of its own: its category's
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kNamedTwice, name, sizeof name), STATUS_SUCCESS);
    DbgPrint("automation: the pin that is named twice is %ws\n", name);
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kNameless, name, sizeof name), STATUS_NOT_FOUND);

    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kRender, nullptr, 0), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(filter.returned, sizeof L"MIDI");
    ULONG size = 0;
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kRender, &size, sizeof size), STATUS_SUCCESS);
    CHECK_EQUAL(size, sizeof L"MIDI");
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kRender, name, sizeof L"MIDI" - 1), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kPins, name, sizeof name), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kRender, name, sizeof name, sizeof(KSPROPERTY)),
                STATUS_INVALID_BUFFER_SIZE);
}

void node_names() {
    Object filter;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    WCHAR name[64] = {};
    CHECK_EQUAL(get_topology(filter, KSPROPERTY_TOPOLOGY_NAME, kNamedNode, name, sizeof name), STATUS_SUCCESS);
    CHECK(is(name, L"A node's name"));
    CHECK_EQUAL(get_topology(filter, KSPROPERTY_TOPOLOGY_NAME, kTypedNode, name, sizeof name), STATUS_SUCCESS);
    CHECK(is(name, L"A node's type"));
    CHECK_EQUAL(get_topology(filter, KSPROPERTY_TOPOLOGY_NAME, kNamedNode, nullptr, 0), STATUS_BUFFER_OVERFLOW);
    CHECK_EQUAL(filter.returned, sizeof L"A node's name");
    CHECK_EQUAL(get_topology(filter, KSPROPERTY_TOPOLOGY_NAME, kNamedNode, name, 6), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(get_topology(filter, KSPROPERTY_TOPOLOGY_NAME, kNodes, name, sizeof name), STATUS_INVALID_PARAMETER);
    CHECK_EQUAL(get_topology(filter, KSPROPERTY_TOPOLOGY_NAME, kNamedNode, name, sizeof name, sizeof(KSPROPERTY)),
                STATUS_INVALID_BUFFER_SIZE);
}

void names_of_the_miniport() {
    Object filter;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    WCHAR name[64] = {};
    g_pin_name = L"Mine";
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kNameless, name, sizeof name), STATUS_SUCCESS);
    CHECK(is(name, L"Mine"));
    CHECK_EQUAL(filter.returned, sizeof L"Mine");
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kNameless, name, 4), STATUS_BUFFER_TOO_SMALL);
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NAME, kRender, name, sizeof name), STATUS_SUCCESS);
    CHECK(is(name, L"MIDI")); // one that the miniport does not name
}
