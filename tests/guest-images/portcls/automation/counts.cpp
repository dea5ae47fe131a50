// SPDX-License-Identifier: MIT
// How many instances of a pin there are and may be: as its descriptor says, and as a miniport with IPinCount says.
#include "automation.hpp"

namespace {

KSPIN_CINSTANCES instances(Object& filter, ULONG property, ULONG pin) {
    KSPIN_CINSTANCES counts = {77, 77};
    CHECK_EQUAL(get_pin(filter, property, pin, &counts, sizeof counts), STATUS_SUCCESS);
    return counts;
}

void check(const KSPIN_CINSTANCES& counts, ULONG possible, ULONG current) {
    CHECK_EQUAL(counts.PossibleCount, possible);
    CHECK_EQUAL(counts.CurrentCount, current);
}

} // namespace

void pin_counts() {
    Object filter, other, pin;
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(other.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pin.open_pin(other), STATUS_SUCCESS);
    check(instances(filter, KSPROPERTY_PIN_CINSTANCES, kRender), 4, 0);
    check(instances(filter, KSPROPERTY_PIN_GLOBALCINSTANCES, kRender), 4, 1);
    check(instances(other, KSPROPERTY_PIN_CINSTANCES, kRender), 4, 1);
    check(instances(filter, KSPROPERTY_PIN_CINSTANCES, kBridge), 0, 0);
    ULONG necessary = 77;
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NECESSARYINSTANCES, kRender, &necessary, sizeof necessary),
                STATUS_SUCCESS);
    CHECK_EQUAL(necessary, 0);
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_CINSTANCES, kPins, &necessary, sizeof necessary),
                STATUS_BUFFER_TOO_SMALL);
    KSPIN_CINSTANCES none;
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_CINSTANCES, kPins, &none, sizeof none), STATUS_INVALID_PARAMETER);
}

void counts_of_the_miniport() {
    Object filter, pins[6];
    CHECK_EQUAL(filter.open_filter(), STATUS_SUCCESS);
    CHECK_EQUAL(pins[0].open_pin(filter), STATUS_SUCCESS);
    CHECK_EQUAL(g_counted.current, 0); // a new stream: it is asked before there is one

    g_counts = {0, 1, kAsItIs, 2, kAsItIs, 3};
    check(instances(filter, KSPROPERTY_PIN_CINSTANCES, kRender), 2, 1);
    CHECK_EQUAL(g_counted.pin, kRender);
    CHECK_EQUAL(g_counted.necessary, 0);
    CHECK_EQUAL(g_counted.current, 1);
    CHECK_EQUAL(g_counted.possible, 4);
    CHECK_EQUAL(g_counted.global_current, 1);
    CHECK_EQUAL(g_counted.global_possible, 4);
    check(instances(filter, KSPROPERTY_PIN_GLOBALCINSTANCES, kRender), 3, 1);
    ULONG necessary = 77;
    CHECK_EQUAL(get_pin(filter, KSPROPERTY_PIN_NECESSARYINSTANCES, kRender, &necessary, sizeof necessary),
                STATUS_SUCCESS);
    CHECK_EQUAL(necessary, 1);

    CHECK_EQUAL(pins[1].open_pin(filter), STATUS_SUCCESS);
    CHECK(!NT_SUCCESS(pins[2].open_pin(filter))); // two are possible
    g_counts.possible = kAsItIs;
    CHECK_EQUAL(pins[2].open_pin(filter), STATUS_SUCCESS);
    CHECK(!NT_SUCCESS(pins[3].open_pin(filter))); // three in all
    g_counts.possible = g_counts.global_possible = KSINSTANCE_INDETERMINATE;
    for (ULONG i = 3; i < RTL_NUMBER_OF(pins); ++i)
        CHECK_EQUAL(pins[i].open_pin(filter), STATUS_SUCCESS); // more than the descriptor has
}
