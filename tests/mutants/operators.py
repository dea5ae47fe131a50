# SPDX-License-Identifier: MIT
"""What the mutation tool does to the driver: each operator looks at one file and yields changes (function, start, end, new
text). A change is one mistake that a programmer makes; what only a debugger's reader sees (trace.hpp) is left alone."""
import re

from cpp_text import all_statements

REFERENCES = {"AddRef", "Release", "NonDelegatingAddRef", "NonDelegatingRelease", "copy_from", "attach", "reset"}
UNDOING = {"Disconnect", "disconnect", "cancel", "abandon", "finish", "retire", "stop_pump", "stop_capture", "end_ack_watch",
           "leave_run", "halt", "KeCancelTimer", "KeFlushQueuedDpcs", "release_pin", "EtwUnregister", "close_events",
           "PcUnregisterAdapterPowerManagement", "retire_adapter", "drop_queue", "clear", "ExFreePool", "leave_uart"}
KEEPING = {"store_release", "load_relaxed", "load_acquire", "add", "exchange", "clear"}
LOCKING = {"KeAcquireSpinLock", "KeReleaseSpinLock"}
SAYING = re.compile(r"[A-Z]+_(ERROR|WARNING|INFO)\(|static_assert\b")
ASSIGNING = {"=", "|=", "+=", "-=", "&=", "++", "--"}


def _in_functions(source):
    """(function, neighbours, index) of each statement that is more than a word to the debugger."""
    for function in source.functions:
        for neighbours, index in all_statements(function.statements):
            if not _only_says(source, neighbours[index]):
                yield function, neighbours, index


def _only_says(source, statement):
    """A word to the debugger, or an if with nothing else in it."""
    if statement.kind == "if":
        return all(_only_says(source, inner) for branch in statement.branches for inner in branch)
    if statement.kind == "block":
        return bool(statement.branches[0]) and all(_only_says(source, inner) for inner in statement.branches[0])
    return SAYING.match(source.text[statement.start:]) is not None


def _called(statement):
    """Name of what an expression statement calls last: a.b().c() calls c; None when it calls nothing."""
    name, depth = None, 0
    for before, token in zip(statement.tokens, statement.tokens[1:]):
        if token.text == "(" and depth == 0 and before.kind == "name":
            name = before.text
        depth += {"(": 1, ")": -1}.get(token.text, 0)
    return name


def _assigns(statement):
    return any(token.text in ASSIGNING for token in statement.tokens) and not statement.branches


def _expressions(source):
    for function, neighbours, index in _in_functions(source):
        statement = neighbours[index]
        if statement.kind == "expression" and statement.tokens[0].text != "NT_TRY":
            yield function, statement, _called(statement)


def _without(names):
    def operator(source):
        for function, statement, called in _expressions(source):
            if called in names and not _assigns(statement):
                yield function.name, statement.start, statement.end, ";"

    return operator


def drop_lock(source):
    """A lock is not taken, or not given back."""
    yield from _without(LOCKING)(source)
    for function, neighbours, index in _in_functions(source):
        statement = neighbours[index]
        if statement.kind == "declaration" and statement.tokens[0].text in ("SpinLockGuard", "MutexGuard"):
            yield function.name, statement.start, statement.end, ""


def drop_reference(source):
    """A reference is not taken, or not given back."""
    yield from _without(REFERENCES)(source)
    for function in source.functions:
        for match in re.finditer(r"\bgroup_\.copy\(\)", source.text[slice(*function.body)]):
            start = function.body[0] + match.start()
            yield function.name, start, start + len(match.group()), "group_.get()"


def drop_undoing(source):
    """Disconnect, cancel, flush, free, unregister, release: what was done is not undone."""
    yield from _without(UNDOING)(source)


def drop_call(source):
    """Any other call whose result nobody takes is not made."""
    for function, statement, called in _expressions(source):
        if called and called not in REFERENCES | UNDOING | LOCKING and not _assigns(statement):
            yield function.name, statement.start, statement.end, ";"


def drop_assignment(source):
    """A value is not set, or not counted."""
    for function, statement, _ in _expressions(source):
        if _assigns(statement):
            yield function.name, statement.start, statement.end, ";"


def _leaves(statement):
    """An if whose body is nothing but a return, break or continue."""
    first = statement.branches[0]
    if first and first[0].kind == "block":
        first = first[0].branches[0]
    return len(statement.branches) == 1 and len(first) >= 1 and first[-1].kind in ("return", "jump")


def drop_check(source):
    """A check that leaves early is not made; a status is not looked at."""
    for function, neighbours, index in _in_functions(source):
        statement = neighbours[index]
        if statement.kind == "if" and _leaves(statement) and ";" not in source.text[slice(*statement.condition)]:
            yield function.name, *statement.condition, f"({source.text[slice(*statement.condition)]}) && false"
        elif statement.kind == "expression" and statement.tokens[0].text == "NT_TRY":
            yield (function.name, statement.start, statement.end,
                   source.text[statement.start:statement.end].replace("NT_TRY(", "(void)(", 1))


