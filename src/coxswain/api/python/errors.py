"""What the public classes raise: four kinds, each with its severity, the field, what was found and what was wanted."""

from coxswain.views.alerts import Severity


class ExecutionError(Exception):
    """Something was not done. `errors` says why, one sentence each."""

    severity = Severity.ERROR

    def __init__(self, *errors: str) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


class ValidationError(ExecutionError):
    """What was asked for cannot be, or breaks a rule: nothing was sent."""

    def __init__(self, *errors: str, field: str = "", value: object = None, wanted: str = "") -> None:
        super().__init__(*errors, *((f"{field}: {_shown(value)}, wanted {wanted}",) if field else ()))
        self.field, self.value, self.wanted = field, value, wanted


class OrderDenied(ValidationError):
    """Our own gate refused an order: nothing was sent. Each error is `CODE: value, limit` of a check that failed."""


class VenueError(ExecutionError):
    """A venue refused, or could not be reached."""


class OutcomeUnknown(VenueError):
    """Nobody can say what became of an order. The engine asks the venue; nothing is sent on a guess."""


class EngineElsewhere(ExecutionError):
    """Another engine, of a program or of the command line, trades these accounts or writes this journal.

    Nothing was started, and no account was added.
    """


class JournalBehind(ExecutionError):
    """The journal has missed something that happened on its accounts: it is an old copy, or another engine has traded.

    Nothing was started. Compare with the venue first; then a person may let it go on with `adopt_lease`.
    """


class PositionError(ExecutionError):
    """There is no such position, or its books differ: compare, then look."""

    severity = Severity.WARNING


class SystemFault(ExecutionError):
    """The engine itself failed: all is halted, and the journal says why. Make a new one on the same journal."""

    severity = Severity.CRITICAL


def _shown(value: object) -> str:
    written = repr(value)
    return written if len(written) <= 60 else written[:60] + "..."
