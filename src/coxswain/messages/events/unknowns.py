"""What we do not know, and how it came to be known."""

from decimal import Decimal

from coxswain.messages.events.base import EventBase
from coxswain.model.vocabulary import AccountId, ClOrdId, ExecId, SettledAs


class OutcomeUnknown(EventBase, frozen=True):
    """Nobody said what became of a request. The hold stays; the question is asked."""

    account: AccountId
    cl_ord_id: ClOrdId
    reason: str


class QuestionAsked(EventBase, frozen=True):
    """The venue is asked for an order; asked again at `answer_by_ns` if it stays silent."""

    account: AccountId
    cl_ord_id: ClOrdId
    answer_by_ns: int
    times: int = 0
    """How often it was asked in a row before, without an end to the question."""


class AbsenceNoted(EventBase, frozen=True):
    """One look-up found neither the order nor a trace of it. Not proof yet."""

    account: AccountId
    cl_ord_id: ClOrdId
    looks: int
    ask_again_ns: int
    looked_ns: int = 0


class OutcomeResolved(EventBase, frozen=True):
    account: AccountId
    cl_ord_id: ClOrdId
    found: bool
    how: str


class OrderResent(EventBase, frozen=True):
    """Proved absent, so it leaves once more under the same id."""

    account: AccountId
    cl_ord_id: ClOrdId
    submit_by_ns: int


class OrderFoundShort(EventBase, frozen=True):
    """The venue knows the order, and has filled more of it than the fills that it lists come to. It is asked again."""

    account: AccountId
    cl_ord_id: ClOrdId
    theirs: Decimal
    ours: Decimal


class SettlementAsked(EventBase, frozen=True):
    """A person said what became of an order that nobody knows of; a second person's word is wanted."""

    account: AccountId
    cl_ord_id: ClOrdId
    settled_as: SettledAs
    exec_ids: tuple[ExecId, ...]
    reason: str
    actor: str


class OrderSettled(EventBase, frozen=True):
    """An order that nobody can ask about is over by a person's word; its end follows."""

    account: AccountId
    cl_ord_id: ClOrdId
    settled_as: SettledAs
    exec_ids: tuple[ExecId, ...]
    """Fills that fitted no order, and are its own."""
    reason: str
    actor: str
    second: str = ""
    """The second person, where it took two."""


class ReportQuarantined(EventBase, frozen=True):
    """The venue said what cannot be. Nothing changes but the account, which is compared with its books."""

    account: AccountId
    cl_ord_id: ClOrdId
    reason: str


class IncidentRaised(EventBase, frozen=True):
    """LATE_FILL, OVERFILL, UNKNOWN_ORDER or OTHER_ORDER: booked all the same; WORKS_AFTER_END: cancelled."""

    account: AccountId
    cl_ord_id: ClOrdId
    kind: str
    detail: str


UnknownEvent = (
    OutcomeUnknown
    | QuestionAsked
    | AbsenceNoted
    | OutcomeResolved
    | OrderResent
    | OrderFoundShort
    | SettlementAsked
    | OrderSettled
    | ReportQuarantined
    | IncidentRaised
)
