#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each failure that an export's documentation names is brought about by a test driver, which checks what it gets:
documented_failures.txt lists them, and these statements of the drivers' sources prove them (calls in them are found by the
export's name, or by the local name that `const auto name = EXPORT(export, …)` gives it):

    CHECK_EQUAL(RtlAppendUnicodeToString(&small, L"x"), STATUS_BUFFER_TOO_SMALL);
    CHECK(!KeInsertQueueDpc(&dpc, nullptr, nullptr));
    CHECK(ExInterlockedPopEntryList(&top, &lock) == nullptr);
    CHECK_REFUSES(ZwSetValueKey, scratch.set(L"Big", REG_BINARY, bytes, kMegabyte + 1), STATUS_INVALID_PARAMETER);
"""
import pathlib
import re
import tempfile
import unittest

from called_exports_test import NANONT, complete

HERE = pathlib.Path(__file__).resolve().parent
SUPPORT = HERE.parent / "support"
FAILABLE = {name: "NULL" if result == "0" else result for name, result in re.findall(
    r"^NANONT_FAILABLE\((\w+), (\w+)\)", (NANONT / "include/nanont_failable.def").read_text(), re.M)}
LINE = re.compile(r"(\w+) ([\w-]+) +(?:\((score|cannot)\) +)?([^\s(].*)$")


def sources(folder):
    return sorted(folder.rglob("*.[ch]pp"))


def read_list(text):
    """(failures, none): {(export, outcome): how} with how "", "score" or "cannot", and the exports that cannot fail."""
    failures, none = {}, []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        if line.startswith("none:"):
            none += line.split()[1:]
            continue
        match = LINE.match(line)
        if not match:
            raise ValueError(f"documented_failures.txt line {number}: {line!r}, expected EXPORT OUTCOME what brings it about")
        export, outcome, how, _ = match.groups()
        if (export, outcome) in failures:
            raise ValueError(f"documented_failures.txt line {number}: {export} {outcome} stands there twice")
        failures[export, outcome] = how or ""
    return failures, none


def without_comments(text):
    """The same program without comments, and with empty strings: neither is a call."""
    pattern = r"//[^\n]*|/\*.*?\*/|L?\"(?:\\.|[^\"\\\n])*\"|L?'(?:\\.|[^'\\\n])*'"
    return re.sub(pattern, lambda m: " " if m[0].startswith("/") else '""', text, flags=re.S)


def closing(text, opening):
    """Where the parenthesis that opens at `opening` is closed; the end of the text if it never is."""
    depth = 0
    for at in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)


def arguments(text):
    """What stands between the outermost commas."""
    parts, depth, begin = [], 0, 0
    for at, character in enumerate(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
    return parts + [text[begin:].strip()]


def calls(text, aliases):
    """(export, what stands before the call, what stands behind it) of each call in an expression."""
    for match in re.finditer(r"\bEXPORT\(\s*(\w+)|\b(\w+)\s*\(", text):
        end = closing(text, text.index("(", match.start()))
        if match[1]: # EXPORT(name, type) is the function; its arguments follow
            opening = text.find("(", end)
            if opening < 0 or text[end + 1:opening].strip():
                continue
            end = closing(text, opening)
        yield match[1] or aliases.get(match[2], match[2]), text[:match.start()].rstrip(), text[end + 1:].lstrip()


def proved(text):
    """The (export, outcome) pairs that the checks of one source prove."""
    text, pairs, aliases = without_comments(text), set(), {}
    for match in re.finditer(r"(\w+)\s*=\s*EXPORT\(\s*(\w+)|\b(CHECK_EQUAL|CHECK_REFUSES|CHECK)\(", text):
        if match[1]:
            aliases[match[1]] = match[2] # from here on; another function may give the name to another export
            continue
        given = arguments(text[match.end():closing(text, match.end() - 1)])
        if match[3] == "CHECK_EQUAL" and len(given) == 2:
            pairs |= {(export, given[1]) for export, before, behind in calls(given[0], aliases) if not before and not behind}
        elif match[3] == "CHECK_REFUSES" and len(given) == 3:
            pairs.add((given[0], given[2]))
        elif match[3] == "CHECK":
            for export, before, behind in calls(given[0], aliases):
                if re.match(r"==\s*nullptr", behind):
                    pairs.add((export, "NULL"))
                elif before.endswith("!"):
                    pairs.add((export, "FALSE"))
    return pairs


def misnamed(folder):
    """What CHECK_REFUSES names in a folder's sources, and nothing there or in support/ calls or points to."""
    text = "".join(without_comments(source.read_text()) for source in sources(folder))
    named = set(re.findall(r"CHECK_REFUSES\(\s*(\w+)", text))
    text = re.sub(r"CHECK_REFUSES\(\s*\w+", "", text) + "".join(source.read_text() for source in sources(SUPPORT))
    return {name for name in named if not re.search(rf"\b{name}\b", text)}


def unreached(folder):
    """Cases that a folder's sources define, and that none of them lists or calls: what they check is never checked."""
    text = "".join(without_comments(source.read_text()) for source in folder.glob("*.cpp"))
    defined = re.findall(r"^void (\w+)\(\) {", text, re.M)
    rest = re.sub(r"^void \w+\(\) {", "", text, flags=re.M)
    return {name for name in defined if not re.search(rf"\b{name}\b", rest)}


