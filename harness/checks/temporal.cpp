// SPDX-License-Identifier: MIT
// never, count, follows: what records come, how many, and in which order.
//   never B                    in the whole log, between two markers, or between each A and the C that follows it
//   follows B, each A, within  after each A comes a B so soon
#include "checks/named_checks.hpp"
#include "checks/record_match.hpp"
#include "scenario/values.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace mpulab {
namespace {

using Json = nlohmann::json;

/// never B between A and C: each stretch begins with an A and ends with the next C, or with what is looked at.
CheckResult never_between(const EventLog& log, const Json& check) {
    const RecordMatch unwanted(check, "never");
    const RecordMatch opens(check, "between", "between-");
    const RecordMatch closes(check, "and", "and-");
    uint64_t stretches = 0;
    uint64_t looked_at = 0;
    uint64_t seen = 0;
    std::optional<uint64_t> first;
    bool inside = false;
    for (const mpulab_record& record : between_markers(log, check)) {
        // A record may be an end and a beginning at once: of two equal kinds each is both.
        if (inside && closes(record)) {
            inside = false;
        } else if (inside) {
            ++looked_at;
            if (unwanted(record) && ++seen == 1) first = record.seq;
        }
        if (!inside && opens(record)) {
            inside = true;
            ++stretches;
        }
    }
    const std::string name = name_of_check(check);
    const std::string where = fmt::format("between {} and {}", opens.text(), closes.text());
    if (stretches == 0) return nothing_seen(name, "there is no " + opens.text());
    if (looked_at == 0) return nothing_seen(name, "no record lies " + where);
    const std::string text = fmt::format("{} of {} in {} stretches {}", seen, unwanted.text(), stretches, where);
    if (seen == 0) return passed(name, looked_at, text);
    return failed(log, name, looked_at, text, "none", fmt::format("{}", seen), first);
}

} // namespace

CheckResult check_count(const EventLog& log, const Json& check) {
    if (check.contains("between")) return never_between(log, check);
    const bool never = check.at("verb") == "never";
    const RecordMatch match(check, check.at("verb").get<std::string>());
    const auto records = between_markers(log, check);
    uint64_t seen = 0;
    std::optional<uint64_t> first;
    for (const mpulab_record& record : records) {
        if (match(record) && ++seen == 1) first = record.seq;
    }
    const std::string name = name_of_check(check);
    if (records.empty()) return nothing_seen(name, "no record lies between the markers");
    const bool bounded = check.contains("exactly") || check.contains("at-least") || check.contains("at-most");
    const uint64_t least =
        never ? 0 : check.value("exactly", check.value("at-least", bounded ? uint64_t{0} : uint64_t{1}));
    const uint64_t most = never ? 0 : check.value("exactly", check.value("at-most", UINT64_MAX));
    const std::string text = fmt::format("{} of {}", seen, match.text());
    if (seen >= least && seen <= most) return passed(name, records.size(), text);
    const std::string wanted = most == UINT64_MAX ? fmt::format("at least {}", least)
                               : least == most    ? fmt::format("{}", least)
                                                  : fmt::format("{} to {}", least, most);
    return failed(log, name, records.size(), text, wanted, fmt::format("{}", seen), first);
}

CheckResult check_follows(const EventLog& log, const Json& check) {
    const RecordMatch later(check, "follows");
    const RecordMatch earlier(check, "each", "each-");
    const std::string name = name_of_check(check);
    const uint64_t within = check.at("within").get<uint64_t>();
    const auto records = between_markers(log, check);
    uint64_t looked_at = 0;
    uint64_t worst = 0;
    for (size_t i = 0; i < records.size(); ++i) {
        if (!earlier(records[i])) continue;
        ++looked_at;
        size_t k = i + 1;
        while (k < records.size() && records[k].time_ns - records[i].time_ns <= within && !later(records[k]))
            ++k;
        if (k == records.size() || !later(records[k]) || records[k].time_ns - records[i].time_ns > within) {
            return failed(log, name, looked_at, fmt::format("{} was not followed", earlier.text()),
                          fmt::format("{} within {}", later.text(), time_text(static_cast<int64_t>(within))), "none",
                          records[i].seq);
        }
        worst = std::max(worst, records[k].time_ns - records[i].time_ns);
    }
    if (looked_at == 0) return nothing_seen(name, "there is no " + earlier.text());
    return passed(name, looked_at,
                  fmt::format("{} after each of {} {}, the last of them after {}", later.text(), looked_at,
                              earlier.text(), time_text(static_cast<int64_t>(worst))));
}

} // namespace mpulab
