#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The record of the tool's mutants, and the page that is made of it.

  tool-mutants.tsv   what became of each: name, its change, killed | survived | …, by what, in which scenario
  survivors.toml     why a survivor lives: it is equivalent (with the reason), or a hole (what the bench does not see)
  tool-matrix.md     both, counted

usage: tests/mutants/tool_mutants.py [--all] [TEXT]...     plays those that the record lacks or that have changed, or --all, or
                                                       those with one of these texts in their name; writes record and page
       tests/mutants/tool_mutants.py --page                only writes the page
"""
import collections
import pathlib
import sys
import tempfile
import time
import tomllib

import generate
import tool_runs

HERE = pathlib.Path(__file__).parent
RECORD, SURVIVORS, PAGE = HERE / "tool-mutants.tsv", HERE / "survivors.toml", HERE / "tool-matrix.md"
HEAD = "# SPDX-License-Identifier: MIT; written by tool_mutants.py, do not edit\n"
COLUMNS = "name\tchange\toutcome\tby\tscenario\n"
NO_MUTANT = ("not built", "same image", "same as", "not played")  # nothing to kill, counted under another name, or not known
# The aim is 0.85 and 0.05, which is reached; it cannot become less unseen.
LEAST_KILLED, MOST_EQUIVALENT, LEAST_MUTANTS = 0.85, 0.049, 300


def load_record():
    """{name: (change, Fate)}"""
    if not RECORD.is_file():
        return {}
    rows = [line.split("\t") for line in RECORD.read_text().splitlines()[len((HEAD + COLUMNS).splitlines()):]]
    return {name: (change, tool_runs.Fate(outcome, by.strip("-"), scenario.strip("-")))
            for name, change, outcome, by, scenario in rows}


def save_record(record):
    """In the generator's order."""
    rows = ("\t".join((name, change, fate.outcome, fate.by or "-", fate.scenario or "-")) + "\n"
            for name, (change, fate) in record.items())
    RECORD.write_text(HEAD + COLUMNS + "".join(rows))


def load_survivors():
    """{name: (kind, reason)}; an entry may name several mutants with one reason."""
    table = tomllib.loads(SURVIVORS.read_text())
    return {name: (kind, entry["reason"]) for kind in ("equivalent", "hole") for entry in table.get(kind, [])
            for name in entry["mutants"]}


def outdated(mutants, record):
    """Those whose fate is not known."""
    return [mutant for mutant in mutants if record.get(mutant.name, (None,))[0] != mutant.shown()
            or record[mutant.name][1].outcome == "not played"]


class Counts:
    """Of some of the record's rows. `killed_rate` is of those that are mutants and not equivalent."""

    def __init__(self, rows, survivors):
        outcomes = collections.Counter(fate.outcome for _, fate in rows.values())
        self.made = len(rows)
        self.dropped = sum(outcomes[outcome] for outcome in NO_MUTANT)
        self.mutants = self.made - self.dropped
        self.killed, self.survived = outcomes["killed"], outcomes["survived"]
        self.equivalent = sum(fate.outcome == "survived" and survivors.get(name, ("",))[0] == "equivalent"
                              for name, (_, fate) in rows.items())
        self.holes = self.survived - self.equivalent
        self.rate = self.killed / max(1, self.mutants - self.equivalent)

    def row(self, name):
        return f"| {name} | {self.mutants} | {self.killed} | {self.equivalent} | {self.holes} | {100 * self.rate:.0f} % |"


def page(record, survivors):
    """tool-matrix.md"""
    counts = Counts(record, survivors)
    outcomes = collections.Counter(fate.outcome for _, fate in record.values())
    lines = ["# Mutants made by the tool, and what kills them", "",
             "Written by `tests/mutants/tool_mutants.py`; do not edit. [`tool-mutants.tsv`](tool-mutants.tsv) has each mutant with its change and",
             "its killer, `generate.py --list` the present ones.", "",
             f"**{counts.mutants} mutants: {counts.killed} killed, {counts.equivalent} equivalent "
             f"({100 * counts.equivalent / counts.mutants:.1f} %), {counts.holes} holes. Kill rate {100 * counts.rate:.1f} %, equivalents taken "
             "out.**", "",
             f"The operators make {counts.made} changes of the driver's source. {outcomes['not built']} of them do not compile, "
             f"{outcomes['same image']} give the very image of the", f"driver, {outcomes['same as']} that of another mutant: "
             f"none of these is a mutant here; {outcomes['not played']} have not been played yet. A mutant is played through both-ways.yaml, then `suite/`, and",
             "dies of the first run that is red: by a rule of the verifier, a check of the scenario, a crash, or because the driver does not start.",
             "What lives through them all goes through the driver's unit tests, `driver_test`.", ""]
    for title, key in (("operator", lambda name: name.split(" ")[0]), ("file", lambda name: name.split(" ")[1])):
        lines += [f"| {title} | mutants | killed | equivalent | holes | kill rate |", "|---|---|---|---|---|---|"]
        groups = collections.defaultdict(dict)
        for name, row in record.items():
            groups[key(name)][name] = row
        lines += [Counts(rows, survivors).row(group) for group, rows in sorted(groups.items())
                  if Counts(rows, survivors).mutants] + [""]
    killers = collections.Counter(fate.by.split(":")[0] for _, fate in record.values() if fate.outcome == "killed")
    lines += ["| killed by | mutants |", "|---|---|"]
    lines += [f"| {by} | {count} |" for by, count in sorted(killers.items(), key=lambda item: (-item[1], item[0]))]
    for kind, title in (("equivalent", "Equivalent: nobody could tell"), ("hole", "Holes: a user would notice, the bench does not")):
        lines += ["", f"## {title}", "", "| mutant | change | why |", "|---|---|---|"]
        lines += [f"| {name} | {_cell(change)} | {_cell(survivors[name][1])} |" for name, (change, fate) in record.items()
                  if fate.outcome == "survived" and survivors.get(name, ("",))[0] == kind]
    return "\n".join(lines) + "\n"


def _cell(text):
    return text.replace("|", "\\|").strip()


def play(chosen, record):
    """Plays them and puts their fates into the record, which is saved as it grows."""
    began = time.monotonic()

    def told(mutant, fate):
        record[mutant.name] = (mutant.shown(), fate)
        save_record(record)
        print(f"{time.monotonic() - began:6.0f} s  {mutant.name}: {fate.outcome} {fate.by} {fate.scenario}".rstrip(), flush=True)

    with tempfile.TemporaryDirectory(prefix="mpulab-tool-mutants-") as folder:
        tool_runs.run_all(chosen, pathlib.Path(folder), told)
    print(f"{len(chosen)} played in {time.monotonic() - began:.0f} s")


def main(arguments):
    made, record = generate.mutants(), load_record()
    texts = [argument for argument in arguments if not argument.startswith("--")]
    if "--page" not in arguments:
        chosen = made if "--all" in arguments else outdated(made, record)
        if texts:
            chosen = [mutant for mutant in made if any(text in mutant.name for text in texts)]
        play(chosen, record)
    record = {mutant.name: record[mutant.name] for mutant in made if mutant.name in record}
    save_record(record)
    PAGE.write_text(page(record, load_survivors()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
