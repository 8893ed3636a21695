"""`explain`: what was journaled about a signal, an order or an account, and nothing that was not."""

from decimal import Decimal

from coxswain.messages import events as ev
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import ClOrdId, Role, Side, SignalId, SignalKind, TradingState
from coxswain.views.explain import Explainer, Explanation
from coxswain.views.plans import Outcome
from tests.unit.views.records import (
    EURUSD,
    S1,
    STOP,
    A,
    B,
    C,
    Script,
    accepted,
    approved,
    change_asked,
    changed,
    check,
    created,
    denied,
    filled,
    intent,
    left_out,
    levels,
    position,
    proposed,
    rejected,
    share,
)

S2 = SignalId("s2")
SIGNAL = ev.SignalAccepted(Signal(S1, SignalKind.ENTRY, EURUSD, 0, 300, Side.BUY, reason="breakout"))


def story() -> Script:
    """An entry on two accounts, one rejected and recovered, then its stop moved by another signal."""
    script = Script().step(SIGNAL, proposed(share(A, delay_ms=1200), share(B), left_out(C)), approved())
    script.step(created("o", intent())).step(accepted("o"))
    script.step(filled("o", "1", "1.1"), position("1", "1.1"), levels("1.05"), created("s", STOP)).step(accepted("s"))
    script.step(created("p", intent(B)))
    script.step(
        rejected("p", "not taking new positions", B),
        ev.RecoveryAssigned(S1, ClOrdId("p"), C, Decimal("0.95"), (check("RECOVERY_SIZE", "0.95", "0.01"),)),
        created("r", intent(C, Role.RECOVERY, qty="0.95")),
    )
    script.step(
        proposed(share(A), kind=SignalKind.STOP_ADJUSTMENT, signal_id=S2, side=None),
        approved(S2),
        levels("1.06", signal_id=S2),
        change_asked("s", "t", "1", "1.06"),
    )
    script.step(changed("s", "t", "1"))
    return script.step(ev.AccountStateChanged(A, "PAUSED", True, TradingState.REDUCING, "lunch", "alice"))


def explain(script: Script, name: str) -> Explanation:
    explainer = Explainer()
    script.shown_to(explainer)
    found = explainer.explain(name)
    assert found is not None
    return found


def texts(explanation: Explanation) -> list[str]:
    return [line.text for line in explanation.timeline]


def test_a_name_that_is_nothing_has_no_explanation() -> None:
    explainer = Explainer()
    story().shown_to(explainer)
    assert explainer.explain("nobody") is None


def test_a_signal_shows_every_account_with_every_check_and_what_came_of_it() -> None:
    found = explain(story(), "s1")
    assert (found.kind, found.headline) == (
        "signal",
        "entry BUY EURUSD: 3 of 3 accounts took part; 1 FILLED, 1 REJECTED, 1 WORKING",
    )
    decided = [(made.account.account, made.account.verdict, made.account.recovery) for made in found.decisions]
    assert decided == [("a", "SEND", False), ("b", "SEND", False), ("c", "SKIP", False), ("c", "SEND", True)]
    (kept_out,) = found.decisions[2].account.checks
    assert (kept_out.code, kept_out.value, kept_out.limit) == ("AVAILABLE_MARGIN", Decimal(900), Decimal(1000))
    results = [None if made.account.result is None else made.account.result.outcome for made in found.decisions]
    assert results == [Outcome.FILLED, Outcome.REJECTED, None, Outcome.WORKING]
    assert [order.cl_ord_id for order in found.orders] == ["o", "s", "p", "r"]


def test_the_gate_s_answers_are_shown_as_they_were_given() -> None:
    script = story().step(denied(intent(qty="3")))
    answers = explain(script, "s1").gate
    assert [(answer.cl_ord_id, answer.passed) for answer in answers] == [
        ("o", True),
        ("s", True),
        ("p", True),
        ("r", True),
        (None, False),
    ]
    assert answers[-1].asked == "ENTRY BUY 3 EURUSD at MARKET"
    assert answers[-1].checks == (check("MAX_ORDER_QTY", "3", "2", False),)


def test_the_timeline_is_in_order_with_seq_and_time() -> None:
    found = explain(story(), "s1")
    assert [line.seq for line in found.timeline] == sorted(line.seq for line in found.timeline)
    first = found.timeline[0]
    assert (first.seq, first.time) == (2, "2026-01-05T10:00:00.001000Z")
    assert first.text == "signal s1 accepted: entry BUY EURUSD: breakout"
    assert "a holds 1 EURUSD at 1.1; realised 0, commission 0, balance 10000" in texts(found)
    assert "c takes over 0.95 from the rejected p" in texts(found)


def test_a_moved_stop_belongs_to_the_signal_that_moved_it() -> None:
    moving = "asked to change s to 1 at 1.06, as t"
    assert moving not in texts(explain(story(), "s1"))
    found = explain(story(), "s2")
    assert texts(found)[-2:] == [moving, "the venue changed s to 1, now t"]
    assert [(answer.cl_ord_id, answer.asked) for answer in found.gate] == [("s", moving)]


def test_an_order_is_found_by_the_id_it_was_given_and_by_the_one_it_has_now() -> None:
    for name in ("s", "t"):
        found = explain(story(), name)
        assert (found.kind, found.id) == ("order", "s")
        assert found.headline == "STOP order on a, SELL 1 EURUSD at STOP 1.06: NEW, 0 filled"
        assert [line.seq for line in found.timeline] == [5, 6, 9, 10]


def test_a_rejected_order_names_the_account_that_took_over() -> None:
    found = explain(story(), "p")
    assert [made.account.account for made in found.decisions] == ["b"]
    assert texts(found)[-2:] == [
        "the venue rejected p: not taking new positions",
        "c takes over 0.95 from the rejected p",
    ]


def test_an_account_shows_its_part_of_every_plan_and_its_own_events() -> None:
    found = explain(story(), "a")
    assert (found.kind, found.headline) == ("account", "a is REDUCING (PAUSED): equity 10000 USD, open positions: 1")
    assert [made.signal_id for made in found.decisions] == ["s1", "s2"]
    assert "plan of s1: SEND 1 EURUSD after 1.2 s" in texts(found)
    assert texts(found)[-1] == "a is REDUCING: PAUSED began: lunch (by alice)"
    assert "plan of s1: SKIP EURUSD: AVAILABLE_MARGIN: value=900, limit=1000" in texts(explain(story(), "c"))


def test_a_signal_that_was_denied_says_why() -> None:
    script = Script().step(ev.SignalDenied("s9", "line 4", ("side: missing",)))
    found = explain(script, "s9")
    assert (found.kind, found.headline) == ("signal", "signal s9 denied (line 4): side: missing")
    assert found.decisions == ()


def test_a_fill_that_fits_no_order_can_be_asked_about() -> None:
    script = Script().step(
        filled("stranger", "1", "1.1"),
        position("1", "1.1"),
        ev.IncidentRaised(A, ClOrdId("stranger"), "UNKNOWN_ORDER", "?"),
    )
    found = explain(script, "stranger")
    assert (found.kind, found.headline, found.orders) == ("order", "no order of ours has this id", ())
    assert len(found.timeline) == 3


def test_a_name_that_is_a_signal_and_an_account_is_the_signal() -> None:
    script = Script().step(proposed(share(A), signal_id=SignalId("a")))
    assert explain(script, "a").kind == "signal"


def test_an_account_tells_who_protects_each_of_its_positions() -> None:
    explanation = explain(story(), "a")
    assert explanation.protection == ("EURUSD: BROKER, its stop is at 1.06",)
