# SPDX-License-Identifier: MIT
"""C++ as far as the mutation tool needs it: tokens, functions, statements, each with its place in the text. It reads the
driver's own style (formatted, no macros that hide braces), not any C++; what it does not understand it leaves out."""
import re
from dataclasses import dataclass, field

TOKEN = re.compile(r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
  |(?P<directive>(?:(?<=\n)|\A)[ \t]*\#(?:\\\n|[^\n])*)
  |(?P<text>[LuUR]?"(?:\\.|[^"\\])*"|L?'(?:\\.|[^'\\])*')
  |(?P<number>0[xX][0-9a-fA-F']+[uUlL]*|\d[\d']*[uUlL]*)
  |(?P<name>[A-Za-z_]\w*)
  |(?P<punctuation>->|::|\+\+|--|&&|\|\||<<=?|==|!=|<=|>=|[-+*/%&|^]=|\.\.\.|.)""", re.S | re.X)
NOT_OURS = re.compile(r"#\s*if !defined\(__GNUC__\)")  # the other compilers' half


@dataclass
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass
class Statement:
    """kind: if, loop, switch, return, jump, expression, declaration, block. Places are offsets into the text."""

    kind: str
    start: int
    end: int
    tokens: list
    condition: tuple = None  # (start, end) between the parentheses
    branches: list = field(default_factory=list)  # lists of statements: bodies, else, lambdas


@dataclass
class Function:
    name: str
    start: int  # of its head
    body: tuple  # (start, end) inside the braces
    statements: list
    tokens: list  # of the body


def tokens_of(text):
    """Without spaces, comments, directives and what another compiler would see."""
    found, skipping = [], []
    for match in TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "directive":
            skipping = _branch(match.group().strip(), skipping)
        elif kind != "space" and not any(skipping):
            found.append(Token(kind, match.group(), match.start(), match.end()))
    return found


def _branch(directive, skipping):
    """One entry for each #if that is open: is the text left out here?"""
    if re.match(r"#\s*if", directive):
        return [*skipping, NOT_OURS.match(directive) is not None]
    if re.match(r"#\s*(else|elif)", directive):
        return [*skipping[:-1], not skipping[-1]]
    if re.match(r"#\s*endif", directive):
        return skipping[:-1]
    return skipping


CLOSES = {"(": ")", "{": "}", "[": "]"}
HEADS_OF_SCOPES = {"namespace", "class", "struct", "union", "extern"}


def match_of(tokens, at):
    """Index of the bracket that closes the one at `at`."""
    depth = 0
    for index in range(at, len(tokens)):
        if tokens[index].text in CLOSES:
            depth += 1
        elif tokens[index].text in CLOSES.values():
            depth -= 1
            if depth == 0:
                return index
    raise ValueError(f"bracket at {tokens[at].start} has no end")


def functions_of(text):
    """Functions with a body, in their order; members by their class's name."""
    return list(_functions(tokens_of(text), ""))


def _functions(tokens, scope):
    head, index = 0, 0
    while index < len(tokens):
        token = tokens[index]
        if token.text in (";", "}") or (token.text == ":" and tokens[index - 1].text in ("public", "private", "protected")):
            head = index + 1
        elif token.text == "(":
            index = match_of(tokens, index)
        elif token.text == "{":
            end = match_of(tokens, index)
            words = _outside_parentheses(tokens[head:index])
            plain = _after_template(words)
            if plain and plain[0] in HEADS_OF_SCOPES and "(" not in plain:
                inner = f"{_name_of_class(tokens[head:index])}::" if plain[0] in ("class", "struct") else ""
                yield from _functions(tokens[index + 1:end], scope + inner)
            elif (name := _name_of_function(tokens[head:index])) and "=" not in words:
                body = tokens[index + 1:end]
                yield Function(scope + name, tokens[head].start, (token.end, tokens[end].start), _statements(body), body)
            index = end
            if tokens[index + 1:index + 2] and tokens[index + 1].text == ";":
                index += 1
            head = index + 1
        index += 1


def _outside_parentheses(tokens):
    words, index = [], 0
    while index < len(tokens):
        words.append(tokens[index].text)
        index = match_of(tokens, index) + 1 if tokens[index].text == "(" else index + 1
    return words


def _after_template(words):
    """Without a leading template<…>."""
    if words[:1] != ["template"]:
        return words
    depth = 0
    for index, word in enumerate(words):
        depth += {"<": 1, ">": -1}.get(word, 0)
        if word == ">" and depth == 0:
            return words[index + 1:]
    return words


def _name_of_class(head):
    names = []
    for token in head:
        if token.text in (":", "final"):
            break
        if token.kind == "name":
            names.append(token.text)
    return names[-1]


def _name_of_function(head):
    """What stands before the last parentheses that come before an initializer list."""
    name, index = None, 0
    while index < len(head):
        if head[index].text == ":":
            break
        if head[index].text == "(":
            before = index - 1
            if before >= 0 and head[before].kind == "name":
                parts = [head[before].text]
                while before >= 1 and head[before - 1].text in ("::", "~", "operator"):
                    mark = head[before - 1].text
                    parts.insert(0, "operator " if mark == "operator" else mark)
                    before -= 1
                    if mark == "::":
                        parts.insert(0, head[before - 1].text)
                        before -= 1
                name = "".join(parts)
            index = match_of(head, index)
        index += 1
    return name


def _statements(tokens):
    found, index = [], 0
    while index < len(tokens):
        statement, index = _statement(tokens, index)
        if statement:
            found.append(statement)
    return found


def _statement(tokens, at):
    word = tokens[at].text
    if word == ";":
        return None, at + 1
    if word == "{":
        end = match_of(tokens, at)
        return Statement("block", tokens[at].start, tokens[end].end, [], branches=[_statements(tokens[at + 1:end])]), end + 1
    if word in ("case", "default"):
        while tokens[at].text != ":":
            at += 1
        return None, at + 1
    if word in ("if", "while", "for", "switch"):
        return _with_condition(tokens, at, {"while": "loop", "for": "loop"}.get(word, word))
    if word == "do":
        body, after = _statement(tokens, at + 1)
        end = after
        while tokens[end].text != ";":
            end = match_of(tokens, end) + 1 if tokens[end].text in CLOSES else end + 1
        return Statement("loop", tokens[at].start, tokens[end].end, tokens[at:end + 1], branches=[[body]]), end + 1
    end = at
    while end < len(tokens) and tokens[end].text != ";":
        end = match_of(tokens, end) + 1 if tokens[end].text in CLOSES else end + 1
    end = min(end, len(tokens) - 1)
    own = tokens[at:end + 1]
    kind = {"return": "return", "break": "jump", "continue": "jump", "goto": "jump"}.get(word) or _kind_of(own)
    return Statement(kind, own[0].start, own[-1].end, own, branches=_lambdas(own)), end + 1


def _with_condition(tokens, at, kind):
    open_ = at + 1
    while tokens[open_].text != "(":
        open_ += 1  # if constexpr
    close = match_of(tokens, open_)
    body, after = _statement(tokens, close + 1)
    branches = [[body] if body else []]
    own = tokens[at:close + 1]
    if kind == "if" and after < len(tokens) and tokens[after].text == "else":
        other, after = _statement(tokens, after + 1)
        branches.append([other] if other else [])
    return Statement(kind, tokens[at].start, tokens[after - 1].end, own, (tokens[open_].end, tokens[close].start),
                     branches), after


def _lambdas(tokens):
    """Bodies of the lambdas inside an expression."""
    found, index = [], 0
    while index < len(tokens):
        if tokens[index].text == "{" and index and tokens[index - 1].text in (")", "]"):
            end = match_of(tokens, index)
            found.append(_statements(tokens[index + 1:end]))
            index = end
        index += 1
    return found


def _kind_of(tokens):
    """An expression begins with a name that is called or used, a declaration with a type and a name."""
    index, before = 0, None
    for index, token in enumerate(tokens):
        if token.text in ("(", "=", "[", "{", ".", "->", "++", "--", "|=", "+=", "-=") or token.text == ";":
            break
        if before is not None and token.kind == "name" and (before.kind == "name" or before.text in ("&", "*", ">")):
            return "declaration"
        before = token
    return "expression"


def all_statements(statements):
    """With those inside, outer ones first; each list of neighbours as (list, index)."""
    for index, statement in enumerate(statements):
        yield statements, index
        for branch in statement.branches:
            yield from all_statements(branch)
