"""Routing between venues: of one owner's accounts, the one takes an entry that gets the better price, all in."""

from decimal import Decimal

import msgspec

from coxswain.messages.inputs import VenueQuoted
from coxswain.model.market import Quote
from coxswain.model.plan import Assignment
from coxswain.model.setup import AccountSpec, Capabilities, Setup, VenueSpec
from coxswain.model.vocabulary import AccountId, Side, SignalId, VenueId, VenueTier, Verdict
from tests.unit.core.desk import BUY, SELL, SHARE, A, B, C, D, Desk, S, account, setup

NEAR, FAR, OTHER = VenueId("near"), VenueId("far"), VenueId("other")
DOES_ALL = Capabilities(VenueTier.T1, True, True, True)


def at(name: AccountId, venue: VenueId, group: str = "mine") -> AccountSpec:
    return msgspec.structs.replace(account(name), venue=venue, owner="me", route_group=group)


def routed(*, commission_per_lot: str = "0", commission_pct: str = "0") -> Setup:
    """Two accounts of one owner at two venues, and one that stands for itself."""
    venues = (
        VenueSpec(NEAR, DOES_ALL),
        VenueSpec(FAR, DOES_ALL, Decimal(commission_per_lot), Decimal(commission_pct)),
        VenueSpec(OTHER, DOES_ALL),
    )
    return msgspec.structs.replace(setup(at(A, NEAR), at(B, FAR), at(C, OTHER, "")), venues=venues)


def shows(desk: Desk, venue: VenueId, bid: str, ask: str, size: int | None = None) -> None:
    shown = None if size is None else Decimal(size)
    desk.step(VenueQuoted(Quote(SHARE, Decimal(bid), Decimal(ask), desk.now_ns, shown, shown, venue=venue)))


def enter(desk: Desk, side: Side = BUY, qty: int = 30) -> dict[AccountId, Assignment]:
    stop = "95.00" if side is BUY else "105.00"
    desk.signal(id="r", side=side, quantity=qty, stop_loss=stop)
    plan = desk.engine.state.plans[SignalId("r")].plan
    return {assignment.account: assignment for assignment in plan.assignments}


def takers(assignments: dict[AccountId, Assignment]) -> list[AccountId]:
    return [name for name, assignment in assignments.items() if assignment.verdict is Verdict.SEND]


def test_the_account_at_the_cheaper_venue_takes_the_share_and_the_plan_says_why() -> None:
    desk = Desk(routed())
    shows(desk, NEAR, "100.00", "100.03")
    shows(desk, FAR, "99.99", "100.01")
    made = enter(desk)
    assert takers(made) == [B, C]
    check = made[A].checks[-1]
    assert (check.code, check.value, check.limit, check.passed) == ("ROUTE", D("100.03"), D("100.01"), False)
    assert check.wanted == "100.01 all in at far, which shows all: B takes it"
    assert any(check.code == "ROUTE" and check.passed for check in made[B].checks)
    assert not any(check.code == "ROUTE" for check in made[C].checks)


def test_a_seller_goes_where_more_is_paid() -> None:
    desk = Desk(routed())
    shows(desk, NEAR, "100.00", "100.03")
    shows(desk, FAR, "99.99", "100.01")
    assert takers(enter(desk, SELL)) == [A, C]


def test_commission_counts_as_price_for_buyer_and_seller() -> None:
    for side in (BUY, SELL):
        desk = Desk(routed(commission_per_lot="0.02"))
        shows(desk, NEAR, "100.00", "100.02")
        shows(desk, FAR, "100.01", "100.01")
        assert takers(enter(desk, side)) == [A, C]
    desk = Desk(routed(commission_pct="0.005"))
    shows(desk, NEAR, "100.00", "100.02")
    shows(desk, FAR, "100.01", "100.01")
    (check,) = [check for check in enter(desk)[B].checks if check.code == "ROUTE"]
    assert check.value == D("100.0150005")
    assert takers(enter(Desk(routed(commission_pct="0.005")))) == [A, C]


def test_a_venue_that_shows_too_little_comes_after_one_that_shows_enough() -> None:
    desk = Desk(routed())
    shows(desk, NEAR, "100.00", "100.03", 500)
    shows(desk, FAR, "99.99", "100.01", 3)
    assert takers(enter(desk)) == [A, C]


def test_an_old_quote_is_not_looked_at() -> None:
    desk = Desk(routed())
    shows(desk, FAR, "99.00", "99.01")
    desk.wait(61 * S)
    desk.quote(SHARE, "100.00", "100.02")
    shows(desk, NEAR, "100.00", "100.03")
    made = enter(desk)
    assert takers(made) == [A, C]
    assert made[B].checks[-1].found == "far has no fresh quote"


def test_where_a_venue_shows_nothing_of_its_own_the_market_counts_and_of_equals_the_first_takes_it() -> None:
    assert takers(enter(Desk(routed()))) == [A, C]


def test_an_account_that_may_not_take_it_leaves_it_to_the_other() -> None:
    config = routed()
    first = msgspec.structs.replace(config.accounts[0], limits={"min_available_margin": Decimal(10**9)})
    desk = Desk(msgspec.structs.replace(config, accounts=(first, *config.accounts[1:])))
    shows(desk, NEAR, "99.00", "99.01")
    assert takers(enter(desk)) == [B, C]


def test_a_rejected_share_may_move_to_the_other_account_of_the_group() -> None:
    desk = Desk(routed())
    shows(desk, FAR, "99.99", "100.01")
    desk.signal(id="r", quantity=30, stop_loss="95.00", accounts=(A, B))
    order = desk.order(desk.sent())
    assert order.intent.account == B
    desk.reject(order.cl_ord_id)
    assert desk.order(desk.sent()).intent.account == A


def test_what_a_venue_shows_marks_no_position_and_survives_a_restart() -> None:
    desk = Desk(routed())
    desk.hold(10)
    before = desk.account().unrealized
    shows(desk, NEAR, "50.00", "50.02")
    assert desk.account().unrealized == before
    assert desk.engine.state.quotes[SHARE].bid == D("100.00")
    assert desk.folded().engine.digest() == desk.engine.digest()
