"""The commands that prove: that a journal is as it was written, and that stepping it again gives the same.

They open nothing for writing.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from coxswain import __version__
from coxswain.app import exits, screens, tables
from coxswain.app.output import print_json
from coxswain.app.signed import trust_in
from coxswain.journal.errors import JournalUnreadable
from coxswain.journal.store import Reader
from coxswain.journal.verify import Verification, verify


def verify_journal(journal: Path, keys: Sequence[str], as_json: bool) -> int:
    """Exit code 0 clean, 1 tampered, 2 unreadable."""
    try:
        found = verify(journal, trust_in(keys))
    except JournalUnreadable as error:
        if as_json:
            print_json({"ok": False, "readable": False, "problem": str(error)})
        else:
            tables.say(f"coxswain: {error}")
        return exits.UNREADABLE
    if as_json:
        print_json({"readable": True, **msgspec.to_builtins(found)})
    elif found.ok:
        print(f"{journal}: {tables.count(found.records, 'record')}, chain verified, head {found.head}")
        print(_signed(found))
        if found.skipped:
            print(f"skipped inputs: {', '.join(map(str, found.skipped))} (coxswain audit log says by whom, and why)")
    else:
        where = "" if found.first_bad_seq is None else f"first bad record {found.first_bad_seq}: "
        print(f"{journal}: TAMPERED: {where}{found.problem}")
    return exits.OK if found.ok else exits.TAMPERED


def _signed(found: Verification) -> str:
    if not found.checkpoints:
        return "no checkpoint: who can write its folder could have rewritten it (coxswain audit key makes a key)"
    many = f"{tables.count(found.checkpoints, 'checkpoint')}, the newest of {found.signed_records} records"
    if not found.signed_by:
        return f"{many}; they fit, and whose they are was not checked: wanted --key"
    return f"{many}, signed by {', '.join(found.signed_by)}"


def replay_journal(journal: Path, as_json: bool) -> int:
    """Fold and step, compare; 1 when they do not agree, 0 also when another version left nothing to compare."""
    from coxswain.runtime.plugins import make_engine
    from coxswain.runtime.replay import replay

    with Reader(journal) as reader:
        result = replay(reader.read(), make_engine, __version__)
    if as_json:
        print_json({"agrees": result.agrees, **msgspec.to_builtins(result)})
    else:
        screens.show_replay(journal, result)
    return exits.ERROR if result.agrees is False else exits.OK
