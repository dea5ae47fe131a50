#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ks.sys, portcls.sys and agent.sys could load on another NT-compatible kernel: they import documented exports only.
documented_imports.txt lists them, each with the public header that declares it; the images that were built are held
against the list, and the list against the headers (mingw-w64's, which have what Microsoft publishes)."""
import os
import pathlib
import re
import subprocess
import unittest

IMAGES = pathlib.Path(os.environ["NANONT_DIR"])
LIST = pathlib.Path(__file__).with_name("documented_imports.txt")
HEADERS = next(path for path in map(pathlib.Path, ("/usr/share/mingw-w64/include/ddk", "/usr/x86_64-w64-mingw32/include/ddk"))
               if path.exists())


def listed():
    """[(image, module, name, header)]"""
    lines = (line.split("#")[0].split() for line in LIST.read_text().splitlines())
    return [tuple(words) for words in lines if words]


def imports(image):
    """[(module, name)] of a built image, as binutils reads it."""
    text = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", IMAGES / image], check=True, capture_output=True, text=True).stdout
    found, module = [], None
    for line in text.splitlines():
        if named := re.match(r"\s*DLL Name: (\S+)", line):
            module = named.group(1).lower()
        elif line.startswith("The Export"):
            module = None
        elif module and (entry := re.match(r"\t[0-9a-f]+\s+\d+\s+(\w+)\s*$", line)):
            found.append((module, entry.group(1)))
    return found


class Imports(unittest.TestCase):
    def test_ks_portcls_and_agent_import_what_is_listed_and_nothing_else(self):
        for image in ("ks.sys", "portcls.sys", "agent.sys"):
            with self.subTest(image):
                seen = imports(image)
                self.assertGreater(len(seen), 10)
                self.assertEqual(sorted(seen), sorted((module, name) for owner, module, name, _ in listed() if owner == image))

    def test_each_of_them_is_declared_in_the_public_header_it_is_listed_with(self):
        texts = {}
        for _, _, name, header in listed():
            if header not in texts:
                path = next(p for p in (HEADERS / header, HEADERS.parent / header) if p.exists())
                texts[header] = set(re.findall(r"\w+", path.read_text(errors="replace")))
            self.assertIn(name, texts[header], header)


if __name__ == "__main__":
    unittest.main()
