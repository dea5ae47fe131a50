// SPDX-License-Identifier: MIT
// A card in UART mode with cues, and what its FAULT records say.
#pragma once

#include "plan_bytes.hpp"
#include "test_card.hpp"

#include <array>

// One FAULT record, its three numbers apart.
struct FaultRecord {
    uint32_t action;
    uint32_t moment;
    uint32_t cue;
    uint64_t before;
    uint64_t after;

    bool operator==(const FaultRecord&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const FaultRecord& record) {
    return out << "{action " << record.action << ", moment " << record.moment << ", cue " << record.cue << ", "
               << record.before << " -> " << record.after << "}";
}

class FaultCard : public TestCard {
  public:
    // The cues wait for marker 1, unless the test says otherwise, and are given in UART mode with nothing pending.
    explicit FaultCard(const std::vector<mpulab_cue>& cues, const Properties& properties = {}) : TestCard(properties) {
        enter_uart();
        REQUIRE(set_cues(cue_section(cues)));
    }

    void fire() { mpulab_core_marker(core, 1, now); }

    // A byte arrives and becomes readable, or would.
    void receive(uint8_t byte) {
        run_for(mpu401::kWireByteNs);
        arrive(byte);
        run_for(100 * kMicrosecond);
    }

    std::vector<FaultRecord> faults() const {
        std::vector<FaultRecord> found;
        for (const auto& event : of_kind(MPULAB_KIND_FAULT)) {
            found.push_back({MPULAB_FAULT_ACTION(event.a), MPULAB_FAULT_MOMENT(event.a), MPULAB_FAULT_CUE(event.a),
                             event.b, event.c});
        }
        return found;
    }
    // Times at which the line rose.
    std::vector<int64_t> rises() const {
        std::vector<int64_t> times;
        for (const auto& event : of_kind(MPULAB_KIND_IRQ)) {
            if (event.a == 1) times.push_back(event.time_ns);
        }
        return times;
    }
};

inline mpulab_cue at_marker(uint32_t action, CueFields fields = {}) {
    fields.argument = 1;
    return cue(MPULAB_TRIGGER_MARKER, action, fields);
}

inline constexpr uint32_t kActs = MPULAB_FAULT_ACTS;
inline constexpr uint32_t kEnds = MPULAB_FAULT_ENDS;
inline constexpr uint64_t kNothing = MPULAB_FAULT_NOTHING;
