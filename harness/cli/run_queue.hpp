// SPDX-License-Identifier: MIT
// Which run comes next, and whether a warm machine is worth its start for it.
#pragma once

#include <cstddef>
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

    /// `machines`: the key of each scenario's machine; runs with one key can share a worker. `repeat`: runs of each
    /// scenario; run `i` is of scenario `i % machines.size()`. `jobs`: callers of take().
    RunQueue(const std::vector<std::string>& machines, size_t repeat, LaneChoice choice, unsigned jobs);

    /// The caller's next run; nothing: there is none left for it. `at`: the key of the worker it has, empty for none.
    /// It stays with its machine while there are runs for that. Any thread.
    std::optional<Next> take(const std::string& at);

    /// Runs of a machine that pay for a worker: libvirt's start costs as much as some cold boots.
    static constexpr size_t kWorthAWorker = 8;

  private:
    struct Group {
        std::string machine;
        std::vector<size_t> scenarios; // that run in it
        size_t taken = 0;              // runs
        bool warm = false;
        size_t workers = 0;
        size_t most_workers = 0;
    };

    size_t left(const Group& group) const { return group.scenarios.size() * repeat_ - group.taken; }
    std::optional<Next> pop(Group& group) const;

    size_t count_; // of scenarios
    size_t repeat_;
    std::mutex mutex_;
    std::vector<Group> groups_; // in the order of their first runs
};

} // namespace mpulab
