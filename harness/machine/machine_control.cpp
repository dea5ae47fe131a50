// SPDX-License-Identifier: MIT
#include "machine/machine_control.hpp"

#include "common/error.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <thread>

namespace mpulab {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kAnswerWithin = 10s; // QEMU, to something that takes milliseconds
constexpr auto kLookAgain = 200us;
constexpr const char* kNext = "run again; see that memory and disk have room";

} // namespace

/// A command that QMP has no synchronous form of; it says something only when it fails.
void MachineControl::human(const std::string& command) {
    const nlohmann::json said = monitor_.execute("human-monitor-command", {{"command-line", command}});
    if (said.is_string() && said.get<std::string>().empty()) return;
    throw Error(fmt::format("QEMU's {}: {}", command, said.dump()), kNext);
}

void MachineControl::finish_job(const char* id) {
    const auto deadline = Clock::now() + kAnswerWithin;
    for (;;) {
        const nlohmann::json jobs = monitor_.execute("query-jobs");
        const auto job = std::find_if(jobs.begin(), jobs.end(), [id](const auto& one) { return one["id"] == id; });
        if (job == jobs.end()) throw Error(fmt::format("QEMU forgot its job {}", id), kNext);
        if (job->at("status") == "concluded") {
            if (job->contains("error"))
                throw Error(fmt::format("QEMU's job {}: {}", id, job->at("error").dump()),
                            "see that the disk has room");
            monitor_.execute("job-dismiss", {{"id", id}});
            return;
        }
        if (Clock::now() > deadline) throw Error(fmt::format("QEMU's job {} does not end", id), kNext);
        std::this_thread::sleep_for(kLookAgain);
    }
}

void MachineControl::make_snapshot_store(const std::filesystem::path& file) {
    write_file(file, std::string_view());
    const nlohmann::json cache = {{"no-flush", true}};
    monitor_.execute("blockdev-add",
                     {{"node-name", "store-file"}, {"driver", "file"}, {"filename", file.string()}, {"cache", cache}});
    monitor_.execute(
        "blockdev-create",
        {{"job-id", "create"}, {"options", {{"driver", "qcow2"}, {"file", "store-file"}, {"size", 1 << 20}}}});
    finish_job("create");
    monitor_.execute("blockdev-add",
                     {{"node-name", "store"}, {"driver", "qcow2"}, {"file", "store-file"}, {"cache", cache}});
}

void MachineControl::await_stop() {
    const auto deadline = Clock::now() + kAnswerWithin;
    while (monitor_.execute("query-status").at("running").get<bool>()) {
        if (Clock::now() > deadline) throw Error("the machine does not stop", kNext);
        std::this_thread::sleep_for(kLookAgain);
    }
}

void MachineControl::set(const char* property, const nlohmann::json& value) {
    monitor_.execute("qom-set", {{"path", "/machine/peripheral/probe"}, {"property", property}, {"value", value}});
}

void MachineControl::set_plan(const std::filesystem::path& plan) {
    set("plan", plan.string());
}

void MachineControl::stop_at(const char* property, uint64_t number, uint64_t& now) {
    if (number != now) set(property, number);
    now = number;
}

} // namespace mpulab
