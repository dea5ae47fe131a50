// SPDX-License-Identifier: MIT
// Many numbers, kept as how often each came: percentiles of one run, and of many runs together.
#pragma once

#include <cstdint>
#include <map>

namespace mpulab {

class Distribution {
  public:
    void add(uint64_t value, uint64_t times = 1) {
        if (times == 0) return;
        times_[value] += times;
        count_ += times;
    }
    void add(const Distribution& other) {
        for (const auto& [value, times] : other.times_)
            add(value, times);
    }

    uint64_t count() const { return count_; }
    // 0 of an empty one:
    uint64_t min() const { return times_.empty() ? 0 : times_.begin()->first; }
    uint64_t max() const { return times_.empty() ? 0 : times_.rbegin()->first; }
    /// Nearest rank: the least value that `percent` of all are no greater than.
    uint64_t percentile(unsigned percent) const {
        const uint64_t rank = (count_ * percent + 99) / 100;
        uint64_t passed = 0;
        for (const auto& [value, times] : times_) {
            passed += times;
            if (passed >= rank) return value;
        }
        return max();
    }

  private:
    std::map<uint64_t, uint64_t> times_; // of each value
    uint64_t count_ = 0;
};

} // namespace mpulab
