"""A crowd among whom more goes on: limits and breakers, firms, breaks, halts, and what happens behind our back."""

import random
from decimal import Decimal

import msgspec

from coxswain.messages.inputs import (
    ApproveLimits,
    ApproveOverride,
    ApprovePlan,
    CloseBreaker,
    CompareAccounts,
    FirmDay,
    FlatHours,
    Input,
    KeepCommand,
    ModifyPlan,
    ObserveHost,
    ProposeOverride,
    ResolveBreak,
    SetCorrelation,
    SetLimits,
    SetLocate,
    SettleOrder,
    SubmitOrder,
    SubmitSignal,
    TradingDay,
    TradingHalted,
    VenueQuoted,
    VolatilityObserved,
    WithdrawCommand,
    WithdrawLimits,
    WithdrawOverride,
)
from coxswain.messages.requests import CancelOrder, NewOrder
from coxswain.model.breaker import BreakerKind
from coxswain.model.breaks import CHOICES
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.model.decimals import plain
from coxswain.model.market import Quote
from coxswain.model.orders import OrderIntent
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import (
    AccountId,
    ClOrdId,
    ExecId,
    OrdType,
    Resolution,
    Role,
    SettledAs,
    Side,
    SignalId,
    SignalKind,
    TimeInForce,
    VenueTier,
)
from coxswain.sim import books
from coxswain.sim.asking import release, stop
from coxswain.sim.books import BEHIND_OUR_BACK
from coxswain.sim.crowd import Crowd
from coxswain.sim.ground import SHARE, SYMBOLS, Ground, S

LIMITS = {
    "max_order_qty": (0, 1, 5, 40, 10_000),
    "max_position_qty": (0, 1, 5, 40, 50_000),
    "max_order_value": (0, 1_000, 250_000),
    "max_open_orders": (0, 3, 20),
    "max_open_positions": (0, 1, 3),
    "max_daily_loss_pct": (0, "0.1", 5),
    "risk_budget_pct": (0, "0.5", 5),
    "risk_per_trade_pct": ("0.1", 1),
    "ladder_flatten": (0, 1),
}
DAY_S = 86_400


