#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mutation tool on text of its own: what each operator changes and what it leaves alone, and that names stay."""
import pathlib
import tempfile
import unittest

import generate
import operators

TEXT = """// SPDX-License-Identifier: MIT
namespace thing {
constexpr ULONG kLimit = 40;
constexpr ULONG kOne = 1;

/// PASSIVE_LEVEL.
NTSTATUS Thing::start(PORT* port) {
    NT_TRY(port->Init(this));
    if (port == nullptr) return STATUS_INVALID_PARAMETER;
    port->AddRef();
    port_ = port;
    use(port);
    THING_WARNING("started %d\\n", 7);
    if (count_ < kLimit && (flags_ & ~3ul) != 0) {
        sync_->Disconnect();
        for_each([&] { port->Release(); });
    }
    return STATUS_SUCCESS;
}

/// DISPATCH_LEVEL.
void Thing::on_dpc() {
    SpinLockGuard guard{lock_};
    alive_ = true;
}
#if defined(__GNUC__)
void ours() { first(); }
#else
void theirs() { second(); }
#endif
} // namespace thing
"""


class Operators(unittest.TestCase):
    def changes(self, operator, text=TEXT):
        """{(function, old, new)} of all that the operator does."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "thing.cpp"
            path.write_text(text)
            source = generate.Source(path)
            return {(function, text[start:end], new) for function, start, end, new in operators.OPERATORS[operator][0](source)}

    def test_references_and_undoing_are_dropped_inside_lambdas_too(self):
        self.assertEqual(self.changes("drop-reference"), {("Thing::start", "port->AddRef();", ";"),
                                                          ("Thing::start", "port->Release();", ";")})
        self.assertEqual(self.changes("drop-undoing"), {("Thing::start", "sync_->Disconnect();", ";")})

    def test_other_calls_and_assignments_are_dropped_but_no_word_to_a_debugger(self):
        self.assertEqual({old for _, old, _ in self.changes("drop-call")},
                         {"use(port);", "for_each([&] { port->Release(); });", "first();"})
        self.assertEqual({old for _, old, _ in self.changes("drop-assignment")}, {"port_ = port;", "alive_ = true;"})

    def test_checks_that_leave_and_statuses_that_are_looked_at_are_dropped(self):
        self.assertEqual(self.changes("drop-check"),
                         {("Thing::start", "port == nullptr", "(port == nullptr) && false"),
                          ("Thing::start", "NT_TRY(port->Init(this));", "(void)(port->Init(this));")})

    def test_locks_are_dropped_and_irql_is_changed_where_it_is_promised(self):
        self.assertEqual(self.changes("drop-lock"), {("Thing::on_dpc", "SpinLockGuard guard{lock_};", "")})
        changes = self.changes("change-irql")
        self.assertEqual({function for function, _, _ in changes}, {"Thing::start", "Thing::on_dpc"})
        self.assertIn(("Thing::on_dpc", "", " KeLowerIrql(PASSIVE_LEVEL);"), changes)

    def test_masks_conditions_constants_and_bounds_are_changed(self):
        self.assertEqual({(old, new) for _, old, new in self.changes("change-mask")}, {("&", "|"), ("~", "")})
        self.assertEqual({(old, new) for _, old, new in self.changes("change-condition")},
                         {("==", "!="), ("!=", "=="), ("&&", "||")})
        self.assertEqual(self.changes("off-by-one"), {("Thing::start", "<", "<="), ("Thing::start", "3ul", "(3ul + 1)"),
                                                      ("Thing::start", "0", "(0 + 1)")})
        constants = self.changes("change-constant")
        self.assertIn(("kLimit", "40", "40 * 10"), constants)
        self.assertIn(("Thing::start", "STATUS_INVALID_PARAMETER", "STATUS_SUCCESS"), constants)
        self.assertNotIn("kOne", {function for function, _, _ in constants})

    def test_only_neighbours_that_call_something_change_places(self):
        text = "void Thing::stop() {\n    first();\n    second();\n    third_ = 1;\n}\n"
        self.assertEqual(self.changes("swap-order", text),
                         {("Thing::stop", "first();\n    second();", "second();\n    first();")})

    def test_what_another_compiler_would_see_is_left_alone(self):
        self.assertNotIn("theirs", {function for operator in operators.OPERATORS for function, _, _ in self.changes(operator)})


class Names(unittest.TestCase):
    def names(self, text):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "support").mkdir()
            (pathlib.Path(folder) / "support/thing.cpp").write_text(text)
            before, generate.DRIVER = generate.DRIVER, pathlib.Path(folder)
            try:
                return [mutant.name for mutant in generate.mutants()]
            finally:
                generate.DRIVER = before

    def test_a_name_is_one_mutants_and_stays_when_another_function_comes(self):
        names = self.names(TEXT)
        self.assertEqual(len(set(names)), len(names))
        more = self.names(TEXT.replace("/// DISPATCH", "void Thing::more() {\n    one();\n    two();\n}\n\n/// DISPATCH"))
        self.assertEqual([name for name in more if "more" not in name], names)

    def test_every_change_of_the_driver_changes_its_file_at_the_place_it_names(self):
        for mutant in generate.mutants():
            with self.subTest(mutant.name):
                text = mutant.path.read_text()
                self.assertNotEqual(mutant.applied(text), text)
                self.assertEqual(text[mutant.start:mutant.end], mutant.old)


if __name__ == "__main__":
    unittest.main()
