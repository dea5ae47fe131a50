// SPDX-License-Identifier: MIT
// fifo: how full one of the card's FIFOs became, and that no byte was lost for want of room in it.
#include "checks/bounds.hpp"
#include "link/mpulab_codes.h"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

enum Fifo : uint64_t { kTx = 0, kRx = 1 }; // word a of FIFO_LEVEL

/// The level a record tells of; nothing: it tells of none of this FIFO's.
std::optional<uint64_t> level_of(const mpulab_record& record, uint64_t fifo) {
    switch (record.kind) {
    case MPULAB_KIND_FIFO_LEVEL:
        return record.a == fifo ? std::optional(record.b) : std::nullopt;
    case MPULAB_KIND_WIRE_IN:
    case MPULAB_KIND_LATCH:
        return fifo == kRx ? std::optional(record.b) : std::nullopt;
    case MPULAB_KIND_WIRE_OUT:
        return fifo == kTx ? std::optional(record.c) : std::nullopt;
    default:
        return std::nullopt;
    }
}

} // namespace

CheckResult check_fifo(const RunView& view, const nlohmann::json& check) {
    const bool rx = check.at("fifo") == "rx";
    const std::string name = name_of_check(check);
    const uint64_t place = rx ? MPULAB_OVERRUN_RX_FIFO : MPULAB_OVERRUN_HOST_LATCH;
    uint64_t bytes = 0; // that went through it or found no room
    uint64_t overruns = 0;
    uint64_t fullest = 0;
    std::optional<uint64_t> first_overrun;
    std::optional<uint64_t> at_fullest;
    for (const mpulab_record& record : view.log.records()) {
        if (record.unit != view.unit) continue;
        bytes += record.kind == (rx ? MPULAB_KIND_WIRE_IN : MPULAB_KIND_WIRE_OUT);
        if (record.kind == MPULAB_KIND_OVERRUN && record.a == place && ++overruns == 1) first_overrun = record.seq;
        const std::optional<uint64_t> level = level_of(record, rx ? kRx : kTx);
        if (!level || (at_fullest && *level <= fullest)) continue;
        fullest = *level;
        at_fullest = record.seq;
    }
    if (bytes == 0)
        return nothing_seen(name, fmt::format("no byte crossed MIDI {}, which the {} FIFO serves", rx ? "IN" : "OUT",
                                              rx ? "RX" : "TX"));
    const std::string what = rx ? "RX FIFO" : "TX FIFO";
    if (const auto broken =
            first_broken(view.log, check, bytes,
                         {{"at-most", "the highest level of the " + what, fullest, true, false, at_fullest},
                          {"at-least", "the highest level of the " + what, fullest, false, false, at_fullest}}))
        return *broken;
    const uint64_t allowed = check.value("overruns", uint64_t{0});
    if (overruns > allowed) {
        return failed(view.log, name, bytes, fmt::format("{} bytes found no room before the {}", overruns, what),
                      fmt::format("at most {}", allowed), fmt::format("{}", overruns), first_overrun);
    }
    return passed(name, bytes,
                  fmt::format("{} bytes, the {} held {} at most, {} found no room", bytes, what, fullest, overruns));
}

} // namespace mpulab
