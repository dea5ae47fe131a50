// SPDX-License-Identifier: MIT
// Which run comes next: every run once, workers stay with their machine, and a few runs are not worth one.
#include "cli/run_queue.hpp"
#include "cli/run_selection.hpp"

#include "harness/support/text.hpp"
#include "support/catch.hpp"

#include <set>

using namespace mpulab;
using mpulab::test::refusal;

namespace {

std::vector<std::string> copies(const std::string& machine, size_t count) {
    return std::vector<std::string>(count, machine);
}

/// All runs that one caller gets, which stays with the machine of its last warm run.
std::vector<RunQueue::Next> drain(RunQueue& queue, const std::vector<std::string>& machines) {
    std::vector<RunQueue::Next> all;
    std::string at;
    while (const auto next = queue.take(at)) {
        if (next->warm) at = machines[next->index % machines.size()];
        all.push_back(*next);
    }
    return all;
}

} // namespace

TEST_CASE("every run of every scenario comes once") {
    std::vector<std::string> machines = copies("a", 20);
    machines.push_back("b");
    machines.insert(machines.begin(), "c");
    for (const LaneChoice choice : {LaneChoice::Auto, LaneChoice::Cold, LaneChoice::Warm}) {
        RunQueue queue(machines, 3, choice, 1);
        std::set<size_t> seen;
        for (const RunQueue::Next& next : drain(queue, machines))
            CHECK(seen.insert(next.index).second);
        CHECK(seen.size() == machines.size() * 3);
        CHECK(*seen.rbegin() == machines.size() * 3 - 1);
    }
}

TEST_CASE("a machine of enough runs gets a worker, one of a few does not") {
    std::vector<std::string> machines = copies("many", RunQueue::kWorthAWorker);
    machines.push_back("few");
    RunQueue queue(machines, 1, LaneChoice::Auto, 4);
    for (const RunQueue::Next& next : drain(queue, machines))
        CHECK(next.warm == (machines[next.index] == "many"));
}

TEST_CASE("a caller stays with its machine until that has no runs left") {
    std::vector<std::string> machines;
    for (size_t i = 0; i < 40; ++i)
        machines.push_back(i % 2 == 0 ? "a" : "b");
    RunQueue queue(machines, 1, LaneChoice::Auto, 2);
    const auto all = drain(queue, machines);
    REQUIRE(all.size() == 40);
    for (size_t i = 0; i < 40; ++i)
        CHECK(machines[all[i].index] == (i < 20 ? "a" : "b"));
}

TEST_CASE("no more workers are started for a machine than its runs pay for") {
    const std::vector<std::string> machines = copies("a", 2 * RunQueue::kWorthAWorker);
    RunQueue queue(machines, 1, LaneChoice::Auto, 8);
    CHECK(queue.take("").has_value()); // three callers without a worker
    CHECK(queue.take("").has_value());
    CHECK_FALSE(queue.take("").has_value());
    CHECK(queue.take("a").has_value()); // those that have one go on
}

TEST_CASE("nothing is warm with --cold, everything with --warm") {
    const std::vector<std::string> machines = {"a", "b"};
    RunQueue cold(machines, 100, LaneChoice::Cold, 1);
    for (const RunQueue::Next& next : drain(cold, machines))
        CHECK_FALSE(next.warm);
    RunQueue warm(machines, 1, LaneChoice::Warm, 1);
    for (const RunQueue::Next& next : drain(warm, machines))
        CHECK(next.warm);
}

TEST_CASE("a shard is two numbers, the first within the second") {
    const Shard shard = parse_shard("2/5");
    CHECK(shard.number == 2);
    CHECK(shard.count == 5);
    for (const std::string text : {"", "/", "2", "2/", "/5", "0/5", "6/5", "2/5x", "a/5", "-1/5", "2/5/7", "2 /5"})
        CHECK_THAT(refusal([&] { parse_shard(text); }), ContainsSubstring("--shard"));
}
