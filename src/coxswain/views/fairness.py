"""Whether plans treat accounts alike: prices against the group's, who goes first, and what rounding owes whom.

A price differs from the volume-weighted price of all accounts of the same plan; adverse is positive, in basis points.
Only plans that filled on two accounts or more compare anything. Nothing is judged here: the figures are shown.
"""

from decimal import Decimal

import msgspec

from coxswain.messages import events as ev
from coxswain.messages.record import Record
from coxswain.model.decimals import ONE, ZERO, plain, round_down
from coxswain.model.plan import Plan
from coxswain.model.vocabulary import SIGN, AccountId, Role, SignalId, SignalKind, Symbol, Verdict
from coxswain.views.blotter import Blotter, OrderRow

OF_AN_ENTRY = (Role.ENTRY, Role.COMPLETION, Role.RECOVERY)
BPS = Decimal(10_000)


class AccountFairness(msgspec.Struct, frozen=True):
    """One account over all plans that can be compared."""

    account: AccountId
    plans: int
    went_first: int
    """Filled before all others of the plan."""
    fair_firsts: Decimal
    """How often it would go first if that went by lot."""
    mean_difference_bps: Decimal | None
    """Against the group's price, adverse positive; None where it was in no plan that compares."""


class CreditFairness(msgspec.Struct, frozen=True):
    """What rounding owes one account in one instrument, in lots."""

    account: AccountId
    symbol: Symbol
    owed: Decimal
    worst: Decimal
    """The most that it was ever owed, or had too much."""
    bound: Decimal
    """One step, or the smallest order where that is more: never exceeded."""


class FairnessReport(msgspec.Struct, frozen=True):
    compared: int
    """Plans that filled on two accounts or more."""
    accounts: tuple[AccountFairness, ...]
    credits: tuple[CreditFairness, ...]


class Fairness:
    """Folds plans, orders and what was approved."""

    def __init__(self) -> None:
        self._blotter = Blotter()
        self._plans: dict[SignalId, Plan] = {}
        self._bounds: dict[Symbol, Decimal] = {}
        self._owed: dict[tuple[AccountId, Symbol], Decimal] = {}
        self._worst: dict[tuple[AccountId, Symbol], Decimal] = {}

    def apply(self, record: Record) -> None:
        self._blotter.apply(record)
        for event in record.events:
            match event:
                case ev.EngineConfigured(setup=setup):
                    self._bounds |= {each.symbol: max(each.lot_step, each.min_qty) for each in setup.instruments}
                case ev.PlanProposed(plan) if plan.kind is SignalKind.ENTRY:
                    self._plans[plan.signal_id] = plan
                case ev.PlanApproved(signal_id) if signal_id in self._plans:
                    self._take_credits(self._plans[signal_id])
                case _:
                    pass

    def _take_credits(self, plan: Plan) -> None:
        for assignment in plan.assignments:
            if assignment.credit is not None:
                place = assignment.account, plan.symbol
                self._owed[place] = assignment.credit
                self._worst[place] = max(self._worst.get(place, ZERO), abs(assignment.credit))

    def report(self) -> FairnessReport:
        orders: dict[SignalId, list[OrderRow]] = {}
        for row in self._blotter.orders.values():
            if row.role in OF_AN_ENTRY and row.cum_qty:
                orders.setdefault(row.signal_id, []).append(row)
        differences: dict[AccountId, list[Decimal]] = {}
        firsts: dict[AccountId, int] = {}
        fair: dict[AccountId, Decimal] = {}
        compared = 0
        for signal_id in self._plans:
            filled = orders.get(signal_id, [])
            by_account = _by_account(filled)
            if len(by_account) < 2:
                continue
            compared += 1
            first = min(filled, key=_first_fill).account
            firsts[first] = firsts.get(first, 0) + 1
            group = _vwap(filled)
            for account, rows in by_account.items():
                sign = SIGN[rows[0].side]
                differences.setdefault(account, []).append(sign * (_vwap(rows) - group) / group * BPS)
                fair[account] = fair.get(account, ZERO) + ONE / len(by_account)
        seen = {a.account: None for plan in self._plans.values() for a in plan.assignments if a.verdict is Verdict.SEND}
        accounts = tuple(
            AccountFairness(
                account,
                len(differences.get(account, ())),
                firsts.get(account, 0),
                round_down(fair.get(account, ZERO)),
                _mean(differences.get(account, [])),
            )
            for account in seen
        )
        owed = tuple(
            CreditFairness(*place, owed, self._worst[place], self._bounds[place[1]])
            for place, owed in self._owed.items()
        )
        return FairnessReport(compared, accounts, owed)


def _by_account(rows: list[OrderRow]) -> dict[AccountId, list[OrderRow]]:
    found: dict[AccountId, list[OrderRow]] = {}
    for row in rows:
        found.setdefault(row.account, []).append(row)
    return found


def _vwap(rows: list[OrderRow]) -> Decimal:
    lots = sum((row.cum_qty for row in rows), ZERO)
    return sum((row.cum_qty * (row.avg_px or ZERO) for row in rows), ZERO) / lots


def _first_fill(row: OrderRow) -> tuple[int, int]:
    return row.first_fill_ns or row.created_ns, row.created_ns


def _mean(values: list[Decimal]) -> Decimal | None:
    return plain(round_down(sum(values, ZERO) / len(values))) if values else None
