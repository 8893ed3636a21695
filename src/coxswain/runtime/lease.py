"""The lease: at most one engine trades an account, whichever journal it writes.

Why it is so: docs/adr/0025-one-engine-an-account.md.

Each venue has a folder for it beside its accounts:

accounts.json          by account: the epoch, and the journal of the engine that holds it; changes only hands
lock                   held for an instant by whoever takes or renews late
<journal_id>.holder    held by an engine as long as it lives; says who it is, until when it holds, and how far its
                       journal had come

An engine that is gone frees its holder's file with its process. One that stands still keeps that, but cannot renew, and
its lease runs out by the clock that goes on while a machine sleeps. Whoever takes over raises the epoch, durably,
before anything else. The one that wakes finds it raised right before it sends, and sends nothing. A journal that is
behind what its own lease remembers is an old copy, and one that another engine has traded past has missed something:
both are refused until a person adopts them. Cancels and questions pass; nothing here ever holds one back.
"""

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from coxswain.journal.chain import Head
from coxswain.messages.inputs import AdoptLease, Input, LeaseTakenOver
from coxswain.messages.record import Record
from coxswain.model.vocabulary import AccountId, JournalId, VenueId
from coxswain.runtime.doors import Asked
from coxswain.runtime.pace import CLOCK, NS_PER_S

HOLDS_NS = 10 * NS_PER_S
"""How long a lease holds after it was renewed."""
GRACE_NS = 2 * NS_PER_S
"""How much longer everybody else waits, so that what was checked in time has left in time."""
RENEWED_EVERY_NS = NS_PER_S
LOCK_TRIES = 100
LOCK_WAIT_S = 0.01
HOLDER_BYTES = 4096
"""Of a holder's file, which is written over in place."""

Clock = Callable[[], int]
HashAt = Callable[[int], bytes | None]
"""The stored hash of a record; None where it is not there."""


class LeaseError(Exception):
    """Every error of this file. Each message is written for the person who has to act on it."""


class LeaseHeld(LeaseError):
    """Another engine trades these accounts."""


class LeaseBehind(LeaseError):
    """The journal does not know of something that happened on these accounts."""


def boot_clock_ns() -> int:
    """Read the clock that only goes on: also while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime_ns(CLOCK)


class Place(NamedTuple):
    """Where the lease of one venue's accounts lies."""

    venue: VenueId
    folder: Path
    accounts: tuple[AccountId, ...]


class Writer(NamedTuple):
    """The journal that asks for a lease."""

    journal_id: JournalId
    path: Path
    head: Callable[[], Head]
    """The last record that is durable, now and later."""
    hash_at: HashAt
    epoch: int
    """The newest that its records know of; 0 where it never held one."""
    is_lost: bool = False
    """Its records say that another engine took accounts over, and of no person's word since."""


class Adoption(NamedTuple):
    """A person's word that a journal goes on although it missed something."""

    reason: str
    actor: str


# --- what the files say -----------------------------------------------------------------------------------------------


class _Entry(msgspec.Struct, frozen=True):
    epoch: int
    journal_id: JournalId


class _Accounts(msgspec.Struct, frozen=True):
    accounts: dict[AccountId, _Entry] = {}


class _Holder(msgspec.Struct, frozen=True):
    pid: int
    journal: str
    epoch: int
    until_ns: int
    seq: int
    hash: str


_accounts = msgspec.json.Decoder(_Accounts)
_holder = msgspec.json.Decoder(_Holder)

Mark = tuple[int, int, int]


def _mark(found: os.stat_result) -> Mark:
    return found.st_ino, found.st_mtime_ns, found.st_size


