"""Rules of the source that ruff, mypy and import-linter do not know."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src"
MODULES = {path.relative_to(SRC).as_posix(): path for path in sorted(SRC.rglob("*.py"))}
PURE_PACKAGES = ("model", "messages", "risk", "allocation", "algos", "core")
PURE = [name for name in MODULES if name.startswith(tuple(f"coxswain/{package}/" for package in PURE_PACKAGES))]

# float loses money; hash and id differ from run to run; the others are input and output.
IMPURE_BUILTINS = {"float", "hash", "id", "input", "open", "print"}


def parse(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"), name)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is_for(name: str) -> None:
    assert ast.get_docstring(parse(name)), f"{name} has no docstring"


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    drawers = {"common", "helper", "helpers", "misc", "util", "utils"}
    named = {part.removesuffix(".py") for name in MODULES for part in name.split("/")}
    assert named.isdisjoint(drawers)


def test_the_pure_packages_are_where_these_rules_look() -> None:
    assert {name.split("/")[1] for name in PURE} == set(PURE_PACKAGES)


def floats_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield f"line {node.lineno}: {node.value!r} is a float literal"


def impure_calls_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_BUILTINS:
            yield f"line {node.lineno}: {node.func.id}(...)"


def is_set(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):  # a union, difference and so on of sets
        return is_set(node.left) or is_set(node.right)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in {"set", "frozenset"}
    return isinstance(node, ast.Set | ast.SetComp)


def loops_over_sets_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        loops: list[ast.expr] = []
        if isinstance(node, ast.For):
            loops = [node.iter]
        elif isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp):
            loops = [generator.iter for generator in node.generators]
        yield from (f"line {loop.lineno}: a loop over a set: sort it" for loop in loops if is_set(loop))


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_is_exact_and_the_same_in_every_run(name: str) -> None:
    tree = parse(name)
    assert [*floats_in(tree), *impure_calls_in(tree), *loops_over_sets_in(tree)] == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("rate = 0.5", 1),
        ("rate = float(text)", 1),
        ("rate = Decimal('0.5')", 0),
        ("key = hash(name)", 1),
        ("for x in {1, 2}: pass", 1),
        ("for x in set(names): pass", 1),
        ("for x in set(names) - done: pass", 1),
        ("out = [x for x in frozenset(names)]", 1),
        ("for x in sorted(set(names)): pass", 0),
        ("known = {x for x in set(names)}", 0),
    ],
)
def test_these_rules_find_what_they_look_for(source: str, count: int) -> None:
    tree = ast.parse(source)
    assert len([*floats_in(tree), *impure_calls_in(tree), *loops_over_sets_in(tree)]) == count
