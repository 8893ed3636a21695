"""Nothing leaves for an account that trades real money until a person has confirmed that, once, in its journal."""

import msgspec

from coxswain.messages.events import AccountStateChanged, LiveConfirmed, OrderDenied
from coxswain.messages.inputs import EngineStarted, SubmitOrder
from coxswain.messages.record import Record
from coxswain.messages.requests import NewOrder
from coxswain.model.orders import OrderIntent
from coxswain.model.setup import Setup
from coxswain.model.vocabulary import AccountId, OrdType, Role, SignalId, TimeInForce, TradingState
from tests.unit.core.desk import SELL, SHARE, WELL, A, B, D, Desk, account, setup


def live(*accounts: AccountId) -> Setup:
    plain = setup(account(A), account(B))
    specs = tuple(msgspec.structs.replace(spec, live=spec.id in accounts) for spec in plain.accounts)
    return msgspec.structs.replace(plain, accounts=specs)


def start(desk: Desk, config: Setup, *confirmed: AccountId) -> Record:
    by = "ann" if confirmed else ""
    started = EngineStarted("test", desk.engine.state.journal_id, 7, config, confirmed, by)
    record = desk.step(started)
    desk.step(WELL)
    for spec in config.accounts:
        desk.books(spec.id)
    return record


def test_a_live_account_that_nobody_confirmed_is_halted_and_the_others_trade() -> None:
    desk = Desk(live(A))
    assert desk.account(A).state is TradingState.HALTED
    desk.signal(quantity=20)
    assert {request.account for request in desk.requests(NewOrder)} == {B}


def test_not_even_a_person_reduces_on_an_account_that_nobody_confirmed() -> None:
    desk = Desk(live())
    desk.hold(10)
    start(desk, live(A))
    close = OrderIntent(
        A, SHARE, SELL, OrdType.MARKET, TimeInForce.DAY, D(5), Role.DIRECT, SignalId("d1"), reduce_only=True
    )
    record = desk.step(SubmitOrder(close, actor="ann"))
    denied = [event for event in record.events if isinstance(event, OrderDenied)]
    assert any("NOT_CONFIRMED" in reason for reason in denied[0].reasons)
    assert not record.requests


def test_once_confirmed_it_trades_also_after_a_restart() -> None:
    desk = Desk(live(A))
    start(desk, live(A), A)
    assert desk.events(LiveConfirmed) == [LiveConfirmed((A,), "ann")]
    assert desk.account(A).state is TradingState.ACTIVE
    again = desk.restarted()
    start(again, live(A))
    assert "NOT_CONFIRMED" not in again.account(A).causes


def test_an_account_that_goes_back_to_paper_is_not_held_up() -> None:
    desk = Desk(live(A))
    start(desk, live())
    ended = [e for e in desk.events(AccountStateChanged) if e.cause == "NOT_CONFIRMED" and not e.active]
    assert [event.reason for event in ended] == ["on paper"]


def test_what_one_account_was_confirmed_for_does_not_hold_for_another() -> None:
    desk = Desk(live(A, B))
    start(desk, live(A, B), B)
    assert desk.account(A).state is TradingState.HALTED
    assert desk.account(B).state is TradingState.ACTIVE
