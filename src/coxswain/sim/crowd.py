"""What people and programs do to an engine, at random: signals of every kind, orders, pauses, bad and repeated ones."""

import json
import random
from decimal import Decimal

from coxswain.messages.inputs import (
    ApprovePlan,
    CancelOrders,
    ChangeOrder,
    CompareAccounts,
    RejectPlan,
    SessionChanged,
    SetMode,
    SubmitOrder,
    SubmitSignal,
)
from coxswain.model.algo import Algo
from coxswain.model.contingent import Contingent
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, StopLevel
from coxswain.model.decimals import plain
from coxswain.model.orders import OrderIntent, Trail
from coxswain.model.signal import Signal
from coxswain.model.spread import Leg, LeggingLimit, SpreadLevel
from coxswain.model.vocabulary import (
    AccountId,
    LeggingRule,
    Mode,
    OrdType,
    Role,
    Side,
    SignalId,
    SignalKind,
    Symbol,
    TimeInForce,
)
from coxswain.sim.asking import release, resume, stop
from coxswain.sim.ground import EURUSD, MS, SHARE, SYMBOLS, VENUE_OF, Ground, S
from coxswain.venues.paper import Fault, FaultKind

STRATEGIES = ("breakout", "reversal")


ONLY_LATE = tuple(kind for kind in FaultKind if kind not in (FaultKind.BUST, FaultKind.CORRECT))
"""What goes wrong with an order and is over once it has: nothing of it is taken back later."""


def script(
    seed: int, share: int, accounts: tuple[AccountId, ...] = tuple(VENUE_OF), kinds: tuple[FaultKind, ...] = ONLY_LATE
) -> tuple[Fault, ...]:
    """Draw scripted venue faults: of a hundred orders about `share` are hit."""
    draw = random.Random(seed)
    return tuple(
        Fault(draw.choice(kinds), account, nth)
        for account in accounts
        for nth in range(1, 40)
        if draw.randrange(100) < share
    )


