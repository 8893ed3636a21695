"""The page about the controls of the gate, `docs/RISK_CONTROLS.md`, made from the code. It says nothing of its own."""

import inspect
from types import ModuleType

from coxswain.model.breaker import ENGINE_CAUSE, MONEY_LOST, BreakerKind, cause_of
from coxswain.model.decimals import text
from coxswain.model.keys import BY_STRATEGY, KEYS, TABLE
from coxswain.risk.firm.evaluate import CODES, FAMILIES
from coxswain.risk.gate import FIRM_RULES
from coxswain.risk.kinds import Kind
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

FIRM_TEXT = """\
The rules of the firm that an account is under, as its rule set has them; an account under none meets nothing here.
Every answer names the rule, the rule set and its version. Protection is always let out. While planning, a smaller size
is taken where that is enough; the gate refuses (`docs/FIRM_RULES.md`).
"""
BREAKERS = """
## Circuit breakers

Each watches one thing on each account. Open, it restricts the account under a cause of its own, so that control 32
lets out only what reduces: {causes}.

Half-open, control 39 lets in one small entry at a time. After {money} only a person starts the time to cool down
(`coxswain breaker close`). While too many are open on the desk, every account only reduces (`{many}`).

| key | default | unit | what it is |
|---|---|---|---|
"""


def page() -> str:
    """Return the page as it should stand in the repository."""
    parts = {module.CONTROL: (_row(module), _section(module)) for module in check_modules()}
    parts[FIRM_RULES] = _firm_row(), _firm_section()
    ordered = [parts[control] for control in sorted(parts)]
    return HEAD + "".join(row for row, _ in ordered) + "".join(section for _, section in ordered) + _breakers()


def _row(module: ModuleType) -> str:
    excuses = "yes" if module.EXCUSES_REDUCING else "no"
    codes = ", ".join(f"`{code}`" for code in module.CODES)
    return f"| {module.CONTROL} | `{_name(module)}` | {module.KIND} | {excuses} | {codes} | {_keys(module)} |\n"


def _firm_row() -> str:
    codes = ", ".join(f"`FIRM_{rule}`" for rule in CODES)
    return f"| {FIRM_RULES} | `firm/` | {Kind.HARD} | no | {codes} | the account's rule set |\n"


def _firm_section() -> str:
    lines = "".join(f"- `FIRM_{rule}`: {remedy}\n" for rule, remedy in CODES.items())
    families = "".join(f"- `{_name(family)}`: {inspect.getdoc(family)}\n" for family in FAMILIES)
    return f"\n## {FIRM_RULES} firm/\n\n{FIRM_TEXT}\n{families}\n{lines}"


def _breakers() -> str:
    causes = ", ".join(f"`{cause_of(kind)}`" for kind in BreakerKind)
    money = ", ".join(f"`{cause_of(kind)}`" for kind in MONEY_LOST)
    keys = [key for key in TABLE if key.name.startswith("circuit_breaker_")]
    rows = "".join(f"| `{key.name}` | {text(key.default)} | {key.unit} | {key.comment} |\n" for key in keys)
    return BREAKERS.format(causes=causes, money=money, many=ENGINE_CAUSE) + rows


def _keys(module: ModuleType) -> str:
    keys = [KEYS[name] for name in module.Params.__struct_fields__ if name in KEYS]
    own = " (a strategy may have its own)"
    return ", ".join(
        f"`{key.name}` {text(key.default)} {key.unit}{own if key.name in BY_STRATEGY else ''}" for key in keys
    )


def _section(module: ModuleType) -> str:
    lines = "".join(f"- `{code}`: {remedy}\n" for code, remedy in module.CODES.items())
    return f"\n## {module.CONTROL} {_name(module)}\n\n{inspect.getdoc(module)}\n\n{lines}"


def _name(module: ModuleType) -> str:
    return module.__name__.rsplit(".", 1)[1]
