#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whatever nanont says it has complete is called by a driver in some test: each function of the exports.inc lists that is
Complete is imported by a test driver or by the bundled driver, as built. uncalled_exports.txt names those that are not,
with the reason; it may only shrink."""
import os
import pathlib
import re
import unittest

from imports_test import imports

NANONT = pathlib.Path(__file__).resolve().parents[3] / "guest-images/nanont"
DRIVERS = pathlib.Path(os.environ["MPULAB_TEST_DRIVERS"])
OWN = pathlib.Path(os.environ["MPULAB_OWN_DRIVER"])
UNCALLED = pathlib.Path(__file__).with_name("uncalled_exports.txt")
IMPORTS_ALL = "limits.sys"  # calls each above its IRQL limit, so it gets to none


def complete():
    """Functions marked Complete, but for nanont's own (Nanont*, Hal*)."""
    found = set()
    for module in ("ntoskrnl", "hal", "ks", "portcls"):
        text = (NANONT / module / "exports.inc").read_text()
        found |= set(re.findall(r"^NANONT_EXPORT\((\w+), Complete,", text, re.M))
    return {name for name in found if not name.startswith(("Nanont", "Hal"))}


class Called(unittest.TestCase):
    def test_each_complete_export_is_called_by_a_driver_or_listed_with_the_reason(self):
        images = [path for path in sorted(DRIVERS.rglob("*.sys")) if path.name != IMPORTS_ALL] + [OWN]
        self.assertGreater(len(images), 20, DRIVERS)
        called = {name for image in images for _, name in imports(image)}
        listed = {line.split(":")[0] for line in UNCALLED.read_text().splitlines() if line and not line.startswith("#")}
        uncalled = complete() - called
        self.assertEqual(sorted(uncalled - listed), [], "marked Complete in exports.inc, and no test driver calls them")
        self.assertEqual(sorted(listed - uncalled), [], "listed in uncalled_exports.txt, and called, or not Complete")


if __name__ == "__main__":
    unittest.main()
