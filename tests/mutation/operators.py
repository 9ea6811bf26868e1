"""What a mutation does to a formula: one change at one place of a syntax tree, by class.

The classes are the mistakes that a person makes who derives or writes numerics: a wrong sign or factor, a term or a
factor that is missing, indices that are swapped, a value of another stage, one that is stale, a count that is off by
one. Messages, annotations and docstrings are left alone.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

import attrs

__all__ = ["CLASSES", "Change", "changes", "mutated"]

#: Classes of mutations, in the order of the table.
CLASSES = ("sign", "factor", "missing term", "swapped", "stage or branch", "stale", "off by one")

#: Calls that hand their first argument on where they are left out.
_FACTORS = {"sqrt", "exp", "log", "cos", "sin", "tanh", "abs", "Abs", "conj", "cosh"}

#: Names of what counts steps, stages and draws: another one is what was drawn, or acted, before.
_COUNTERS = {"k", "step", "index", "draw", "draws", "first_step", "number", "first_number", "stage", "round"}


@attrs.frozen
class Change:
    """A change of a syntax tree.

    Parameters
    ----------
    kind : str
        One of `CLASSES`.
    inside : str
        Qualified name of the function or class.
    before, after : str
        The source of what is changed.
    repeat : int
        How many changes before this one, in the same function, have the same text.
    lines : tuple of (int, int)
        First line of its statement and last line of what is changed.
    old, new : AST
        What is changed, and what stands there instead.
    """

    kind: str
    inside: str
    before: str
    after: str
    repeat: int
    lines: tuple[int, int] = attrs.field(eq=False)
    old: ast.AST = attrs.field(eq=False, repr=False)
    new: ast.AST = attrs.field(eq=False, repr=False)

    @property
    def text(self) -> str:
        """The change in one line, which names it for as long as the function has this text."""
        again = f" #{self.repeat + 1}" if self.repeat else ""
        return f"{self.inside}: {_short(self.before)} -> {_short(self.after)}{again}"


def _short(source: str) -> str:
    return " ".join(source.split())


def _one(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value == 1


def _numeric(node: ast.AST) -> bool:
    """Whether a node may be a number: no text, no list, no dictionary, no set of types."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    wrong = (ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    if isinstance(node, ast.BinOp):
        return _numeric(node.left) and _numeric(node.right)
    return not isinstance(node, wrong)


def _simple(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute | ast.Subscript)


