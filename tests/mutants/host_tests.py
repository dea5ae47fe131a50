# SPDX-License-Identifier: MIT
"""The driver's unit tests (driver_test: its hardware logic against the card's model, on the host) over changed source: the last
to look at a mutant that every scenario let live."""
import html
import os
import pathlib
import re
import resource
import shlex
import subprocess

import mutants

TARGET, OBJECTS = "tests/driver/driver_test", "tests/driver/CMakeFiles/driver_test.dir/"
LIMIT_S = 120  # the whole of it takes two; a mutant may never end
MEMORY_LIMIT = 4 << 30  # bytes; or write for ever
CASE = re.compile(r'<TestCase name="([^"]*)"')


class HostTests:
    """Builds below `folder` what includes a changed file; all else is the build's own. Not for two threads at once."""

    def __init__(self, folder, source):
        self.folder, self.source = folder, source
        folder.mkdir()
        commands = self._ninja("commands", TARGET)
        self.compiles = {}
        for words in (shlex.split(command) for command in commands if OBJECTS in command and " -c " in command):
            self.compiles[words[words.index("-o") + 1]] = words
        link = next(command for command in commands if f"-o {TARGET} " in command)
        self.link = next(shlex.split(part) for part in link.split("&&") if f"-o {TARGET} " in part)
        self.users = {}
        dependencies, object_ = self._ninja("deps", *self.compiles), None
        for line in dependencies:
            if line and not line.startswith(" "):
                object_ = line.split(":")[0]
            elif line.strip():
                self.users.setdefault(os.path.realpath(mutants.BUILD / line.strip()), []).append(object_)
        told = self._run([mutants.BUILD / TARGET])
        if not self.users or told.returncode != 0:
            raise AssertionError(f"{TARGET} of {mutants.BUILD}: {len(self.users)} files in ninja's dependencies, the test of the "
                                 f"unchanged driver ends with {told.returncode}; next: ninja -C {mutants.BUILD} driver_test\n"
                                 + told.stdout[-1000:])

    @staticmethod
    def _ninja(tool, *targets):
        return subprocess.run(["ninja", "-C", mutants.BUILD, "-t", tool, *targets], check=True, text=True,
                              capture_output=True).stdout.splitlines()

    def red(self, path):
        """The name of the first test that fails with `path`, a file of the driver, changed in the copy. None: all pass, none of
        them includes it, or they do not build with it, which says nothing of what it does."""
        users = self.users.get(os.path.realpath(path), [])
        if not users:
            return None
        test = self.folder / "driver_test"
        own = {object_: str(self.folder / pathlib.Path(object_).name) for object_ in users}
        for object_ in users:
            words = [word.replace(str(mutants.ROOT / "driver"), str(self.source)) for word in self.compiles[object_]]
            words[words.index("-o") + 1] = own[object_]
            words[words.index("-MF") + 1] = own[object_] + ".d"
            if self._run([*words, "-w"]).returncode != 0:
                return None
        words = [own.get(word, word) for word in self.link]
        words[words.index("-o") + 1] = str(test)
        if self._run(words).returncode != 0:
            return None
        try:
            told = self._run([test, "--abort", "--reporter", "xml"], timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return "does not end"
        if told.returncode == 0:
            return None
        names = CASE.findall(told.stdout)
        return html.unescape(names[-1]) if names else f"ends with {told.returncode}"

    @staticmethod
    def _run(words, timeout=None):
        limit = (MEMORY_LIMIT, MEMORY_LIMIT)
        return subprocess.run(list(map(str, words)), cwd=mutants.BUILD, text=True, capture_output=True, timeout=timeout,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, limit))
