// SPDX-License-Identifier: MIT
#include "cli/show.hpp"

#include "cli/run_folder.hpp"
#include "common/json_text.hpp"
#include "events/event_log.hpp"
#include "events/format.hpp"
#include "events/json.hpp"
#include "events/names.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <set>

namespace mpulab {

ExitCode show(const ShowOptions& options) {
    std::set<uint16_t> kinds;
    for (const std::string& name : options.kinds) {
        const uint16_t kind = kind_by_name(name);
        if (kind == 0) {
            throw Error(fmt::format("there is no record kind '{}'", name),
                        "device-model/link/mpulab_link_kinds.def lists them", ExitCode::Usage);
        }
        kinds.insert(kind);
    }
    const EventLog log = EventLog::open(find_event_log(options.out, options.what));
    uint64_t shown = 0;
    for (const mpulab_record& record : log.records()) {
        if (record.seq < options.from || (!kinds.empty() && !kinds.contains(record.kind))) continue;
        if (shown++ == options.count) break;
        const std::string line =
            (options.json ? json_text(record_json(log, record), -1) : format_record(log, record)) + "\n";
        if (std::fwrite(line.data(), 1, line.size(), stdout) != line.size()) {
            throw Error("cannot write to stdout", "is its reader gone?");
        }
    }
    if (!log.problem().empty()) throw Error(log.problem(), "the log stops there; run again for a whole one");
    return ExitCode::Passed;
}

} // namespace mpulab
