"""What the paper venue invents: the same for the same seed, against the order, and never more than allowed."""

from decimal import Decimal
from pathlib import Path

import pytest

from coxswain.messages.inputs import Input
from coxswain.model.decimals import ZERO
from coxswain.model.vocabulary import OrdType, Side, TimeInForce
from coxswain.venues.paper import Params, Simulated, WalkParams, simulation_of
from tests.venues.desk import BUY, LATENCY_NS, LIMIT, MARKET, MS, SECOND, SELL, SHARE, STOP, D, Desk


@pytest.mark.parametrize(
    ("side", "ord_type", "px", "filled"),
    [
        (BUY, MARKET, None, "102.52"),  # 102.51 is half a tick short of it
        (SELL, MARKET, None, "99.5"),
        (BUY, LIMIT, "102.2", "102.2"),
        (SELL, LIMIT, "99.9", "99.9"),
        (BUY, STOP, "101", "102.52"),
    ],
)
def test_slippage_is_against_the_order_in_whole_ticks_and_never_past_its_limit(
    side: Side, ord_type: OrdType, px: str | None, filled: str
) -> None:
    desk = Desk(simulated=Simulated(slippage_pct=D("0.5")))
    desk.quote("100", "102.001")
    order = desk.order(side, 1, ord_type, px)
    assert desk.said(order) == ["NEW", f"TRADE 1 @ {filled}"]


def test_an_order_is_taken_at_once_and_trades_when_its_delay_is_over() -> None:
    desk = Desk(simulated=Simulated(fill_delay_ms=500))
    desk.quote("100", "102")
    order = desk.order(BUY, 1)
    assert desk.said(order) == ["NEW"]
    desk.run(500 * MS - 2 * LATENCY_NS + LATENCY_NS - 1)
    assert desk.said(order) == ["NEW"]
    desk.run(2 * LATENCY_NS)
    assert desk.said(order) == ["NEW", "TRADE 1 @ 102"]


def test_an_order_that_is_cancelled_or_changed_before_its_delay_is_over_does_not_trade_on_it() -> None:
    desk = Desk(simulated=Simulated(fill_delay_ms=500))
    desk.quote("100", "102")
    gone, changed = desk.order(BUY, 1), desk.order(BUY, 2, LIMIT, "103")
    desk.cancel(gone)
    desk.run(300 * MS)
    desk.replace(changed, 3, new="r1", px="103")
    desk.run(300 * MS)
    assert desk.said(gone) == ["NEW", "CANCELED"]
    assert desk.said("r1") == ["REPLACED 3"]
    desk.run(SECOND)
    assert desk.said("r1") == ["REPLACED 3", "TRADE 3 @ 102"]


def test_immediate_or_cancel_waits_for_its_delay_before_it_gives_up() -> None:
    desk = Desk(simulated=Simulated(fill_delay_ms=500))
    desk.quote("100", "102", ask_size=3)
    order = desk.order(BUY, 5, tif=TimeInForce.IOC)
    desk.run(SECOND)
    assert desk.said(order) == ["NEW", "TRADE 3 @ 102", "CANCELED"]


def test_a_delay_that_is_under_way_goes_on_after_reopening(tmp_path: Path) -> None:
    desk = Desk(path=tmp_path / "state", simulated=Simulated(fill_delay_ms=5_000))
    desk.quote("100", "102")
    order = desk.order(BUY, 1)
    desk.venue.close()
    again = Desk(path=tmp_path / "state", simulated=Simulated(fill_delay_ms=5_000), now_ns=desk.now_ns)
    again.quote("100", "102")
    assert again.said(order) == []
    again.run(5 * SECOND)
    assert again.said(order) == ["TRADE 1 @ 102"]
    again.venue.close()


def test_a_part_is_at_least_one_step_and_less_than_all_that_could_be_had() -> None:
    desk = Desk(simulated=Simulated(partial_fill_rate=D(1)))
    desk.quote("100", "102", ask_size=50)
    orders = [desk.order(BUY, 9) for _ in range(5)]
    for order in orders:
        assert 1 <= desk.look(order).fills[0].last_qty < 9
    one, all_or_nothing = desk.order(BUY, 1), desk.order(BUY, 5, tif=TimeInForce.FOK)
    assert desk.said(one) == ["NEW", "TRADE 1 @ 102"]
    assert desk.said(all_or_nothing) == ["NEW", "TRADE 5 @ 102"]


