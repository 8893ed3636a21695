"""One sentence for each event. Those here are the ones that have more to say than their fields in a row."""

import typing
from decimal import Decimal

import pytest

from coxswain.messages import events as ev
from coxswain.model.vocabulary import ClOrdId, OrdType, Role, Side, TradingState
from coxswain.views.sentences import SENTENCES, sentence
from tests.unit.views.records import (
    CONFIGURED,
    EURUSD,
    S1,
    T0_NS,
    A,
    B,
    accepted,
    canceled,
    change_asked,
    created,
    filled,
    intent,
    left_out,
    levels,
    position,
    proposed,
    share,
)

ORDER = ClOrdId("o")
ONE, TINY = Decimal(1), Decimal("1E-7")


def test_every_event_has_a_sentence() -> None:
    assert set(SENTENCES) == set(typing.get_args(ev.Event))


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (CONFIGURED, "the engine started, version 1.0, mode FULL_AUTO, seed 7: accounts 3, venues 1, instruments 3"),
        (ev.EngineStopped("SIGTERM", ()), "the engine stopped: SIGTERM; open orders: none"),
        (ev.EngineStopped("SIGTERM", (ORDER, ClOrdId("p"))), "the engine stopped: SIGTERM; open orders: o, p"),
        (ev.SessionSet((EURUSD,), False), "the session of EURUSD closed"),
        (ev.CorrelationSet(A, B, Decimal("0.8"), True), "the correlation of a and b is 0.8, now above the threshold"),
        (
            ev.AccountStateChanged(A, "PAUSED", False, TradingState.ACTIVE, "", "alice"),
            "a is ACTIVE: PAUSED ended (by alice)",
        ),
        (
            ev.DayStarted(A, "2026-01-05", ONE, TINY, ONE),
            "trading day 2026-01-05 began on a: balance 1, equity 0.0000001, anchor 1",
        ),
        (proposed(share(A), left_out(B)), "plan proposed: 1 send, 1 skip; why"),
        (
            created("o", intent(ord_type=OrdType.STOP, role=Role.STOP, side=Side.SELL, stop_px="1.05")),
            "STOP order o on a, SELL 1 EURUSD at STOP 1.05: passed 1 check",
        ),
        (accepted("o"), "the venue accepted o as v-o"),
        (ev.OrderAccepted(A, ORDER, None), "the venue accepted o"),
        (
            filled("o", "0.4", "1.1", leaves="0.6", slippage_bps="-0.5"),
            "o filled 0.4 at 1.1: 0.4 done, 0.6 open, slippage -0.5 bps",
        ),
        (canceled("o", "0.4", "slow"), "o canceled with 0.4 filled: slow"),
        (ev.OrderCanceled(A, ORDER, ONE, True), "o canceled with 1 filled, not asked for"),
        (change_asked("o", "p", "2", "1.06"), "asked to change o to 2 at 1.06, as p"),
        (
            ev.AbsenceNoted(A, ORDER, 1, T0_NS),
            "the venue does not find o (look 1); asked again at 2026-01-05T10:00:00.000000Z",
        ),
        (ev.OutcomeResolved(A, ORDER, False, "two looks"), "the outcome of o is known, not there: two looks"),
        (position("0", "0", closed=True), "a holds 0 EURUSD; realised 0, commission 0, balance 10000"),
        (levels("1.05"), "EURUSD on a is to be protected: stop 1.05, target none, risk 0"),
        (ev.ExitStarted(A, EURUSD, S1, None), "a closes all of EURUSD"),
        (ev.ExitStarted(A, EURUSD, S1, TINY), "a closes 0.0000001 of EURUSD"),
        (
            ev.BreakFound(A, "a:position", "MISSING_AT_VENUE", EURUSD, "high", ONE, None, "gone"),
            "break a:position on a (high): MISSING_AT_VENUE EURUSD, ours 1, theirs none: gone",
        ),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_it_says(event: ev.Event, said: str) -> None:
    assert sentence(event) == said


def test_one_thing_is_not_called_several() -> None:
    one = sentence(ev.Reconciled(A, 1, 1, 1))
    assert one == "the books of a agree: 1 position, 1 working order, 1 fill booked by the comparison"
    assert "0 positions, 2 working orders, 0 fills" in sentence(ev.Reconciled(A, 0, 2, 0))
