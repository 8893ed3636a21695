"""Answers: what a command did, what it did not do and why, and how to undo it, all from its one record."""

import pytest

from coxswain.messages.inputs import ApprovePlan, CancelOrders, ModifyPlan, RejectPlan, SettleOrder, SubmitSignal
from coxswain.model.control import EVERYTHING, Scope, ScopeKind, StopLevel
from coxswain.model.vocabulary import Mode, SettledAs, SignalId, Symbol, VenueTier
from coxswain.views.answers import answer_of
from coxswain.views.control import Controls
from tests.asking import pause, release, resume, stop
from tests.unit.core.desk import A, B, D, Desk, S, account, only, setup


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        (StopLevel.PAUSE, "working orders and positions stay"),
        (StopLevel.HALT, "protection and positions stay"),
        (StopLevel.FREEZE, "nothing was cancelled"),
        (StopLevel.FLATTEN, "lists what remains"),
    ],
)
def test_a_stop_says_what_it_did_what_it_left_and_how_to_undo_it(level: StopLevel, kept: str) -> None:
    answer = answer_of(Desk().step(stop(level, EVERYTHING)))
    assert (answer.command, answer.done) == (level.lower(), True)
    assert answer.did[0] == f"{level} of everything: a look (by ann)"
    assert kept in answer.did_not[0]
    assert answer.undo.startswith("coxswain resume --everything --reason WHY")


def test_an_account_is_named_as_its_command_takes_it() -> None:
    assert answer_of(Desk().step(pause(A))).undo == "coxswain resume A --reason WHY"
    desk = Desk()
    desk.step(pause(A))
    assert (
        answer_of(desk.step(resume(A))).undo == "stop it again: coxswain pause, halt, freeze or flatten A --reason WHY"
    )


def test_what_finds_everything_as_it_asks_is_done_and_has_nothing_to_undo() -> None:
    desk = Desk()
    desk.step(pause(A))
    answer = answer_of(desk.step(pause(A)))
    assert (answer.done, answer.did, answer.undo) == (True, ("nothing changed: it was so already",), "")


def test_what_is_refused_is_not_done_and_says_why() -> None:
    answer = answer_of(Desk().step(ApprovePlan((SignalId("nobody"),), "ann", "why")))
    assert (answer.done, answer.did, answer.undo) == (False, (), "")
    assert answer.did_not == ("nobody: no plan of ours has this id; waiting: none",)


@pytest.mark.parametrize("qty", ["0", "4"])
def test_what_a_plan_was_lowered_by_is_only_had_again_for_that_account(qty: str) -> None:
    desk = Desk(setup(account(A), account(B), mode=Mode.MANUAL))
    desk.signal(stop_loss="95.00", quantity=10)
    answer = answer_of(desk.step(ModifyPlan(SignalId("s1"), {A: D(qty)}, "ann", "less")))
    assert answer.done
    assert answer.undo.endswith("what is missing takes a new signal with accounts: A")


def test_a_share_that_was_rejected_is_only_had_again_for_its_account() -> None:
    desk = Desk(setup(account(A), account(B), mode=Mode.MANUAL))
    desk.signal(stop_loss="95.00", quantity=10)
    answer = answer_of(desk.step(RejectPlan((SignalId("s1"),), "ann", "no", (A,))))
    assert answer.undo == "not possible: submit the signal again under a new id with accounts: A"


def test_a_release_says_what_still_holds_an_account_back() -> None:
    desk = Desk()
    desk.step(pause(A))
    desk.step(stop(StopLevel.HALT, EVERYTHING))
    assert answer_of(desk.step(release(EVERYTHING))).did_not == ("A is still REDUCING: other causes remain",)


def test_a_cancel_says_that_protection_stays() -> None:
    desk = Desk()
    desk.hold(10)
    entry = desk.enter(10, order_type="LIMIT", limit_price="99.00")
    answer = answer_of(desk.step(CancelOrders("ann", "why", (entry,))))
    assert answer.done
    assert answer.did_not == ("stops and targets stay; they are cancelled only where protection is asked for too",)


def test_a_signal_that_is_denied_is_not_done() -> None:
    desk = Desk()
    signal = only([r.input for r in [desk.signal(quantity=1, stop_loss="95.00", symbol=Symbol("NOBODY"))]])
    assert isinstance(signal, SubmitSignal)
    answer = answer_of(desk.records[-1])
    assert not answer.done
    assert "INSTRUMENT_UNKNOWN" in answer.did_not[0]


def shown(desk: Desk) -> Controls:
    controls = Controls()
    for record in desk.records:
        controls.apply(record)
    return controls


def test_the_view_agrees_with_the_engine_about_stops_modes_and_what_waits() -> None:
    desk = Desk(setup(mode=Mode.MANUAL))
    desk.signal(quantity=10, stop_loss="95.00", id="in")
    desk.step(stop(StopLevel.PAUSE, Scope(ScopeKind.STRATEGY, "x")))
    view = shown(desk)
    assert [(row.level, row.scope, row.actor) for row in view.stops()] == [(StopLevel.PAUSE, "strategy x", "ann")]
    assert view.modes() == {"everything": Mode.MANUAL}
    assert [(row.signal_id, row.accounts) for row in view.waiting()] == [(SignalId("in"), (A,))]
    desk.step(ApprovePlan((SignalId("in"),), "ann", "why"))
    desk.step(release(Scope(ScopeKind.STRATEGY, "x")))
    view = shown(desk)
    assert (view.stops(), view.waiting()) == ([], [])


def test_the_view_lists_what_a_flatten_has_still_to_close() -> None:
    desk = Desk()
    desk.direct(qty=10)
    desk.fill(desk.sent(), 10)
    desk.step(stop(StopLevel.FLATTEN, EVERYTHING))
    desk.fill(desk.sent(), 4, "99.98")
    assert [(row.account, str(row.remaining)) for row in shown(desk).flattening()] == [(A, "6")]
    desk.fill(desk.sent(), 6, "99.98")
    assert shown(desk).flattening() == []


def test_settling_an_order_says_what_it_did_and_what_comes_if_it_was_wrong() -> None:
    desk = Desk(setup(tier=VenueTier.T3))
    entry = desk.enter(10)
    said = SettleOrder(entry, SettledAs.LOST, "asked their desk", "ann")
    refused = answer_of(desk.step(said))
    assert (refused.command, refused.done, refused.undo) == ("settle-order", False, "")
    desk.wait(5 * S)
    desk.look(entry)
    answer = answer_of(desk.step(said))
    assert answer.did[0] == f"{entry} is lost, says ann: asked their desk"
    assert "called back" in answer.did_not[0]
    assert answer.undo == "not possible: submit a new signal"
