// SPDX-License-Identifier: MIT
#include "cli/run_queue.hpp"

#include <algorithm>

namespace mpulab {

RunQueue::RunQueue(const std::vector<std::string>& machines, LaneChoice choice, unsigned jobs) {
    for (size_t i = 0; i < machines.size(); ++i) {
        auto group =
            std::find_if(groups_.begin(), groups_.end(), [&](const Group& one) { return one.machine == machines[i]; });
        if (group == groups_.end()) {
            groups_.push_back({machines[i], {}, false, 0, 0});
            group = groups_.end() - 1;
        }
        group->runs.push_back(i);
    }
    for (Group& group : groups_) {
        const size_t worth = choice == LaneChoice::Warm ? group.runs.size() : group.runs.size() / kWorthAWorker;
        group.most_workers = choice == LaneChoice::Cold ? 0 : std::min<size_t>(worth, jobs);
        group.warm = group.most_workers != 0;
    }
}

std::optional<RunQueue::Next> RunQueue::pop(Group& group) {
    const size_t index = group.runs.front();
    group.runs.pop_front();
    return Next{index, group.warm};
}

std::optional<RunQueue::Next> RunQueue::take(const std::string& at) {
    const std::lock_guard lock(mutex_);
    const auto first = [this](const auto& is) {
        return std::find_if(groups_.begin(), groups_.end(),
                            [&](const Group& group) { return !group.runs.empty() && is(group); });
    };
    if (const auto own = first([&](const Group& group) { return group.warm && group.machine == at; });
        own != groups_.end())
        return pop(*own);
    if (const auto idle = first([](const Group& group) { return group.warm && group.workers < group.most_workers; });
        idle != groups_.end()) {
        ++idle->workers;
        return pop(*idle);
    }
    if (const auto cold = first([](const Group& group) { return !group.warm; }); cold != groups_.end())
        return pop(*cold);
    return std::nullopt; // what is left has its workers
}

} // namespace mpulab
