// SPDX-License-Identifier: MIT
// Prints result documents of runs of every verdict, one a line: "name<TAB>document", for result_schema_test.py.
#include "harness/report/facts.hpp"

#include <cstdio>

using namespace mpulab;
using namespace mpulab::test;

int main() {
    RunFacts bare; // a machine that never started
    bare.id = "song-2";
    bare.song = SongFacts{"song.mid", 0, 1, 1, 0};
    bare.command = {"mpulab"};
    bare.cards.resize(1);
    RunFacts odd_path = some_facts();
    odd_path.song->path = "/music/\xe4.mid"; // Latin-1, as old archives have it
    odd_path.command = {"mpulab", "play", "/music/\xe4.mid"};
    RunFacts scenario = some_facts();
    scenario.song.reset();
    scenario.scenario = ScenarioFacts{"a.yaml", "a[depth=1]", "it holds", {"smoke"}, {{"depth", "1"}}, "slow (#12)"};
    Judgement known = failed_run();
    known.verdict = Verdict::KnownIssue;
    GoodRun silent;
    silent.log.drop_all(MPULAB_KIND_CAPTURED);
    const std::tuple<const char*, RunFacts, Judgement> samples[] = {
        {"passed", some_facts(), passed_run()},
        {"failed", some_facts(), failed_run()},
        {"nothing to look at", some_facts(), silent.check(judge)},
        {"crash", some_facts(), crashed_run()},
        {"bench trouble", bare, bench_trouble(Error("no QEMU", "build it"))},
        {"garbled text", some_facts(), garbled_run()},
        {"garbled finding", some_facts(), garbled_finding()},
        {"odd path", odd_path, passed_run()},
        {"known issue", scenario, known}};
    for (const auto& [name, facts, judgement] : samples) {
        std::string text = result_text(result_document(facts, judgement));
        text.erase(std::remove(text.begin(), text.end(), '\n'), text.end());
        std::printf("%s\t%s\n", name, text.c_str());
    }
    return 0;
}
