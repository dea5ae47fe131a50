// SPDX-License-Identifier: MIT
// Which run comes next, and whether a warm machine is worth its start for it.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace mpulab {

enum class LaneChoice {
    Auto, // warm where enough runs share a machine
    Cold, // a fresh boot for each
    Warm, // always warm
};

class RunQueue {
  public:
    struct Next {
        size_t index; // of the run
        bool warm;
    };

    /// `machines`: the key of each run's machine; runs with one key can share a worker. `jobs`: callers of take().
    RunQueue(const std::vector<std::string>& machines, LaneChoice choice, unsigned jobs);

    /// The caller's next run; nothing: there is none left for it. `at`: the key of the worker it has, empty for none.
    /// It stays with its machine while there are runs for that. Any thread.
    std::optional<Next> take(const std::string& at);

    /// Runs of a machine that pay for a worker: libvirt's start costs as much as some cold boots.
    static constexpr size_t kWorthAWorker = 8;

  private:
    struct Group {
        std::string machine;
        std::deque<size_t> runs;
        bool warm = false;
        size_t workers = 0;
        size_t most_workers = 0;
    };

    static std::optional<Next> pop(Group& group);

    std::mutex mutex_;
    std::vector<Group> groups_; // in the order of their first runs
};

} // namespace mpulab
