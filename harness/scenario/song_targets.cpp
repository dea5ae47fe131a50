// SPDX-License-Identifier: MIT
#include "scenario/song_targets.hpp"

#include "common/error.hpp"
#include "common/utf16.hpp"
#include "scenario/ks.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

/// The unit in "\??\ACPI#PNPB006#0#{…}\UART": digits behind the second '#'.
std::optional<uint32_t> unit_of(const std::string& link) {
    size_t at = link.find('#');
    at = at == std::string::npos ? at : link.find('#', at + 1);
    if (at == std::string::npos) return std::nullopt;
    uint64_t unit = 0;
    size_t digits = 0;
    for (++at; at < link.size() && link[at] >= '0' && link[at] <= '9' && digits < 10; ++at, ++digits)
        unit = unit * 10 + static_cast<uint64_t>(link[at] - '0');
    if (digits == 0 || at == link.size() || link[at] != '#' || unit > UINT32_MAX) return std::nullopt;
    return static_cast<uint32_t>(unit);
}

std::optional<PinTarget> target_of(const std::vector<OfferedSubdevice>& offers, const OfferedSubdevice& subdevice,
                                   const OfferedPin& pin) {
    if (subdevice.interfaces.empty()) return std::nullopt; // no client would find it
    const auto audio = std::find_if(subdevice.interfaces.begin(), subdevice.interfaces.end(),
                                    [](const OfferedInterface& i) { return i.category == Guid(ks::kCategoryAudio); });
    const OfferedInterface& chosen = audio == subdevice.interfaces.end() ? subdevice.interfaces.front() : *audio;
    const auto unit = unit_of(chosen.link);
    if (!unit) return std::nullopt;
    PinTarget target;
    target.unit = *unit;
    target.category = chosen.category;
    target.reference = utf16(subdevice.name);
    target.pin = pin.id;
    if (target.reference.size() > kMaxReferenceUnits) {
        // A score has no room for the name; it need not be said where the category's first interface is meant.
        for (const OfferedSubdevice& other : offers) {
            if (other.gone) continue;
            const bool same_category =
                std::any_of(other.interfaces.begin(), other.interfaces.end(),
                            [&](const OfferedInterface& i) { return i.category == chosen.category; });
            if (!same_category) continue;
            if (&other != &subdevice) return std::nullopt;
            break;
        }
        target.reference.clear();
    }
    return target;
}

} // namespace

SongTargets choose_targets(const std::vector<OfferedSubdevice>& offers, size_t devices) {
    if (devices < 2) return choose_targets(offers);
    SongTargets targets;
    for (size_t unit = 0; unit < devices; ++unit) {
        std::vector<OfferedSubdevice> own;
        for (const OfferedSubdevice& offer : offers) {
            if (!offer.interfaces.empty() && unit_of(offer.interfaces.front().link) == unit) own.push_back(offer);
        }
        SongTargets of_unit = choose_targets(own);
        if (unit == 0) {
            targets = std::move(of_unit);
        } else {
            targets.more.push_back(std::move(of_unit));
        }
    }
    return targets;
}

SongTargets find_targets(const std::vector<OfferedSubdevice>& offers) {
    SongTargets targets;
    size_t ports = 0;
    const OfferedSubdevice* render = nullptr;
    for (const OfferedSubdevice& subdevice : offers) {
        if (subdevice.gone) continue;
        const OfferedPin* pin = subdevice.midi_pin(OfferedPin::In);
        ports += pin != nullptr;
        if (pin == nullptr || targets.render) continue;
        targets.render = target_of(offers, subdevice, *pin);
        if (targets.render) render = &subdevice;
    }
    const auto try_capture = [&](const OfferedSubdevice& subdevice) {
        const OfferedPin* pin = subdevice.gone ? nullptr : subdevice.midi_pin(OfferedPin::Out);
        if (pin != nullptr && !targets.capture) targets.capture = target_of(offers, subdevice, *pin);
    };
    if (render != nullptr) try_capture(*render);
    for (const OfferedSubdevice& subdevice : offers)
        try_capture(subdevice);
    if (ports > 1 && render != nullptr) {
        targets.notes.push_back(
            fmt::format("{} subdevices render MIDI: the song goes through {}", ports, render->name));
    }
    return targets;
}

SongTargets choose_targets(const std::vector<OfferedSubdevice>& offers) {
    SongTargets targets = find_targets(offers);
    if (targets.render || targets.capture) return targets;

    std::string seen;
    for (const OfferedSubdevice& subdevice : offers)
        seen +=
            fmt::format("{}{} ({}, {} pins{})", seen.empty() ? "" : ", ", subdevice.name,
                        guid_name(subdevice.port_class), subdevice.pins.size(), subdevice.gone ? ", gone again" : "");
    throw Error(offers.empty()
                    ? "the driver started and registered no subdevice"
                    : fmt::format("no pin that a client can stream MIDI through; the driver registered {}", seen),
                offers.empty() ? "if it makes its ports when a program asks for them, ask in a scenario: open-device, "
                                 "ioctl, then open with "
                                 "of (mpulab run --reference)"
                               : "look at it with \"mpulab inspect\"");
}

} // namespace mpulab