def test_refusals_come_as_often_as_asked_for() -> None:
    refused = [_refused(rate) for rate in ("0", "0.25", "1")]
    assert refused[0] == 0
    assert 20 <= refused[1] <= 80, "of 200, 50 expected"
    assert refused[2] == 200


def _refused(rate: str) -> int:
    desk = Desk(simulated=Simulated(reject_rate=D(rate)))
    desk.quote("100", "102")
    orders = [desk.order(BUY, 1, LIMIT, "50") for _ in range(200)]
    return sum(desk.said(order) == ["REJECTED"] for order in orders)


def test_the_same_seed_gives_the_same_fate_and_another_seed_another_one(tmp_path: Path) -> None:
    assert _story(1) == _story(1)
    assert _story(1) != _story(2)
    assert _story(1) == _story(1, tmp_path / "state"), "closed and opened again in the middle"


def _story(seed: int, path: Path | None = None) -> list[Input]:
    simulated = Simulated(seed=seed, slippage_pct=D("0.1"), partial_fill_rate=D("0.5"), reject_rate=D("0.2"))
    desk = Desk(path=path, simulated=simulated)
    heard: list[Input] = []
    for number in range(20):
        if path is not None and number == 10:
            heard += desk.inputs
            desk.venue.close()
            again = Desk(path=path, simulated=simulated, now_ns=desk.now_ns)
            again._sent = desk._sent
            desk = again
        desk.quote("100", f"{102 + number}", ask_size=30)
        desk.order(BUY, 7)
    desk.venue.close()
    return heard + desk.inputs


def test_every_commission_is_exact_and_the_balance_is_the_sum_of_what_flowed() -> None:
    simulated = Simulated(slippage_pct=D("0.3"), partial_fill_rate=D("0.5"), reject_rate=D("0.1"))
    desk = Desk(simulated=simulated, commission_per_lot="0.013", commission_pct="0.07", balance="100000")
    for number in range(30):
        desk.quote(str(100 + number % 5), str(101 + number % 5), bid_size=9, ask_size=9)
        desk.order(BUY if number % 2 else SELL, 1 + number % 4)
    books, realized = desk.books(), ZERO
    qty = cost = ZERO
    for fill in books.fills:
        expected = D("0.013") * fill.last_qty + D("0.0007") * fill.last_qty * fill.last_px
        assert fill.commission is not None
        assert ZERO <= fill.commission - expected < D("0.00000001")
        signed = fill.last_qty if fill.side is BUY else -fill.last_qty
        cost += signed * fill.last_px
        qty += signed
    held = {position.symbol: position.qty for position in books.positions}
    assert held.get(SHARE, ZERO) == qty
    for position in books.positions:
        desk.quote("100", "100.001")
        desk.order(SELL if position.qty > 0 else BUY, str(abs(position.qty)), tif=TimeInForce.FOK)
    desk.run(SECOND)
    after = desk.books()
    if not after.positions:
        realized = -sum((f.last_qty * f.last_px * (1 if f.side is BUY else -1) for f in after.fills), ZERO)
        paid = sum((f.commission or ZERO for f in after.fills), ZERO)
        assert abs(after.balance - (D(100000) + realized - paid)) < D("0.000001")


@pytest.mark.parametrize(
    ("simulated", "problem"),
    [
        (Simulated(reject_rate=D("1.01")), "simulated: reject_rate: 1.01, wanted 0 to 1"),
        (Simulated(partial_fill_rate=D("-0.1")), "simulated: partial_fill_rate: -0.1, wanted 0 to 1"),
        (Simulated(slippage_pct=D(100)), "simulated: slippage_pct: 100, wanted 0 or more and below 100"),
        (Simulated(fill_delay_ms=-1), "simulated: fill_delay_ms: -1, wanted 0 or more"),
        (Simulated(walks=(WalkParams(SHARE, D(0)),)), "simulated: walks: SHARE: start: 0, wanted more than 0"),
    ],
)
def test_what_cannot_be_simulated_is_refused(simulated: Simulated, problem: str) -> None:
    with pytest.raises(ValueError, match=problem.replace(".", r"\.")):
        Params(accounts={}, simulated=simulated)


def test_a_venue_says_what_it_invents_and_one_that_invents_nothing_says_nothing() -> None:
    assert simulation_of(Params(accounts={})) == ""
    assert simulation_of(Params(accounts={}, simulated=Simulated(seed=3))) == ""
    told = simulation_of(Params(accounts={}, simulated=Simulated(slippage_pct=Decimal("0.05"), fill_delay_ms=20)))
    assert told == "slippage_pct 0.05, fill_delay_ms 20"
