// SPDX-License-Identifier: MIT
// states: the KSSTATEs that the driver's stream was set to, in order. Calls that the driver refused are left out: a
// step that may fail says so itself.
#include "checks/named_checks.hpp"
#include "scenario/ks_states.hpp"

#include "events/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace mpulab {
namespace {

struct Change {
    std::string state;
    uint64_t record;
};

/// What SetState of one stream was asked and did.
std::vector<Change> changes_of(std::span<const mpulab_record> records, uint64_t stream) {
    std::vector<const mpulab_record*> open;
    std::vector<Change> changes;
    for (const mpulab_record& record : records) {
        if (record.a != MPULAB_CALLBACK_SetState) continue;
        if (record.kind == MPULAB_KIND_CALL_ENTER) open.push_back(&record);
        if (record.kind != MPULAB_KIND_CALL_LEAVE) continue;
        const auto entered = std::ranges::find(open.rbegin(), open.rend(), record.corr, &mpulab_record::corr);
        if (entered == open.rend()) continue; // from before the marker
        const mpulab_record& enter = **entered;
        if (enter.c == stream && !step_failed(record.b)) {
            const std::string state = enter.b < kKsStates.size() ? kKsStates[enter.b] : fmt::format("{}", enter.b);
            changes.push_back({state, enter.seq});
        }
        open.erase(std::next(entered).base());
    }
    return changes;
}

} // namespace

CheckResult check_states(const RunView& view, const nlohmann::json& check) {
    const std::string name = name_of_check(check);
    const uint64_t stream = check.value("stream", uint64_t{1});
    const std::vector<std::string> wanted = check.at("states");
    const std::vector<Change> seen = changes_of(between_markers(view.log, check), stream);
    if (seen.empty()) return nothing_seen(name, fmt::format("stream {} was set to no state", stream));
    size_t same = 0;
    while (same < std::min(wanted.size(), seen.size()) && wanted[same] == seen[same].state)
        ++same;
    if (same == wanted.size() && same == seen.size())
        return passed(name, seen.size(), fmt::format("stream {}: {}", stream, fmt::join(wanted, ", ")));
    return failed(view.log, name, seen.size(),
                  fmt::format("state {} of stream {} differs ({} were set, {} were expected)", same + 1, stream,
                              seen.size(), wanted.size()),
                  same < wanted.size() ? wanted[same] : "no more states",
                  same < seen.size() ? seen[same].state : "no more states",
                  seen[std::min(same, seen.size() - 1)].record);
}

} // namespace mpulab
