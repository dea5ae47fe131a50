// SPDX-License-Identifier: MIT
#include "midi/tempo_map.hpp"

#include <cassert>

namespace mpulab {

uint64_t TempoMap::time_ns(uint64_t tick) {
    Wide ns;
    if (division_.ticks_per_quarter == 0) {
        ns = Wide{tick} * 1'000'000'000u * division_.frame_scale /
             (Wide{division_.frame_rate} * division_.ticks_per_frame);
    } else {
        assert(tick >= tick_);
        for (; next_ < changes_.size() && changes_[next_].tick <= tick; ++next_) {
            elapsed_ += Wide{changes_[next_].tick - tick_} * us_per_quarter_;
            tick_ = changes_[next_].tick;
            us_per_quarter_ = changes_[next_].us_per_quarter;
        }
        ns = (elapsed_ + Wide{tick - tick_} * us_per_quarter_) * 1000 / division_.ticks_per_quarter;
    }
    return ns > UINT64_MAX ? UINT64_MAX : static_cast<uint64_t>(ns);
}

} // namespace mpulab
