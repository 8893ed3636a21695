"""Errors that users can do something about: which exit code, which sentence. All others are bugs and show as bugs."""

import os

from coxswain.app import exits


def explain_error(error: Exception) -> tuple[int, str] | None:
    """Return an exit code and a sentence for an error of the user's world, None for a bug."""
    from coxswain.app.config.problems import ConfigError
    from coxswain.app.demo import NothingToTrade
    from coxswain.feeds import FeedError, SpecError
    from coxswain.journal.errors import JournalError, JournalExists, JournalTampered, KeyUnusable
    from coxswain.runtime.lease import LeaseError
    from coxswain.runtime.live import NotConfirmed
    from coxswain.runtime.records import RecordUnreadable
    from coxswain.venues.paper import StateFileError
    from coxswain.venues.remote import VenueGone

    match error:
        case ConfigError() | KeyUnusable():
            return exits.CONFIGURATION, str(error)
        case JournalExists() | NotConfirmed() | SpecError():
            return exits.USAGE, str(error)
        case JournalTampered():
            return exits.TAMPERED, f"{error}; see: coxswain audit verify --journal {error.path}"
        case VenueGone():
            return exits.NOT_RUNNING, str(error)
        case FileExistsError():
            return exits.USAGE, str(error)
        case OSError(filename=file, strerror=problem) if file and problem:
            return exits.ERROR, f"{os.fsdecode(file)}: {problem}"
        case OSError(strerror=problem) if problem:
            return exits.ERROR, f"what was to be read or written failed: {problem}"
        case (
            JournalError()
            | LeaseError()
            | RecordUnreadable()
            | FeedError()
            | NothingToTrade()
            | StateFileError()
            | OSError()
        ):
            return exits.ERROR, str(error)
        case _:
            return None
