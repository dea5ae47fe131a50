// SPDX-License-Identifier: MIT
#include "machine/worker.hpp"

#include "common/files.hpp"
#include "events/names.hpp"
#include "machine/domain_xml.hpp"
#include "machine/midway.hpp"
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

using Clock = std::chrono::steady_clock;

constexpr const char* kPowerOn = "power-on";
constexpr size_t kMaxSnapshots = 32; // a few megabytes each

/// On one CPU a plan's seed decides nothing before the driver has started but choices, which a snapshot knows; on
/// several it is in the schedule from the driver's entry on.
std::vector<uint64_t> useful_phases(const MachineSpec& spec) {
    if (spec.cpus != 1) return {MPULAB_PHASE_DRIVER_LOADED};
    return {MPULAB_PHASE_DRIVER_STARTED, MPULAB_PHASE_DRIVER_LOADED};
}

std::string phase_text(uint64_t phase) {
    return phase == 0 ? kPowerOn : phase_name(phase);
}

} // namespace

Worker::Worker(const Hypervisor& hypervisor, MachineSpec spec, std::filesystem::path folder, unsigned number)
    : folder_(std::move(folder)), phases_(useful_phases(spec)),
      machine_(hypervisor, fmt::format("mpulab-worker-{}", number)) {
    create_folders(folder_);
    const std::filesystem::path socket = folder_ / "link";
    listener_ = listen_at(socket);
    spec.link_chardev = link_socket_chardev(socket);
    spec.qmp_socket = folder_ / "qmp";
    spec.security_labels = hypervisor.security_labels();
    std::string uuid = kMachineUuid;
    uuid.replace(uuid.size() - 8, 8, fmt::format("{:08x}", number)); // libvirt wants no two alike
    xml_ = domain_xml(spec, machine_.name(), uuid);
    machine_.start(xml_, spec.qemu);
    accept_link();
    control_ = MachineControl(QmpClient(*spec.qmp_socket));
    control_.make_snapshot_store(folder_ / "snapshots.qcow2");
    control_.save(kPowerOn);
}

Worker::~Worker() {
    machine_.kill();
}

void Worker::accept_link() {
    link_.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)); // QEMU has connected before it was ready
    if (!link_) throw Error(fmt::format("the link cannot be taken: {}", errno_text(errno)), "close some files");
    listener_.reset();
}

/// Puts the machine back; it stands.
void Worker::load(const std::string& tag, const std::filesystem::path& plan, uint64_t stop_at) {
    if (!untouched_) {
        control_.await_stop();
        control_.load(tag);
    }
    control_.set_plan(plan);
    control_.stop_at_phase(stop_at);
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
    control_.await_stop();
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
    control_.save(snapshot.tag);
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
    if (usable_) control_.forget(snapshot.tag);
}

/// Before the first restore of it: the run that the machine was started for, once more.
void Worker::prove_power_on(const WarmRun& request) {
    if (power_on_proven_) return;
    RunRecorder recorder(folder_ / "proof.mpl", request.watchdog);
    load(kPowerOn, folder_ / "first-plan.bin", 0);
    record(recorder, 0, {});
    if (const std::string again = recorder.finish(); again != first_sha256_) {
        throw Error(
            fmt::format("the machine put back to power-on came to {}, the fresh one to {}", again, first_sha256_),
            "run with --cold, and report a defect of the bench");
    }
    power_on_proven_ = true;
}

// ---- runs -----------------------------------------------------------------------------------------------------------

/// Lets the machine run to its end while its link is read. `take`: the milestone to take a snapshot at, 0 for none.
/// `markers`: of the snapshots in the middle of the run; the number of those that were taken.
size_t Worker::record(RunRecorder& recorder, uint64_t take, const std::vector<uint32_t>& markers) {
    if (take != 0) recorder.keep();
    Midway midway(control_, markers);
    for (;;) {
        control_.go_on();
        switch (recorder.read(link_.get(), take, midway.next())) {
        case RunRecorder::Stop::Ended:
            return midway.taken();
        case RunRecorder::Stop::Closed:
            throw Error("the worker's QEMU ended in mid-run", "run again; the event log so far is kept");
        case RunRecorder::Stop::Phase:
            take_snapshot(take, recorder.take_kept());
            control_.stop_at_phase(0);
            take = 0;
            break;
        case RunRecorder::Stop::Marker:
            midway.snapshot(recorder, link_.get());
            break;
        }
    }
}

/// What goes wrong in a run ends the worker, and is the run's trouble.
PlainRunOutcome Worker::attempt(RunRecorder recorder, const std::function<size_t(RunRecorder&)>& make) {
    const SignalWatch signals;
    PlainRunOutcome outcome;
    const auto began = Clock::now();
    try {
        outcome.snapshots = make(recorder);
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
        return record(recorder, take, request.snapshots);
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
        return record(recorder, 0, request.snapshots);
    });
}

PlainRunOutcome Worker::run(const WarmRun& request) {
    ++runs_;
    for (const uint64_t phase : phases_) {
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
