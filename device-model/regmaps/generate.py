#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage: generate.py [--check] MAP.rdl HEADER

Makes the C++ header with the registers, bits, codes and reset values of a register map. --check: changes nothing, and
fails when HEADER is not what MAP.rdl makes. Exit codes: 0, 1 the map is wrong or the header is stale, 64 usage.

Example: device-model/regmaps/generate.py device-model/regmaps/mpu401.rdl device-model/core/include/mpu401/register_map.h
"""
import pathlib
import sys

import rdl


class Names:
    """Every constant of the header once: two things of the map must not get one name."""

    def __init__(self, source):
        self.source = source
        self.made_by = {}

    def __call__(self, name, made_by):
        if name in self.made_by:
            raise rdl.RdlError(f"{self.source}: {made_by} and {self.made_by[name]} would both be {name}; rename one")
        self.made_by[name] = made_by
        return name


def camel(name):
    """SOME_NAME -> SomeName"""
    return "".join(part.capitalize() for part in name.lower().split("_"))


def constant(kind, name, value, comment=""):
    line = f"inline constexpr {kind} {name} = {value};"
    return f"{line} // {comment}" if comment else line


def field_constant(register, field):
    suffix = "" if field.width == 1 else "Mask"
    return f"k{camel(register.name)}{camel(field.name)}{suffix}"


def access(way):
    return f"Access::{rdl.ACCESS[way]}"


def text(value):
    return '"' + value.replace("\\", "\\\\") + '"'


def entry(parts):
    return "    {" + ", ".join(parts) + "},"


def flags(properties, names):
    return [", ".join("true" if properties.get(name) else "false" for name in names)] if names else []


def generate(tree, source):
    guard = f"{tree.name.upper()}_REGISTER_MAP_H"
    of = {component: [name for name, where in tree.user_properties.items() if where == component]
          for component in ("reg", "field")}
    names = Names(source)
    out = ["/* SPDX-License-Identifier: MIT */",
           f"/* Made by device-model/regmaps/generate.py from {source}; edit that and make this again. Needs <stdint.h>",
           " * alone, allocates nothing, links nothing. */",
           f"#ifndef {guard}", f"#define {guard}", "", "#include <stdint.h>", "", "// clang-format off",
           f"namespace {tree.name} {{", ""]
    out += [constant("uint32_t", names(f"k{camel(r.name)}Port", f"register {r.name}"), r.offset) for r in tree.registers]
    out += [constant("uint32_t", names("kPortCount", "the map"), max(r.offset for r in tree.registers) + 1), ""]
    for register in tree.registers:
        out.append(f"/* {register.name}: {register.properties.get('desc', '')} */")
        for f in register.fields:
            name = names(field_constant(register, f), f"field {register.name}.{f.name}")
            out.append(constant("uint8_t", name, f"0x{f.mask:02x}", f.properties.get("desc", "")))
        if "r" in register.access():
            name = names(f"k{camel(register.name)}ResetValue", f"register {register.name}")
            out.append(constant("uint8_t", name, f"0x{register.reset():02x}"))
        out.append("")
    for enum in tree.enums.values():
        for m in enum.members:
            name = names(f"k{camel(enum.name)}{camel(m.name)}", f"member {enum.name}.{m.name}")
            out.append(constant("uint8_t", name, f"0x{m.value:02x}", m.desc))
        out.append("")

    out += ["enum class Access : uint8_t { Read, Write, ReadWrite };", "", "struct Field {", "    const char* name;",
            "    uint8_t low;", "    uint8_t width;", "    Access access;", "    uint8_t reset;",
            *(f"    bool {name};" for name in of["field"]), "    const char* text;", "};", ""]
    for register in tree.registers:
        out.append(f"inline constexpr Field k{camel(register.name)}Fields[] = {{")
        out += [entry([text(f.name), str(f.low), str(f.width), access(f.properties["sw"]), f"0x{f.reset or 0:02x}",
                       *flags(f.properties, of["field"]), text(f.properties.get("desc", ""))]) for f in register.fields]
        out += ["};", ""]
    out += ["struct Register {", "    const char* name;", "    uint32_t offset;", "    Access access;", "    uint8_t reset;",
            *(f"    bool {name};" for name in of["reg"]), "    const Field* fields;", "    uint32_t field_count;",
            "    const char* text;", "};", "", "inline constexpr Register kRegisters[] = {"]
    out += [entry([text(r.name), str(r.offset), access(r.access()), f"0x{r.reset():02x}", *flags(r.properties, of["reg"]),
                   f"k{camel(r.name)}Fields", str(len(r.fields)), text(r.properties.get("desc", ""))])
            for r in tree.registers]
    out += ["};", "", f"}} // namespace {tree.name}", "// clang-format on", "", f"#endif /* {guard} */", ""]
    return "\n".join(out)


def main(arguments):
    check = arguments[:1] == ["--check"]
    arguments = arguments[check:]
    if len(arguments) != 2 or arguments[0].startswith("-"):
        print(__doc__.split("\n\n")[0], file=sys.stderr)
        return 64
    source, header = map(pathlib.Path, arguments)
    try:
        made = generate(rdl.parse(source.read_text(), source), source.name)
        if not check:
            header.write_text(made)
        elif not header.exists() or header.read_text() != made:
            print(f"{header}: is not what {source} makes\nnext: device-model/regmaps/generate.py {source} {header}", file=sys.stderr)
            return 1
    except rdl.RdlError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
