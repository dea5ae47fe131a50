# SPDX-License-Identifier: MIT
"""The register map and its generator: the map of the tree against the reference, the subset of SystemRDL, and every way
a map can be wrong: each is refused with its line, what was seen and what was expected."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
REGMAPS = TREE / "device-model" / "regmaps"
HEADER = TREE / "device-model" / "core" / "include" / "mpu401" / "register_map.h"
sys.path.insert(0, str(REGMAPS))
import generate  # noqa: E402
import rdl  # noqa: E402

FIELD = "field { sw = rw; } F[7:0] = 0;"


def a_map(registers="reg { FIELD } A @ 0;", before="", body="default regwidth = 8; default accesswidth = 8;"):
    return f"{before}\naddrmap m {{ {body}\n{registers} }};".replace("FIELD", FIELD)


class TheMapOfTheTree(unittest.TestCase):
    def setUp(self):
        self.map = rdl.parse((REGMAPS / "mpu401.rdl").read_text(), "mpu401.rdl")
        self.registers = {register.name: register for register in self.map.registers}

    def test_the_map_says_what_sections_1_and_2_of_the_reference_say(self):
        self.assertEqual({(r.name, r.offset, r.access()) for r in self.map.registers},
                         {("DATA", 0, "rw"), ("STATUS", 1, "r"), ("COMMAND", 1, "w")})
        bits = {f.name: (f.high, f.low) for f in self.registers["STATUS"].fields}
        self.assertEqual(bits, {"DSR": (7, 7), "DRR": (6, 6), "UNUSED": (5, 0)})
        self.assertEqual(self.registers["STATUS"].reset(), 0xBF)
        self.assertEqual(self.registers["DATA"].reset(), 0xFE)
        codes = {(enum.name, m.name): m.value for enum in self.map.enums.values() for m in enum.members}
        self.assertEqual(codes, {("command", "ENTER_UART"): 0x3F, ("command", "RESET"): 0xFF, ("reply", "ACK"): 0xFE})

    def test_the_header_in_the_tree_is_what_the_map_makes(self):
        self.assertEqual(HEADER.read_text(), generate.generate(self.map, "mpu401.rdl"),
                         "next: device-model/regmaps/generate.py device-model/regmaps/mpu401.rdl " + str(HEADER))


class TheSubset(unittest.TestCase):
    def test_numbers_of_each_notation_are_read(self):
        for text, value in (("12", 12), ("0x1f", 31), ("8'hfe", 254), ("8'b1010_0101", 0xA5), ("8'd99", 99)):
            with self.subTest(text):
                made = rdl.parse(a_map(f"reg {{ field {{}} F[7:0] = {text}; }} A @ 3;"), "f")
                self.assertEqual((made.registers[0].reset(), made.registers[0].offset), (value, 3))

    def test_a_default_reaches_the_fields_and_a_field_overrules_it(self):
        made = rdl.parse(a_map("reg { default sw = r; field {} A[7:7] = 1; field { sw = w; } B[0:0]; } R @ 0;"), "f")
        self.assertEqual([f.properties["sw"] for f in made.registers[0].fields], ["r", "w"])

    def test_a_read_only_and_a_write_only_register_may_share_an_offset(self):
        made = rdl.parse(a_map("reg { field { sw = r; } F[7:0] = 0; } A @ 1; reg { field { sw = w; } F[7:0]; } B @ 1;"), "f")
        self.assertEqual([r.offset for r in made.registers], [1, 1])

    def test_user_properties_become_columns_of_the_tables(self):
        text = a_map("reg { pops; field { odd; } F[7:0] = 0; } A @ 0;",
                     "property pops { component = reg; type = boolean; };\nproperty odd { type = boolean; component = field; };")
        made = generate.generate(rdl.parse(text, "f"), "f")
        self.assertIn("    bool pops;\n", made)
        self.assertIn('{"A", 0, Access::ReadWrite, 0x00, true, kAFields, 1, ""},', made)
        self.assertIn('{"F", 0, 8, Access::ReadWrite, 0x00, true, ""},', made)

    def test_the_header_it_makes_compiles_and_says_what_the_map_says(self):
        check = ('#include "register_map.h"\nusing namespace mpu401;\n'
                 "static_assert(kStatusDsr == 0x80 && kStatusDrr == 0x40 && kStatusUnusedMask == 0x3f && kDataPort == 0);\n"
                 "static_assert(kRegisters[1].reset == 0xbf && kRegisters[1].field_count == 3 && kPortCount == 2);\n"
                 "static_assert(kCommandReset == 0xff && kCommandEnterUart == 0x3f && kReplyAck == 0xfe);\n"
                 "static_assert(kStatusFields[0].active_low && kRegisters[0].takes_latched_byte);\n")
        result = subprocess.run(["g++", "-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-ffreestanding",
                                 "-fsyntax-only", "-I", str(HEADER.parent), "-x", "c++", "-"], input=check, text=True,
                                capture_output=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))


class WrongMaps(unittest.TestCase):
    def refused(self, text, message):
        with self.assertRaises(rdl.RdlError) as caught:
            generate.generate(rdl.parse(text, "f.rdl"), "f.rdl")
        self.assertIn(message, str(caught.exception))

    def test_wrong_syntax_is_refused_with_its_line(self):
        for text, message in (
                ("", "f.rdl:1: 'the end of the file' where 'addrmap' is expected"),
                ("addrmap m {\n reg\n", "f.rdl:3: 'the end of the file' where '{' is expected"),
                (a_map("reg { FIELD } A @ 0"), "f.rdl:3: '}' where ';' is expected"),
                (a_map("reg { FIELD } @ 0;"), "f.rdl:3: '@' where the register's name is expected"),
                (a_map("reg { FIELD } A;"), "f.rdl:3: ';' where '@' is expected"),
                (a_map("reg { FIELD } A @ B;"), "f.rdl:3: 'B' where an offset is expected"),
                (a_map("reg { field { sw = rw; } F = 0; } A @ 0;"), "f.rdl:3: '=' where '[' is expected"),
                (a_map("reg { field { desc = 3; } F[7:0] = 0; } A @ 0;"), "f.rdl:3: '3' where a string is expected"),
                (a_map("$"), "f.rdl:3: '$ };' begins no word"),
                (a_map() + "\naddrmap n {};", "f.rdl:4: 'addrmap' after the map"),
                (a_map('reg { name = "open\n; FIELD } A @ 0;'), "f.rdl:3: '\"open' begins no word")):
            with self.subTest(message):
                self.refused(text, message)

    def test_wrong_numbers_are_refused_with_their_width(self):
        for number, message in (("9'h1ff", "9'h1ff is 9 bits wide; field F has 8"), ("256", "256 does not fit; field F has 8 bits"),
                                ("2'b111", "2'b111 does not fit; field F has 2 bits"),
                                ("8'b12", "8'b12 has a digit that base 2 lacks")):
            with self.subTest(number):
                self.refused(a_map(f"reg {{ field {{}} F[7:0] = {number}; }} A @ 0;"), f"f.rdl:3: {message}")

    def test_wrong_fields_and_registers_are_refused_by_name(self):
        for registers, message in (
                ("", "addrmap m has no register"),
                ("reg { } A @ 0;", "register A has no field"),
                ("reg { FIELD } A @ 0x1000;", "register A: offset 0x1000; at most 0xfff expected"),
                ("reg { regwidth = 16; FIELD } A @ 0;", "register A: regwidth is 16; 8 is what is known here"),
                ("reg { field {} F[8:0] = 0; } A @ 0;", "field F[8:0]; 7 >= high >= low >= 0 expected"),
                ("reg { field {} F[0:1] = 0; } A @ 0;", "field F[0:1]; 7 >= high >= low >= 0 expected"),
                ("reg { field {} F[3:0] = 0; field {} G[4:3] = 0; } A @ 0;", "field G[4:3] of A overlaps another field"),
                ("reg { field {} F[3:0] = 0; field {} F[4:4] = 0; } A @ 0;", "A has two fields F"),
                ("reg { field { sw = r; } F[3:0]; } A @ 0;", "field F can be read and has no reset value"),
                ("reg { FIELD } A @ 0; reg { FIELD } A @ 1;", "two registers A"),
                ("reg { FIELD } A @ 0; reg { FIELD } B @ 0;", "A and B are both at offset 0x0 for reading"),
                ("reg { field { sw = w; } F[0:0]; } A @ 0; reg { field { sw = w; } F[0:0]; } B @ 0;",
                 "A and B are both at offset 0x0 for writing")):
            with self.subTest(message):
                self.refused(a_map(registers), message)

    def test_wrong_properties_are_refused_by_name(self):
        for registers, message in (
                ("reg { colour = 3; FIELD } A @ 0;", "property 'colour' is unknown; known here: accesswidth, desc"),
                ("reg { sw = r; FIELD } A @ 0;", "property 'sw' belongs to field, not to reg"),
                ("reg { field { regwidth = 8; } F[7:0] = 0; } A @ 0;", "property 'regwidth' belongs to reg, not to field"),
                ("reg { field { sw = rw; sw = r; } F[7:0] = 0; } A @ 0;", "property 'sw' is given twice"),
                ("reg { field { sw = rclr; } F[7:0] = 0; } A @ 0;", "sw = rclr; r, w and rw are known here"),
                ("reg { field { encode = colours; } F[7:0] = 0; } A @ 0;", "encode = colours: no such enum before this line")):
            with self.subTest(message):
                self.refused(a_map(registers), message)

    def test_wrong_definitions_are_refused_by_name(self):
        for before, message in (
                ("property p { component = mem; type = boolean; };", "component = mem; component = reg"),
                ("property p { component = reg; type = number; };", "type = number; component = reg"),
                ("property p { component = reg; };", "property 'p' has no type"),
                ("property p { type = boolean; };", "property 'p' has no component"),
                ("property sw { component = reg; type = boolean; };", "property 'sw' exists already"),
                ("enum e { };", "enum 'e' has no member"),
                ("enum e { A = 1; B = 1; };", "B = 0x1: name or value is that of A already"),
                ("enum e { A = 1; A = 2; };", "A = 0x2: name or value is that of A already"),
                ("enum e { A = 256; };", "256 does not fit; a member has 8 bits"),
                ("enum e { A = 1; }; enum e { B = 1; };", "enum 'e' exists already")):
            with self.subTest(message):
                self.refused(a_map(before=before), message)

    def test_two_things_that_would_get_one_name_in_the_header_are_refused(self):
        self.refused(a_map("reg { FIELD } SOME_A @ 0; reg { FIELD } some_a @ 1;"), "register some_a and register SOME_A would both be")
        self.refused(a_map("reg { FIELD } A @ 0;", "enum a { F_MASK = 1; };"), "would both be kAFMask")


class TheCommand(unittest.TestCase):
    def run_it(self, *arguments):
        result = subprocess.run([sys.executable, REGMAPS / "generate.py", *arguments], capture_output=True, text=True)
        return result.returncode, result.stderr

    def test_a_stale_header_a_wrong_map_a_missing_file_and_wrong_usage_have_their_exit_codes(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            source, header = folder / "m.rdl", folder / "m.h"
            source.write_text(a_map())
            self.assertEqual(self.run_it("--check", source, header)[0], 1)
            self.assertEqual(self.run_it(source, header), (0, ""))
            self.assertEqual(self.run_it("--check", source, header), (0, ""))
            source.write_text(a_map("reg { FIELD } A @ 5;"))
            code, errors = self.run_it("--check", source, header)
            self.assertEqual(code, 1)
            self.assertIn(f"{header}: is not what {source} makes\nnext: ", errors)
            source.write_text("addrmap")
            code, errors = self.run_it(source, header)
            self.assertEqual((code, errors), (1, f"{source}:1: 'the end of the file' where the map's name is expected\n"))
            self.assertEqual(self.run_it(folder / "none.rdl", header), (1, f"{folder}/none.rdl: No such file or directory\n"))
            self.assertEqual(self.run_it("--help")[0], 64)
            self.assertEqual(self.run_it(source)[0], 64)


if __name__ == "__main__":
    unittest.main()
