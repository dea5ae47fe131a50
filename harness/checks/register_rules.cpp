// SPDX-License-Identifier: MIT
// registers: rules about the card's registers (register_rules.def). The never- rules go by what the card says of itself
// (GUEST_ERROR), the ask- rules by what the driver could know: the STATUS values it has read.
#include "checks/named_checks.hpp"
#include "core/include/mpu401/register_map.h"
#include "events/names.hpp"
#include "link/mpulab_codes.h"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

enum Rule {
#define MPULAB_REGISTER_RULE(NAME, name, text) NAME,
#include "checks/register_rules.def"
#undef MPULAB_REGISTER_RULE
};

struct RegisterRuleInfo {
    Rule rule;
    std::string_view name, text;
};
constexpr RegisterRuleInfo kRegisterRules[] = {
#define MPULAB_REGISTER_RULE(NAME, name, text) {NAME, name, text},
#include "checks/register_rules.def"
#undef MPULAB_REGISTER_RULE
};

bool is_read(const mpulab_record& record) {
    return record.kind == MPULAB_KIND_REG_READ;
}
bool is_write(const mpulab_record& record) {
    return record.kind == MPULAB_KIND_REG_WRITE;
}

/// Whether the rule is about an access like this one.
bool concerns(Rule rule, const mpulab_record& record) {
    switch (rule) {
    case NEVER_READ_EMPTY:
    case ASK_BEFORE_READ:
        return is_read(record) && record.a == mpu401::kDataPort;
    case NEVER_WRITE_BUSY:
    case ASK_BEFORE_WRITE:
        return is_write(record);
    case NEVER_UNPOWERED:
        return is_read(record) || is_write(record);
    }
    return false;
}

bool card_complains(Rule rule, const mpulab_record& record) {
    if (record.kind != MPULAB_KIND_GUEST_ERROR) return false;
    switch (rule) {
    case NEVER_READ_EMPTY:
        return record.a == MPULAB_GUEST_READ_EMPTY;
    case NEVER_WRITE_BUSY:
        return record.a == MPULAB_GUEST_WRITE_NOT_READY;
    case NEVER_UNPOWERED:
        return record.a == MPULAB_GUEST_READ_UNPOWERED || record.a == MPULAB_GUEST_WRITE_UNPOWERED;
    case ASK_BEFORE_READ:
    case ASK_BEFORE_WRITE:
        break;
    }
    return false;
}

/// What a driver knows of a card from the STATUS values it has read.
struct Known {
    bool byte_waits = false;
    bool may_write = false;

    /// Whether the access was one that the driver knew it could make.
    bool allows(Rule rule) const { return rule == ASK_BEFORE_READ ? byte_waits : may_write; }

    void after(const mpulab_record& record) {
        if (is_read(record) && record.a == mpu401::kStatusPort) {
            byte_waits = (record.b & mpu401::kStatusDsr) == 0; // both flags are active low
            may_write = (record.b & mpu401::kStatusDrr) == 0;
        } else if (is_read(record)) {
            byte_waits = false;
        } else if (is_write(record)) {
            may_write = false;
        }
    }
};

} // namespace

CheckResult check_registers(const RunView& view, const nlohmann::json& check) {
    const std::string name = name_of_check(check);
    const std::string word = check.at("registers");
    const RegisterRuleInfo& info = *std::find_if(std::begin(kRegisterRules), std::end(kRegisterRules),
                                                 [&](const RegisterRuleInfo& one) { return one.name == word; });
    const bool asks = info.rule == ASK_BEFORE_READ || info.rule == ASK_BEFORE_WRITE;
    const auto looked = between_markers(view.log, check);
    const uint64_t begin = looked.empty() ? 0 : looked.front().seq;
    const uint64_t end = looked.empty() ? 0 : looked.back().seq + 1;
    uint64_t accesses = 0;
    uint64_t broken = 0;
    std::optional<uint64_t> first;
    Known known;
    for (const mpulab_record& record : view.log.records()) {
        if (record.unit != view.unit) continue;
        const bool counts = record.seq >= begin && record.seq < end;
        if (counts && concerns(info.rule, record)) ++accesses;
        const bool breaks =
            asks ? concerns(info.rule, record) && !known.allows(info.rule) : card_complains(info.rule, record);
        if (counts && breaks && ++broken == 1) first = record.seq;
        known.after(record);
    }
    if (accesses == 0) return nothing_seen(name, "no access that the rule is about");
    if (broken != 0) {
        return failed(view.log, name, accesses, fmt::format("{} of {} accesses break the rule", broken, accesses),
                      std::string(info.text), fmt::format("{} that did not keep it", broken), first);
    }
    return passed(name, accesses, fmt::format("{} accesses: {}", accesses, info.text));
}

} // namespace mpulab
