"""Facts from outside that the gate reads: the host, trading halts, lists of instruments, locates."""

from typing import Any

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import EngineStarted, ObserveHost, SetLocate, TradingHalted
from coxswain.messages.requests import NewOrder
from coxswain.model.setup import AccountSpec
from coxswain.model.vocabulary import JournalId, OrdStatus, ShortSelling, Symbol
from tests.unit.core.desk import BUY, SELL, SHARE, A, B, D, Desk, S, account, setup


def codes(desk: Desk) -> list[str]:
    return [reason.split(":")[0] for event in desk.events(ev.OrderDenied) for reason in event.reasons]


def spec(**fields: Any) -> AccountSpec:
    return msgspec.structs.replace(account(A), **fields)


# --- the host ---------------------------------------------------------------------------------------------------------


def test_nothing_leaves_an_engine_that_was_never_told_how_its_host_stands() -> None:
    desk = Desk()
    desk.step(EngineStarted("test", JournalId("desk0000desk0000"), 7, desk.setup))
    desk.books()
    desk.direct()
    assert codes(desk) == ["LEASE", "HOST"]


def test_what_was_said_of_the_host_expires() -> None:
    desk = Desk()
    desk.step(ObserveHost(True, True, True, 1, desk.now_ns + S))
    desk.wait(S)
    desk.direct(name="in time")
    desk.wait(1)
    desk.direct(name="too late")
    assert codes(desk) == ["LEASE", "HOST"]
    assert len(desk.requests(NewOrder)) == 1


def test_an_older_lease_lets_nothing_out_not_even_what_reduces() -> None:
    desk = Desk()
    desk.hold(10)
    sent = len(desk.requests(NewOrder))
    desk.step(ObserveHost(True, True, True, 3))
    desk.step(ObserveHost(True, True, True, 2))
    desk.direct(SELL, 10, reduce_only=True)
    assert "LEASE" in codes(desk)
    assert len(desk.requests(NewOrder)) == sent


def test_the_highest_lease_is_remembered_over_a_restart() -> None:
    desk = Desk()
    desk.step(ObserveHost(True, True, True, 3))
    again = desk.restarted()  # it says 1
    again.books()
    again.direct()
    assert "LEASE" in codes(again)


# --- halts ------------------------------------------------------------------------------------------------------------


def test_a_halted_instrument_trades_nothing_until_it_goes_on() -> None:
    desk = Desk()
    desk.step(TradingHalted(SHARE, True, "news"))
    desk.direct(name="first")
    assert codes(desk) == ["TRADING_HALTED"]
    again = desk.folded()
    again.direct(name="second")
    assert codes(again) == ["TRADING_HALTED", "TRADING_HALTED"]
    desk.step(TradingHalted(SHARE, False, "resumed"))
    desk.direct(name="third")
    assert len(desk.requests(NewOrder)) == 1


def test_protection_that_a_halt_kept_out_is_placed_when_it_ends() -> None:
    desk = Desk()
    entry = desk.enter(10)
    desk.accept(entry)
    desk.step(TradingHalted(SHARE, True, "news"))
    desk.fill(entry, 10)
    assert desk.position().stop_id is None
    desk.step(TradingHalted(SHARE, False, "resumed"))
    assert desk.stop_of().order_qty == D(10)


def test_a_halt_of_something_unknown_is_no_fact() -> None:
    desk = Desk()
    assert desk.step(TradingHalted(Symbol("OTHER"), True, "news")).events == ()


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "desk_wide", "may"),
    [
        ({}, {}, True),
        ({"restricted": (SHARE,)}, {}, False),
        ({}, {"restricted": (SHARE,)}, False),
        ({"allowed": (SHARE,)}, {}, True),
        ({"allowed": (Symbol("EURUSD"),)}, {}, False),
        ({}, {"allowed": (Symbol("EURUSD"),)}, False),
        ({"allowed": (SHARE,)}, {"allowed": (Symbol("EURUSD"),)}, False),
        ({"restricted": (SHARE,), "allowed": (SHARE,)}, {}, False),
    ],
)
def test_the_stricter_list_of_account_and_desk_counts(
    own: dict[str, Any], desk_wide: dict[str, Any], may: bool
) -> None:
    desk = Desk(msgspec.structs.replace(setup(spec(**own)), **desk_wide))
    desk.direct()
    assert (codes(desk) == []) is may


def test_what_was_restricted_after_it_was_bought_can_be_left() -> None:
    desk = Desk()
    desk.hold(10)
    desk.setup = setup(spec(restricted=(SHARE,)))
    again = desk.restarted()
    again.look(again.position().stop_id, OrdStatus.NEW)  # type: ignore[arg-type]  # it stands
    again.books()
    again.direct(BUY, 1, name="more")
    assert codes(again) == ["RESTRICTED"]
    again.exit()
    again.cancel(again.position().stop_id)  # type: ignore[arg-type]
    assert again.requests(NewOrder)[-1].order_qty == D(10)


# --- short sales ------------------------------------------------------------------------------------------------------


def test_an_account_that_may_not_sell_short_sells_what_it_holds_and_no_more() -> None:
    desk = Desk(setup(spec(short_selling=ShortSelling.FORBIDDEN)))
    desk.direct(BUY, 10, name="in")
    desk.fill(desk.sent(), 10)
    desk.direct(SELL, 6, name="six")
    desk.direct(SELL, 5, name="five more", price="100.10")  # ten are held, six are on their way out
    assert codes(desk) == ["SHORT_SALE"]
    desk.direct(SELL, 4, name="four more", price="100.10")
    assert codes(desk) == ["SHORT_SALE"]


def test_a_locate_lets_so_much_be_sold_short_until_the_day_ends() -> None:
    desk = Desk(setup(spec(short_selling=ShortSelling.NEEDS_LOCATE)))
    desk.step(SetLocate(A, SHARE, D(10), "borrowed", "ann"))
    again = desk.folded()
    again.direct(SELL, 7, name="seven")
    again.direct(SELL, 4, name="four more", price="100.10")
    assert codes(again) == ["SHORT_SALE"]
    again.direct(SELL, 3, name="three more", price="100.10")
    assert codes(again) == ["SHORT_SALE"]


@pytest.mark.parametrize(("account_id", "qty"), [(B, "1"), (A, "-1"), (A, "NaN")])
def test_a_locate_that_makes_no_sense_is_no_fact(account_id: Any, qty: str) -> None:
    desk = Desk()
    assert desk.step(SetLocate(account_id, SHARE, D(qty), "borrowed", "ann")).events == ()
