// SPDX-License-Identifier: MIT
#include "machine/worker.hpp"

#include "common/files.hpp"
#include "events/names.hpp"
#include "machine/domain_xml.hpp"
#include "machine/run_recorder.hpp"
#include "machine/signal_watch.hpp"
#include "machine/unix_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <thread>

namespace mpulab {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* kPowerOn = "power-on";
constexpr size_t kMaxSnapshots = 32; // a few megabytes each
constexpr auto kAnswerWithin = 10s;  // QEMU, to something that takes milliseconds
constexpr auto kLookAgain = 200us;

std::string phase_text(uint64_t phase) {
    return phase == 0 ? kPowerOn : phase_name(phase);
}

} // namespace

Worker::Worker(const Hypervisor& hypervisor, MachineSpec spec, std::filesystem::path folder, unsigned number)
    : folder_(std::move(folder)), machine_(hypervisor, fmt::format("mpulab-worker-{}", number)) {
    create_folders(folder_);
    const std::filesystem::path socket = folder_ / "link";
    listener_ = listen_at(socket);
    spec.link_chardev = link_socket_chardev(socket);
    spec.qmp_socket = folder_ / "qmp";
    std::string uuid = kMachineUuid;
    uuid.replace(uuid.size() - 8, 8, fmt::format("{:08x}", number)); // libvirt wants no two alike
    xml_ = domain_xml(spec, machine_.name(), uuid);
    machine_.start(xml_, spec.qemu);
    accept_link();
    monitor_ = QmpClient(*spec.qmp_socket);
    make_snapshot_store();
    human(fmt::format("savevm {}", kPowerOn));
}

Worker::~Worker() {
    machine_.kill();
}

void Worker::accept_link() {
    link_.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)); // QEMU has connected before it was ready
    if (!link_) throw Error(fmt::format("the link cannot be taken: {}", errno_text(errno)), "close some files");
    listener_.reset();
}

// ---- the monitor ----------------------------------------------------------------------------------------------------

/// A command that QMP has no synchronous form of; it says something only when it fails.
void Worker::human(const std::string& command) {
    const nlohmann::json said = monitor_.execute("human-monitor-command", {{"command-line", command}});
    if (said.is_string() && said.get<std::string>().empty()) return;
    throw Error(fmt::format("QEMU's {}: {}", command, said.dump()), "run again with --cold");
}

void Worker::finish_job(const char* id) {
    const auto deadline = Clock::now() + kAnswerWithin;
    for (;;) {
        const nlohmann::json jobs = monitor_.execute("query-jobs");
        const auto job = std::find_if(jobs.begin(), jobs.end(), [id](const auto& one) { return one["id"] == id; });
        if (job == jobs.end()) throw Error(fmt::format("QEMU forgot its job {}", id), "run again with --cold");
        if (job->at("status") == "concluded") {
            if (job->contains("error"))
                throw Error(fmt::format("QEMU's job {}: {}", id, job->at("error").dump()),
                            "see that the disk has room");
            monitor_.execute("job-dismiss", {{"id", id}});
            return;
        }
        if (Clock::now() > deadline)
            throw Error(fmt::format("QEMU's job {} does not end", id), "run again with --cold");
        std::this_thread::sleep_for(kLookAgain);
    }
}

/// A disk image that belongs to no disk: where QEMU keeps snapshots. Nothing of it has to outlive the worker.
void Worker::make_snapshot_store() {
    const std::string path = (folder_ / "snapshots.qcow2").string();
    write_file(path, std::string_view());
    const nlohmann::json cache = {{"no-flush", true}};
    monitor_.execute("blockdev-add",
                     {{"node-name", "store-file"}, {"driver", "file"}, {"filename", path}, {"cache", cache}});
    monitor_.execute(
        "blockdev-create",
        {{"job-id", "create"}, {"options", {{"driver", "qcow2"}, {"file", "store-file"}, {"size", 1 << 20}}}});
    finish_job("create");
    monitor_.execute("blockdev-add",
                     {{"node-name", "store"}, {"driver", "qcow2"}, {"file", "store-file"}, {"cache", cache}});
}