def _of_binary(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    left, right, op = node.left, node.right, node.op
    if not (_numeric(left) and _numeric(right)):
        return
    counted = _one(left) or _one(right)
    if isinstance(op, ast.Add | ast.Sub):
        other: ast.operator = ast.Sub() if isinstance(op, ast.Add) else ast.Add()
        yield ("off by one" if counted else "sign"), ast.BinOp(left, other, right)
        if counted:
            yield "off by one", left if _one(right) else right
        else:
            yield "missing term", left
            yield "missing term", right if isinstance(op, ast.Add) else ast.UnaryOp(ast.USub(), right)
    elif isinstance(op, ast.Mult):
        yield "factor", ast.BinOp(left, ast.Div(), right)
        yield "missing term", left
        yield "missing term", right
    elif isinstance(op, ast.Div):
        yield "factor", ast.BinOp(left, ast.Mult(), right)
        yield "factor", left
    elif isinstance(op, ast.Pow):
        yield "factor", ast.BinOp(left, ast.Pow(), ast.BinOp(right, ast.Add(), ast.Constant(1)))
        yield "factor", left
    elif isinstance(op, ast.MatMult):
        yield "swapped", ast.BinOp(right, ast.MatMult(), left)
    elif isinstance(op, ast.FloorDiv):
        yield "off by one", ast.BinOp(ast.BinOp(left, ast.FloorDiv(), right), ast.Add(), ast.Constant(1))


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in _FACTORS and len(node.args) == 1 and not node.keywords:
        yield "factor", node.args[0]
    if name == "range" and node.args:
        shorter = ast.BinOp(node.args[-1], ast.Sub(), ast.Constant(1))
        yield "off by one", ast.Call(node.func, [*node.args[:-1], shorter], [])
    places = [j for j, one in enumerate(node.args) if _simple(one)]
    if len(places) > 1 and name not in ("isinstance", "getattr", "setattr", "issubclass", "cast"):
        i, j = places[:2]
        arguments = list(node.args)
        arguments[i], arguments[j] = arguments[j], arguments[i]
        yield "swapped", ast.Call(node.func, arguments, node.keywords)
    for j, one in enumerate(node.args):
        if isinstance(one, ast.Name) and one.id in _COUNTERS:
            arguments = [*node.args[:j], ast.Constant(0), *node.args[j + 1 :]]
            yield "stale", ast.Call(node.func, arguments, node.keywords)


def _of_subscript(node: ast.Subscript) -> Iterator[tuple[str, ast.AST]]:
    index = node.slice
    if isinstance(index, ast.Tuple) and len(index.elts) > 1:
        turned = [index.elts[1], index.elts[0], *index.elts[2:]]
        yield "swapped", ast.Subscript(node.value, ast.Tuple(turned, ast.Load()), node.ctx)
    if isinstance(index, ast.UnaryOp) and isinstance(index.op, ast.USub) and _one(index.operand):
        yield "stage or branch", ast.Subscript(node.value, ast.Constant(0), node.ctx)
    elif isinstance(index, ast.Constant) and type(index.value) is int:
        yield "stage or branch", ast.Subscript(node.value, ast.Constant(1 - index.value), node.ctx)
    elif isinstance(index, ast.Slice):
        for side in ("lower", "upper"):
            if getattr(index, side) is not None:
                parts = {"lower": index.lower, "upper": index.upper, "step": index.step, side: None}
                yield "off by one", ast.Subscript(node.value, ast.Slice(**parts), node.ctx)


def _of_node(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.BinOp):
        yield from _of_binary(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "sign", node.operand
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield from _of_subscript(node)
    elif isinstance(node, ast.Attribute) and node.attr == "T" and isinstance(node.ctx, ast.Load):
        yield "swapped", node.value
    elif isinstance(node, ast.IfExp):
        yield "stage or branch", ast.IfExp(node.test, node.orelse, node.body)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        turned = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
        wrong = {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
        for kind, table in (("off by one", turned), ("stage or branch", wrong)):
            if type(node.ops[0]) in table:
                yield kind, ast.Compare(node.left, [table[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.AugAssign):
        if isinstance(node.op, ast.Add | ast.Sub) and _numeric(node.value):
            other: ast.operator = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            yield "sign", ast.AugAssign(node.target, other, node.value)
        yield "stale", ast.Pass()
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
        yield "stale", ast.Pass()


def _skipped(node: ast.AST) -> bool:
    """Whether nothing inside is a formula: what is said to people, and what types are."""
    return isinstance(node, ast.Raise | ast.JoinedStr | ast.Assert | ast.Import | ast.ImportFrom | ast.Global)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "type_comment", "ctx", "op", "ops"):
            continue
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.AST):
                yield one


def _places(tree: ast.Module) -> Iterator[tuple[str, tuple[int, int], ast.AST]]:
    """Yield the nodes that can be changed, with the function that they are in and their lines."""

    def walk(node: ast.AST, inside: str, head: int) -> Iterator[tuple[str, tuple[int, int], ast.AST]]:
        if _skipped(node):
            return
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inside = f"{inside}.{node.name}" if inside else node.name
        if isinstance(node, ast.stmt):
            head = node.lineno
        # a branch that only refuses is no formula
        if isinstance(node, ast.If) and not node.orelse and all(isinstance(one, ast.Raise) for one in node.body):
            return
        if isinstance(node, ast.expr | ast.stmt):
            yield inside, (head, getattr(node, "end_lineno", head) or head), node
        for child in _children(node):
            yield from walk(child, inside, head)

    yield from walk(tree, "", 0)


def _changes(tree: ast.Module) -> list[Change]:
    found: list[Change] = []
    seen: dict[tuple[str, str, str], int] = {}
    for inside, lines, node in _places(tree):
        if not inside:
            continue
        before = ast.unparse(node)
        for kind, after in _of_node(node):
            written = ast.unparse(ast.fix_missing_locations(copy.deepcopy(after)))
            if written == before:
                continue
            repeat = seen[inside, before, written] = seen.get((inside, before, written), -1) + 1
            found.append(Change(kind, inside, before, written, repeat, lines, node, after))
    return found


def changes(source: str) -> list[Change]:
    """Return all changes of a module's source, in its order.

    Examples
    --------
    >>> [change.text for change in changes("def f(x):\\n    return -x + 2")][:2]
    ['f: -x + 2 -> -x - 2', 'f: -x + 2 -> -x']
    """
    return _changes(ast.parse(source))


class _Put(ast.NodeTransformer):
    """Puts one node where another was."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        """Return the new node for the old one, and any other as it is."""
        return self.new if node is self.old else self.generic_visit(node)


def mutated(source: str, text: str) -> ast.Module:
    """Return the tree of a source with the change of this text.

    Raises
    ------
    LookupError
        When the source has no such change.
    """
    tree = ast.parse(source)
    for one in _changes(tree):
        if one.text == text:
            new = ast.copy_location(copy.deepcopy(one.new), one.old)
            return ast.fix_missing_locations(_Put(one.old, new).visit(tree))
    raise LookupError(f"no such change: {text}")
