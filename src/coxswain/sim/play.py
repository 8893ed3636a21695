"""Play one world from its seed, to the end or to the first thing that is wrong. Whoever plays many is `campaign`."""

import hashlib
import traceback
from collections.abc import Collection

import msgspec

from coxswain.sim.checker.judge import Invariants
from coxswain.sim.draw import Drawn, draw, make
from coxswain.sim.world import Checker, Wrong

RIVAL_EVERY = 5
"""Acts between two engines that take over, in a world in which they do."""
STALLS, FLOOD, RIVALS, TORN = "F36", "F46-FLOOD", "F44-TWO", "F39-TORN"
DAMAGE = {"F39", "F40", "F45"}


class Played(msgspec.Struct, frozen=True):
    seed: int
    fired: dict[str, int]
    """How often each row of the fault matrix came."""
    events: dict[str, int]
    records: int
    acts: int
    crashes: int
    digest: str
    """Of all that was made durable."""
    failed: str = ""
    """What was wrong, in a line; empty where all held."""
    where: str = ""
    """The last lines of how it came to that."""


def _checker(before: Checker | None) -> Checker:
    assert before is None or isinstance(before, Invariants)
    return Invariants(before)


def play(
    seed: int, rows: Collection[str] | None = None, without: Collection[str] = (), acts: int | None = None
) -> Played:
    """Play the world of a seed; of the fault matrix only `rows`, where they are given, and none of `without`."""
    drawn = draw(seed, rows)
    plan = drawn.plan
    plan = msgspec.structs.replace(
        plan,
        rates={row: rate for row, rate in plan.rates.items() if row not in without},
        crashes=tuple(crash for crash in plan.crashes if crash[0] not in without),
        stalls=0 if STALLS in without else plan.stalls,
        damage=plan.damage and not DAMAGE & set(without),
        rivals=plan.rivals and RIVALS not in without,
        torn=plan.torn and TORN not in without,
        flood=0 if FLOOD in without else plan.flood,
    )
    return _play(drawn._replace(plan=plan, acts=drawn.acts if acts is None else min(acts, drawn.acts)), seed)


def rows_of(drawn: Drawn) -> tuple[str, ...]:
    """Return the rows of the matrix that are on in a world, and that can be left out of it."""
    plan = drawn.plan
    rows = {
        **plan.rates,
        **dict(plan.crashes),
        **({STALLS: 1} if plan.stalls else {}),
        **({FLOOD: 1} if plan.flood else {}),
    }
    rest = (RIVALS,) * plan.rivals + (TORN,) * plan.torn
    return (*sorted(rows), *rest, *(sorted(DAMAGE) if plan.damage else ()))


def _play(drawn: Drawn, seed: int) -> Played:
    world, unrest = make(drawn, seed, _checker)
    acts, failed, where = 0, "", ""
    try:
        while acts < drawn.acts:
            acts += 1
            if drawn.plan.flood and acts == 1 + drawn.acts // 2:
                unrest.flood(drawn.plan.flood)
            unrest.act()
            if drawn.plan.rivals and acts % RIVAL_EVERY == 0:
                unrest.let_another_in()
        unrest.calm_down()
        world.rest(meanwhile=unrest.look_after)
        world.at_rest()
    except (Exception, Wrong) as error:  # whatever it is, it is a finding
        failed = f"{type(error).__name__}: {error}".partition("\n")[0][:500]
        where = "".join(traceback.format_exception(error)[-4:])
    bodies = world.disk.bodies()
    digest = hashlib.sha256(b"\n".join(bodies)).hexdigest()
    checker = world._checker
    events = dict(checker.events) if isinstance(checker, Invariants) else {}
    world.close()
    return Played(seed, dict(world.fired), events, len(bodies), acts, world.crashes, digest, failed, where)
