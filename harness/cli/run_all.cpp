// SPDX-License-Identifier: MIT
#include "cli/run_all.hpp"

#include "machine/signal_watch.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace mpulab {
namespace {

constexpr unsigned kMaxJobs = 64;

} // namespace

void run_all(const RunOptions& options, const std::vector<Scenario>& scenarios,
             const std::function<bool(size_t, RunOutcome)>& ended) {
    const auto looks = make_look_cache();
    unsigned jobs = options.jobs != 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
    jobs = static_cast<unsigned>(std::min<size_t>({jobs, kMaxJobs, scenarios.size() * options.repeat}));
    std::vector<std::string> machines;
    for (const Scenario& scenario : scenarios)
        machines.push_back(machine_key(options, scenario));
    RunQueue queue(machines, options.repeat, options.lane, jobs);
    WorkerPool pool(options.libvirt_uri);
    std::atomic<bool> stop = false;
    const auto take_runs = [&] {
        WorkerSlot slot{&pool, "", nullptr};
        std::string at; // whose runs come first here, be there a worker for them or not (a driver that does not start)
        while (SignalWatch::seen() == 0 && !stop) {
            const auto next = queue.take(at);
            if (!next) return;
            if (next->warm) at = machines[next->index % scenarios.size()];
            const Scenario& scenario = scenarios[next->index % scenarios.size()];
            if (!ended(next->index, run_scenario(options, scenario, *looks, next->warm ? &slot : nullptr))) stop = true;
        }
    };
    std::mutex mutex;
    std::exception_ptr failure; // the first; a report that cannot be written, say
    const auto work = [&] {
        try {
            take_runs();
        } catch (...) {
            stop = true;
            const std::lock_guard lock(mutex);
            if (!failure) failure = std::current_exception();
        }
    };
    std::vector<std::thread> workers;
    for (unsigned i = 1; i < jobs; ++i)
        workers.emplace_back(work);
    work();
    for (std::thread& worker : workers)
        worker.join();
    if (failure) std::rethrow_exception(failure);
}

} // namespace mpulab
