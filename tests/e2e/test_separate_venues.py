"""Venues in processes of their own live on when the engine is killed: what it sent last may have got there or not."""

import asyncio
import random
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from coxswain import OrderSide, TradeExecutionOrchestrator, TradeSignal, VenueError, load_config
from coxswain.messages.events import Event, OrderFilled, OutcomeUnknown, Reconciled
from tests.e2e.books import prove, read_venue
from tests.e2e.commands import COXSWAIN, Done, Running, coxswain, durable_records, running
from tests.e2e.dying import dies
from tests.e2e.journals import read_records
from tests.e2e.market import config_file, entry, leave, lines_of, move_stop, steady_quotes
from tests.e2e.storm import Storm, brew


@contextmanager
def started(name: str, folder: Path, journal: str = "j") -> Iterator[Running]:
    """Start a venue and wait until it listens."""
    with running([COXSWAIN, "venue", name, "--journal", journal], folder) as venue:
        venue.wait_until(partial(listens, folder / f"{journal}.{name}.sock"))
        yield venue


def listens(path: Path) -> bool:
    """Say whether somebody takes connections there; one that was killed leaves its socket behind."""
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(path))
        except OSError:
            return False
    return True


@contextmanager
def venues(storm: Storm) -> Iterator[list[Running]]:
    """Start both venues and wait until they listen."""
    with started("one", storm.folder) as one, started("two", storm.folder) as two:
        yield [one, two]


def end(found: list[Running]) -> None:
    for venue in found:
        done = venue.stopped(signal.SIGTERM)
        assert done.code == 0, done.err


def reached(journal: Path, records: int) -> bool:
    return durable_records(journal) >= records


def test_an_engine_killed_at_work_finds_its_venues_where_they_are_now(tmp_path: Path) -> None:
    draw = random.Random(3)
    storm = brew(tmp_path, 3, signals=40, separate=True)
    with venues(storm) as found:
        for _ in range(5):
            until = durable_records(storm.journal) + draw.randint(1, 400)
            with running([COXSWAIN, *storm.words], storm.folder) as run:
                run.wait_until(partial(reached, storm.journal, until))
                time.sleep(draw.random() / 100)
                run.process.kill()
                assert run.ended().code == -signal.SIGKILL
        for at in (2, 5, 9):
            dies(storm, "append", at)
            dies(storm, "journal", at)
        document = coxswain(*storm.words, cwd=tmp_path).json()
        assert document["breaks"] == []
        assert document["orders"]["unknown_now"] == 0
        end(found)
    prove(storm.journal)


def test_apart_or_inside_the_same_orders_fill_at_the_same_prices(tmp_path: Path) -> None:
    (tmp_path / "apart").mkdir()
    (tmp_path / "inside").mkdir()
    apart, inside = (brew(tmp_path / name, 5, signals=12, separate=name == "apart") for name in ("apart", "inside"))
    with venues(apart) as found:
        one = coxswain(*apart.words, cwd=apart.folder).json()
        end(found)
    other = coxswain(*inside.words, cwd=inside.folder).json()
    assert [(p["account"], p["symbol"], p["qty"], p["avg_px"]) for p in one["positions"]] == [
        (p["account"], p["symbol"], p["qty"], p["avg_px"]) for p in other["positions"]
    ]
    assert (one["fills"], one["orders"]) == (other["fills"], other["orders"])


# --- not there at the start -------------------------------------------------------------------------------------------


def test_without_its_venue_a_run_says_how_to_start_it_and_which_others_are_there(tmp_path: Path) -> None:
    storm = brew(tmp_path, 1, signals=2, separate=True)
    done = coxswain(*storm.words, cwd=tmp_path, code=3)
    for name in ("one", "two"):
        assert f"venue {name} is not there: j.{name}.sock: no venue listens there" in done.err
        assert f"start it with: coxswain venue {name} --config coxswain.yaml --journal j" in done.err
    with started("two", storm.folder) as two:
        done = coxswain(*storm.words, cwd=tmp_path, code=3)
        assert "venue one is not there" in done.err
        assert "venue two is not there" not in done.err
        assert "the others are there: two" in done.err
        assert "Traceback" not in done.err
        end([two])


# --- gone in the middle of a run --------------------------------------------------------------------------------------

SILENCE_S = 2
"""The longest that a venue may keep the engine waiting, once."""


