"""Fills that a venue takes back or changes, with the real engine on one side and the paper venue on the other."""

import pytest

from coxswain.messages.inputs import SubmitSignal
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import Side, SignalId, SignalKind
from coxswain.sim import books
from coxswain.sim.checker.judge import Invariants
from coxswain.sim.crowd import Crowd
from coxswain.sim.ground import A1, SYMBOLS, VENUE_OF
from coxswain.venues.paper import Fault, FaultKind
from tests.sim.wire import Faults
from tests.sim.world import World


@pytest.mark.parametrize("kind", [FaultKind.BUST, FaultKind.CORRECT])
def test_engine_and_venue_agree_after_a_fill_was_taken_back_or_changed(kind: FaultKind) -> None:
    account_id = A1
    symbol = SYMBOLS[0]
    world = World(7, Faults(), (Fault(kind, account_id, 1),), Invariants())
    crowd = Crowd(world, 7, restarts=False)
    world.quote(symbol, 0)
    qty = crowd.quantity(symbol)
    stop = crowd.px(symbol, -300)
    signal = Signal(
        SignalId("s"),
        SignalKind.ENTRY,
        symbol,
        world.now_ns,
        120,
        side=Side.BUY,
        stop_loss=stop,
        quantity=qty,
        accounts=(account_id,),
    )
    world.step(SubmitSignal(signal))
    for _ in range(8):
        world.quote(symbol, 0)
        world.run(1_000_000_000)
    world.rest()

    account, venue = world.engine.state.accounts[account_id], world.venues[VENUE_OF[account_id]]
    assert account.reversed_ns
    assert {s: p.qty for s, p in account.positions.items() if p.qty} == books.positions(venue, account_id)
    assert account.balance == books.balance(venue, account_id)
    assert not account.breaks
