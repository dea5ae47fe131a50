// SPDX-License-Identifier: MIT
// The event log is whole: version, sequence without a gap, time that never runs back, RUN_STARTED with this run's seed
// first, RUN_ENDED last. What is broken here is the bench, not the driver.
#include "checks/check.hpp"

#include <fmt/format.h>

namespace mpulab {

CheckResult check_integrity(const RunView& view) {
    const auto records = view.log.records();
    CheckResult result = passed("integrity", records.size(), fmt::format("{} records without a gap", records.size()));
    const auto unsound = [&result](std::string message) {
        result.status = CheckStatus::Error;
        result.message = std::move(message);
        return result;
    };
    if (!view.log.problem().empty()) return unsound(view.log.problem());
    if (records.empty() || records.front().kind != MPULAB_KIND_RUN_STARTED) {
        return unsound("the first record is not RUN_STARTED");
    }
    if (records.front().a != view.seed) {
        return unsound(fmt::format("the machine ran with seed {}, asked for was {}", records.front().a, view.seed));
    }
    return result;
}

} // namespace mpulab