class Unrest(Crowd):
    RESTARTS = 2

    def __init__(self, world: Ground, seed: int, *, restarts: bool) -> None:
        super().__init__(world, seed, restarts=restarts)
        self.days = self.looks = 0
        self._settling = random.Random(f"settle {seed}")
        """A number of its own: the worlds from before stay the same."""
        self._acts += [
            (self.entry, 12),
            (self.exit, 2),
            (self.adjust, 3),
            (self.direct, 2),
            (self.resume, 4),
            (self.change_limits, 3),
            (self.approve_limits, 1),
            (self.close_breaker, 2),
            (self.override, 2),
            (self.correlate, 1),
            (self.halt_instrument, 1),
            (self.host_turns_bad, 1),
            (self.observe_volatility, 1),
            (self.show_one_venue, 1),
            (self.locate, 1),
            (self.begin_day, 1),
            (self.begin_firm_days, 1),
            (self.be_flat, 1),
            (self.modify, 1),
            (self.trade_elsewhere, 2),
            (self.pay_in, 1),
            (self.resolve, 3),
            (self.lease_is_lost, 1),
            (self.burst, 1),
            (self.stop_in_a_storm, 1),
            (self.lower_below_what_is_held, 2),
            (self.cut_off_when_part_filled, 1),
        ]
        if restarts:
            self._acts.append((self.ask_while_nobody_runs, 1))
        self.begin_firm_days()

    # --- people -------------------------------------------------------------------------------------------------------

    def change_limits(self) -> None:
        name = self.random.choice(tuple(LIMITS))
        value = Decimal(str(self.random.choice(LIMITS[name])))
        account = self.random.choice((None, *self.accounts))
        self.world.step(SetLimits({name: value}, "why", "ann", account, self._until()))

    def approve_limits(self) -> None:
        for number in tuple(self.world.engine.state.limits.proposals):
            if self.random.randrange(4):
                self.world.step(ApproveLimits(int(number), "bob"))
            else:
                self.world.step(WithdrawLimits(int(number), "why", "bob"))

    def close_breaker(self) -> None:
        for account_id, account in self.world.engine.state.accounts.items():
            for kind in tuple(account.breakers) or (self.random.choice(tuple(BreakerKind)),):
                self.world.step(CloseBreaker(account_id, kind, "looked", "ann"))

    def override(self) -> None:
        """Let the next signal pass a control, and send it again and again under other names."""
        signal_id, account = SignalId(f"s{self.count + 1}"), self.random.choice(self.accounts)
        control = self.random.randrange(1, 39)
        until_ns = self.world.now_ns + self.random.choice((2, 60)) * S
        self.world.step(ProposeOverride(control, account, signal_id, "why", "ann", until_ns))
        for override_id in tuple(self.world.engine.state.overrides):
            word = self.random.choice((ApproveOverride, ApproveOverride, ApproveOverride, WithdrawOverride))
            if word is ApproveOverride:
                self.world.step(ApproveOverride(override_id, "bob"))
            else:
                self.world.step(WithdrawOverride(override_id, "why", "bob"))
        self.entry()

    def correlate(self) -> None:
        one, other = self.random.sample(self.accounts, 2)
        rho = self.random.choice(("0", "0.5", "0.9", "1"))
        self.world.step(SetCorrelation(one, other, Decimal(rho), "looked", "ann"))

    def modify(self) -> None:
        for signal_id in tuple(self.world.engine.state.awaiting):
            plan = self.world.engine.state.plans[signal_id]
            symbol = plan.plan.symbol
            quantities = {account: self.quantity(symbol) for account in plan.asking if self.random.randrange(2)}
            self.world.step(ModifyPlan(signal_id, quantities, "ann", "less"))

    def locate(self) -> None:
        symbol = self.random.choice(SYMBOLS)
        self.world.step(SetLocate(self.random.choice(self.accounts), symbol, self.quantity(symbol), "borrowed", "ann"))

    def resolve(self) -> None:
        self.resolve_all((*Resolution,))
        self.settle()

    def resolve_all(self, choices: tuple[Resolution, ...]) -> None:
        for account_id, account in self.world.engine.state.accounts.items():
            for break_id, found in tuple(account.breaks.items()):
                fitting = [choice for choice in choices if choice in CHOICES[found.kind]]
                if fitting or self.random.randrange(8) == 0:
                    self._resolve(account_id, break_id, self.random.choice(fitting or list(choices)))

    def _resolve(self, account_id: AccountId, break_id: str, resolution: Resolution) -> None:
        price = self.random.choice((None, None, Decimal(100)))
        self.world.step(ResolveBreak(account_id, break_id, resolution, "looked", "ann", price))

    def settle(self) -> None:
        """Say of orders that nobody knows of what became of them, right or wrong, and of one that is known."""
        for account in tuple(self.world.engine.state.accounts.values()):
            unknown = [name for name, order in account.orders.items() if not order.outcome_known]
            strange = tuple(name for name, fill in account.fills.items() if not fill.on_order)[-2:]
            for cl_ord_id in (*unknown, *tuple(account.orders)[-1:]):
                fills = strange if self._settling.randrange(2) else ()
                self._settle(cl_ord_id, SettledAs.FILLED if fills else SettledAs.LOST, fills)

    def _settle(self, cl_ord_id: ClOrdId, settled_as: SettledAs, fills: tuple[ExecId, ...] = ()) -> None:
        for actor in ("ann", "bob"):
            self.world.step(SettleOrder(cl_ord_id, settled_as, "asked their desk", actor, fills))

    # --- the surroundings ---------------------------------------------------------------------------------------------

    def let_another_in(self) -> None:
        """Let another engine trade these accounts while ours stands still; ours then wants to trade, too."""
        orders: list[Input] = []
        for _ in range(2):
            self.count += 1
            symbol = self.random.choice(SYMBOLS)
            intent = OrderIntent(
                self.random.choice(self.accounts),
                symbol,
                self.random.choice(list(Side)),
                OrdType.MARKET,
                TimeInForce.DAY,
                self.quantity(symbol),
                Role.DIRECT,
                SignalId(f"rival-{self.count}"),
            )
            orders.append(SubmitOrder(intent, actor="somebody"))
        self.world.let_another_in(orders, self.direct)

    def burst(self) -> None:
        """Many signals at one instant, some of them twice, and old ones again."""
        self.world.fired["F46"] += 1
        for _ in range(self.random.choice((8, 20))):
            self.random.choice((self.entry, self.entry, self.repeat, self.exit))()

    def flood(self, count: int) -> None:
        """So many signals at one instant, some of them twice."""
        self.world.fired["F46-FLOOD"] += 1
        for _ in range(count):
            self.random.choice((self.entry, self.entry, self.entry, self.repeat, self.exit))()
        self.market()

    def ask_while_nobody_runs(self) -> None:
        """End the engine, ask for something, and begin anew: what takes a market or a venue is kept until then."""
        self.count += 1
        symbol, utc_ns = self.random.choice(SYMBOLS), self.world.now_ns
        side = self.random.choice(list(Side))
        stop_loss = self.px(symbol, -100 if side is Side.BUY else 100)
        signal = Signal(
            SignalId(f"s{self.count}"),
            SignalKind.ENTRY,
            symbol,
            utc_ns,
            120,
            side,
            stop_loss=stop_loss,
            quantity=self.quantity(symbol),
            accounts=self.some_accounts(),
            time_given=self.random.randrange(2) > 0,
        )
        account = Scope(ScopeKind.ACCOUNT, self.random.choice(self.accounts))
        waits = tuple(self.world.engine.state.awaiting)
        asked: list[Input] = [
            KeepCommand(SubmitSignal(signal, "ann"), utc_ns),
            KeepCommand(stop(StopLevel.FLATTEN, account), utc_ns),
            KeepCommand(ApprovePlan(waits or (SignalId("s1"),), "ann", "looked"), utc_ns),
            KeepCommand(CompareAccounts("asked", actor="ann"), utc_ns),
            WithdrawCommand(f"c{self.random.randrange(1, 200)}", "on second thoughts", "ann"),
            stop(StopLevel.PAUSE, account),
            release(account),
        ]
        self.world.restart(self.random.sample(asked, self.random.randrange(1, 4)))
        self.world.quote(symbol)

    def stop_in_a_storm(self) -> None:
        """Stop everything while orders are on the way, or while no venue can be reached."""
        for _ in range(3):
            self.entry()
        if self.random.randrange(2):
            self.world.cut_off(self.random.choice((2, 30, 100)) * S)
        self.world.fired["F49"] += 1
        self.stop()
        self.world.run(self.random.choice((0, 5, 40)) * S)

    def cut_off_when_part_filled(self) -> None:
        """Have an order fill in part, lose the venues, and let it fill on meanwhile."""
        symbol, step = SHARE, self.world.instruments[SHARE].lot_step
        self.world.quote(symbol, bid_size=step, ask_size=step)
        self.submit(
            SignalKind.ENTRY,
            symbol,
            side=self.random.choice(list(Side)),
            quantity=plain(20 * step),
            order_type=OrdType.MARKET,
            time_in_force=TimeInForce.DAY,
        )
        self.world.run(S)
        self.world.cut_off(self.random.choice((2, 20)) * S)
        for _ in range(3):
            self.world.quote(symbol, bid_size=step, ask_size=step)
            self.world.run(S // 2)

    def lower_below_what_is_held(self) -> None:
        """Lower a limit below what an account has."""
        held = [account for account, each in self.world.engine.state.accounts.items() if each.open_positions]
        if held:
            limit = self.random.choice(("max_open_positions", "max_position_qty", "max_open_orders"))
            self.world.step(SetLimits({limit: Decimal(0)}, "less", "ann", self.random.choice(held), self._until()))

    def halt_instrument(self) -> None:
        symbol = self.random.choice(SYMBOLS)
        self.world.step(TradingHalted(symbol, True, "news"))
        for act in self.random.sample((self.exit, self.adjust, self.market, self.entry, self.stop), 2):
            act()
        self.world.run(self.random.choice((1, 20)) * S)
        self.world.step(TradingHalted(symbol, False, ""))

    def host_turns_bad(self) -> None:
        """The disk is full, or the clock is wrong, or nobody has said anything for a while."""
        healthy, headroom, clock = self.random.choice(((True, False, True), (True, True, False), (True, True, True)))
        until_ns = self.world.now_ns + self.random.choice((1, 30)) * S
        self.world.fired["F36"] += not clock
        self.world.step(ObserveHost(healthy, headroom, clock, self.world.lease_epoch, until_ns))
        for act in self.random.sample((self.exit, self.adjust, self.market, self.entry, self.stop), 2):
            act()
        self.world.run(self.random.choice((1, 40)) * S)
        self.well()

    def lease_is_lost(self) -> None:
        """Another engine takes the lease, and we are told; then it is ours again."""
        self.world.step(msgspec.structs.replace(self.world.well(), lease_epoch=self.world.lease_epoch + 1))
        self.world.step(self.world.well())
        self.world.fired["F44"] += 1
        self.entry()
        self.world.lease_epoch += 1 + self.random.randrange(2)
        self.well()

    def well(self) -> None:
        self.world.step(self.world.well())

    def observe_volatility(self) -> None:
        symbol = self.random.choice(SYMBOLS)
        pct = Decimal(self.random.choice(("0.5", "1", "4")))
        atr = plain(20 * self.world.instruments[symbol].tick)
        self.world.step(VolatilityObserved(symbol, pct, atr, self.world.now_ns))

    def show_one_venue(self) -> None:
        symbol, venue = self.random.choice(SYMBOLS), self.random.choice(tuple(self.world.venues))
        quote = self.world.quotes[symbol]
        tick = self.world.instruments[symbol].tick * self.random.choice((0, 3))
        theirs = Quote(symbol, plain(quote.bid - tick), plain(quote.ask + tick), self.world.now_ns, venue=venue)
        self.world.step(VenueQuoted(theirs))

    def begin_day(self) -> None:
        self.days += 1
        self.world.step(TradingDay(self.accounts, f"day {self.days}"))

    def begin_firm_days(self) -> None:
        for rules in self.world.setup.firms:
            now_ns = self.world.now_ns
            self.world.step(FirmDay(self._under(rules.id), rules.id, f"2023-{self.count}", now_ns, now_ns + DAY_S * S))

    def be_flat(self) -> None:
        for rules in self.world.setup.firms:
            from_ns = self.world.now_ns + self.random.choice((0, 5, 30)) * S
            self.world.step(FlatHours(self._under(rules.id), rules.id, from_ns, from_ns + 40 * S, "flat by"))

    def _under(self, rule_set: str) -> tuple[AccountId, ...]:
        return tuple(spec.id for spec in self.world.setup.accounts if spec.firm == rule_set)

    # --- behind our back ----------------------------------------------------------------------------------------------

    def trade_elsewhere(self) -> None:
        """Somebody trades by hand at the venue; whether we hear of it is left to chance."""
        account, symbol = self.random.choice(self.accounts), self.random.choice(SYMBOLS)
        self.count += 1
        heard = self.random.randrange(3) == 0
        name = ClOrdId(f"{'by-hand' if heard else BEHIND_OUR_BACK}-{self.count}")
        side = self.random.choice(list(Side))
        rests = self.random.randrange(4) == 0
        sign = 1 if side is Side.BUY else -1
        order = NewOrder(
            account,
            name,
            symbol,
            side,
            OrdType.LIMIT if rests else OrdType.MARKET,
            TimeInForce.GTC if rests else TimeInForce.IOC,
            self.quantity(symbol),
            self.px(symbol, -sign * 50) if rests else None,
        )
        venue = self.world.venues[self.world.venue_of[account]]
        venue.send(order, self.world.now_ns)
        if rests and self.random.randrange(2):
            venue.send(CancelOrder(account, name, symbol), self.world.now_ns + 10 * S)

    def pay_in(self) -> None:
        account = self.random.choice(self.accounts)
        theirs = books.account_of(self.world.venues[self.world.venue_of[account]], account)
        theirs.balance = plain(theirs.balance + Decimal(self.random.choice((-500, 5, 1_000))))

    # --- rest ---------------------------------------------------------------------------------------------------------

    def calm_down(self) -> None:
        """Nobody does anything any more, but what needs a person is done."""
        self.well()
        for symbol in SYMBOLS:
            self.world.step(TradingHalted(symbol, False, ""))

    def look_after(self) -> None:
        """While the world comes to rest, resolve and settle what only a person does."""
        self.resolve_all((Resolution.ADOPT, Resolution.FLATTEN))
        for account in tuple(self.world.engine.state.accounts.values()):
            for cl_ord_id, order in tuple(account.orders.items()):
                if account.tier is VenueTier.T3 and order.looks:
                    self._settle(cl_ord_id, SettledAs.LOST)
        self.looks += 1
        if self.looks == 20:  # by then what somebody left in the market has traded
            self.world.step(CompareAccounts("an idle account is compared when somebody asks"))

    def _until(self) -> int | None:
        return self.random.choice((None, self.world.now_ns + self.random.choice((1, 20, 90)) * S))
