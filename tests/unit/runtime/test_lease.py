"""The lease on accounts: taken once, renewed, lost to another, and refused to a journal that missed something."""

import os
import time
from pathlib import Path

import pytest

from coxswain.journal.chain import Head
from coxswain.messages.inputs import AdoptLease, LeaseTakenOver
from coxswain.model.vocabulary import AccountId, JournalId, VenueId
from coxswain.runtime import lease as leases
from coxswain.runtime.lease import (
    GRACE_NS,
    HOLDS_NS,
    Adoption,
    Lease,
    LeaseBehind,
    LeaseError,
    LeaseHeld,
    Place,
    Writer,
    take_lease,
)

ANN, BOB = AccountId("ann"), AccountId("bob")
WORD = Adoption("compared by hand", "kim")


class Yard:
    """Engines on one machine, by a clock that is set by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now_ns = folder, 1_000
        self.heads: dict[str, Head] = {}

    def take(
        self,
        name: str,
        *accounts: AccountId,
        epoch: int = 0,
        adoption: Adoption | None = None,
        venue: str = "one",
        is_lost: bool = False,
    ) -> Lease:
        path = Path(f"{name}.journal")
        writer = Writer(JournalId(name), path, lambda: self.head(name), self.hash_at(name), epoch, is_lost)
        place = Place(VenueId(venue), self.folder / f"{venue}.lease", accounts or (ANN, BOB))
        return take_lease([place], writer, adoption, lambda: self.now_ns)

    def head(self, name: str) -> Head:
        return self.heads.get(name, Head(0, bytes(32)))

    def hash_at(self, name: str) -> leases.HashAt:
        return lambda seq: self.head(name).hash if self.head(name).seq == seq else None


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard(tmp_path)


def news(lease: Lease) -> list[object]:
    lease._renews_ns = 0  # time for a look
    return [asked.message for asked in lease.take(0)]


def test_each_start_raises_the_epoch(yard: Yard) -> None:
    for wanted in (1, 2, 3):
        with_it = yard.take("j", epoch=wanted - 1)
        assert with_it.epoch == wanted
        assert with_it.why_not(ANN) == ""
        assert news(with_it) == []
        with_it.close()


def test_the_epoch_is_above_the_one_that_the_journal_knows(yard: Yard) -> None:
    assert yard.take("j", epoch=7).epoch == 8


def test_another_engine_is_refused_with_the_holders_name(yard: Yard) -> None:
    holder = yard.take("j")
    with pytest.raises(
        LeaseHeld, match=rf"ann at venue one: traded by process {os.getpid()} with journal .*j\.journal"
    ):
        yard.take("k", ANN)
    assert holder.why_not(ANN) == ""


def test_a_copy_of_the_journal_is_refused_too_however_long_its_holder_stands_still(yard: Yard) -> None:
    yard.take("j")
    yard.now_ns += 100 * HOLDS_NS
    with pytest.raises(LeaseHeld, match="traded by process"):
        yard.take("j", epoch=1)


def test_accounts_that_nobody_shares_are_no_matter(yard: Yard) -> None:
    ours, others = yard.take("j", ANN), yard.take("k", BOB)
    assert ours.why_not(ANN) == others.why_not(BOB) == ""
    assert ours.why_not(BOB) == "this engine has no lease on it"
    assert news(ours) == []


def test_one_that_is_gone_is_followed_at_once(yard: Yard) -> None:
    yard.take("j").close()
    assert yard.take("k").epoch == 2


@pytest.mark.parametrize(("stood_ns", "follows"), [(HOLDS_NS + GRACE_NS - 1, False), (HOLDS_NS + GRACE_NS, True)])
def test_one_that_stands_still_is_followed_when_its_lease_and_the_grace_are_over(
    yard: Yard, stood_ns: int, follows: bool
) -> None:
    yard.take("j")
    yard.now_ns += stood_ns
    if not follows:
        with pytest.raises(LeaseHeld, match="it runs out in 1 s"):
            yard.take("k")
    else:
        (said,) = yard.take("k").former
        assert "taken over from process" in said


def test_the_one_that_wakes_sends_nothing_and_says_who_holds_it(yard: Yard) -> None:
    sleeper = yard.take("j")
    yard.now_ns += HOLDS_NS + GRACE_NS
    waker = yard.take("k", ANN)
    assert "k.journal holds it now (epoch 2, ours was 1)" in sleeper.why_not(ANN)
    assert sleeper.why_not(BOB) == ""
    (told,) = news(sleeper)
    assert isinstance(told, LeaseTakenOver)
    assert (told.accounts, told.epoch) == ((ANN,), 2)
    assert news(sleeper) == []
    assert waker.why_not(ANN) == ""


def test_a_lease_that_is_renewed_is_not_taken(yard: Yard) -> None:
    holder = yard.take("j")
    for _ in range(5):
        yard.now_ns += HOLDS_NS - 1
        assert news(holder) == []
    yard.now_ns += HOLDS_NS - 1
    with pytest.raises(LeaseHeld):
        yard.take("k")


def test_one_that_ran_out_is_renewed_before_a_send_if_nobody_took_it(yard: Yard) -> None:
    holder = yard.take("j")
    yard.now_ns += 3 * HOLDS_NS
    assert holder.why_not(ANN) == ""
    with pytest.raises(LeaseHeld):
        yard.take("k")


def test_one_that_ran_out_while_somebody_takes_it_sends_nothing(yard: Yard) -> None:
    holder = yard.take("j")
    yard.now_ns += HOLDS_NS
    with leases._Folder(Place(VenueId("one"), yard.folder / "one.lease", (ANN,))).locked() as had:
        assert had
        assert "cannot be renewed" in holder.why_not(ANN)
    assert holder.why_not(ANN) == ""


@pytest.mark.parametrize("left", [None, b"", b"{", b'{"accounts":{}}'])
def test_a_file_that_is_gone_or_says_nothing_lets_nothing_out(yard: Yard, left: bytes | None) -> None:
    holder = yard.take("j")
    file = yard.folder / "one.lease" / "accounts.json"
    file.unlink()
    if left is not None:
        file.write_bytes(left)
    assert "does not say any more that it is ours" in holder.why_not(ANN)
    assert [type(told) for told in news(holder)] == [LeaseTakenOver]


def test_a_file_that_nobody_can_read_is_not_taken_by_guess(yard: Yard) -> None:
    (yard.folder / "one.lease").mkdir()
    (yard.folder / "one.lease" / "accounts.json").write_bytes(b"{")
    with pytest.raises(LeaseError, match="see that no engine trades these accounts, then delete it"):
        yard.take("j")


def test_an_old_copy_of_a_journal_is_refused_until_a_person_adopts_it(yard: Yard) -> None:
    yard.heads["j"] = Head(40, b"\x04" * 32)
    yard.take("j").close()
    yard.heads["j"] = Head(30, b"\x03" * 32)
    with pytest.raises(LeaseBehind, match="had come to record 40, and ends at 30"):
        yard.take("j", epoch=1)
    adopted = yard.take("j", epoch=1, adoption=WORD)
    (told,) = news(adopted)
    assert isinstance(told, AdoptLease)
    assert (told.reason, told.actor) == ("compared by hand", "kim")
    assert "had come to record 40" in told.missed
    adopted.close()
    assert news(yard.take("j", epoch=2)) == [], "once is enough"


def test_a_start_that_died_before_it_could_say_what_was_adopted_is_followed_by_one_that_says_so(yard: Yard) -> None:
    """Found by simulated worlds: the account stayed halted, and no further word could release it."""
    yard.heads["j"] = Head(40, b"\x04" * 32)
    yard.take("j").close()
    yard.heads["j"] = Head(30, b"\x03" * 32)
    yard.take("j", epoch=1, adoption=WORD).close()  # it dies before its news is taken
    (told,) = news(yard.take("j", epoch=2, adoption=WORD, is_lost=True))
    assert isinstance(told, AdoptLease)


def test_a_copy_that_went_its_own_way_is_refused(yard: Yard) -> None:
    yard.heads["j"] = Head(40, b"\x04" * 32)
    yard.take("j").close()
    yard.heads["j"] = Head(40, b"\x05" * 32)
    with pytest.raises(LeaseBehind, match="record 40 of this journal was another"):
        yard.take("j", epoch=1)


def test_how_far_the_journal_came_is_remembered_at_each_renewal_and_at_the_end(yard: Yard) -> None:
    holder = yard.take("j")
    yard.heads["j"] = Head(50, b"\x05" * 32)
    news(holder)
    yard.heads["j"] = Head(60, b"\x06" * 32)
    holder.close()
    yard.heads["j"] = Head(55, b"\x07" * 32)
    with pytest.raises(LeaseBehind, match="record 60, and ends at 55"):
        yard.take("j", epoch=1)


def test_a_journal_that_another_traded_past_is_refused_and_a_new_one_is_not(yard: Yard) -> None:
    yard.take("j").close()
    yard.take("k").close()
    with pytest.raises(LeaseBehind, match=r"traded since by .* \(epoch 2, here 1\)"):
        yard.take("j", epoch=1)
    assert yard.take("j", epoch=1, adoption=WORD).epoch == 3


def test_a_word_that_is_not_needed_is_not_journaled(yard: Yard) -> None:
    assert news(yard.take("j", adoption=WORD)) == []


def test_all_accounts_are_taken_or_none(yard: Yard) -> None:
    yard.take("k", BOB, venue="two")
    writer = Writer(JournalId("j"), Path("j.journal"), lambda: yard.head("j"), yard.hash_at("j"), epoch=0)
    places = [
        Place(VenueId("one"), yard.folder / "one.lease", (ANN,)),
        Place(VenueId("two"), yard.folder / "two.lease", (BOB,)),
    ]
    with pytest.raises(LeaseHeld, match="bob at venue two"):
        take_lease(places, writer, None, lambda: yard.now_ns)
    assert yard.take("l", ANN).epoch == 1, "nothing is left of it"


# --- more accounts ----------------------------------------------------------------------------------------------------


def place(yard: Yard, *accounts: AccountId, venue: str = "one") -> Place:
    return Place(VenueId(venue), yard.folder / f"{venue}.lease", accounts)


@pytest.mark.parametrize("venue", ["one", "two"])
def test_further_accounts_are_held_under_one_higher_epoch_and_nobody_else_can_take_any(yard: Yard, venue: str) -> None:
    holder = yard.take("j", ANN)
    places = [place(yard, ANN, BOB)] if venue == "one" else [place(yard, ANN), place(yard, BOB, venue="two")]
    assert holder.hold(places) == ()
    assert (holder.epoch, holder.why_not(ANN), holder.why_not(BOB)) == (2, "", "")
    assert news(holder) == [], "it is not taken for another's"
    for account, at in ((ANN, "one"), (BOB, venue)):
        with pytest.raises(LeaseHeld, match=f"{account} at venue {at}"):
            yard.take("k", account, venue=at)
    holder.close()
    assert yard.take("k", ANN).epoch == 3


def test_further_accounts_that_another_trades_change_nothing(yard: Yard) -> None:
    holder, other = yard.take("j", ANN), yard.take("k", BOB)
    with pytest.raises(LeaseHeld, match="bob at venue one: traded by process"):
        holder.hold([place(yard, ANN, BOB)])
    assert (holder.epoch, holder.why_not(ANN)) == (1, "")
    assert holder.why_not(BOB) == "this engine has no lease on it"
    assert other.why_not(BOB) == ""
    other.close()
    holder.hold([place(yard, ANN, BOB)])
    assert holder.why_not(BOB) == ""


def test_what_is_held_already_raises_no_epoch(yard: Yard) -> None:
    holder = yard.take("j")
    assert holder.hold([place(yard, ANN, BOB)]) == ()
    assert holder.epoch == 1


def test_an_account_that_the_same_journal_held_in_an_earlier_run_is_its_own(yard: Yard) -> None:
    yard.take("j", ANN, BOB).close()
    holder = yard.take("j", ANN, epoch=1)
    holder.hold([place(yard, ANN, BOB)])
    assert (holder.epoch, holder.why_not(BOB)) == (3, "")


def test_what_another_took_over_stays_theirs_when_more_accounts_are_held(yard: Yard) -> None:
    sleeper = yard.take("j", ANN)
    yard.now_ns += HOLDS_NS + GRACE_NS
    waker = yard.take("k", ANN)
    sleeper.hold([place(yard, ANN, BOB)])
    assert "k.journal holds it now" in sleeper.why_not(ANN)
    assert (sleeper.why_not(BOB), waker.why_not(ANN)) == ("", "")
    assert [type(told) for told in news(sleeper)] == [LeaseTakenOver]


def test_an_account_that_was_traded_past_is_held_only_by_a_persons_word(yard: Yard) -> None:
    yard.take("j", ANN, BOB).close()
    yard.take("k", BOB).close()
    holder = yard.take("j", ANN, epoch=1)
    with pytest.raises(LeaseBehind, match=r"bob at venue one: traded since by"):
        holder.hold([place(yard, ANN, BOB)])
    holder.hold([place(yard, ANN, BOB)], WORD)
    assert holder.why_not(BOB) == ""
    assert [type(told) for told in news(holder)] == [AdoptLease]


def test_it_is_renewed_by_a_thread_as_long_as_it_is_held(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "RENEWED_EVERY_NS", 1_000_000)
    holder = yard.take("j")
    holder.renew_by_itself()
    for _ in range(3):
        yard.now_ns += HOLDS_NS - 1
        wanted_ns = yard.now_ns + HOLDS_NS
        tries = 0
        while holder.until_ns < wanted_ns and tries < 10_000:
            time.sleep(0.001)
            tries += 1
        with pytest.raises(LeaseHeld):
            yard.take("k")
    holder.close()
    assert yard.take("k").why_not(ANN) == ""