class Desk(NamedTuple):
    """Ann at venue `one` and bob at venue `two`, each in a process of its own, and an engine that waits for lines."""

    folder: Path
    run: Running
    one: Running

    @property
    def journal(self) -> Path:
        return self.folder / "j"

    def tell(self, *signals: dict[str, object]) -> None:
        self.run.write(lines_of(*signals))

    def stops(self, venue: str) -> dict[str, str]:
        """Return the price of each stop that works at a venue, by instrument, from the venue's own file."""
        orders = read_venue(self.journal.with_name(f"j.{venue}.db")).orders
        return {each["symbol"]: each["stop_px"] for each in orders if "stop_px" in each and "ended_as" not in each}

    def wait_for(self, venue: str, **stops: str) -> float:
        """Wait until these stops work at a venue; return how long that took."""
        began = time.monotonic()
        self.run.wait_until(lambda: self.stops(venue) == stops)
        return time.monotonic() - began

    def ends(self, code: int) -> Done:
        """Let the lines end."""
        assert self.run.process.stdin is not None
        self.run.process.stdin.close()
        done = self.run.ended()
        assert done.code == code, done.err
        assert "Traceback" not in done.err
        return done


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """Both hold EURUSD, with a stop at 1.08, at second 20."""
    config_file(folder / "coxswain.yaml", ["ann", "bob"], separate=True)
    steady_quotes(folder / "eur.csv", 600)
    steady_quotes(folder / "gbp.csv", 600, "1.26500", "1.26502")
    command: list[str | Path] = [COXSWAIN, "run", "--journal", "j", "--quotes", "EURUSD=eur.csv", "--quotes"]
    with started("one", folder) as one, started("two", folder) as two:
        with running([*command, "GBPUSD=gbp.csv"], folder) as run:
            found = Desk(folder, run, one)
            found.tell(entry("in", 5), no_more_until(20))
            for venue in ("one", "two"):
                found.wait_for(venue, EURUSD="1.08")
            yield found
        end([two])


def no_more_until(at_s: float) -> dict[str, object]:
    """A signal that nobody can follow: time goes on to it, and no further before there is another line."""
    return leave(f"nothing-{at_s}", at_s, symbol="NONE")


def test_a_venue_that_is_killed_delays_nobody_and_is_reconciled_when_it_is_back(tmp_path: Path) -> None:
    with desk(tmp_path) as found:
        found.one.process.kill()
        found.one.ended()
        found.tell(
            move_stop("up", "1.081", 40),
            entry("more", 50, symbol="GBPUSD", stop_loss="1.26"),
            no_more_until(70),
        )
        found.wait_for("two", EURUSD="1.081", GBPUSD="1.26")
        assert found.stops("one") == {"EURUSD": "1.08"}, "what works at a venue works on while nobody answers"
        with started("one", tmp_path) as again:
            found.tell(no_more_until(200))
            found.wait_for("one", EURUSD="1.081")
            done = found.ends(0)
            end([again])
    assert "venue one is gone: its process ended; its accounts wait, the others go on" in done.err
    assert "start it with: coxswain venue one --config coxswain.yaml --journal j" in done.err
    assert "venue one is back; its accounts are compared with its books" in done.err
    assert "reconciled: engine and venues agree" in done.out
    fills = coxswain("fills", "--journal", "j", "--json", cwd=tmp_path).json()
    assert sorted((fill["account"], fill["symbol"]) for fill in fills) == [
        ("ann", "EURUSD"),
        ("bob", "EURUSD"),
        ("bob", "GBPUSD"),
    ]
    prove(tmp_path / "j")


def test_a_venue_that_hangs_is_waited_for_once_and_is_reconciled_when_it_goes_on(tmp_path: Path) -> None:
    with desk(tmp_path) as found:
        found.one.process.send_signal(signal.SIGSTOP)
        found.tell(
            move_stop("up", "1.081", 40),
            entry("more", 50, symbol="GBPUSD", stop_loss="1.26"),
            no_more_until(300),
        )
        assert found.wait_for("two", EURUSD="1.081", GBPUSD="1.26") < 4 * SILENCE_S
        found.one.process.send_signal(signal.SIGCONT)
        found.tell(no_more_until(500))
        found.wait_for("one", EURUSD="1.081")
        done = found.ends(0)
        end([found.one])
    assert "venue one is gone: it did not answer within 2 s" in done.err
    assert "venue one is back" in done.err
    prove(tmp_path / "j")


def test_in_real_time_a_venue_that_stands_still_holds_up_no_other_account_and_no_command(tmp_path: Path) -> None:
    """What is asserted is the order of records: bob was done while nobody knew yet what became of ann's order."""
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob"], separate=True)
    command: list[str | Path] = [COXSWAIN, "run", "--journal", "j", "--realtime", "--simulated"]
    with started("one", tmp_path) as one, started("two", tmp_path) as two, running(command, tmp_path) as run:
        found = Desk(tmp_path, run, one)
        run.wait_until(lambda: seen_in(found.journal, Reconciled) >= 2)
        one.process.send_signal(signal.SIGSTOP)
        found.tell(entry("in", stop_loss="0.99", quantity="0.4"))
        found.wait_for("two", EURUSD="0.99")
        assert coxswain("pause", "bob", "--reason", "a look", "--journal", "j", cwd=tmp_path).code == 0
        run.wait_until(lambda: seen_in(found.journal, OutcomeUnknown) > 0)
        one.process.send_signal(signal.SIGCONT)
        found.wait_for("one", EURUSD="0.99")
        done = run.stopped(signal.SIGTERM)
        end([one, two])
    assert "venue one is gone: it did not answer within 5 s" in done.err
    assert "venue one is back" in done.err
    events = [event for record in read_records(found.journal) for event in record.events]
    told = [event.account for event in events if isinstance(event, OrderFilled | OutcomeUnknown)]
    assert told[:2] == ["bob", "ann"]
    prove(tmp_path / "j")


