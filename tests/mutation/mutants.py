"""Small wrong versions of a program: one comparison turned, one check dropped, one number off.

A test set that lets such a version pass does not look at what was changed there. Only functions are
changed, never the words of a sentence: what is inside an f-string stays.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from types import CodeType
from typing import NamedTuple

TURNED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
OTHER_WAY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.Mod: ast.FloorDiv,
}
Change = Callable[[ast.AST], Iterator[ast.AST]]


class Mutant(NamedTuple):
    """One wrong version: in which function, what stood there, what stands there now."""

    function: str
    line: int
    before: str
    after: str
    code: CodeType

    @property
    def name(self) -> str:
        """What it is known by, wherever it moves in the file; brackets differ between Pythons."""
        plain = re.sub(r"[()]", "", f"{self.before} -> {self.after}")
        return f"{self.function}: {plain}"


def mutants(source: str) -> Iterator[Mutant]:
    """Yield every wrong version of the functions of a module."""
    for function, owner in _functions(ast.parse(source), ""):
        for place, node in enumerate(_nodes(owner)):
            for number, changed in enumerate(_changes(node)):
                copy = deepcopy(owner)
                _put(copy, place, number)
                line = getattr(node, "lineno", owner.lineno)
                yield Mutant(function, line, _said(node), _said(changed), _compiled(function, copy))


def _said(node: ast.AST) -> str:
    """Return a piece of program in one line; of a case only what it looks at."""
    if isinstance(node, ast.match_case):
        guard = f" if {ast.unparse(node.guard)}" if node.guard else ""
        return f"case {ast.unparse(node.pattern)}{guard}"
    return " ".join(ast.unparse(node).split())[:160]


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Give every function of a module or class by its qualified name; not those inside others."""
    for one in ast.iter_child_nodes(node):
        if isinstance(one, ast.FunctionDef):
            yield prefix + one.name, one
        elif isinstance(one, ast.ClassDef):
            yield from _functions(one, f"{prefix}{one.name}.")


def _nodes(function: ast.FunctionDef) -> list[ast.AST]:
    """Return what can be changed in a function, always in the same order."""
    found: list[ast.AST] = []
    pending: list[ast.AST] = list(reversed(function.body))
    while pending:
        node = pending.pop()
        if not isinstance(node, ast.JoinedStr):
            found.append(node)
            pending += reversed([*ast.iter_child_nodes(node)])
    return found


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Give the wrong versions of one node."""
    match node:
        case ast.Compare():
            yield from _turned(node)
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield ast.BoolOp(other, node.values)
            for place in range(len(node.values)):
                left = [one for at, one in enumerate(node.values) if at != place]
                yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp() if type(node.op) in OTHER_WAY:
            yield ast.BinOp(node.left, OTHER_WAY[type(node.op)](), node.right)
        case ast.Constant() if type(node.value) is int:
            yield ast.Constant(node.value + 1)
            yield ast.Constant(node.value - 1)
        case ast.IfExp():
            yield ast.IfExp(node.test, node.orelse, node.body)
        case ast.If() if not isinstance(node.test, ast.Compare | ast.BoolOp):
            yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.Raise():
            yield ast.Pass()
        case ast.Expr(value=ast.Call()):
            yield ast.Pass()
        case ast.match_case() if node.guard is not None:
            yield ast.match_case(node.pattern, None, node.body)
        case ast.comprehension() if node.ifs:
            yield ast.comprehension(node.target, node.iter, [], 0)


def _turned(node: ast.Compare) -> Iterator[ast.AST]:
    for place, op in enumerate(node.ops):
        for other in TURNED[type(op)]:
            ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
            yield ast.Compare(node.left, ops, node.comparators)


def _put(function: ast.FunctionDef, place: int, number: int) -> None:
    """Put the wrong version with this number in the place of a node."""
    node = _nodes(function)[place]
    changed = list(_changes(node))[number]
    for parent in ast.walk(function):
        for field, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, field, changed)
            elif isinstance(value, list):
                value[:] = [changed if one is node else one for one in value]


def _compiled(name: str, function: ast.FunctionDef) -> CodeType:
    """Return the code of a function, under its name, without the module around it."""
    body: ast.stmt = function
    for owner in reversed(name.split(".")[:-1]):
        body = ast.ClassDef(owner, [], [], [body], [])
    made = ast.fix_missing_locations(ast.Module([body], []))
    pending = [compile(made, "wrong version", "exec")]
    while pending:
        for one in pending.pop().co_consts:
            if isinstance(one, CodeType):
                if one.co_qualname == name:
                    return one
                pending.append(one)
    raise LookupError(name)
