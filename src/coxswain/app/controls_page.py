"""The page about the controls of the gate, `docs/RISK_CONTROLS.md`, made from the code. It says nothing of its own."""

import inspect
from types import ModuleType

from coxswain.model.decimals import text
from coxswain.model.keys import KEYS
from coxswain.runtime.plugins import check_modules

HEAD = """\
# The controls of the gate

Every order, and every change of one, meets all of these before it leaves. All that apply are asked, each answer is
journaled with its value and limit, and one failure denies the order (`coxswain explain` shows them). This page is made
from the code.

Kinds: **hard** lets nobody pass; **soft** may be let pass for one order by a second person; **auto** stops the account
as well until a person resumes it. An order that *provably reduces* (the opposite side, reduce-only, no more than the
position less what other orders take off it) is excused from the controls that say so.

| # | file | kind | excuses what reduces | codes | keys and defaults |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Return the page as it should stand in the repository."""
    modules = sorted(check_modules(), key=lambda module: module.CONTROL)
    rows = "".join(_row(module) for module in modules)
    return HEAD + rows + "".join(_section(module) for module in modules)


def _row(module: ModuleType) -> str:
    excuses = "yes" if module.EXCUSES_REDUCING else "no"
    codes = ", ".join(f"`{code}`" for code in module.CODES)
    return f"| {module.CONTROL} | `{_name(module)}` | {module.KIND} | {excuses} | {codes} | {_keys(module)} |\n"


def _keys(module: ModuleType) -> str:
    names = module.Params.__struct_fields__
    return ", ".join(f"`{name}` {text(KEYS[name].default)} {KEYS[name].unit}" for name in names)


def _section(module: ModuleType) -> str:
    lines = "".join(f"- `{code}`: {remedy}\n" for code, remedy in module.CODES.items())
    return f"\n## {module.CONTROL} {_name(module)}\n\n{inspect.getdoc(module)}\n\n{lines}"


def _name(module: ModuleType) -> str:
    return module.__name__.rsplit(".", 1)[1]