class Documented(unittest.TestCase):
    def nothing(self, found, message):
        if found:
            self.fail(message + ":\n" + "\n".join(sorted(x if isinstance(x, str) else " ".join(x) for x in found)))

    @classmethod
    def setUpClass(cls):
        cls.folders = {source.parent for source in sources(HERE.parent) if source.parent != SUPPORT}
        cls.failures, cls.none = read_list((HERE / "documented_failures.txt").read_text())
        cls.proved = set()
        for source in sources(HERE.parent):
            cls.proved |= proved(source.read_text())

    def test_each_complete_export_is_listed_with_its_failures_or_with_none(self):
        failing = {export for export, _ in self.failures}
        self.nothing(complete() - failing - set(self.none), "Complete, and in no line of the list")
        self.nothing((failing | set(self.none)) - complete(), "listed, and not Complete")
        self.nothing(failing & set(self.none), "listed with a failure and with none")
        self.assertEqual(len(self.none), len(set(self.none)), "an export stands twice behind none:")

    def test_each_failure_that_a_driver_can_bring_about_is_checked_by_one(self):
        wanted = {pair for pair, how in self.failures.items() if not how}
        self.assertGreater(len(wanted), 200)
        self.nothing(wanted - self.proved, "no CHECK names the call and the outcome")

    def test_a_check_that_names_an_export_stands_beside_a_call_of_it(self):
        self.nothing({(name, str(folder)) for folder in self.folders for name in misnamed(folder)}, "named, and not called there")

    def test_a_case_that_checks_is_one_that_its_driver_runs(self):
        self.nothing({(name, str(folder)) for folder in self.folders for name in unreached(folder)}, "in no list of cases")

    def test_each_failure_that_is_left_to_a_score_is_one_that_a_score_can_ask_for(self):
        by_score = {pair for pair, how in self.failures.items() if how == "score"}
        self.nothing([pair for pair in by_score if FAILABLE.get(pair[0]) != pair[1]], "not in nanont_failable.def")
        told = {(export, outcome) for export, outcome in FAILABLE.items() if export in complete()}
        self.nothing(told - set(self.failures), "in nanont_failable.def, and no documented failure")

    def test_what_cannot_be_brought_about_is_not_brought_about_and_is_little(self):
        cannot = {pair for pair, how in self.failures.items() if how == "cannot"}
        self.nothing(cannot & self.proved, "a driver does it: say what brings it about")
        self.assertLess(len(cannot), len(self.failures) / 8)


class Reading(unittest.TestCase):
    def test_a_call_is_found_in_each_form_of_check(self):
        self.assertEqual(proved("CHECK_EQUAL(Zw(a, F(b)), STATUS_X);"), {("Zw", "STATUS_X")})
        self.assertEqual(proved("CHECK_EQUAL(EXPORT(Zw, NTSTATUS (*)(int))(1), STATUS_X);"), {("Zw", "STATUS_X")})
        self.assertEqual(proved("const auto go = EXPORT(Zw, Type); CHECK_EQUAL(go(1), STATUS_X);"), {("Zw", "STATUS_X")})
        self.assertEqual(proved("CHECK_REFUSES(Zw, helper.go(1, 2), STATUS_X);"), {("Zw", "STATUS_X")})
        self.assertEqual(proved("CHECK(Ex(a) == b && !Ke(a));"), {("Ke", "FALSE")})
        self.assertEqual(proved("CHECK(EXPORT(Ex, T*(*)(int))(a) == nullptr);"), {("Ex", "NULL")})

    def test_what_is_no_check_of_the_call_proves_nothing(self):
        for text in ("// CHECK_EQUAL(Zw(a), STATUS_X);", "/* CHECK_EQUAL(Zw(a), STATUS_X); */", "Zw(a); return STATUS_X;",
                     "CHECK_EQUAL(b, Zw(a));", "CHECK_EQUAL(Zw(a) & 1, STATUS_X);", "CHECK(Zw(a) != nullptr);",
                     "CHECK(Zw(a));", "CHECK(text == nullptr);", 'DbgPrint("CHECK(!Zw(a))");'):
            self.assertEqual({pair for pair in proved(text) if pair[1] in ("STATUS_X", "NULL", "FALSE")}, set(), text)

    def test_a_local_name_means_the_export_it_was_last_given(self):
        text = "const auto go = EXPORT(A, T);\nCHECK(!go());\nconst auto go = EXPORT(B, T);\nCHECK_EQUAL(go(), STATUS_X);"
        self.assertEqual(proved(text), {("A", "FALSE"), ("B", "STATUS_X")})

    def test_a_name_without_a_call_and_a_case_without_a_list_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "cases.cpp"
            for text, wrong in (("void a() {\n}\nCHECK_REFUSES(Zw, f(), STATUS_X); // Zw() and a", ({"a"}, {"Zw"})),
                                ("void a() {\n}\nCASE(a); CHECK_REFUSES(Zw, f(Zw), STATUS_X);", (set(), set()))):
                source.write_text(text)
                self.assertEqual((unreached(source.parent), misnamed(source.parent)), wrong, text)

    def test_a_line_of_another_form_or_for_the_second_time_is_refused_with_its_number(self):
        self.assertEqual(read_list("# a\n\nA STATUS_X  why\nB NULL (score) why\nnone: C D\n"),
                         ({("A", "STATUS_X"): "", ("B", "NULL"): "score"}, ["C", "D"]))
        for text in ("A\n", "A STATUS_X\n", "A STATUS_X (score)\n", "A, STATUS_X why\n", "A NULL why\nA NULL because\n"):
            with self.assertRaisesRegex(ValueError, f"line {text.count(chr(10))}:", msg=text):
                read_list(text)


if __name__ == "__main__":
    unittest.main()
