#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/check finds what it says it looks for: a small tree is clean, then one defect of each kind is planted."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLEAN = "// SPDX-License-Identifier: MIT\ninline constexpr int kAnswer = 42;\n"


class Check(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name) / "tree"
        shutil.copytree(ROOT / "scripts", self.tree / "scripts")
        shutil.copy(ROOT / ".clang-format", self.tree)
        subprocess.run(["git", "init", "-q", self.tree], check=True)
        self.plant("harness/answer.cpp", CLEAN)

    def plant(self, name, text):
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def findings(self):
        done = subprocess.run([self.tree / "scripts/check"], capture_output=True, text=True, timeout=100)
        return done.returncode, done.stdout

    def finds(self, name, text, *words):
        self.plant(name, text)
        status, findings = self.findings()
        self.assertEqual(status, 1, findings)
        lines = [line for line in findings.splitlines() if name in line]
        self.assertEqual(len(lines), len(findings.splitlines()), findings)
        for word in words:
            self.assertTrue(any(word in line for line in lines), f"{word!r} is not in {lines}")

    def test_a_clean_tree_has_no_finding(self):
        status, findings = self.findings()
        self.assertEqual((status, findings), (0, ""))

    def test_a_file_without_its_licence_line_is_found(self):
        self.finds("harness/bare.cpp", "inline constexpr int kBare = 1;\n", "licence: harness/bare.cpp:1", "MIT")

    def test_glue_under_the_wrong_licence_is_found(self):
        self.finds("device-model/qemu/glue.c", CLEAN, "GPL-2.0-or-later")

    def test_a_test_case_that_catch_cannot_find_by_its_name_is_found(self):
        self.finds("tests/harness/two_test.cpp", CLEAN + 'TEST_CASE("one; and another") {\n}\n',
                   "cases: tests/harness/two_test.cpp:3", "semicolon")

    def test_an_open_end_is_found(self):
        self.finds("harness/later.cpp", CLEAN + "// TO" + "DO: all of it\n", "open_ends: harness/later.cpp:3")

    def test_a_file_of_too_many_lines_is_found(self):
        self.finds("harness/long.cpp", CLEAN + "// and on\n" * 500, "size: harness/long.cpp:502")

    def test_a_clock_in_the_core_is_found(self):
        self.finds("device-model/core/src/now.cpp", CLEAN + "#include <chrono>\n", "layers: device-model/core/src/now.cpp:3")

    def test_a_port_number_in_the_driver_is_found(self):
        self.finds("driver/card/port.cpp", CLEAN + "inline constexpr int kPort = 0x330;\n", "layers: driver/card/port.cpp:3")

    def test_a_port_number_in_a_drivers_comment_is_allowed(self):
        self.plant("driver/card/port.hpp", CLEAN + "// usually 0x330\n")
        self.assertEqual(self.findings(), (0, ""))

    def test_the_bundled_drivers_name_outside_its_folder_is_found(self):
        self.plant("driver/package/ourcard.inf", "; SPDX-License-Identifier: MIT\n[Version]\n")
        self.plant("driver/card/ourcard.hpp", CLEAN + "// ourcard\n")
        self.plant("harness/NAMES.md", "# ourcard\n")
        self.assertEqual(self.findings(), (0, ""))
        self.finds("harness/names.hpp", CLEAN + "// OurCard.sys\n", "names: harness/names.hpp:3")

    def test_blanks_at_a_lines_end_are_found(self):
        self.finds("harness/NOTES.md", "# Notes \n", "text: harness/NOTES.md:1")

    def test_a_shell_script_that_loses_an_argument_is_found(self):
        self.finds("scripts/lose", "#!/usr/bin/env bash\n# SPDX-License-Identifier: MIT\nrm $1\n", "scripts/lose:3", "SC2086")

    def test_python_that_does_not_compile_is_found(self):
        self.finds("tests/broken.py", "# SPDX-License-Identifier: MIT\ndef broken(:\n", "python: tests/broken.py:2")

    @unittest.skipUnless(shutil.which("clang-format-14"), "only clang-format-14 judges the format")
    def test_a_file_that_is_not_formatted_is_found(self):
        self.finds("harness/loose.cpp", CLEAN + "int   loose( ) {return 1;}\n", "format: harness/loose.cpp:3")


if __name__ == "__main__":
    unittest.main()
