"""Rounds: who is asked when, what is journaled of it, and what a difference, a failure and a silence lead to."""

import itertools
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest

from coxswain.messages import events as ev
from coxswain.messages.inputs import AccountLookedUp, CompareAccounts, EngineStarted, Input, StopEngine, VenueFailed
from coxswain.messages.requests import QueryAccount, Request
from coxswain.model.market import Quote
from coxswain.model.setup import AccountSpec, Setup, VenueSpec
from coxswain.model.vocabulary import AccountId, JournalId, Mode, VenueId
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.rounds import WITNESS_NS, Rounds
from coxswain.venues.paper import CAPABILITIES, AccountParams, Outage, OutageKind, PaperVenue, Params
from tests.unit.runtime.desk import SHARES, START_NS, STILL, VENUE_OF, A, B, Desk, S, paper, quotes

INTERVAL_NS = 60 * S
UNEASY_S = 100
"""When something begins to differ."""


class Asked(PaperVenue):
    """A paper venue that remembers what it was asked, and whose books somebody else may touch."""

    def __init__(self, account_id: AccountId, outages: tuple[Outage, ...] = ()) -> None:
        params = Params({account_id: AccountParams("USD", Decimal(100_000))}, outages=outages)
        super().__init__(VENUE_OF[account_id], params, (SHARES,))
        self.asked_ns: list[int] = []
        self.missing = Decimal(0)
        self.is_silent = False

    def send(self, request: Request, now_ns: int) -> None:
        if isinstance(request, QueryAccount):
            self.asked_ns.append(now_ns)
        super().send(request, now_ns)

    def take(self, now_ns: int) -> list[Input]:
        heard = super().take(now_ns)
        if now_ns < START_NS + UNEASY_S * S:
            return heard
        return [
            msgspec.structs.replace(each, balance=each.balance - self.missing)
            if isinstance(each, AccountLookedUp)
            else each
            for each in heard
            if not (self.is_silent and isinstance(each, AccountLookedUp))
        ]


def idle(seconds: int, **changes: Decimal | bool) -> tuple[Desk, Asked]:
    """Run two accounts on which nothing happens; the venue of the first is returned."""
    venue = Asked(A)
    for name, value in changes.items():
        setattr(venue, name, value)
    desk = Desk(venues=[venue, paper(VENUE_OF[B])], seconds=seconds)
    desk.run()
    return desk, venue


