# SPDX-License-Identifier: MIT
"""Mutants of the bundled driver (mutants.toml): built from its own compile commands, only what includes the changed file and the
link, and played by mpulab."""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MPULAB_BUILD") or ROOT / "build")
OBJECTS = BUILD / "driver/x86_64"
SCENARIO = "tests/mutants/both-ways.yaml"


def load():
    """[mutant] of mutants.toml."""
    return tomllib.loads((pathlib.Path(__file__).parent / "mutants.toml").read_text())["mutant"]


def path_of(mutant, tree=ROOT / "driver"):
    """The file that a mutant changes."""
    found = list(tree.glob(f"*/{mutant['file']}"))
    assert len(found) == 1, f"{mutant['name']}: {len(found)} files are called {mutant['file']}"
    return found[0]


class Compiler:
    """The driver's build, as ninja would do it: {object: (source, command)}, and the command that links."""

    def __init__(self):
        self.linked = next(OBJECTS.glob("*.unstripped.sys")).name
        commands = subprocess.run(["ninja", "-C", OBJECTS, "-t", "commands", self.linked], check=True, text=True,
                                  capture_output=True).stdout.splitlines()
        self.compiles, self.link = {}, commands[-1]
        for command in commands:
            words = shlex.split(command) if " -c " in command else []
            if words and "-o" in words:
                self.compiles[words[words.index("-o") + 1]] = (words[-1], words)

    def users_of(self, path):
        """Objects whose source includes the file, or is it: by the dependencies that ninja has kept."""
        users, object_ = [], None
        deps = subprocess.run(["ninja", "-C", OBJECTS, "-t", "deps"], check=True, text=True, capture_output=True).stdout
        for line in deps.splitlines():
            if line and not line.startswith(" "):
                object_ = line.split(":")[0]
            elif line.strip() and os.path.realpath(OBJECTS / line.strip()) == os.path.realpath(path):
                users.append(object_)
        return [object_ for object_ in self.compiles if object_ in users]

    def build(self, mutant, folder):
        """The mutant's image below `folder`."""
        source = folder / "driver"
        shutil.copytree(ROOT / "driver", source)
        changed = path_of(mutant, source)
        text = changed.read_text()
        if text.count(mutant["from"]) != 1:
            raise AssertionError(f"{mutant['name']}: {mutant['file']} has {text.count(mutant['from'])} times: {mutant['from']}")
        changed.write_text(text.replace(mutant["from"], mutant["to"]))
        work = folder / "objects"
        shutil.copytree(OBJECTS, work, ignore=shutil.ignore_patterns("CMakeCache.txt", "*.sys", "*.debug", ".ninja*"))
        for object_ in self.users_of(path_of(mutant)):
            words = [word.replace(str(ROOT / "driver"), str(source)) for word in self.compiles[object_][1]]
            self.run([*words, "-w", "-Wno-error"], work, mutant)
        self.run(["sh", "-c", self.link.replace(str(OBJECTS), str(work)).replace(str(ROOT / "driver"), str(source))], work, mutant)
        return work / image_name()

    @staticmethod
    def run(words, folder, mutant):
        done = subprocess.run(words, cwd=folder, text=True, capture_output=True)
        if done.returncode != 0:
            raise AssertionError(f"{mutant['name']}: {shlex.join(map(str, words))[:200]}\n{done.stderr}")


def image_name():
    """Of the driver as it ships."""
    return next(OBJECTS.glob("*.unstripped.sys")).name.replace(".unstripped", "")


def play(image, scenario, verifier, out):
    """The result documents of a scenario's runs: one for each combination of its parameters."""
    done = subprocess.run([BUILD / "harness/mpulab", "run", ROOT / scenario, "--driver", image, "--cold", "--json", "--verifier",
                           verifier, "--out", out], text=True, capture_output=True)
    results = [json.loads(path.read_text()) for path in sorted(out.glob("*/result.json"))]
    if not results:
        raise AssertionError(f"mpulab left no result: {done.stderr}")
    return results


def told_by(result):
    """Rules that fired, then checks that failed, in a run."""
    fired = [rule["rule"] for rule in result["verifier"]["rules"] if rule["state"] == "fired"]
    return fired + [re.sub(r":\d+$", "", check["name"]) for check in result["checks"] if check["status"] == "failed"
                    and check["name"] != "findings"]


def killers(results):
    """Rules that fired and checks that failed, of runs; what ended one, when that was neither."""
    found = []
    for result in results:
        told = told_by(result)
        if not told and result["verdict"] != "passed":
            told = [result["verdict"]]
        found += [name for name in told if name not in found]
    return found


def try_out(mutant, compiler, folder):
    """(what kills it, what kills it with its killer switched off; None when that cannot be)."""
    try:
        image = compiler.build(mutant, folder)
    except AssertionError as error:
        return [f"not built: {error}"], None
    scenario = mutant.get("play", SCENARIO)
    dead = killers(play(image, scenario, "all", folder / "on"))
    off = None
    if is_rule(mutant) and can_be_off(mutant["killed_by"]):
        off = killers(play(image, scenario, f"all,-{mutant['killed_by']}", folder / "off"))
    return dead, off


def is_rule(mutant):
    """Else it is a check of the scenario."""
    return re.fullmatch(r"V\d\d", mutant["killed_by"]) is not None


def can_be_off(rule):
    return rules()[rule] not in ("guest, stops", "driven", "not covered")


def rules():
    """{rule: who judges it}"""
    if not rules.known:
        printed = subprocess.run([BUILD / "harness/mpulab", "rules", "--json"], check=True, text=True, capture_output=True)
        rules.known = {rule["rule"]: rule["judged_by"] for rule in json.loads(printed.stdout)}
    return rules.known


rules.known = {}


def try_all(mutants, folder):
    """[(mutant, killers, killers without its own)], in their order; two at a time."""
    compiler = Compiler()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = []
        for number, mutant in enumerate(mutants):
            place = folder / f"{number}"
            place.mkdir()
            jobs.append(pool.submit(try_out, mutant, compiler, place))
        return [(mutant, *job.result()) for mutant, job in zip(mutants, jobs)]


def matrix(tried):
    """The page kill-matrix.md."""
    lines = ["# Mutants, and what kills them", "",
             "Written by `tests/mutants/mutants_test.py --matrix` from `mutants.toml`; do not edit.", "",
             f"{len(tried)} one-line changes of the driver. *Killed by*: the check that was named beforehand. *Without it*: what is left to",
             "kill the mutant when that check is switched off; a rule that ends the run cannot be.", "",
             "| mutant | file | killed by | and by | without it |", "|---|---|---|---|---|"]
    for mutant, dead, off in tried:
        also = ", ".join(name for name in dead if name != mutant["killed_by"])
        without = ", ".join(off) or "survives" if off is not None else "cannot be off" if is_rule(mutant) else "is no rule"
        lines.append(f"| {mutant['name']} | {mutant['file']} | {mutant['killed_by']} | {also} | {without} |")
    return "\n".join(lines) + "\n"