class _Folder:
    """The files of one place."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.file = place.folder / "accounts.json"

    @contextlib.contextmanager
    def locked(self, tries: int = LOCK_TRIES) -> Iterator[bool]:
        """Keep every other engine from taking or renewing; False when it could not be had."""
        fd = os.open(self.place.folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            yield _try_lock(fd, tries)
        finally:
            os.close(fd)

    def mark(self) -> Mark | None:
        """What changes when the accounts' file does."""
        try:
            return _mark(os.stat(self.file))
        except OSError:
            return None

    def read(self) -> dict[AccountId, _Entry]:
        """Raises `LeaseError` for a file that nobody can understand: nothing is taken by guess."""
        try:
            return _accounts.decode(self.file.read_bytes()).accounts
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            what = "see that no engine trades these accounts, then delete it"
            raise LeaseError(f"{self.file}: the lease cannot be read ({error}); {what}") from error

    def write(self, said: dict[AccountId, _Entry]) -> None:
        """Durable when it returns."""
        fresh = self.file.with_name("accounts.json.new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(_Accounts(said)))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self.file)
        fd = os.open(self.place.folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def holder_path(self, journal_id: JournalId) -> Path:
        return self.place.folder / f"{journal_id}.holder"

    def look(self, journal_id: JournalId) -> tuple[_Holder | None, bool]:
        """Return what a holder said last, and whether its process still is there."""
        try:
            fd = os.open(self.holder_path(journal_id), os.O_RDONLY)
        except OSError:
            return None, False
        try:
            lives = not _try_lock(fd, 1)
            return _said(fd), lives
        finally:
            os.close(fd)


def _try_lock(fd: int, tries: int) -> bool:
    for left in range(tries - 1, -1, -1):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if left:
                time.sleep(LOCK_WAIT_S)
        else:
            return True
    return False


def _said(fd: int) -> _Holder | None:
    try:
        return _holder.decode(os.pread(fd, HOLDER_BYTES, 0).strip())
    except msgspec.DecodeError:  # just made, or torn by a power cut
        return None


# --- taking -----------------------------------------------------------------------------------------------------------


def take_lease(
    places: Sequence[Place],
    writer: Writer,
    adoption: Adoption | None = None,
    clock: Clock = boot_clock_ns,
) -> "Lease":
    """Take the lease of all accounts at once, with an epoch above every earlier one, or of none.

    Raises `LeaseHeld` where another engine trades one of them, and `LeaseBehind` where the journal has missed something
    and nobody adopts it.
    """
    lease = Lease(writer, clock)
    try:
        lease.former = lease.hold(places, adoption)
    except BaseException:
        lease.close()
        raise
    return lease


def _how_to_adopt(writer: Writer) -> str:
    return (
        f"{writer.path} does not know what became of these accounts since. If it is to go on all the same, compare "
        "positions and orders with the venue, then start once with --adopt-lease WHY "
        "(in a program: adopt_lease=WHY)"
    )


def _examine(
    folder: _Folder,
    said: dict[AccountId, _Entry],
    writer: Writer,
    now_ns: int,
    held: list[str],
    former: list[str],
    behind: list[str],
) -> None:
    """Say of whom the accounts of a place are held, who had them before, and what the journal has missed of them."""
    by_holder: dict[JournalId, list[AccountId]] = {}
    for account in folder.place.accounts:
        entry = said.get(account)
        if entry is not None:
            by_holder.setdefault(entry.journal_id, []).append(account)
    venue = folder.place.venue
    for journal_id, accounts in by_holder.items():
        names = f"{', '.join(accounts)} at venue {venue}"
        holder, lives = folder.look(journal_id)
        left_ns = 0 if holder is None else holder.until_ns + GRACE_NS - now_ns
        who = _who(holder, journal_id)
        if journal_id == writer.journal_id and not lives:
            missing = "" if holder is None else _missing(holder, writer)
            if missing:
                behind.append(f"{names}: {missing}")
            continue
        if lives and (holder is None or left_ns > 0 or journal_id == writer.journal_id):
            wait = "" if left_ns <= 0 else f"; unless renewed, it runs out in {left_ns // NS_PER_S + 1} s"
            held.append(f"{names}: traded by {who}{wait}")
            continue
        epoch = max(said[account].epoch for account in accounts)
        if 0 < writer.epoch < epoch:
            behind.append(f"{names}: traded since by {who} (epoch {epoch}, here {writer.epoch})")
        elif lives:
            former.append(f"{names}: taken over from {who}, which stands still")


def _who(holder: _Holder | None, journal_id: JournalId) -> str:
    if holder is None:
        return f"an engine with journal id {journal_id}"
    return f"process {holder.pid} with journal {holder.journal}"


def _missing(holder: _Holder, writer: Writer) -> str:
    """Say what of the journal's own past is not in it; empty where nothing is missing."""
    head = writer.head()
    if holder.seq > head.seq:
        return f"this journal had come to record {holder.seq}, and ends at {head.seq}: it is an old copy"
    found = writer.hash_at(holder.seq) if holder.seq else None
    if found is not None and found.hex() != holder.hash:
        return f"record {holder.seq} of this journal was another: it is a copy that went its own way"
    return ""


# --- holding ----------------------------------------------------------------------------------------------------------


class _Seat:
    """What an engine holds at one place."""

    def __init__(self, folder: _Folder, fd: int) -> None:
        self.folder = folder
        self.fd = fd
        self.mark = folder.mark()


class Lease:
    """What one engine holds, and a door (`doors.py`): renews it in time, and says when it is lost."""

    def __init__(self, writer: Writer, clock: Clock) -> None:
        """Hold nothing yet."""
        self.epoch = writer.epoch
        self.former: tuple[str, ...] = ()
        """Sentences on those that held it at the start and stand still."""
        self.until_ns = clock() + HOLDS_NS
        self._writer = writer
        self._clock = clock
        self._seats: list[_Seat] = []
        self._seat_of: dict[AccountId, _Seat] = {}
        self._resources = contextlib.ExitStack()
        self._lost: dict[AccountId, str] = {}
        """With who holds them now."""
        self._newest = 0
        self._news: list[Input] = []
        self._renews_ns = 0
        self._lock = threading.RLock()
        self._left = threading.Event()

    # --- taking accounts ----------------------------------------------------------------------------------------------

    def hold(self, places: Sequence[Place], adoption: Adoption | None = None) -> tuple[str, ...]:
        """Hold accounts, beside those that are held already, or none of them; return sentences on former holders.

        All go on under one epoch, above every earlier one. Raises what `take_lease` raises.
        """
        with self._lock, contextlib.ExitStack() as locks:
            self._renew()
            wider = {place.folder: place for place in places if not self._seat_of.keys() >= set(place.accounts)}
            if self._seats and not wider:
                return ()
            seats = {seat.folder.place.folder: seat for seat in self._seats}
            folders = [_Folder(place) for path, place in wider.items() if path not in seats]
            folders = sorted(
                [*folders, *(seat.folder for seat in self._seats)], key=lambda each: str(each.place.folder)
            )
            for folder in folders:
                folder.place.folder.mkdir(parents=True, exist_ok=True)
                if not locks.enter_context(folder.locked()):
                    raise LeaseHeld(f"{folder.place.folder}: another engine is taking the lease just now; try again")
            found = [(folder, folder.read()) for folder in folders]
            former = self._examine(found, wider, seats, adoption)
            for seat in self._seats:
                self._look(seat)
            self.epoch = max([self.epoch, *(entry.epoch for _, said in found for entry in said.values())]) + 1
            for folder, said in found:
                seat = seats.get(folder.place.folder) or self._sit(folder)
                folder.place = wider.get(folder.place.folder, folder.place)
                self._claim(seat, said)
            return former

    def _examine(
        self,
        found: list[tuple[_Folder, dict[AccountId, _Entry]]],
        wider: dict[Path, Place],
        seats: dict[Path, _Seat],
        adoption: Adoption | None,
    ) -> tuple[str, ...]:
        """See that nobody else trades what is to be held; return sentences on those who did and stand still."""
        held: list[str] = []
        former: list[str] = []
        behind: list[str] = []
        for folder, said in found:
            place = wider.get(folder.place.folder)
            if place is None:
                continue
            # Where this engine sits already, what its journal held in an earlier run is its own.
            own = self._writer.journal_id if place.folder in seats else None
            others = {account: entry for account, entry in said.items() if entry.journal_id != own}
            fresh = place._replace(accounts=tuple(each for each in place.accounts if each not in self._seat_of))
            _examine(_Folder(fresh), others, self._writer, self._clock(), held, former, behind)
        if held:
            raise LeaseHeld("\n".join(held))
        if behind and adoption is None:
            raise LeaseBehind("\n".join([*behind, _how_to_adopt(self._writer)]))
        if adoption is not None and (behind or self._writer.is_lost):
            missed = "; ".join(behind) or "nothing since it was lost"
            self._news.append(AdoptLease(missed, adoption.reason, adoption.actor))
        return tuple(former)

    def _sit(self, folder: _Folder) -> _Seat:
        """Take a seat at a place that is locked, before anybody is told that its accounts are ours."""
        fd = os.open(folder.holder_path(self._writer.journal_id), os.O_RDWR | os.O_CREAT, 0o644)
        self._resources.callback(os.close, fd)
        if not _try_lock(fd, LOCK_TRIES):  # somebody may be looking at it, for an instant
            raise LeaseHeld(f"{folder.place.folder}: a copy of {self._writer.path} is at work; end it first")
        seat = _Seat(folder, fd)
        self._seats.append(seat)
        return seat

    def _claim(self, seat: _Seat, said: dict[AccountId, _Entry]) -> None:
        """Be there, then have it written whose the accounts are; what another took over meanwhile stays theirs."""
        self._beat(seat.fd, self.until_ns)
        accounts = [account for account in seat.folder.place.accounts if account not in self._lost]
        seat.folder.write({**said, **dict.fromkeys(accounts, _Entry(self.epoch, self._writer.journal_id))})
        seat.mark = seat.folder.mark()
        self._seat_of |= dict.fromkeys(seat.folder.place.accounts, seat)

    # --- asked right before a send ------------------------------------------------------------------------------------

    def why_not(self, account: AccountId) -> str:
        """Say why nothing new may leave for an account; empty while the lease on it is ours."""
        with self._lock:
            seat = self._seat_of.get(account)
            if seat is None:
                return "this engine has no lease on it"
            if self._clock() >= self.until_ns:
                self._renew()
                if self._clock() >= self.until_ns:
                    return "the lease ran out while the engine stood still, and cannot be renewed"
            self._look(seat)
            holder = self._lost.get(account)
            return "" if holder is None else f"the lease is lost: {holder}"

    def renew_by_itself(self) -> None:
        """Have a thread renew it as long as the process lives: for who drives the loop by calls, and may make none."""
        threading.Thread(target=self._keep_on, name="lease", daemon=True).start()

    def _keep_on(self) -> None:
        while not self._left.wait(RENEWED_EVERY_NS / NS_PER_S):
            with self._lock:
                self._renew()

    # --- a door -------------------------------------------------------------------------------------------------------

    def filenos(self) -> Iterable[int]:
        return ()

    def take(self, now_ns: int) -> list[Asked]:
        with self._lock:
            if self._clock() >= self._renews_ns:
                self._renews_ns = self._clock() + RENEWED_EVERY_NS
                self._renew()
            news, self._news = self._news, []
        return [Asked(message, _nobody_asked) for message in news]

    def on_record(self, record: Record) -> None:
        pass

    def abandon(self) -> None:
        """Let go of the files as a process does that is gone: what it said last stands, and runs out."""
        with self._lock:
            self._seats = []
            self._seat_of = {}
            self._resources.close()

    def close(self) -> None:
        """Leave: nobody has to wait for what is left of it."""
        self._left.set()
        with self._lock:
            for seat in self._seats:
                with contextlib.suppress(OSError):
                    self._beat(seat.fd, self._clock() - GRACE_NS)
        self.abandon()

    # --- the files ----------------------------------------------------------------------------------------------------

    def _renew(self) -> None:
        """Hold it for longer. One that ran out is ours again only if nobody takes it at this moment, or took it."""
        late = self._clock() >= self.until_ns
        until_ns = self._clock() + HOLDS_NS
        for seat in self._seats:
            with seat.folder.locked(1) if late else contextlib.nullcontext(True) as is_safe:
                if not is_safe:
                    return
                self._look(seat)
                try:
                    self._beat(seat.fd, until_ns)
                except OSError:
                    return  # a full disk: it runs out, and with it what may be sent
        self.until_ns = until_ns

    def _look(self, seat: _Seat) -> None:
        """See whose the accounts are now, if their file has changed."""
        mark = seat.folder.mark()
        if mark == seat.mark and mark is not None:
            return
        try:
            said = seat.folder.read()
        except LeaseError:
            said = {}
        seat.mark = mark
        ours = _Entry(self.epoch, self._writer.journal_id)
        lost: dict[str, list[AccountId]] = {}
        for account in seat.folder.place.accounts:
            entry = said.get(account)
            if entry == ours or account in self._lost:
                continue
            if entry is None:
                who = f"{seat.folder.file} does not say any more that it is ours"
            else:
                holder, _ = seat.folder.look(entry.journal_id)
                who = f"{_who(holder, entry.journal_id)} holds it now (epoch {entry.epoch}, ours was {self.epoch})"
                self._newest = max(self._newest, entry.epoch)
            self._lost[account] = who
            lost.setdefault(who, []).append(account)
        for who, accounts in lost.items():
            # One that nobody holds is lost too: what the newest epoch is, nobody can say then.
            newest = max(self._newest, self.epoch + 1)
            self._news.append(LeaseTakenOver(tuple(accounts), newest, who, self._clock()))

    def _beat(self, fd: int, until_ns: int) -> None:
        head = self._writer.head()
        path = str(self._writer.path.absolute())
        said = msgspec.json.encode(_Holder(os.getpid(), path, self.epoch, until_ns, head.seq, head.hash.hex()))
        os.pwrite(fd, said.ljust(HOLDER_BYTES - 1) + b"\n", 0)


def _nobody_asked(record: Record) -> None:
    pass
