"""Venues as programs see them: six methods, and a paper venue with the options of a simulation.

A venue has one door, and that is the engine's gate: what is submitted here passes it like everything else. A venue that
was given to no engine opens one of its own, with one account.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from coxswain.api.python.configured import Loaded, limits_of
from coxswain.api.python.door import Desk, Shared
from coxswain.api.python.errors import ValidationError, VenueError
from coxswain.api.python.modifying import modify
from coxswain.api.python.session import Session
from coxswain.api.python.types import AccountBalance, BrokerPosition, Order, OrderParams
from coxswain.api.python.values import Number, nanoseconds, number
from coxswain.messages import inputs as inp
from coxswain.model.decimals import ZERO
from coxswain.model.keys import SETTINGS
from coxswain.model.market import Instrument, Quote
from coxswain.model.setup import AccountSpec, Setup, VenueSpec
from coxswain.model.vocabulary import AccountId, Mode, VenueId
from coxswain.runtime.venues import venue_file
from coxswain.venues.base import Venue
from coxswain.venues.paper import AccountParams, PaperVenue, Params, capabilities_of, simulation_of

FEED = "prices given by a program"
ALIKE = dict.fromkeys(
    ("min_timing_variance_ms", "max_timing_variance_ms", "min_size_variance_pct", "max_size_variance_pct"), ZERO
)
"""Settings of an engine whose accounts need not be spread over time and size: it has one."""


def new_session(
    mode: Mode,
    settings: dict[str, Decimal],
    *,
    seed: int = 1,
    journal: str | Path | None = None,
    feed: Iterable[Quote] | None = None,
    start: datetime | None = None,
    realtime: bool = False,
    config: Loaded | None = None,
    adopt_lease: str | None = None,
) -> Session:
    """Make a session without accounts or venues; every setting has its default, or what is configured or given."""
    known = {key.name: key.default for key in SETTINGS}
    unknown = [name for name in settings if name not in known]
    if unknown:
        raise ValidationError(field=f"settings.{unknown[0]}", value=settings[unknown[0]], wanted="a known setting")
    if feed is None and not realtime:
        known["quote_interval_ms"] = ZERO  # every price is shown by hand, so each is worth a look
    starts_ns = None if start is None else nanoseconds(start, "start")
    if config is None:
        setup = Setup(mode, (), (), (), settings=known | settings, feed=FEED)
    else:
        known |= config.setup.settings
        setup = msgspec.structs.replace(config.setup, accounts=(), venues=(), settings=known | settings, feed=FEED)
    return Session(
        setup,
        seed=seed,
        journal=journal,
        feed=feed,
        starts_ns=starts_ns,
        realtime=realtime,
        config=config,
        adopt_lease=adopt_lease,
    )


class ExecutionVenue(Shared):
    """One venue of an engine: submit, cancel, modify, get an order, get positions, get the balance.

    `account_id` says which account is meant; it may be left out where the venue has one.
    """

    def __init__(self, desk: Desk, venue_id: str) -> None:
        self.venue_id = VenueId(venue_id)
        self._desk_given: Desk | None = desk

    @property
    def _desk(self) -> Desk:  # type: ignore[override]
        assert self._desk_given is not None
        return self._desk_given

    async def submit_order(self, params: OrderParams) -> Order:
        """Submit an order through the gate, and return it once it was answered. Raises `OrderDenied`."""
        desk = self._desk
        return await desk.run(lambda: desk.await_order(desk.submit_order(params, self.venue_id)))

    async def cancel_order(self, order_id: str) -> bool:
        """Cancel an order. False where it had filled, or was over."""
        desk = self._desk
        return await desk.run(lambda: desk.cancel_order(order_id))

    async def modify_order(
        self,
        order_id: str,
        *,
        quantity: Number | None = None,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
    ) -> Order:
        """Change a working order, and return it once its venue has answered; what is left out stays as it is.

        `quantity` is the new total, what has filled included. At a venue that changes no orders the old one is called
        back, and the new one that follows is returned. A position's stop or target is moved, and keeps its quantity.
        Raises `ValidationError` where it cannot be changed, `OrderDenied` where the gate refuses, `VenueError` where
        the venue does, or it filled meanwhile, and `OutcomeUnknown` while nobody can say.
        """
        desk = self._desk
        return await desk.run(lambda: modify(desk, order_id, quantity, limit_price, stop_price))

    async def settle_order(self, order_id: str, settled_as: str, reason: str, fills: Sequence[str] = ()) -> Order:
        """Say what became of an order that its venue cannot be asked about, and return it as it stands then.

        It was `lost`, or `filled` by `fills`, which fit no order so far. Raises `ValidationError` where the order is
        not unknown, or its venue has not answered yet, or has answered otherwise.
        """
        desk = self._desk
        return await desk.run(lambda: desk.settle_order(order_id, settled_as, reason, fills))

    async def get_order(self, order_id: str) -> Order:
        desk = self._desk
        return await desk.run(lambda: desk.order(order_id))

    async def get_positions(self, account_id: str | None = None) -> list[BrokerPosition]:
        """Ask the venue for its books, and return the positions in them."""
        books = await self._desk.run(lambda: self._books(account_id))
        return [BrokerPosition(books.account, found.symbol, found.qty) for found in books.positions]

    async def get_account_balance(self, account_id: str | None = None) -> AccountBalance:
        """Ask the venue for its books, and return its cash; the rest is the engine's, marked at the last quotes."""
        desk = self._desk
        books = await desk.run(lambda: self._books(account_id))
        rows = await desk.run(lambda: desk.session.look(desk.session.summary.book.all_accounts))
        row = next(row for row in rows if row.account == books.account)
        return AccountBalance(
            row.account,
            row.currency,
            books.balance,
            row.equity,
            row.available_margin,
            row.used_margin,
            row.unrealized_pnl,
        )

    def _books(self, account_id: str | None) -> inp.AccountLookedUp:
        """Have one account compared with its venue, which tells its books."""
        session = self._desk.session
        account = _only_account(session, self.venue_id, account_id)
        before = session.look(lambda: session.books.get(account))
        session.tell(inp.CompareAccounts("asked by API", (account,), session.actor))
        if not session.wait_until(lambda: session.books.get(account) is not before):
            raise VenueError(f"venue {self.venue_id} did not answer for account {account}")
        return session.look(lambda: session.books[account])


