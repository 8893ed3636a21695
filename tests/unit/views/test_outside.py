"""What the outside is told: every promised name is told of something, with its ids, and nothing twice."""

from coxswain.messages.inputs import VenueFailed
from coxswain.messages.record import Record
from coxswain.model.vocabulary import ReachedVenue
from coxswain.sim.crowd import Crowd, script
from coxswain.views import outside
from coxswain.views.outside import Name, Outside
from tests.sim.wire import Faults
from tests.sim.world import World
from tests.unit.core.desk import A, Desk


def told(records: list[Record]) -> list[outside.OutsideEvent]:
    view = Outside()
    return [event for record in records for event in view.apply(record)]


def test_an_order_tells_its_life_in_the_promised_words() -> None:
    desk = Desk()
    order = desk.enter(10)
    desk.accept(order)
    desk.fill(order, 4)
    desk.fill(order, 6)
    names = [event.event for event in told(desk.records) if event.event is not Name.ACCOUNT_STATE]
    assert names[names.index(Name.SIGNAL_RECEIVED) :] == [
        *(Name.SIGNAL_RECEIVED, Name.PLAN_PROPOSED, Name.PLAN_APPROVED, Name.ORDER_SUBMITTED, Name.ORDER_ACCEPTED),
        *(Name.ORDER_PARTIALLY_FILLED, Name.POSITION_OPENED, Name.ORDER_SUBMITTED),
        *(Name.ORDER_FILLED, Name.POSITION_CHANGED),
    ]
    submitted = next(event for event in told(desk.records) if event.event is Name.ORDER_SUBMITTED)
    assert (submitted.account, submitted.venue, submitted.symbol) == ("A", "venue", "SHARE")
    assert (submitted.signal_id, submitted.cl_ord_id) == ("s1", order)


def test_a_position_that_is_closed_says_so_and_one_that_a_venue_cannot_be_asked_for_too() -> None:
    desk = Desk()
    desk.fill(desk.enter(10), 10)
    desk.fill(desk.sent(), 10, "95.00")
    desk.step(VenueFailed(A, None, ReachedVenue.NO, "no line"))
    names = [event.event for event in told(desk.records)]
    assert names.count(Name.POSITION_CLOSED) == 1
    assert names[-1] in (Name.VENUE_STATE, Name.ACCOUNT_STATE)
    assert Name.VENUE_STATE in names


def test_worlds_full_of_faults_tell_of_nearly_everything_and_every_promised_name_has_a_source() -> None:
    names: set[Name] = set()
    for seed in range(12):
        world = World(seed, Faults(10, 10, 10, 40, 1_500), script(seed, 20))
        crowd = Crowd(world, seed, restarts=True)
        for _ in range(60):
            crowd.act()
        names |= {event.event for event in told(world.records)}
    assert names >= {
        Name.ORDER_UNKNOWN,
        Name.ORDER_CANCELLED,
        Name.ORDER_MODIFIED,
        Name.ORDER_REJECTED,
        Name.RECONCILED,
    }
    assert len(Name) == 25


def test_a_failed_step_is_an_execution_error() -> None:
    desk = Desk()
    failed = desk.engine.failure(VenueFailed(A, None, ReachedVenue.NO, "x"), desk.now_ns, "AssertionError: a bug")
    events = told([*desk.records, failed])
    assert Name.EXECUTION_ERROR in {event.event for event in events}
