// SPDX-License-Identifier: MIT
// callback: how often one of the driver's entry points was called, at which IRQL, and for how long.
#include "checks/bounds.hpp"
#include "events/names.hpp"

#include <fmt/format.h>

namespace mpulab {

CheckResult check_callback(const RunView& view, const nlohmann::json& check) {
    const std::string name = name_of_check(check);
    const std::string word = check.at("callback");
    std::vector<const mpulab_record*> open; // calls that have not returned; threads may leave them in any order
    uint64_t calls = 0;
    Distribution irql;
    Distribution duration;
    std::optional<uint64_t> last, lowest, highest, longest;
    for (const mpulab_record& record : between_markers(view.log, check)) {
        if (record.kind != MPULAB_KIND_CALL_ENTER && record.kind != MPULAB_KIND_CALL_LEAVE) continue;
        if (callback_name(record.a) != word) continue;
        if (record.kind == MPULAB_KIND_CALL_ENTER) {
            ++calls;
            last = record.seq;
            if (irql.count() == 0 || record.irql < irql.min()) lowest = record.seq;
            if (irql.count() == 0 || record.irql > irql.max()) highest = record.seq;
            irql.add(record.irql);
            open.push_back(&record);
            continue;
        }
        const auto entered = std::find_if(open.rbegin(), open.rend(),
                                          [&](const mpulab_record* enter) { return enter->corr == record.corr; });
        if (entered == open.rend()) continue; // from before the marker
        const uint64_t took = record.time_ns - (*entered)->time_ns;
        if (duration.count() == 0 || took > duration.max()) longest = record.seq;
        duration.add(took);
        open.erase(std::next(entered).base());
    }
    if (calls == 0 && check.value("at-most", uint64_t{1}) == 0 && !check.contains("at-least"))
        return passed(name, view.log.records().size(), word + " was not called");
    if (calls == 0) return nothing_seen(name, word + " was not called");
    std::vector<Bound> bounds = {
        {"at-least", "the number of calls", calls, false, false, last},
        {"at-most", "the number of calls", calls, true, false, last},
        {"irql-least", "the lowest IRQL of a call", irql.min(), false, false, lowest},
        {"irql-most", "the highest IRQL of a call", irql.max(), true, false, highest},
    };
    for (Bound& bound : time_bounds("duration", duration, longest)) {
        if (check.contains(bound.key) && duration.count() == 0)
            return nothing_seen(name, "no call of " + word + " has returned");
        bounds.push_back(std::move(bound));
    }
    if (const auto broken = first_broken(view.log, check, calls, bounds)) return *broken;
    return passed(name, calls,
                  fmt::format("{} calls at IRQL {} to {}, duration {}", calls, irql.min(), irql.max(),
                              percentiles_text(duration, " ns")));
}

} // namespace mpulab