class Crowd:
    """Acts on a world, one act at a time."""

    RESTARTS = 1
    """How often, beside how often each other act comes."""

    def __init__(self, world: Ground, seed: int, *, restarts: bool) -> None:
        self.world = world
        self.accounts = tuple(world.venue_of)
        self.random = random.Random(seed)
        self.signals: list[Signal] = []
        self.count = 0
        self._acts = [
            (self.entry, 5),
            (self.entry_in_parts, 2),
            (self.spread, 2),
            (self.leave_spread, 1),
            (self.two_orders, 3),
            (self.exit, 3),
            (self.exit_in_parts, 1),
            (self.adjust, 2),
            (self.direct, 2),
            (self.change, 2),
            (self.repeat, 1),
            (self.stop, 2),
            (self.resume, 2),
            (self.answer, 2),
            (self.set_modes, 1),
            (self.cancel, 1),
            (self.compare, 1),
            (self.session, 1),
            (self.market, 6),
        ]
        if restarts:
            self._acts.append((world.restart, self.RESTARTS))

    def act(self) -> None:
        acts, weights = zip(*self._acts, strict=True)
        self.random.choices(acts, weights)[0]()
        self.market()
        self.world.run(self.random.choice((0, 30 * MS, 300 * MS, 2 * S, 7 * S, 20 * S, 65 * S)))

    # --- acts ---------------------------------------------------------------------------------------------------------

    def market(self) -> None:
        symbol = self.random.choice(SYMBOLS)
        by_ticks = self.random.choice((-60, -8, -2, 0, 2, 8, 60))
        size = self.random.choice((None, None, Decimal(0), Decimal("0.3"), Decimal(2), Decimal(30)))
        self.world.quote(symbol, by_ticks, bid_size=size, ask_size=size, seen=self.random.randrange(4) > 0)

    def entry(self) -> None:
        symbol, side = self.random.choice(SYMBOLS), self.random.choice(list(Side))
        kinds = (OrdType.MARKET, OrdType.MARKET, OrdType.MARKET, OrdType.LIMIT, OrdType.STOP, OrdType.STOP_LIMIT)
        ord_type = self.random.choice(kinds)
        sign = 1 if side is Side.BUY else -1
        stop = self.px(symbol, -sign * self.random.choice((30, 100, 300))) if self.random.randrange(4) else None
        target = self.px(symbol, sign * self.random.choice((30, 100, 300))) if self.random.randrange(2) else None
        quantity = self.quantity(symbol) if stop is None or self.random.randrange(2) else None
        at = None
        if ord_type is OrdType.LIMIT:
            at = self.px(symbol, sign * self.random.choice((-20, -5, 5)))
        elif ord_type is OrdType.STOP:
            at = self.px(symbol, sign * self.random.choice((5, 20)))
        elif ord_type is OrdType.STOP_LIMIT:
            at = self.px(symbol, sign * self.random.choice((2, 25)))
        tif = self.random.choice(list(TimeInForce))
        self.submit(
            SignalKind.ENTRY,
            symbol,
            side=side,
            stop_loss=stop,
            take_profit=target,
            quantity=quantity,
            order_type=ord_type,
            limit_price=at,
            time_in_force=tif,
            confidence=self.random.choice((None, None, None, Decimal("0.4"), Decimal("0.8"))),
            accounts=self.some_accounts(),
            strategy=self.random.choice(("", *STRATEGIES)),
            stop_price=self.px(symbol, sign * self.random.choice((5, 20))) if ord_type is OrdType.STOP_LIMIT else None,
            expire_time_ns=self.soon() if tif is TimeInForce.GTD else None,
            trailing_stop=self.trail(symbol),
        )

    def exit(self) -> None:
        symbol = self.random.choice(SYMBOLS)
        quantity = self.quantity(symbol) if self.random.randrange(3) == 0 else None
        side = self.random.choice((None, None, Side.BUY, Side.SELL))
        self.submit(SignalKind.EXIT, symbol, side=side, quantity=quantity, accounts=self.some_accounts())

    def spread(self) -> None:
        first, second = self.random.choice(list(Side)), self.random.choice(list(Side))
        waits = self.px(SHARE, self.random.choice((-5, 5))) if self.random.randrange(2) else None
        step = self.world.instruments[SHARE].lot_step
        few = plain(self.random.choice((1, 3)) * step)
        legs = [Leg(SHARE, first, few, waits), Leg(EURUSD, second, self.world.instruments[EURUSD].lot_step)]
        self.random.shuffle(legs)
        limit = LeggingLimit(
            Decimal(self.random.choice((2_000, 20_000))),
            self.random.choice((1, 5, 60)),
            self.random.choice(list(LeggingRule)),
        )
        self.submit(
            SignalKind.ENTRY,
            legs[0].symbol,
            side=legs[0].side,
            quantity=Decimal(self.random.choice((1, 5, 20))),
            accounts=self.some_accounts(),
            legs=tuple(legs),
            legging=limit,
            spread_stop=self.random.choice((None, SpreadLevel(money=Decimal(1)), SpreadLevel(money=Decimal(9)))),
            spread_target=self.random.choice((None, None, SpreadLevel(money=Decimal(1)))),
        )

    def leave_spread(self) -> None:
        known = [signal.id for signal in self.signals if signal.legs]
        if known:
            quantity = Decimal(self.random.choice((1, 2))) if self.random.randrange(2) else None
            spread, accounts = self.random.choice(known), self.some_accounts()
            self.submit(SignalKind.EXIT, Symbol(""), quantity=quantity, accounts=accounts, spread=spread)

    def two_orders(self) -> None:
        """A pair of which one cancels the other, on either side, or an order that follows another."""
        symbol, side = self.random.choice(SYMBOLS), self.random.choice(list(Side))
        other = self.random.choice(list(Side))
        pair = self.random.randrange(2) > 0
        first, second = (
            self.random.choice((OrdType.LIMIT, OrdType.STOP)),
            self.random.choice((OrdType.LIMIT, OrdType.STOP)),
        )
        if not pair and self.random.randrange(2):
            first = OrdType.MARKET
        if not pair and self.random.randrange(3) == 0:
            second = OrdType.MARKET
        contingent = Contingent(
            other,
            second,
            self.at(symbol, other, second),
            stop_loss=self.px(symbol, (-1 if other is Side.BUY else 1) * 300) if self.random.randrange(3) else None,
        )
        self.submit(
            SignalKind.ENTRY,
            symbol,
            side=side,
            order_type=first,
            limit_price=self.at(symbol, side, first),
            stop_loss=self.px(symbol, (-1 if side is Side.BUY else 1) * 300) if self.random.randrange(3) else None,
            quantity=self.quantity(symbol),
            time_in_force=self.random.choice((TimeInForce.DAY, TimeInForce.GTC)),
            accounts=self.some_accounts(),
            strategy=self.random.choice(("", *STRATEGIES)),
            oco=contingent if pair else None,
            then=None if pair else contingent,
        )

    def at(self, symbol: Symbol, side: Side, ord_type: OrdType) -> Decimal | None:
        sign = 1 if side is Side.BUY else -1
        if ord_type is OrdType.MARKET:
            return None
        return self.px(symbol, sign * self.random.choice((5, 20) if ord_type is OrdType.STOP else (-20, -5, 5)))

    def entry_in_parts(self) -> None:
        symbol, side = self.random.choice(SYMBOLS), self.random.choice(list(Side))
        sign = 1 if side is Side.BUY else -1
        algo = self.algo(symbol, leaves=False)
        limited = algo.name == "iceberg" or self.random.randrange(3) == 0
        self.submit(
            SignalKind.ENTRY,
            symbol,
            side=side,
            stop_loss=self.px(symbol, -sign * 300) if self.random.randrange(3) else None,
            quantity=self.quantity(symbol),
            order_type=OrdType.LIMIT if limited else OrdType.MARKET,
            limit_price=self.px(symbol, sign * self.random.choice((-5, 5, 20))) if limited else None,
            accounts=self.some_accounts(),
            algo=algo,
        )

    def exit_in_parts(self) -> None:
        symbol = self.random.choice(SYMBOLS)
        algo = self.algo(symbol, leaves=True)
        part = algo.name in ("twap", "implementation_shortfall") and self.random.randrange(3) == 0
        quantity = self.quantity(symbol) if part else None
        self.submit(SignalKind.EXIT, symbol, quantity=quantity, accounts=self.some_accounts(), algo=algo)

    def algo(self, symbol: Symbol, *, leaves: bool) -> Algo:
        choices: list[dict[str, object]] = [
            {"name": "twap", "horizon_s": 60, "slices": 4, "time_variance_pct": 50, "size_variance_pct": 30},
            {
                "name": "implementation_shortfall",
                "horizon_s": 30,
                "risk_aversion": 1,
                "volatility": 1,
                "temporary_impact": 10,
                "slices": 3,
            },
            {"name": "peg", "horizon_s": 45, "reference": self.random.choice(("bid", "mid", "ask"))},
            {"name": "post_then_cross", "post_s": 8, "cross_s": 6},
        ]
        if not leaves:
            display = str(3 * self.world.instruments[symbol].lot_step)
            choices.append({"name": "iceberg", "horizon_s": 60, "display_qty": display})
        choice = self.random.choice(choices)
        return Algo(str(choice.pop("name")), json.dumps(choice, sort_keys=True))

    def adjust(self) -> None:
        symbol, way = self.random.choice(SYMBOLS), self.random.choice((-1, 1))
        stop = self.px(symbol, way * self.random.choice((10, 50, 200)))
        target = self.px(symbol, -way * self.random.choice((10, 50, 200))) if self.random.randrange(2) else None
        trail = self.trail(symbol)
        self.submit(SignalKind.STOP_ADJUSTMENT, symbol, stop_loss=stop, take_profit=target, trailing_stop=trail)

    def direct(self) -> None:
        symbol, side = self.random.choice(SYMBOLS), self.random.choice(list(Side))
        self.count += self.random.randrange(5) > 0  # now and then an id is used again
        sign = 1 if side is Side.BUY else -1
        is_limit, follows = self.random.randrange(2) == 0, self.random.randrange(4) == 0
        ord_type = OrdType.LIMIT if is_limit else OrdType.TRAILING_STOP if follows else OrdType.MARKET
        tif = self.random.choice(list(TimeInForce))
        intent = OrderIntent(
            self.random.choice(self.accounts),
            symbol,
            side,
            ord_type,
            tif,
            self.quantity(symbol),
            Role.DIRECT,
            SignalId(f"direct-{self.count}"),
            price=self.px(symbol, sign * self.random.choice((-10, 5))) if is_limit else None,
            stop_loss=self.px(symbol, -sign * 100) if self.random.randrange(2) else None,
            reduce_only=self.random.randrange(3) == 0,
            expire_time_ns=self.soon() if tif is TimeInForce.GTD else None,
            trail=Trail(plain(20 * self.world.instruments[symbol].tick)) if ord_type is OrdType.TRAILING_STOP else None,
        )
        self.world.step(SubmitOrder(intent, actor=self.random.choice(("", "somebody"))))

    def change(self) -> None:
        """Change an order that works, as a person would."""
        accounts = self.world.engine.state.accounts.values()
        works = [account.orders[name] for account in accounts for name in account.open_orders]
        if not works:
            return
        order = self.random.choice(works)
        symbol, way = order.intent.symbol, self.random.choice((-20, -5, 5))
        price = None if order.price is None else self.px(symbol, way)
        stop_px = None if order.stop_px is None or price is not None else self.px(symbol, way)
        qty = self.random.choice((None, self.quantity(symbol)))
        self.world.step(ChangeOrder("somebody", "a better one", order.cl_ord_id, qty, price, stop_px))

    def repeat(self) -> None:
        """Send a signal again, or another under its id."""
        if self.signals:
            signal = self.random.choice(self.signals)
            self.world.step(SubmitSignal(signal))

    def stop(self) -> None:
        scopes = (
            EVERYTHING,
            Scope(ScopeKind.VENUE, self.random.choice(tuple(self.world.venue_of.values()))),
            Scope(ScopeKind.ACCOUNT, self.random.choice(self.accounts)),
            Scope(ScopeKind.STRATEGY, self.random.choice(STRATEGIES)),
            Scope(ScopeKind.INSTRUMENT, self.random.choice(SYMBOLS)),
        )
        self.world.step(stop(self.random.choice(list(StopLevel)), self.random.choice(scopes)))

    def resume(self) -> None:
        """Release what is stopped, and what only a person releases."""
        for key in tuple(self.world.engine.state.stops):
            kind, _, name = key.partition(":")
            self.world.step(release(Scope(ScopeKind(kind), name)))
        for account in self.accounts:
            self.world.step(resume(account, "looked at it", "somebody"))

    def answer(self) -> None:
        """Say something to every plan that waits for a person, and to one that does not."""
        for signal_id in (*self.world.engine.state.awaiting, SignalId("s1")):
            kind = self.random.choice((ApprovePlan, ApprovePlan, RejectPlan))
            self.world.step(kind((signal_id,), "somebody", "looked at it"))

    def set_modes(self) -> None:
        for account in self.accounts:
            mode = self.random.choice((Mode.FULL_AUTO, Mode.FULL_AUTO, Mode.SEMI_AUTO, Mode.MANUAL))
            self.world.step(SetMode(mode, Scope(ScopeKind.ACCOUNT, account), "a wish", "somebody"))
        if self.random.randrange(4) == 0:
            mode = self.random.choice((Mode.FULL_AUTO, Mode.FULL_AUTO, Mode.EMERGENCY))
            self.world.step(SetMode(mode, EVERYTHING, "a wish", "somebody"))

    def cancel(self) -> None:
        account = self.random.choice((None, *self.accounts))
        symbol = self.random.choice(SYMBOLS)
        protection = self.random.randrange(3) == 0
        self.world.step(CancelOrders("somebody", "a wish", account=account, symbol=symbol, protection=protection))

    def compare(self) -> None:
        self.world.step(CompareAccounts("somebody asked"))

    def session(self) -> None:
        """Close a market for a moment."""
        symbol = self.random.choice(SYMBOLS)
        self.world.step(SessionChanged((symbol,), False))
        self.market()
        self.world.run(self.random.choice((30 * MS, S)))
        self.world.step(SessionChanged((symbol,), True))

    # --- their parts --------------------------------------------------------------------------------------------------

    def submit(self, kind: SignalKind, symbol: Symbol, **fields: object) -> None:
        self.count += 1
        signal = Signal(SignalId(f"s{self.count}"), kind, symbol, self.world.now_ns, 120, **fields)  # type: ignore[arg-type]
        self.signals.append(signal)
        self.world.step(SubmitSignal(signal))

    def px(self, symbol: Symbol, ticks_away: int) -> Decimal:
        return plain((self.world.ticks[symbol] + ticks_away) * self.world.instruments[symbol].tick)

    def soon(self) -> int:
        return self.world.now_ns + self.random.choice((1, 30, 200)) * S

    def trail(self, symbol: Symbol) -> Trail | None:
        """Let now and then a stop follow the market."""
        if self.random.randrange(3):
            return None
        amount = plain(self.random.choice((30, 100)) * self.world.instruments[symbol].tick)
        activation_px = self.px(symbol, self.random.choice((-20, 20))) if self.random.randrange(3) == 0 else None
        return Trail(amount, activation_px=activation_px)

    def quantity(self, symbol: Symbol) -> Decimal:
        steps = self.random.choice((1, 3, 10, 40))
        return plain(steps * self.world.instruments[symbol].lot_step)

    def some_accounts(self) -> tuple[AccountId, ...]:
        if self.random.randrange(2):
            return ()
        return tuple(self.random.sample(self.accounts, self.random.randrange(1, len(self.accounts) + 1)))
