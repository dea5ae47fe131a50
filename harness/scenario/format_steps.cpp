// SPDX-License-Identifier: MIT
#include "scenario/format_parts.hpp"

#include "scenario/ks_states.hpp"

#include "agent/score.h"
#include "events/names.hpp"
#include "midi/traffic.hpp"
#include "scenario/format.hpp"
#include "scenario/scenario.hpp"

namespace mpulab {
namespace {

constexpr int64_t kMs = 1'000'000;

/// What a card makes of its own.
std::vector<std::string> card_kinds() {
    std::vector<std::string> names;
    for (uint16_t kind = MPULAB_FIRST_CARD_KIND; kind < MPULAB_FIRST_GUEST_KIND; ++kind) {
        if (const KindInfo* info = kind_info(kind)) names.emplace_back(info->name);
    }
    return names;
}

} // namespace

ShapePtr steps_shape() {
    const ShapePtr handle = text_shape();
    const Field expect{
        "expect", text_shape(), false,
        "the step's status: success (default), any, or one such as STATUS_INVALID_DEVICE_STATE, 0xc0000184"};
    const Field within{"within", time_shape(kMs, kHour), false, "how long it may take; default 5s"};
    const Field of_render{"of", handle, false, "the pin's name; default render"};
    const Field of_capture{"of", handle, false, "the pin's name; default capture"};
    const Field to_render{"to", handle, false, "the pin's name; default render"};
    const Field unit{"unit", number_shape(0, 254), false, "which device; default 0"};
    const Field as{"as", handle, false, "the name of what is opened; default: that word"};
    std::vector<std::string> requests;
#define MPULAB_DEVICE_REQUEST(number, NAME, text, argument) requests.push_back(scenario_word(#NAME));
#include "agent/score_requests.def"
#undef MPULAB_DEVICE_REQUEST

    return list_shape(
        verbs_shape({
            {"open",
             word_shape({"render", "capture", "filter"}),
             {as,
              unit,
              {"pin", number_shape(0, 255), false, "its number; default: the first that streams MIDI that way"},
              {"of", handle, false,
               "of this open device, a filter (needs pin): of a port, say, that an IOCTL made; default: of the first "
               "subdevice that has such a pin when the driver has started"},
              expect,
              within},
             "a pin: where bytes go out to the driver, or come in from it; filter: what pins are opened of, held by "
             "itself"},
            {"open-device",
             text_shape(),
             {{"as", handle, true, "its name from here on"}, expect, within},
             "any device, symbolic link or interface, by its NT name"},
            {"state",
             word_shape({kKsStates.begin(), kKsStates.end()}),
             {of_render,
              {"exactly", flag_shape(), false,
               "one KSPROPERTY_CONNECTION_STATE; default: by the states between, as clients do"},
              expect,
              within},
             "KSSTATE of a pin"},
            {"write",
             bytes_shape(1, kMaxWriteBytes),
             {to_render,
              {"at", time_shape(0, kHour), false, "on the stream's clock; default 0: at once"},
              expect,
              within},
             "bytes to a render pin: one IOCTL_KS_WRITE_STREAM, which the next step does not wait for"},
            {"play",
             text_shape(),
             {to_render,
              {"at", time_shape(0, kHour), false, "where the song's start lies on the stream's clock; default 10ms"},
              expect,
              within},
             "a Standard MIDI File, as mpulab play does"},
            {"generate",
             word_shape(traffic_names()),
             {{"bytes", number_shape(1, 1'000'000), true, "about how many"},
              {"seed", number_shape(0, INT64_MAX), false, "of what is drawn; default: the run's"},
              {"pace", time_shape(0, kHour), false, "from one byte to the next; default 320us, the wire's own"},
              to_render,
              {"at", time_shape(0, kHour), false, "of the first byte on the stream's clock; default 10ms"},
              expect,
              within},
             "drawn MIDI: messages of a kind, always the same for a seed"},
            {"wait-writes", handle, {expect, within}, "until no write of that pin is in flight"},
            {"read",
             handle,
             {{"buffer", number_shape(16, 65'536), false, "bytes of each read; default 2056"},
              {"in-flight", number_shape(1, MPULAB_SCORE_MAX_PENDING), false, "how many are kept pending; default 4"},
              expect},
             "keep reads of a capture pin pending from now on"},
            {"wait-captured",
             number_shape(1, 1'000'000'000),
             {of_capture, expect, within},
             "until so many bytes have come"},
            {"stop-reading", handle, {expect, within}, "cancel the reads and wait for their end"},
            {"wait",
             time_shape(1, kHour),
             {},
             "virtual time passes, by the ticks of the guest's clock as NT counts them: up to a tick less, which is 1 "
             "ms while a stream runs and 15.6 ms before"},
            {"wait-event",
             word_shape(card_kinds()),
             {{"a", number_shape(0, INT64_MAX), false,
               "only those whose word a is this (mpulab_link_kinds.def): of WIRE_OUT the byte, of IRQ the level, of "
               "REG_WRITE the register"},
              {"b", number_shape(0, INT64_MAX), false, "only those whose word b is this"},
              {"nth", number_shape(1, 1'000'000'000), false,
               "how many of them, counted from the begin of the step before (from the end of a wait-event before); "
               "default 1"},
              {"unit", number_shape(0, static_cast<int64_t>(kMaxCards) - 1), false, "of which card; default 0"},
              expect,
              within},
             "until the card has done that: a record of this kind in the event log. It is looked for about each 60us"},
            {"marker", number_shape(1, UINT32_MAX), {}, "a mark in the event log; cues may wait for it"},
            {"snapshot",
             number_shape(1, UINT32_MAX),
             {},
             "a marker of this number, which no other step has, at which the machine is stopped, saved, put back to "
             "what "
             "was saved, and goes on. Nothing in it may notice: the run is made without it, too, and its event log "
             "must "
             "be the same"},
            {"close", handle, {expect, within}, "close a pin or device"},
            {"device",
             word_shape(requests),
             {unit,
              {"argument", number_shape(0, UINT32_MAX), false,
               "set-power, query-power: D-state 0-3; sleep: S-state 1-5 (5: shutdown, which nothing wakes from); "
               "start: unit whose resources it gets; "
               "fail-call: n; deal-resources: a number of resource_lists.def"},
              {"elsewhere", flag_shape(), false, "start: other addresses, of a PCI function"},
              {"pend", handle, false,
               "a name for it: a thread of the managers' makes it, the next step begins at once, and the request comes "
               "into the middle of what the client does"},
              {"after", time_shape(0, kHour), false, "with pend: so long after this step; default 0"},
              {"spread", time_shape(0, kHour), false, "with pend: so much later at most, drawn by the run's seed"},
              expect,
              within},
             "one request of the PnP or power manager (guest-images/agent/score_requests.def)"},
            {"wait-device", handle, {expect, within}, "until the device request that was given this name is done"},
            {"remove", number_shape(0, 254), {expect, within}, "query-remove, remove, unload"},
            {"ioctl",
             number_shape(0, UINT32_MAX),
             {{"to", handle, true, "name of the open device or pin"},
              {"input", bytes_shape(0, MPULAB_SCORE_MAX_IOCTL_BYTES), false, "what it is given"},
              {"output", number_shape(0, MPULAB_SCORE_MAX_IOCTL_BYTES), false, "room for the answer in bytes"},
              {"fill", bytes_shape(0, MPULAB_SCORE_MAX_IOCTL_BYTES), false, "what stands in the output buffer before"},
              {"pend", flag_shape(), false, "the next step begins at once"},
              expect,
              within},
             "an IOCTL with these bytes"},
            {"wait-ioctls", handle, {expect, within}, "until no IOCTL of that handle is in flight"},
            {"cancel", handle, {expect, within}, "cancel what that handle has in flight"},
        }),
        1, kMaxScenarioSteps);
}

} // namespace mpulab