def compared(desk: Desk) -> list[tuple[int, str]]:
    """Return when and why the core asked for the books of the first account, start and end left out."""
    return [
        ((record.now_ns - START_NS) // S, event.reason)
        for record in desk.seen
        for event in record.events
        if isinstance(event, ev.ComparisonAsked) and event.account == A
    ][1:-1]


def test_an_idle_account_is_asked_for_in_every_interval() -> None:
    _, venue = idle(601)
    gaps = [later - earlier for earlier, later in zip(venue.asked_ns[1:], venue.asked_ns[2:], strict=False)]
    assert len(gaps) == 10
    assert set(gaps[:-1]) == {INTERVAL_NS}


def test_a_round_that_finds_nothing_new_leaves_nothing_in_the_journal() -> None:
    desk, venue = idle(601)
    assert len(venue.asked_ns) > 10
    assert compared(desk) == []
    assert sum(isinstance(record.input, AccountLookedUp) for record in desk.seen) == 4  # a start and an end of two


def test_books_that_changed_on_an_idle_account_are_compared_by_its_next_turn() -> None:
    desk, _ = idle(200, missing=Decimal(7))
    (at_s, why), *_ = compared(desk)
    assert UNEASY_S <= at_s < UNEASY_S + 60
    assert why == "the venue's books have changed"
    found = [event for record in desk.seen for event in record.events if isinstance(event, ev.BreakFound)]
    assert {(event.kind, event.ours, event.theirs) for event in found} == {
        ("BALANCE_DIFFERS", Decimal(100_000), Decimal(99_993))
    }


def test_an_account_whose_venue_does_not_answer_a_round_is_asked_for_by_the_core_and_only_reduces() -> None:
    desk, _ = idle(300, is_silent=True)
    (at_s, why), *again = compared(desk)
    assert UNEASY_S <= at_s < UNEASY_S + 120
    assert why == "the venue did not answer"
    assert {why for _, why in again} == {"it is time"}
    assert len(again) > 5


def test_an_account_for_which_a_round_fails_is_not_trusted_until_the_venue_is_back() -> None:
    outage = Outage(from_s=Decimal(100), until_s=Decimal(200), kind=OutageKind.FAILS)
    desk = Desk(venues=[Asked(A, (outage,)), paper(VENUE_OF[B])], seconds=300)
    desk.run()
    changes = [
        ((record.now_ns - START_NS) // S, event.active)
        for record in desk.seen
        for event in record.events
        if isinstance(event, ev.AccountStateChanged) and event.account == A and event.cause == "UNRECONCILED"
    ]
    (failed_s, restricted), (back_s, still) = changes[-2:]
    assert (restricted, still) == (True, False)
    assert 100 <= failed_s < 160
    assert 200 <= back_s <= 210
    assert any(isinstance(record.input, VenueFailed) for record in desk.seen)


def test_an_agreement_is_journaled_after_an_hour_without_one() -> None:
    desk, _ = idle(2 * 3600 + 120)
    assert [why for _, why in compared(desk)] == ["it is time", "it is time"]
    first, second = (at_s for at_s, _ in compared(desk))
    assert WITNESS_NS // S <= first < WITNESS_NS // S + 60
    assert WITNESS_NS // S <= second - first < WITNESS_NS // S + 60


def test_rounds_do_not_make_a_run_longer() -> None:
    desk, _ = idle(90)
    last = desk.seen[-1]
    assert isinstance(last.input, StopEngine)
    assert last.now_ns == START_NS + 89 * S


def test_over_a_gap_in_the_quotes_each_account_is_asked_once() -> None:
    """Time does not stop for a round where nothing else happens: nothing changes meanwhile."""

    def feed() -> Iterator[Quote]:
        yield from quotes(30)
        for quote in quotes(30):
            yield msgspec.structs.replace(quote, ts_ns=quote.ts_ns + 50 * INTERVAL_NS)

    venue = Asked(A)
    Desk(venues=[venue, paper(VENUE_OF[B])], feed=feed()).run()
    assert len([at_ns for at_ns in venue.asked_ns[1:-1] if at_ns > START_NS + 30 * S]) == 1


# --- a crowd ----------------------------------------------------------------------------------------------------------


def crowd(count: int) -> tuple[Rounds, list[AccountId]]:
    """Return the rounds of accounts that have been compared, where time passes by itself."""
    names, venue = [AccountId(f"a{number}") for number in range(count)], VenueId("v")
    accounts = tuple(AccountSpec(name, venue, "USD") for name in names)
    settings = dict.fromkeys(STILL, Decimal(0))
    told = Setup(Mode.FULL_AUTO, accounts, (VenueSpec(venue, CAPABILITIES),), (SHARES,), settings=settings)
    engine = make_engine()
    engine.step(EngineStarted("test", JournalId("loop0000loop0000"), 7, told), START_NS)
    for name in names:
        engine.step(AccountLookedUp(name, Decimal(1000), (), (), (), START_NS), START_NS)
    return Rounds(engine, names, START_NS, catches_up=False), names


@pytest.mark.parametrize("asleep_s", [0, 3000])
def test_a_thousand_accounts_are_spread_over_the_interval_also_after_the_process_stood_still(asleep_s: int) -> None:
    rounds, names = crowd(1000)
    now_ns, turns = START_NS + asleep_s * S, {}
    for _ in names:
        now_ns = max(now_ns, rounds.next_ns() or 0)
        question = rounds.take(now_ns)
        assert isinstance(question, QueryAccount)
        turns[now_ns] = question.account
    assert list(turns.values()) == names
    times = list(turns)
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {INTERVAL_NS // 1000}


def test_an_account_is_left_to_the_core_while_the_core_asks() -> None:
    desk = Desk(seconds=5)
    desk.run()
    rounds = Rounds(desk.engine, (A,), START_NS, catches_up=False)
    desk.engine.step(CompareAccounts("somebody wants to know", (A,)), START_NS + 600 * S)
    assert rounds.take(START_NS + 600 * S) is None
    answer = AccountLookedUp(A, Decimal(100_000), (), (), (), START_NS + 600 * S)
    assert rounds.hear(answer) == answer


def test_what_nobody_asked_for_is_stepped_as_it_comes() -> None:
    desk = Desk(seconds=5)
    desk.run()
    answer = AccountLookedUp(A, Decimal(100_000), (), (), (), START_NS + 600 * S)
    assert Rounds(desk.engine, (A,), START_NS, catches_up=False).hear(answer) == answer
