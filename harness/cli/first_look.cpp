// SPDX-License-Identifier: MIT
#include "cli/first_look.hpp"

#include "common/files.hpp"
#include "link/mpulab_codes.h"
#include "machine/runtime_dir.hpp"
#include "scenario/score_builder.hpp"

namespace mpulab {
namespace {

constexpr uint64_t kWaitNs = 50'000'000; // virtual; what a driver's own thread needs to register its subdevices
constexpr size_t kMaxLogBytes = 256u << 20;

Bytes waiting_score() {
    ScoreBuilder score;
    score.delay(kWaitNs);
    return score.finish();
}

} // namespace

FirstLook look_at_driver(const Guest& guest, MachineSpec spec, std::vector<PlanSection> options,
                         WatchdogLimits watchdog) {
    const RuntimeDir folder = RuntimeDir::create(RuntimeDir::default_base());
    options.insert(options.begin(), {MPULAB_SECTION_SCORE, 0, waiting_score()});
    spec.plan = folder.path() / "plan.bin";
    spec.initrd = folder.without_space(folder.path() / "modules.cpio");
    write_file(spec.plan, write_plan(spec.seed, options));
    write_file(folder.path() / "modules.cpio", guest.archive);

    watchdog.most_log_bytes = kMaxLogBytes; // all of it is read below

    FirstLook look;
    const auto log = folder.path() / "events.mpl";
    look.outcome = run_plainly({spec, log, watchdog});
    if (look.outcome.records == 0) return look;
    look.log_bytes = read_file(log, kMaxLogBytes, "event log");
    look.log.emplace(EventLog::from_bytes(look.log_bytes));
    const auto records = look.log->records();
    for (const mpulab_record& record : records) {
        if (record.kind == MPULAB_KIND_PHASE && record.a == MPULAB_PHASE_DRIVER_STARTED) {
            look.start_ms = static_cast<double>(record.time_ns) / 1e6;
            look.started = true;
        }
    }
    const mpulab_record& end = records.back();
    look.started &= !look.outcome.trouble && end.kind == MPULAB_KIND_RUN_ENDED && end.a == MPULAB_END_SCORE_DONE;
    look.offers = read_offers(*look.log);
    return look;
}

} // namespace mpulab