class PaperTradingVenue(ExecutionVenue):
    """A simulated exchange. It trades on the prices that its engine is shown, and on nothing else.

    What the options mean, and their units: `initial_capital` of an account of its own in `currency`; `commission` for
    each lot and `commission_percent` of the value, per cent; `slippage_percent` by which fills are worse, per cent;
    `fill_delay` in milliseconds; `reject_rate` and `partial_fill_rate`, each a probability from 0 to 1; `latency_ms`
    each way. What is drawn is drawn from `seed`, the same in every run.
    """

    def __init__(
        self,
        initial_capital: Number = 100_000,
        commission: Number = 0,
        commission_percent: Number = 0,
        slippage_percent: Number = 0,
        fill_delay: int = 0,
        reject_rate: Number = 0,
        partial_fill_rate: Number = 0,
        *,
        instruments: Iterable[Instrument],
        venue_id: str = "paper",
        currency: str = "USD",
        latency_ms: int = 20,
        seed: int = 0,
        start: datetime | None = None,
        **options: object,
    ) -> None:
        """`options` are the further parameters of a paper venue in the configuration, such as `faults`."""
        self.venue_id = VenueId(venue_id)
        self._desk_given = None
        self._start = start
        self.traded: tuple[Instrument, ...] = tuple(instruments)
        if not self.traded:
            raise ValidationError(field="instruments", value=(), wanted="at least one, as `instrument(...)` makes it")
        self.currency = currency
        self.initial_capital = number(initial_capital, "initial_capital")
        self._accounts: dict[AccountId, AccountParams] = {}
        self._port: PaperVenue | None = None
        simulated = {
            "seed": seed,
            "slippage_pct": number(slippage_percent, "slippage_percent"),
            "fill_delay_ms": fill_delay,
            "reject_rate": number(reject_rate, "reject_rate"),
            "partial_fill_rate": number(partial_fill_rate, "partial_fill_rate"),
        }
        invents = any(value for name, value in simulated.items() if name != "seed")
        self._params = _paper_params(
            {
                "accounts": {},
                "commission_per_lot": number(commission, "commission"),
                "commission_pct": number(commission_percent, "commission_percent"),
                "latency_ms": latency_ms,
                **({"simulated": simulated} if invents else {}),
                **options,
            }
        )

    is_live = False
    is_separate = False

    @property
    def _desk(self) -> Desk:  # type: ignore[override]
        """The engine's that it belongs to; of one of its own where it was given to none."""
        if self._desk_given is None:
            session = new_session(Mode.FULL_AUTO, dict(ALIKE), start=self._start)
            self.join(Desk(session), str(self.venue_id), self.initial_capital)
        assert self._desk_given is not None
        return self._desk_given

    @property
    def spec(self) -> VenueSpec:
        params = self._params
        return VenueSpec(
            self.venue_id,
            capabilities_of(params),
            params.commission_per_lot,
            params.commission_pct,
            simulated=simulation_of(params),
        )

    def join(
        self,
        desk: Desk,
        account_id: str,
        balance: Number | None = None,
        *,
        reserve: bool = False,
        limits: Mapping[str, Number] | None = None,
    ) -> None:
        """Trade for one more account of an engine, in the venue's currency; with its capital if nothing is said."""
        session, account = desk.session, AccountId(account_id)
        if self._desk_given is not None and self._desk_given is not desk:
            raise ValidationError(field="platform", value=self.venue_id, wanted="a venue of no other engine")
        if any(spec.id == account_id for spec in session.accounts):
            raise ValidationError(field="account_id", value=account_id, wanted="one that is not registered yet")
        params = AccountParams(
            self.currency, number(self.initial_capital if balance is None else balance, "initial_balance")
        )
        known = limits_of(limits or {})

        def join() -> None:
            if self._desk_given is None:
                self._take_free_name({spec.id for spec in session.setup.venues})
                session.add_venue(self)
            session.add_account(AccountSpec(account, self.venue_id, self.currency, known, reserve))
            self._desk_given = desk
            self._accounts[account] = params
            if self._port is not None:
                self._port.open_account(account, params)

        session.change(join)

    def _take_free_name(self, taken: Container[str]) -> None:
        name, count = self.venue_id, 1
        while self.venue_id in taken:
            count += 1
            self.venue_id = VenueId(f"{name}-{count}")

    def call(self, name: str) -> None:
        """Give it another name, before it is opened."""
        if self._desk_given is not None and self.venue_id != name:
            raise ValidationError(field="venue", value=self.venue_id, wanted="one that no engine has yet")
        self.venue_id = VenueId(name)

    def open(self, journal: Path | None) -> Venue:
        """Open the simulated exchange itself, beside the journal; the engine calls this."""
        params = msgspec.structs.replace(self._params, accounts=dict(self._accounts))
        path = None if journal is None else venue_file(journal, self.venue_id, "db")
        self._port = PaperVenue(self.venue_id, params, self.traded, path)
        return self._port


def _paper_params(values: dict[str, object]) -> Params:
    """Make the parameters of a paper venue. Raises `ValidationError` for what is none, or out of its range."""
    try:
        return msgspec.convert(values, Params)
    except (msgspec.ValidationError, ValueError) as error:
        raise ValidationError(f"paper venue: {error}") from None


def _only_account(session: Session, venue: VenueId, account_id: str | None) -> AccountId:
    if account_id is not None:
        return session.account(account_id).id
    accounts = [spec.id for spec in session.accounts if spec.venue == venue]
    if len(accounts) != 1:
        raise ValidationError(field="account_id", value=None, wanted=f"one of {', '.join(accounts)}")
    return accounts[0]
