// SPDX-License-Identifier: MIT
#include "cli/snapshot_check.hpp"

#include "events/format.hpp"
#include "report/log_diff.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr const char* kName = "snapshots";

/// The marker of the last snapshot before record `index`; 0: none.
uint64_t snapshot_before(const EventLog& log, const std::vector<uint32_t>& markers, size_t index) {
    uint64_t last = 0;
    for (size_t i = 0; i < std::min(index, log.records().size()); ++i) {
        const mpulab_record& record = log.records()[i];
        if (record.kind == MPULAB_KIND_MARKER && std::find(markers.begin(), markers.end(), record.a) != markers.end())
            last = record.a;
    }
    return last;
}

CheckResult compare(const EventLog& log, const std::vector<uint32_t>& markers, const EventLog& reference) {
    const auto difference = compare_records(log, reference).difference;
    const auto line = [](const EventLog& of, const std::optional<size_t>& at) {
        return at ? format_record(of, of.records()[*at]) : std::string("no more records");
    };
    CheckResult result;
    if (!difference) { // by their hashes they are not the same
        result.message = "the two event logs differ, and not in their records";
    } else {
        const uint64_t marker = snapshot_before(log, markers, difference->element);
        result = failed(log, kName, markers.size(),
                        marker == 0 ? "the run went another way before its first snapshot"
                                    : fmt::format("the run went another way after the snapshot at marker {}", marker),
                        line(reference, difference->b), line(log, difference->a), difference->a);
    }
    result.status = CheckStatus::Error;
    return result;
}

} // namespace

void judge_snapshots(Judgement& judgement, const EventLog& log, const std::vector<uint32_t>& markers,
                     const PlainRunOutcome& with, const PlainRunOutcome& without,
                     const std::filesystem::path& reference) {
    CheckResult result;
    std::string next = "compare the two: mpulab diff of the run's events and " + reference.string();
    if (with.sha256 != without.sha256) {
        result = compare(log, markers, EventLog::open(reference));
    } else if (with.snapshots != markers.size()) {
        result = nothing_seen(
            kName, fmt::format("the run ended before the snapshot at marker {}", markers.at(with.snapshots)));
        next = "see what it ended with: mpulab show RUN";
    } else {
        result = passed(kName, with.snapshots,
                        fmt::format("{} taken and put back; the event log is that of the run without", with.snapshots));
    }
    result.name = kName;
    const bool differs = with.sha256 != without.sha256;
    if (result.status == CheckStatus::Error && (differs || judgement.verdict == Verdict::Passed)) {
        judgement.verdict = Verdict::Error;
        judgement.reason = fmt::format("{}: {}", kName, result.message);
        judgement.next = next;
    }
    judgement.checks.push_back(std::move(result));
}

} // namespace mpulab
