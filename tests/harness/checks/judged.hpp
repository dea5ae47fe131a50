// SPDX-License-Identifier: MIT
// A check as a scenario writes it, over a run in which all is well, or one that was bent.
#pragma once

#include "checks/scenario_checks.hpp"
#include "harness/checks/good_run.hpp"

#include "support/catch.hpp"

namespace mpulab::test {

struct Judged {
    GoodRun good;
    ScenarioRun run;

    Judged() { run.written[0] = run.injected[0] = good.song.wire; }

    /// The log goes on where it ended, and ends again.
    template <typename More> void before_the_end(const More& more) {
        good.log.drop_all(MPULAB_KIND_RUN_ENDED);
        more(good.log);
        good.log.ended();
    }

    std::vector<CheckResult> all(const std::string& checks) const {
        std::vector<Complaint> complaints;
        auto scenarios =
            parse_scenarios("scenario: x\nseed: 42\nsteps:\n  - marker: 1\n  - marker: 2\nchecks:\n" + checks, "a.yaml",
                            {}, complaints);
        for (const Complaint& complaint : complaints)
            FAIL(complaint.text());
        const EventLog log = good.log.log();
        return run_scenario_checks(scenario_view(log, scenarios.at(0), run), scenarios.at(0), run);
    }
    CheckResult one(const std::string& check) const { return all(check).back(); }
};

inline CheckStatus status_of(const std::string& check) {
    return Judged().one(check).status;
}

} // namespace mpulab::test
