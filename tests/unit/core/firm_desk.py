"""A desk whose accounts are under a firm's rules, whose day has begun: inputs in, records out."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from coxswain.core.firm.book import FirmBook
from coxswain.messages import events as ev
from coxswain.messages.inputs import FirmDay, FlatHours
from coxswain.messages.record import Record
from coxswain.model.firm import (
    Amount,
    Confidence,
    Effective,
    LossLimit,
    NewsCalendar,
    Phase,
    Provenance,
    RuleSet,
    RuleSetId,
    Window,
)
from coxswain.model.firm import FirmDay as Day
from coxswain.model.market import Instrument
from coxswain.model.setup import AccountSpec, Setup
from coxswain.model.vocabulary import AccountId, Symbol
from tests.unit.core.desk import SHARE, SHARES, VENUE, A, D, Desk, S, setup

ES, MES = Symbol("ES"), Symbol("MES")
OWNER = "Ann Example"
DAY_S = 86_400

FUTURES = tuple(
    Instrument(symbol, "USD", D("0.25"), D(1), D(1), contract_size=D(size), margin_rate=D("0.01"))
    for symbol, size in ((ES, 50), (MES, 5))
)


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * S


def share(name: str, pct: str, **fields: Any) -> LossLimit:
    fields.setdefault("window", Window.DAY)
    return LossLimit(name, amount=Amount(pct=D(pct), of=fields.pop("of", "initial")), **fields)


def rules(name: str = "example.plan@2026-07", **fields: Any) -> RuleSet:
    provenance = Provenance(("example.com",), "2026-07-16", Confidence.VERIFIED, Effective("2020-01-01"))
    fields.setdefault("phase", (Phase.FUNDED,))
    fields.setdefault("day", Day("00:00", "UTC"))
    return RuleSet(RuleSetId(name), provenance, **fields)


def under(
    name: AccountId,
    rule_set: RuleSet | None,
    phase: Phase = Phase.FUNDED,
    owner: str = OWNER,
    initial: int = 100_000,
    high: int = 0,
    **limits: str | int,
) -> AccountSpec:
    values: dict[str, str | int] = {"max_daily_loss_pct": 100, "max_daily_drawdown_pct": 100, "risk_budget_pct": 100}
    values |= {"risk_per_trade_pct": 100, "max_order_value": 10**9, **limits}
    chosen = {key: Decimal(value) for key, value in values.items()}
    firm = "" if rule_set is None else rule_set.id
    if rule_set is None:
        phase = Phase.LIVE
    return AccountSpec(
        name, VENUE, "USD", chosen, firm=firm, firm_phase=phase, owner=owner, initial_balance=D(initial),
        firm_high_water=D(high),
    )  # fmt: skip


def firm_setup(
    *accounts: AccountSpec,
    sets: tuple[RuleSet, ...],
    groups: dict[str, str] | None = None,
    news: NewsCalendar | None = None,
    instruments: tuple[Instrument, ...] = (SHARES, *FUTURES),
    **settings: Any,
) -> Setup:
    plain = setup(*accounts, instruments=instruments, **settings)
    return msgspec.structs.replace(plain, firms=sets, product_groups=groups or {}, news=news)


class FirmDesk(Desk):
    """One that tells the firm's day, and knows the books that its rules need."""

    def __init__(self, config: Setup, *, balance: int = 100_000, begin: bool = True) -> None:
        super().__init__(config, balance=balance, begin=False)
        if not begin:
            return
        self.start()
        self.day("2023-11-14")
        self.quote(SHARE, "100.00", "100.02")
        for instrument in config.instruments:
            if instrument.symbol in (ES, MES):
                self.quote(instrument.symbol, "5000.00", "5000.25")

    def day(self, name: str, began_ns: int | None = None) -> list[Record]:
        """Tell every rule set's day, which began just now unless said otherwise."""
        began_ns = self.now_ns if began_ns is None else began_ns
        return [
            self.step(FirmDay(self._accounts(each.id), each.id, name, began_ns, began_ns + DAY_S * S))
            for each in self.setup.firms
        ]

    def flat(self, from_ns: int, until_ns: int, why: str = "flat by") -> list[Record]:
        return [
            self.step(FlatHours(self._accounts(each.id), each.id, from_ns, until_ns, why)) for each in self.setup.firms
        ]

    def book(self, account_id: AccountId = A) -> FirmBook:
        return self.engine.state.firms.books[account_id]

    def refusals(self, since: int = 0) -> list[str]:
        """Return why the gate refused, rules of firms only."""
        reasons = [why for denied in self.events(ev.OrderDenied, since) for why in denied.reasons]
        return [why for why in reasons if why.startswith("FIRM_")]

    def notices(self) -> list[ev.FirmNoticed]:
        return self.events(ev.FirmNoticed)

    def _accounts(self, rule_set: str) -> tuple[AccountId, ...]:
        return tuple(spec.id for spec in self.setup.accounts if spec.firm == rule_set)
