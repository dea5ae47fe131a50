// SPDX-License-Identifier: MIT
#include "cli/run_queue.hpp"

#include <algorithm>

namespace mpulab {

RunQueue::RunQueue(const std::vector<std::string>& machines, size_t repeat, LaneChoice choice, unsigned jobs)
    : count_(machines.size()), repeat_(repeat) {
    for (size_t i = 0; i < machines.size(); ++i) {
        auto group =
            std::find_if(groups_.begin(), groups_.end(), [&](const Group& one) { return one.machine == machines[i]; });
        if (group == groups_.end()) {
            groups_.push_back({machines[i], {}, 0, false, 0, 0});
            group = groups_.end() - 1;
        }
        group->scenarios.push_back(i);
    }
    for (Group& group : groups_) {
        const size_t worth = choice == LaneChoice::Warm ? left(group) : left(group) / kWorthAWorker;
        group.most_workers = choice == LaneChoice::Cold ? 0 : std::min<size_t>(worth, jobs);
        group.warm = group.most_workers != 0;
    }
}

std::optional<RunQueue::Next> RunQueue::pop(Group& group) const {
    const size_t round = group.taken / group.scenarios.size();
    const size_t scenario = group.scenarios[group.taken % group.scenarios.size()];
    ++group.taken;
    return Next{round * count_ + scenario, group.warm};
}

std::optional<RunQueue::Next> RunQueue::take(const std::string& at) {
    const std::lock_guard lock(mutex_);
    const auto first = [this](const auto& is) {
        return std::find_if(groups_.begin(), groups_.end(),
                            [&](const Group& group) { return left(group) != 0 && is(group); });
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
