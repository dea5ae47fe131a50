// SPDX-License-Identifier: MIT
// What a score holds open while it is compiled: names of the file, slots of the score.
#pragma once

#include "agent/score.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace mpulab {

/// Something a score slot holds.
struct Handle {
    enum class Kind { Filter, Render, Capture, Device };
    uint16_t slot = 0;
    Kind kind = Kind::Device;
    uint16_t filter = 0; // of a pin: its filter's slot
    uint32_t unit = 0;
    uint32_t state = 0; // of a pin, as far as it is known here
    bool reading = false;
    bool doubtful = false; // its open was allowed to fail

    bool is_pin() const { return kind == Kind::Render || kind == Kind::Capture; }
};

/// Handles by name, in the order of their names. Filters have names no file can give: they begin with kFilterMark.
class ScoreHandles : public std::map<std::string, Handle> {
  public:
    static constexpr char kFilterMark = '\x01';

    /// None: all slots of a score are in use.
    std::optional<uint16_t> free_slot() const {
        for (uint16_t slot = 0; slot < MPULAB_SCORE_SLOTS; ++slot) {
            if (std::none_of(begin(), end(), [slot](const auto& entry) { return entry.second.slot == slot; }))
                return slot;
        }
        return std::nullopt;
    }

    /// Takes filters out that no pin needs any more; their slots.
    std::vector<uint16_t> take_idle_filters() {
        std::vector<uint16_t> slots;
        for (auto entry = begin(); entry != end();) {
            const Handle& filter = entry->second;
            const bool needed = std::any_of(begin(), end(), [&](const auto& other) {
                return other.second.is_pin() && other.second.filter == filter.slot;
            });
            if (filter.kind != Handle::Kind::Filter || needed) {
                ++entry;
                continue;
            }
            slots.push_back(filter.slot);
            entry = erase(entry);
        }
        return slots;
    }
};

} // namespace mpulab
