"""One step under way: what a handler may read, and the two things it may do, apply an event and set a request aside."""

from collections.abc import Callable, Mapping

from coxswain.core.deadlines import Deadlines
from coxswain.core.evolve import evolve
from coxswain.core.gates import Gates
from coxswain.core.state import Account, State
from coxswain.messages.events import CommandRefused, Event
from coxswain.messages.requests import Request
from coxswain.model.algo import AlgoModule
from coxswain.model.allocation import Allocation, Candidate, Parent
from coxswain.model.setup import AllocationSpec
from coxswain.model.vocabulary import AccountId

NOT_CONFIGURED = "NOT_CONFIGURED"
NOT_CONFIRMED = "NOT_CONFIRMED"
"""The cause under which an account is halted while the configuration does not name it."""
EGRESS = "EGRESS"
"""The cause under which an account is halted after the egress guard held something back."""
LEASE = "LEASE"
"""The cause under which an account is halted that another engine trades now."""
CORE_FAILURE = "CORE_FAILURE"
"""The cause under which accounts are halted after a step that raised, until a person looks."""
Allocate = Callable[[AllocationSpec, Parent, tuple[Candidate, ...]], Allocation]


class Tx:
    """Handlers decide and never assign: `apply` makes a fact at once, so what follows already sees it."""

    __slots__ = ("_clock", "algos", "allocate", "events", "gates", "requests", "state")

    def __init__(
        self, state: State, clock: Deadlines, gates: Gates, allocate: Allocate, algos: Mapping[str, AlgoModule]
    ) -> None:
        self.state = state
        self.gates = gates
        self.allocate = allocate
        self.algos = algos
        self.events: list[Event] = []
        self.requests: list[Request] = []
        self._clock = clock

    def apply(self, event: Event) -> None:
        evolve(self.state, self._clock, event)
        self.events.append(event)

    def request(self, request: Request) -> None:
        """Set a request aside; none for an account that is not configured, which has no venue to take it to."""
        if NOT_CONFIGURED not in self.state.accounts[request.account].causes:
            self.requests.append(request)

    def refuse(self, command: str, about: str, actor: str, *reasons: str) -> None:
        """Record that a person's command, or a part of it, could not be carried out."""
        self.apply(CommandRefused(command, about, reasons, actor))

    def account(self, account_id: AccountId) -> Account:
        return self.state.accounts[account_id]