def swap_order(source):
    """Two statements that follow each other, and each call something, come in the other order; not when all they do is to set
    flags or counters of the driver's own."""
    for function, neighbours, index in _in_functions(source):
        pair = neighbours[index:index + 2]
        if [statement.kind for statement in pair] != ["expression", "expression"] or not all(map(_called, pair)):
            continue
        if all(_called(statement) in KEEPING for statement in pair):
            continue
        if any(SAYING.match(source.text[statement.start:]) for statement in pair):
            continue
        first, second = (source.text[statement.start:statement.end] for statement in pair)
        between = source.text[pair[0].end:pair[1].start]
        yield function.name, pair[0].start, pair[1].end, second + between + first


def _tokens(source):
    """(function, token, what stands before and after it) in bodies, without what is said to a debugger."""
    for function in source.functions:
        said = [(s.start, s.end) for n, i in all_statements(function.statements)
                if _only_says(source, s := n[i])]
        for index, token in enumerate(function.tokens):
            if not any(start <= token.start < end for start, end in said):
                yield function, token, function.tokens[index - 1:index], function.tokens[index + 1:index + 2]


def _replaced(table):
    """Binary operators, which stand between spaces; & and * of types do not."""
    def operator(source):
        for function, token, _, _ in _tokens(source):
            if token.text in table and source.text[token.start - 1] == " " and source.text[token.end] in " \n":
                yield function.name, token.start, token.end, table[token.text]

    return operator


def change_mask(source):
    """A mask keeps other bits: & for |, | for &, a complement forgotten."""
    yield from _replaced({"&": "|", "|": "&"})(source)
    for function, token, before, _ in _tokens(source):
        if token.text == "~" and before and before[0].text not in ("::", "."):
            yield function.name, token.start, token.end, ""


def change_condition(source):
    """== for !=, && for ||, ! forgotten."""
    yield from _replaced({"==": "!=", "!=": "==", "&&": "||", "||": "&&"})(source)
    for function, token, _, _ in _tokens(source):
        if token.text == "!":
            yield function.name, token.start, token.end, ""


def off_by_one(source):
    """< for <=, and a small number in an expression one higher."""
    yield from _replaced({"<": "<=", "<=": "<", ">": ">=", ">=": ">"})(source)
    for function, token, _, _ in _tokens(source):
        if token.kind == "number" and re.fullmatch(r"\d{1,3}[uUlL]*", token.text):
            yield function.name, token.start, token.end, f"({token.text} + 1)"


CONSTANT = re.compile(r"\b(k\w+|[A-Z][a-z]\w+) = (-?[\d'xa-fA-F]+[uU]?[lL]*)\b(?=[;,} ])")


def change_constant(source):
    """A named number has a digit too many; a flag or a status is the other one."""
    for match in CONSTANT.finditer(source.text):
        if re.match(r".*//", source.text[source.text.rfind("\n", 0, match.start()) + 1:match.start()]):
            continue
        number = match.group(2)
        if int(number.replace("'", "").rstrip("uUlL"), 0) >= 2:
            yield match.group(1), match.start(2), match.end(2), f"{number} * 10"
            yield match.group(1), match.start(2), match.end(2), f"{number} / 10"
    other = {"true": "false", "false": "true", "TRUE": "FALSE", "FALSE": "TRUE"}
    for function, token, _, _ in _tokens(source):
        if token.text in other:
            yield function.name, token.start, token.end, other[token.text]
        elif token.text.startswith("STATUS_"):
            lie = "STATUS_UNSUCCESSFUL" if token.text == "STATUS_SUCCESS" else "STATUS_SUCCESS"
            yield function.name, token.start, token.end, lie


def change_irql(source):
    """IRQL is raised in a function that promises PASSIVE_LEVEL, and left so; a lock's owner lowers it."""
    for function in source.functions:
        if not source.is_passive(function) or any(token.text == "SpinLockGuard" for token in function.tokens):
            continue  # the lock's end would put IRQL back
        for neighbours, index in all_statements(function.statements):
            statement = neighbours[index]
            if statement.kind == "expression" and _called(statement) and not SAYING.match(source.text[statement.start:]):
                text = source.text[statement.start:statement.end]
                if statement.tokens[0].text != "NT_TRY":
                    yield (function.name, statement.start, statement.end,
                           f"{{ KIRQL irql; KeRaiseIrql(DISPATCH_LEVEL, &irql); {text} }}")
                    break
    for function, neighbours, index in _in_functions(source):
        statement = neighbours[index]
        if statement.kind == "declaration" and statement.tokens[0].text == "SpinLockGuard":
            yield function.name, statement.end, statement.end, " KeLowerIrql(PASSIVE_LEVEL);"


# Of some operators each change is a mutant, of the others the first ones of each function: {operator: (function, how many)}.
EACH, FIRST, FEW = None, 1, 1
OPERATORS = {operator.__name__.replace("_", "-"): (operator, most) for operator, most in (
    (drop_reference, EACH), (drop_undoing, EACH), (drop_lock, EACH), (change_mask, EACH), (change_irql, EACH),
    (drop_check, FEW), (drop_call, FEW), (drop_assignment, FEW), (swap_order, FIRST), (change_condition, FEW),
    (change_constant, FEW), (off_by_one, FEW))}