def seen_in(journal: Path, kind: type[Event]) -> int:
    """Count the events of a kind that are durable."""
    if not durable_records(journal):
        return 0
    return sum(isinstance(event, kind) for record in read_records(journal) for event in record.events)


def test_a_run_that_ends_without_one_of_its_venues_is_not_reconciled_and_the_next_one_is(tmp_path: Path) -> None:
    with desk(tmp_path) as found:
        found.one.process.kill()
        found.one.ended()
        found.tell(move_stop("up", "1.081", 40))
        done = found.ends(7)
        assert "NOT reconciled" in done.out
        assert "venue one is gone: how its accounts stand is not known" in done.out
        with started("one", tmp_path) as again:
            words = ("run", "--journal", "j", "--quotes", "EURUSD=eur.csv", "--json")
            assert coxswain(*words, cwd=tmp_path).json()["breaks"] == []
            end([again])
    prove(tmp_path / "j")


def test_a_storm_in_which_a_venue_dies_runs_on_and_loses_nothing(tmp_path: Path) -> None:
    storm = brew(tmp_path, 4, signals=40, separate=True)
    with venues(storm) as found:
        with running([COXSWAIN, *storm.words], storm.folder) as run:
            run.wait_until(partial(reached, storm.journal, 300))
            found[0].process.kill()
            done = run.ended()
        assert done.code == 7
        assert "venue one is gone" in done.err
        assert "Traceback" not in done.err
        end(found[1:])
    with venues(storm) as found:
        document = coxswain(*storm.words, cwd=tmp_path).json()
        assert document["breaks"] == []
        end(found)
    prove(storm.journal)


# --- the command ------------------------------------------------------------------------------------------------------


def test_only_a_venue_that_is_configured_to_be_separate_is_started(tmp_path: Path) -> None:
    brew(tmp_path, 1, signals=2)
    assert "separate: true" in coxswain("venue", "one", cwd=tmp_path, code=2).err
    assert "separate: true" in coxswain("venue", "nine", cwd=tmp_path, code=2).err


# --- under a program --------------------------------------------------------------------------------------------------


def test_a_program_registers_accounts_at_venues_in_processes_of_their_own_while_it_trades(tmp_path: Path) -> None:
    config_file(tmp_path / "coxswain.yaml", ["ann", "bob"], separate=True)
    config = load_config(tmp_path / "coxswain.yaml")

    async def take(made: TradeExecutionOrchestrator, name: str) -> dict[str, bool | None]:
        signal = TradeSignal(name, "EURUSD", OrderSide.BUY, stop_loss="1.08", quantity=1)
        results = await made.execute_plan(await made.process_signal(signal))
        return {result.account_id: result.success for result in results}

    async def main() -> None:
        async with TradeExecutionOrchestrator(config=config, journal=tmp_path / "j") as made:
            await made.register_account("ann", "one")
            await made.update_price("EURUSD", "1.08500", "1.08502")
            assert await take(made, "first") == {"ann": True}
            with pytest.raises(VenueError, match=r"venue two is not there: .*start it with: coxswain venue two"):
                await made.register_account("bob", "two")
            with started("two", tmp_path) as two:
                await made.register_account("bob", "two")
                await made.advance(60)
                await made.update_price("EURUSD", "1.08500", "1.08502")
                assert (await take(made, "second"))["bob"]
                two.process.kill()
                two.ended()
                await made.advance(70)
                await made.update_price("EURUSD", "1.08500", "1.08502")
                status = await made.get_account_status("bob")
                assert status is not None
                assert not status.is_active
            with started("two", tmp_path) as again:
                await made.advance(120)
                await made.update_price("EURUSD", "1.08500", "1.08502")
                assert await made.settle()
                status = await made.get_account_status("bob")
                assert status is not None
                assert status.is_active, status.causes
                (held,) = await made.venues["two"].get_positions()
                assert held.quantity > 0
                await made.shutdown()
                end([again])

    with started("one", tmp_path) as one:
        asyncio.run(main())
        end([one])
    prove(tmp_path / "j")
