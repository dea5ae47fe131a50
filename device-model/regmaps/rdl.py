# SPDX-License-Identifier: MIT
"""Reads a register map in the subset of SystemRDL 2.0 that README.md describes. A map that is wrong, or uses more of the
language, is refused with file:line, what was seen and what was expected."""
import re
from dataclasses import dataclass, field as member

TOKEN = re.compile(r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<text>"[^"\n]*")
    | (?P<number>\d+'[bdhBDH][0-9a-fA-F_]+|0[xX][0-9a-fA-F_]+|\d[\d_]*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<sign>[{}\[\]=;:@])""", re.VERBOSE | re.DOTALL)

ACCESS = {"r": "Read", "w": "Write", "rw": "ReadWrite"}
BUILT_IN = {  # property -> (components, kind of value)
    "name": (("addrmap", "reg", "field", "member"), "text"),
    "desc": (("addrmap", "reg", "field", "member"), "text"),
    "regwidth": (("reg",), "number"),
    "accesswidth": (("reg",), "number"),
    "sw": (("field",), "access"),
    "hw": (("field",), "access"),
    "encode": (("field",), "enum"),
}
MAX_OFFSET = 0xFFF


class RdlError(Exception):
    """The map is wrong; the text begins with file:line."""


@dataclass
class Token:
    kind: str
    text: str
    line: int


@dataclass
class Member:
    name: str
    value: int
    desc: str = ""


@dataclass
class Enum:
    name: str
    members: list = member(default_factory=list)


@dataclass
class Field:
    name: str
    high: int
    low: int
    reset: int | None
    properties: dict
    line: int

    @property
    def width(self):
        return self.high - self.low + 1

    @property
    def mask(self):
        return ((1 << self.width) - 1) << self.low


@dataclass
class Register:
    name: str
    offset: int
    properties: dict
    fields: list
    line: int

    def access(self):
        """r, w or rw: what any of its fields allows the host."""
        return "".join(way for way in "rw" if any(way in f.properties["sw"] for f in self.fields))

    def reset(self):
        return sum((f.reset or 0) << f.low for f in self.fields)


@dataclass
class Map:
    name: str
    properties: dict
    registers: list
    enums: dict
    user_properties: dict


class Parser:
    def __init__(self, text, path):
        self.path = path
        self.tokens = self.scan(text)
        self.at = 0
        self.enums = {}
        self.user_properties = {}  # name -> component

    def fail(self, line, what):
        raise RdlError(f"{self.path}:{line}: {what}")

    # ---- tokens

    def scan(self, text):
        tokens, at, line = [], 0, 1
        while at < len(text):
            match = TOKEN.match(text, at)
            if not match:
                self.fail(line, f"{text[at:at + 12].splitlines()[0]!r} begins no word, number, string or sign that is known here")
            if match.lastgroup != "space":
                tokens.append(Token(match.lastgroup, match.group(), line))
            line += match.group().count("\n")
            at = match.end()
        tokens.append(Token("end", "the end of the file", line))
        return tokens

    @property
    def next(self):
        return self.tokens[self.at]

    def take(self):
        token = self.next
        self.at += token.kind != "end"
        return token

    def expect(self, what, kind=None):
        token = self.take()
        if token.kind != kind if kind else token.text != what:
            self.fail(token.line, f"{token.text!r} where {what!r} is expected" if not kind else
                      f"{token.text!r} where {what} is expected")
        return token

    def word(self, what):
        return self.expect(what, "word")

    def number(self, what, bits=32):
        token = self.expect(what, "number")
        text = token.text.replace("_", "")
        if "'" in text:
            size, rest = text.split("'")
            base = {"b": 2, "d": 10, "h": 16}[rest[0].lower()]
            try:
                value = int(rest[1:], base)
            except ValueError:
                self.fail(token.line, f"{token.text} has a digit that base {base} lacks")
            if int(size) > bits:
                self.fail(token.line, f"{token.text} is {size} bits wide; {what} has {bits}")
            bits = int(size)
        else:
            value = int(text, 0)
        if value >> bits:
            self.fail(token.line, f"{token.text} does not fit; {what} has {bits} bits")
        return value

    # ---- the file

    def map(self):
        while self.next.text in ("property", "enum"):
            self.property_definition() if self.next.text == "property" else self.enum_definition()
        self.expect("addrmap")
        name = self.word("the map's name").text
        properties, registers = {}, []
        defaults = {}
        self.expect("{")
        while self.next.text != "}":
            if self.next.text == "reg":
                registers.append(self.register(defaults))
            else:
                self.assignment("addrmap", properties, defaults)
        self.take()
        self.expect(";")
        if self.next.kind != "end":
            self.fail(self.next.line, f"{self.next.text!r} after the map; one addrmap a file, and nothing behind it")
        self.check_map(name, registers)
        return Map(name, properties, registers, self.enums, self.user_properties)

    def property_definition(self):
        self.take()
        name = self.word("the property's name")
        if name.text in BUILT_IN or name.text in self.user_properties:
            self.fail(name.line, f"property {name.text!r} exists already")
        self.expect("{")
        component = None
        kind = None
        while self.next.text != "}":
            key = self.word("component or type")
            self.expect("=")
            value = self.word("a word")
            self.expect(";")
            if key.text == "component" and value.text in ("reg", "field"):
                component = value.text
            elif key.text == "type" and value.text == "boolean":
                kind = value.text
            else:
                self.fail(key.line, f"{key.text} = {value.text}; component = reg, component = field and type = boolean are known here")
        self.take()
        self.expect(";")
        if component is None or kind is None:
            self.fail(name.line, f"property {name.text!r} has no {'component' if component is None else 'type'}")
        self.user_properties[name.text] = component

    def enum_definition(self):
        self.take()
        name = self.word("the enum's name")
        if name.text in self.enums:
            self.fail(name.line, f"enum {name.text!r} exists already")
        enum = Enum(name.text)
        self.expect("{")
        while self.next.text != "}":
            entry = self.word("a member's name")
            self.expect("=")
            value = self.number("a member", 8)
            properties = {}
            if self.next.text == "{":
                self.take()
                while self.next.text != "}":
                    self.assignment("member", properties, None)
                self.take()
            self.expect(";")
            for other in enum.members:
                if other.name == entry.text or other.value == value:
                    self.fail(entry.line, f"{entry.text} = {value:#x}: name or value is that of {other.name} already")
            enum.members.append(Member(entry.text, value, properties.get("desc", "")))
        self.take()
        self.expect(";")
        if not enum.members:
            self.fail(name.line, f"enum {name.text!r} has no member")
        self.enums[name.text] = enum

    def assignment(self, component, properties, defaults):
        """`name = value;`, `name;` for a boolean, or `default name = value;`."""
        is_default = self.next.text == "default" and defaults is not None
        if is_default:
            self.take()
        name = self.word("a property")
        components, kind = BUILT_IN.get(name.text, ((self.user_properties.get(name.text),), "boolean"))
        if components == (None,):
            known = ", ".join(sorted([*BUILT_IN, *self.user_properties]))
            self.fail(name.line, f"property {name.text!r} is unknown; known here: {known}")
        if not is_default and component not in components:
            self.fail(name.line, f"property {name.text!r} belongs to {' or '.join(components)}, not to {component}")
        value = True
        if kind != "boolean":
            self.expect("=")
            value = self.value(kind, name.text)
        elif self.next.text == "=":
            self.take()
            token = self.word("true or false")
            if token.text not in ("true", "false"):
                self.fail(token.line, f"{token.text!r} where true or false is expected")
            value = token.text == "true"
        self.expect(";")
        into = defaults if is_default else properties
        if name.text in into:
            self.fail(name.line, f"property {name.text!r} is given twice")
        into[name.text] = value

    def value(self, kind, name):
        if kind == "text":
            return self.expect("a string", "text").text[1:-1]
        if kind == "number":
            return self.number(name, 8)
        token = self.word("a word")
        if kind == "access" and token.text not in ACCESS:
            self.fail(token.line, f"{name} = {token.text}; r, w and rw are known here")
        if kind == "enum" and token.text not in self.enums:
            self.fail(token.line, f"encode = {token.text}: no such enum before this line")
        return token.text

    def register(self, outer):
        line = self.take().line
        self.expect("{")
        properties, defaults, fields = {}, dict(outer), []
        local = {}
        while self.next.text != "}":
            if self.next.text == "field":
                fields.append(self.field({**defaults, **local}))
            else:
                self.assignment("reg", properties, local)
        self.take()
        name = self.word("the register's name")
        self.expect("@")
        offset = self.number("an offset")
        self.expect(";")
        for key in ("regwidth", "accesswidth"):
            width = properties.setdefault(key, {**defaults, **local}.get(key, 32))
            if width != 8:
                self.fail(name.line, f"register {name.text}: {key} is {width}; 8 is what is known here")
        if offset > MAX_OFFSET:
            self.fail(name.line, f"register {name.text}: offset {offset:#x}; at most {MAX_OFFSET:#x} expected")
        if not fields:
            self.fail(name.line, f"register {name.text} has no field")
        used = 0
        for field in fields:
            if used & field.mask:
                self.fail(field.line, f"field {field.name}[{field.high}:{field.low}] of {name.text} overlaps another field")
            if any(other.name == field.name for other in fields if other is not field):
                self.fail(field.line, f"{name.text} has two fields {field.name}")
            used |= field.mask
        return Register(name.text, offset, properties, fields, line)

    def field(self, defaults):
        line = self.take().line
        self.expect("{")
        properties = {}
        while self.next.text != "}":
            self.assignment("field", properties, None)
        self.take()
        name = self.word("the field's name")
        self.expect("[")
        high = self.number("the highest bit")
        self.expect(":")
        low = self.number("the lowest bit")
        self.expect("]")
        if not 0 <= low <= high <= 7:
            self.fail(name.line, f"field {name.text}[{high}:{low}]; 7 >= high >= low >= 0 expected")
        reset = None
        if self.next.text == "=":
            self.take()
            reset = self.number(f"field {name.text}", high - low + 1)
        self.expect(";")
        for key in ("sw", "hw"):
            properties.setdefault(key, defaults.get(key, "rw"))
        if reset is None and "r" in properties["sw"]:
            self.fail(name.line, f"field {name.text} can be read and has no reset value")
        return Field(name.text, high, low, reset, properties, line)

    def check_map(self, name, registers):
        if not registers:
            self.fail(self.tokens[-1].line, f"addrmap {name} has no register")
        for index, register in enumerate(registers):
            for other in registers[:index]:
                if other.name == register.name:
                    self.fail(register.line, f"two registers {register.name}")
                both = set(other.access()) & set(register.access())
                if other.offset == register.offset and both:
                    self.fail(register.line, f"{other.name} and {register.name} are both at offset {register.offset:#x} for "
                              f"{'reading' if 'r' in both else 'writing'}")


def parse(text, path):
    return Parser(text, path).map()