/// A machine that a guest stops is stopped at that instruction; QEMU's state says so a moment later.
void Worker::await_stop() {
    const auto deadline = Clock::now() + kAnswerWithin;
    while (monitor_.execute("query-status").at("running").get<bool>()) {
        if (Clock::now() > deadline) throw Error("the worker's machine does not stop", "run again with --cold");
        std::this_thread::sleep_for(kLookAgain);
    }
}

void Worker::set(const char* property, const nlohmann::json& value) {
    monitor_.execute("qom-set", {{"path", "/machine/peripheral/probe"}, {"property", property}, {"value", value}});
}

void Worker::stop_at_phase(uint64_t phase) {
    if (phase != stop_at_) set("stop-at", phase);
    stop_at_ = phase;
}

/// Puts the machine back; it stands.
void Worker::load(const std::string& tag, const std::filesystem::path& plan, uint64_t stop_at) {
    if (!untouched_) {
        await_stop();
        human("loadvm " + tag);
    }
    set("plan", plan.string());
    stop_at_phase(stop_at);
}

// ---- snapshots ------------------------------------------------------------------------------------------------------

Worker::Snapshot* Worker::find(uint64_t phase, const WarmRun& request) {
    const auto fits = [&](const Snapshot& snapshot) {
        return snapshot.phase == phase &&
               std::all_of(snapshot.choices.begin(), snapshot.choices.end(), [&](const Choice& choice) {
                   return request.alternative(choice.number, choice.alternatives) == choice.taken;
               });
    };
    const auto found = std::find_if(snapshots_.begin(), snapshots_.end(), fits);
    return found == snapshots_.end() ? nullptr : &*found;
}

bool Worker::of_use(const Snapshot& snapshot, const WarmRun& request) {
    return !snapshot.bad && snapshot.time_ns < request.first_cue_ns &&
           std::none_of(request.counted.begin(), request.counted.end(),
                        [&](uint16_t kind) { return snapshot.kinds.contains(kind); });
}

/// None is taken of a machine that a cue has acted in: that is one run's alone.
void Worker::take_snapshot(uint64_t phase, Bytes prefix) {
    await_stop();
    Snapshot snapshot;
    snapshot.tag = fmt::format("{}-{}", phase_text(phase), snapshots_.size());
    snapshot.phase = phase;
    for (size_t at = sizeof(mpulab_link_header); at < prefix.size(); at += sizeof(mpulab_record)) {
        const auto record = read_pod<mpulab_record>(prefix, at);
        snapshot.time_ns = record.time_ns;
        snapshot.kinds.insert(record.kind);
        if (record.kind != MPULAB_KIND_CHOICE) continue;
        snapshot.choices.push_back(
            {static_cast<uint32_t>(record.a), static_cast<uint32_t>(record.b), static_cast<uint32_t>(record.c)});
    }
    if (snapshot.kinds.contains(MPULAB_KIND_CUE)) return;
    snapshot.prefix = std::move(prefix);
    human("savevm " + snapshot.tag);
    snapshots_.push_back(std::move(snapshot));
}

/// Makes the run that came to `sha256` once more, out of the snapshot.
void Worker::prove(Snapshot& snapshot, const WarmRun& request, const std::string& sha256) {
    WarmRun again = request;
    again.log = folder_ / "proof.mpl";
    const PlainRunOutcome outcome = from_snapshot(snapshot, again);
    snapshot.proven = !outcome.trouble && outcome.sha256 == sha256;
    if (snapshot.proven) return;
    snapshot.bad = true;
    const std::filesystem::path evidence = request.log.parent_path() / "discarded-snapshot.mpl";
    std::error_code ignored;
    std::filesystem::copy_file(again.log, evidence, ignored);
    spdlog::warn("snapshot {} is discarded: the run out of it came to {} ({}), without it to {}", snapshot.tag,
                 outcome.trouble ? outcome.trouble->what() : outcome.sha256, evidence.string(), sha256);
    if (usable_) human("delvm " + snapshot.tag);
}

