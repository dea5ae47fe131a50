# SPDX-License-Identifier: MIT
"""What the tests with faulty.sys share: booting one fault, and its symbols as GNU nm reads them, or as lld-link wrote
them into its map."""
import re
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import guest_machine  # noqa: E402

(SCORE_DONE, SCORE_REFUSED, STEP_FAILED, DRIVER_REFUSED, MISSING_IMPORT, BAD_IMAGE, BUGCHECK, GUEST_UNFIT) = range(8)
IMAGE_BASE = 0x10000  # that the drivers are linked for


def image(fault):
    return guest_machine.test_driver("ntoskrnl/faulty", f"faulty-{fault}")


def boot(fault, score=None, **more):
    if score is None:
        score = guest_machine.Score()
        score.delay_ms(20)
    return guest_machine.boot(score, image(fault), **more)


class Symbols:
    """Functions of an image, by offset."""

    def __init__(self, path):
        if guest_machine.ABI == "msvc":
            self.functions = sorted(self.of_map(path.with_suffix(".map").read_text()))
            return
        nm = shutil.which("x86_64-w64-mingw32-nm")
        lines = subprocess.run([nm, "-C", "--defined-only", path], check=True, capture_output=True, text=True).stdout
        fields = [line.split(None, 2) for line in lines.splitlines()]
        self.functions = sorted((int(address, 16) - IMAGE_BASE, name) for address, kind, name in fields
                                if kind in "tT" and not name.startswith((".", "PAGE")))  # no sections

    @staticmethod
    def of_map(text):
        """Section:offset, decorated name, address, object: of each symbol."""
        for name, address in re.findall(r"^ [0-9a-f]{4}:[0-9a-f]{8} +(\S+) +([0-9a-f]{16})\b", text, re.MULTILINE):
            plain = re.match(r"\?(\w+)@", name)  # ?inner@?A0x...@@YAJXZ
            yield int(address, 16) - IMAGE_BASE, plain.group(1) if plain else name

    def name(self, offset):
        """Of the function an offset lies in, without its namespace and arguments."""
        found = [name for start, name in self.functions if start <= offset]
        return found[-1].replace("(anonymous namespace)::", "").split("(")[0] if found else None


class Faulty(unittest.TestCase):
    def stack_of(self, run, fault):
        """Names of the driver's functions in the report, innermost first, as far as the interrupt they run in."""
        symbols = Symbols(image(fault))
        module = image(fault).name
        names = []
        for index, ((name, offset), frame) in enumerate(zip(run.stack(), run.of("FRAME"))):
            if frame.c and names:
                break  # what came in here were the functions named so far
            if name == module:
                # A return address lies behind its call, maybe behind its function's end; where execution stopped, or
                # an interrupt came in, is exact.
                names.append(symbols.name(offset if index == 0 or frame.c else offset - 1))
        return names
