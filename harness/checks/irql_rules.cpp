// SPDX-License-Identifier: MIT
#include "checks/irql_rules.hpp"

#include "events/names.hpp"

#include <fmt/format.h>

namespace mpulab {
namespace {

constexpr uint32_t kIrqlDirection = 4;
constexpr uint64_t kDispatchLevel = 2;

} // namespace

void IrqlRules::written(const mpulab_record& record) {
    desk_.judged(kIrqlDirection);
    if (record.a < kDispatchLevel && record.b >= kDispatchLevel) below_dispatch_[record.cpu] = record;
    const auto calls = calls_.find(record.cpu);
    if (calls == calls_.end() || calls->second.empty()) return;
    const OpenCall& call = calls->second.back();
    if (record.a >= call.irql) return;
    desk_.tell(kIrqlDirection, record,
               fmt::format("IRQL is lowered to {}{}, within {}, which was called at {}", record.a, desk_.at(record),
                           callback_name(call.callback), call.irql),
               fmt::format("IRQL {}", record.a), fmt::format("{} or more until it returns", call.irql));
}

void IrqlRules::lock_held(const mpulab_record& record) {
    const auto last = below_dispatch_.find(record.cpu);
    if (last == below_dispatch_.end() || last->second.time_ns < record.b) return;
    desk_.tell(kIrqlDirection, last->second,
               fmt::format("IRQL is lowered to {}{}, while the spin lock taken at {} is held", last->second.a,
                           desk_.at(last->second), desk_.view().log.symbol(record.a)),
               fmt::format("IRQL {}", last->second.a), "DISPATCH_LEVEL (2) or more until it is released");
    below_dispatch_.erase(last);
}

} // namespace mpulab