/// Before the first restore of it: the run that the machine was started for, once more.
void Worker::prove_power_on(const WarmRun& request) {
    if (power_on_proven_) return;
    RunRecorder recorder(folder_ / "proof.mpl", request.watchdog);
    load(kPowerOn, folder_ / "first-plan.bin", 0);
    record(recorder, 0);
    if (const std::string again = recorder.finish(); again != first_sha256_) {
        throw Error(
            fmt::format("the machine put back to power-on came to {}, the fresh one to {}", again, first_sha256_),
            "run with --cold, and report a defect of the bench");
    }
    power_on_proven_ = true;
}

// ---- runs -----------------------------------------------------------------------------------------------------------

/// Lets the machine run while its link is read: QEMU writes to it with everything else waiting, so that even the answer
/// to "cont" may come only after somebody has read.
/// True: it stands at `phase`; else its run has ended.
bool Worker::go_on(RunRecorder& recorder, uint64_t phase) {
    monitor_.send("cont");
    const RunRecorder::Stop stop = recorder.read(link_.get(), phase);
    if (stop == RunRecorder::Stop::Closed)
        throw Error("the worker's QEMU ended in mid-run", "run again; the event log so far is kept");
    return stop == RunRecorder::Stop::Phase;
}

/// `take`: the milestone to take a snapshot at, 0 for none.
void Worker::record(RunRecorder& recorder, uint64_t take) {
    if (take != 0) recorder.keep();
    if (!go_on(recorder, take)) return;
    take_snapshot(take, recorder.take_kept());
    stop_at_phase(0);
    go_on(recorder, 0);
}

/// What goes wrong in a run ends the worker, and is the run's trouble.
PlainRunOutcome Worker::attempt(RunRecorder recorder, const std::function<void(RunRecorder&)>& make) {
    const SignalWatch signals;
    PlainRunOutcome outcome;
    const auto began = Clock::now();
    try {
        make(recorder);
    } catch (const Error& error) {
        outcome.trouble = error;
        usable_ = false;
        machine_.kill();
    }
    outcome.seconds = std::chrono::duration<double>(Clock::now() - began).count();
    outcome.records = recorder.records();
    outcome.sha256 = recorder.finish();
    return outcome;
}

PlainRunOutcome Worker::from_power_on(const WarmRun& request, uint64_t take) {
    const bool first = untouched_;
    PlainRunOutcome outcome = attempt({request.log, request.watchdog}, [&](RunRecorder& recorder) {
        if (!first) prove_power_on(request);
        load(kPowerOn, request.plan, take);
        untouched_ = false;
        record(recorder, take);
    });
    if (first) {
        first_sha256_ = outcome.sha256;
        std::error_code failure;
        std::filesystem::copy_file(request.plan, folder_ / "first-plan.bin", failure);
        if (failure) usable_ = false; // power-on could not be proven: another worker for the next run
    }
    return outcome;
}

PlainRunOutcome Worker::from_snapshot(const Snapshot& snapshot, const WarmRun& request) {
    return attempt({request.log, request.watchdog, LogSplice(snapshot.prefix)}, [&](RunRecorder& recorder) {
        load(snapshot.tag, request.plan, 0);
        record(recorder, 0);
    });
}

PlainRunOutcome Worker::run(const WarmRun& request) {
    ++runs_;
    for (const uint64_t phase : {uint64_t{MPULAB_PHASE_DRIVER_STARTED}, uint64_t{MPULAB_PHASE_DRIVER_LOADED}}) {
        Snapshot* snapshot = find(phase, request);
        if (snapshot != nullptr && !of_use(*snapshot, request)) continue;
        if (snapshot != nullptr && snapshot->proven) return from_snapshot(*snapshot, request);
        const size_t before = snapshots_.size();
        const bool take = snapshot == nullptr && before < kMaxSnapshots;
        PlainRunOutcome outcome = from_power_on(request, take ? phase : 0);
        if (snapshot == nullptr && snapshots_.size() != before) snapshot = &snapshots_.back();
        if (snapshot != nullptr && !outcome.trouble && of_use(*snapshot, request))
            prove(*snapshot, request, outcome.sha256);
        return outcome;
    }
    return from_power_on(request, 0);
}

} // namespace mpulab
