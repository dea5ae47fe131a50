# SPDX-License-Identifier: MIT
"""Builds images of the changed driver fast: a copy of its source and objects for each worker, the kit's headers precompiled,
no debug information. What it makes of the unchanged source is, byte for byte, the driver that ships: Workshop checks that."""
import contextlib
import hashlib
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

import host_tests
import mutants

HEADERS = "support/wdk.hpp"
OWN_ORDER = "guids.cpp"  # includes something before them
NO_DEBUG = ("-g",)
TAKEN_AWAY = ("-MD", "-Werror")


class DoesNotBuild(Exception):
    """The compiler or the linker refuses the change."""


class Workshop:
    """One worker's copy. Not for two threads at once."""

    def __init__(self, folder, compiler):
        self.source, self.objects = folder / "driver", folder / "objects"
        shutil.copytree(mutants.ROOT / "driver", self.source)
        shutil.copytree(mutants.OBJECTS, self.objects, ignore=shutil.ignore_patterns("*.sys", "*.debug", ".ninja*"))
        self.compiler = compiler
        self.tests = host_tests.HostTests(folder / "tests", self.source)
        self.link, self.finish = self._commands_of_link(compiler.link)
        self.users = {}
        self.compiles = {object_: self._command(words) for object_, (_, words) in compiler.compiles.items()}
        header = self.source / HEADERS
        words = next(words for words in self.compiles.values() if "-std=gnu++20" in words)
        options = [word for word in words[:words.index("-o")] if word != "-include" and not word.endswith(HEADERS)]
        self._run([*options, "-x", "c++-header", header, "-o", f"{header}.gch"])
        for object_ in self.compiles:
            self._run(self.compiles[object_])
        self._run(self.link)
        self.untouched = self.objects.parent / "untouched"
        shutil.copytree(self.objects, self.untouched)
        self.original = self._finished(self.objects / "original.sys")
        shipped = (mutants.OBJECTS / mutants.image_name()).read_bytes()
        if (self.objects / "original.sys").read_bytes() != shipped:
            raise AssertionError(f"the workshop makes another image of the unchanged source than {mutants.OBJECTS}; "
                                 "next: scripts/build, or see what of its commands build_mutants.py misses")

    def _command(self, words):
        kept, skip = [], False
        for word in words:
            if skip or word in ("-MT", "-MF"):
                skip = not skip
            elif word not in TAKEN_AWAY + NO_DEBUG:
                kept.append(word.replace(str(mutants.ROOT / "driver"), str(self.source)))
        place = kept.index("-o")
        if words[-1].endswith(OWN_ORDER):
            return kept
        return [*kept[:place], "-w", "-include", str(self.source / HEADERS), *kept[place:]]

    def _commands_of_link(self, line):
        """(words that link, words that finish the image but for its two names)."""
        parts = [part.strip() for part in line.split("&&")]
        link = next(shlex.split(part) for part in parts if " -o " in part)
        fix = next(shlex.split(part) for part in parts if part.split()[1:2] and "fixsys.py" in part)
        return link, [sys.executable, fix[1].replace(str(mutants.ROOT / "driver"), str(self.source))]

    def _run(self, words):
        done = subprocess.run(list(map(str, words)), cwd=self.objects, text=True, capture_output=True)
        if done.returncode != 0:
            raise DoesNotBuild(re.sub(r"\s+", " ", done.stderr)[:300])

    def _finished(self, image):
        """Strips and fixes what was linked; the image's hash."""
        linked = self.link[self.link.index("-o") + 1]
        stripped = image.with_suffix(".stripped")
        self._run([re.sub(r"g\+\+$", "objcopy", self.link[0]), "--strip-all", linked, stripped])
        self._run([*self.finish, stripped, image])
        return hashlib.sha256(image.read_bytes()).hexdigest()

    @contextlib.contextmanager
    def _changed(self, mutant):
        changed = self.source / mutant.path.relative_to(mutants.ROOT / "driver")
        text = changed.read_text()
        try:
            changed.write_text(mutant.applied(text))
            yield
        finally:
            changed.write_text(text)

    def build(self, mutant, image):
        """Makes the mutant's image and returns its hash; DoesNotBuild when the compiler refuses it."""
        if mutant.path not in self.users:
            self.users[mutant.path] = self.compiler.users_of(mutant.path)
        try:
            with self._changed(mutant):
                for object_ in self.users[mutant.path]:
                    self._run(self.compiles[object_])
                self._run(self.link)
                return self._finished(image)
        finally:
            for object_ in self.users[mutant.path]:
                shutil.copy2(self.untouched / object_, self.objects / object_)

    def failing_unit(self, mutant):
        """The first of the driver's unit tests that fails with the mutant; None: none does."""
        with self._changed(mutant):
            return self.tests.red(mutant.path)
