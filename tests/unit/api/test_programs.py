"""A program's engine beside others: one engine an account, snapshots, the flag file, the daily refresh."""

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from coxswain import (
    EngineElsewhere,
    ExecutionEngine,
    JournalBehind,
    OrderDenied,
    OrderParams,
    OrderSide,
    OrderStatus,
    OrderType,
    OutsideEvent,
    Quote,
    SystemFault,
    TradeExecutionOrchestrator,
    ValidationError,
    __version__,
    create_execution_engine,
    load_config,
)
from coxswain.api.python import opening
from coxswain.api.python.views import Views
from coxswain.journal.errors import JournalFailed
from coxswain.journal.store import Journal, Reader
from coxswain.messages import events as ev
from coxswain.messages.inputs import NoteSnapshot, ObserveHost
from coxswain.runtime import lease as leases
from coxswain.runtime import loop, recovery, snapshots
from coxswain.runtime.kill import Watch
from coxswain.runtime.plugins import make_engine
from coxswain.runtime.replay import replay
from tests.e2e.journals import copied, read_records
from tests.unit.api.desk import LIMITS, SHARE, START, buy, paper, run

QUANTITIES = itertools.count(5)


def config_file(folder: Path, more: str = "lease_dir: ../leases") -> Path:
    """Write a configuration of two accounts; engines of other folders may name the same accounts."""
    folder.mkdir(exist_ok=True)
    (folder / "coxswain.yaml").write_text(
        f"""
mode: FULL_AUTO
{more}
venues: {{north: {{kind: paper}}}}
accounts:
  - {{id: alder, venue: north, currency: USD, initial_balance: 100000, firm: none}}
  - {{id: birch, venue: north, currency: USD, initial_balance: 100000, firm: none}}
instruments: [{{symbol: {SHARE.symbol}, currency: USD, tick: 0.01, lot_step: 1, min_qty: 1, margin_rate: 0.5}}]
"""
    )
    return folder / "coxswain.yaml"


async def engine(config: Path, **options: Any) -> ExecutionEngine:
    options = {"journal": config.with_name("j"), "start": None if options.get("realtime") else START, **options}
    made = await create_execution_engine(load_config(config), **options)
    await made.start_trading()
    await made.update_price("SHARE", 100.00, 100.02)
    return made


def order(account: str, side: OrderSide = OrderSide.BUY) -> OrderParams:
    """Return an order that is not like the one before."""
    return OrderParams("SHARE", side, next(QUANTITIES), account_id=account)


def epochs(journal: Path) -> list[int]:
    return [record.input.lease_epoch for record in read_records(journal) if isinstance(record.input, ObserveHost)]


# --- one engine an account --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("realtime", [False, True])
def test_a_second_engine_is_told_who_trades_the_accounts_and_may_start_when_the_first_has_ended(
    tmp_path: Path, realtime: bool
) -> None:
    first, second = config_file(tmp_path / "first"), config_file(tmp_path / "second")

    async def main() -> None:
        async with await engine(first, realtime=realtime):
            told = f"alder, birch at venue north: traded by process {os.getpid()} with journal {first.with_name('j')}"
            with pytest.raises(EngineElsewhere, match=told) as refused:
                await engine(second, realtime=realtime)
            assert refused.value.severity == "ERROR"
            assert read_records(second.with_name("j")) == []
        async with await engine(second, realtime=realtime) as made:
            order_id = await made.submit_cross_system_order(order("alder"))
            assert made.order_manager.get_order(order_id).status is OrderStatus.FILLED
        assert epochs(second.with_name("j"))[-1] == 2

    run(main())


def test_a_journal_that_is_written_already_is_refused_in_the_same_words(tmp_path: Path) -> None:
    config = config_file(tmp_path, "")

    async def main() -> None:
        async with await engine(config) as made:
            with pytest.raises(EngineElsewhere, match="in use by"):
                await engine(config)
            assert (await made.get_comprehensive_status())["engine_status"] == "active"
        async with await engine(config):
            pass

    run(main())


def test_an_engine_in_virtual_time_keeps_its_accounts_also_while_nobody_calls_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its lease would run out, and another could take over what it holds."""
    first, second = config_file(tmp_path / "first"), config_file(tmp_path / "second")
    now_ns, renewed = [leases.boot_clock_ns()], threading.Semaphore(0)
    monkeypatch.setattr(leases, "RENEWED_EVERY_NS", 10_000_000)
    beat = leases.Lease._beat

    def beats(self: leases.Lease, fd: int, until_ns: int) -> None:
        beat(self, fd, until_ns)
        renewed.release()

    async def main() -> None:
        async with await engine(first) as made:
            lease = made._desk.session._lease
            assert lease is not None
            lease._clock = lambda: now_ns[0]
            monkeypatch.setattr(leases.Lease, "_beat", beats)
            for _ in range(3):
                now_ns[0] += leases.HOLDS_NS // 2
                assert renewed.acquire(timeout=30)
                assert renewed.acquire(timeout=30), "the second has begun after the clock went on"
            assert lease.until_ns > now_ns[0]
            with pytest.raises(EngineElsewhere):
                await engine(second)

    run(main())


def test_an_engine_that_was_followed_sends_nothing_when_it_wakes_and_goes_on_only_by_a_persons_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = config_file(tmp_path / "first"), config_file(tmp_path / "second")
    monkeypatch.setattr(leases.Lease, "renew_by_itself", lambda self: None)  # the process stands still

    async def main() -> None:
        sleeper = await engine(first)
        lease = sleeper._desk.session._lease
        assert lease is not None
        lease._clock = lambda: leases.boot_clock_ns() - 60 * 10**9  # it renewed for the last time a minute ago
        lease._renew()
        async with await engine(second):
            lease._clock = leases.boot_clock_ns
            order_id = await sleeper.submit_cross_system_order(order("alder"))
            refused = sleeper.order_manager.get_order(order_id)
            assert refused.status is OrderStatus.CANCELED
            assert "the lease is lost: process" in refused.rejection_reason
            await sleeper.advance(1)
            with pytest.raises(OrderDenied, match="LEASE"):
                await sleeper.submit_cross_system_order(order("alder"))
            await sleeper.shutdown()
        with pytest.raises(JournalBehind, match=r"(?s)traded since by process .*adopt_lease=WHY"):
            await engine(first)
        async with await engine(first, adopt_lease="the other one is retired") as again:
            order_id = await again.submit_cross_system_order(order("alder"))
            assert again.order_manager.get_order(order_id).status is OrderStatus.FILLED

    run(main())
    adopted = [e for r in read_records(first.with_name("j")) for e in r.events if isinstance(e, ev.LeaseAdopted)]
    assert [(event.reason, bool(event.actor)) for event in adopted] == [("the other one is retired", True)]


@pytest.mark.parametrize("realtime", [False, True])
def test_an_account_that_comes_later_is_leased_too_and_one_that_another_trades_changes_nothing(
    tmp_path: Path, realtime: bool
) -> None:
    first, second = config_file(tmp_path / "first"), config_file(tmp_path / "second")
    options: dict[str, Any] = {"realtime": realtime, "start": None if realtime else START}

    async def main() -> None:
        theirs = TradeExecutionOrchestrator(config=load_config(second), journal=second.with_name("j"), **options)
        ours = TradeExecutionOrchestrator(config=load_config(first), journal=first.with_name("j"), **options)
        async with ours:
            async with theirs:
                await theirs.register_account("birch", "north")
                await theirs.update_price("SHARE", 100.00, 100.02)
                await ours.register_account("alder", "north")
                await ours.update_price("SHARE", 100.00, 100.02)
                with pytest.raises(EngineElsewhere, match="birch at venue north: traded by"):
                    await ours.register_account("birch", "north")
                assert await ours.get_account_status("birch") is None
                assert (await ours.venues["north"].submit_order(order("alder"))).status is OrderStatus.FILLED
            before = epochs(first.with_name("j"))[-1]
            await ours.register_account("birch", "north")
            await ours.update_price("SHARE", 100.00, 100.02)
            assert epochs(first.with_name("j"))[-1] > before
            for account in ("alder", "birch"):
                assert (await ours.venues["north"].submit_order(order(account))).status is OrderStatus.FILLED
            with pytest.raises(EngineElsewhere, match="alder, birch at venue north: traded by"):
                await engine(second)

    run(main())


def test_what_is_in_memory_is_nobody_elses(tmp_path: Path) -> None:
    config = config_file(tmp_path, "")

    async def main() -> None:
        async with await engine(config, journal=None), await engine(config, journal=None) as made:
            await made.submit_cross_system_order(order("alder"))

    run(main())
    assert {file.name for file in tmp_path.iterdir()} == {"coxswain.yaml"}


# --- the past ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def folds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many records of the past were folded into views each time."""
    counted: list[int] = []
    fold = Views.fold

    def counts(self: Views, bodies: Iterator[tuple[int, bytes]]) -> None:
        before = self.seq
        fold(self, bodies)
        counted.append(self.seq - before)

    monkeypatch.setattr(Views, "fold", counts)
    return counted


async def traded(config: Path, count: int, **options: Any) -> None:
    async with await engine(config, **options) as made:
        for _ in range(count):
            await made.submit_cross_system_order(order("alder"))
            await made.submit_cross_system_order(order("alder", OrderSide.SELL))


@pytest.mark.parametrize("realtime", [False, True])
def test_a_start_goes_on_from_the_snapshot_and_the_past_is_folded_when_somebody_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folds: list[int], realtime: bool
) -> None:
    config = config_file(tmp_path, "")
    monkeypatch.setattr(snapshots, "WORTH_IT", 50)
    used: list[int] = []
    recover = recovery.recover

    def notes(*args: Any, **options: Any) -> Any:
        found = recover(*args, **options)
        used.append(found.snapshot_seq)
        return found

    monkeypatch.setattr(opening, "recover", notes)

    async def main() -> None:
        await traded(config, 10, realtime=realtime)
        past = read_records(tmp_path / "j")
        (noted,) = [record.input.seq for record in past if isinstance(record.input, NoteSnapshot)]
        assert folds == [], "a new journal has no past"
        async with await engine(config, realtime=realtime) as again:
            assert (used, folds) == ([noted], []), "nobody has looked yet"
            assert again.session_metrics["total_orders_filled"] == sum(
                isinstance(event, ev.OrderFilled) and not event.leaves_qty for r in past for event in r.events
            )
            assert folds
            await again.submit_cross_system_order(order("alder"))
            seen = len(read_records(tmp_path / "j"))
            assert again._desk.session._views.seq == seen, "from then on it is told of each record"
            assert sum(folds) >= len(past), "all of it, and nothing twice"

    run(main())
    with closing(Reader(tmp_path / "j")) as reader:
        assert replay(reader.read(), make_engine, __version__).agrees


def test_views_that_were_folded_late_are_those_that_saw_everything(tmp_path: Path) -> None:
    config = config_file(tmp_path, "")

    async def figures(made: ExecutionEngine) -> list[object]:
        return [
            made.session_metrics,
            made.order_manager.get_orders(),
            made.position_manager.get_closed_positions(),
            made.portfolio_manager.get_stats(),
        ]

    async def main() -> None:
        async with await engine(config) as made:
            for _ in range(3):
                await made.submit_cross_system_order(order("alder"))
                await made.advance(1)
            seen = await figures(made)
        async with await create_execution_engine(load_config(config), journal=tmp_path / "j", start=START) as again:
            assert await figures(again) == seen

    run(main())


def test_a_position_that_was_held_before_the_start_is_changed_and_not_opened(tmp_path: Path) -> None:
    config = config_file(tmp_path, "")
    told: list[str] = []

    def hear(event: OutsideEvent) -> None:
        told.append(event.event)

    async def main() -> None:
        async with await engine(config) as made:
            await made.submit_cross_system_order(order("alder"))
        async with await engine(config) as again:
            again.add_event_handler(hear)
            await again.submit_cross_system_order(order("alder"))
            await again.deliver_events()

    run(main())
    assert "POSITION_CHANGED" in told
    assert "POSITION_OPENED" not in told


# --- the flag file, and a journal that fails --------------------------------------------------------------------------


@pytest.mark.parametrize("at_the_start", [False, True])
def test_a_flag_file_halts_an_engine_in_virtual_time_before_the_next_call(tmp_path: Path, at_the_start: bool) -> None:
    config, flag = config_file(tmp_path, ""), tmp_path / "j.stop"

    async def main() -> None:
        if at_the_start:
            flag.write_text("halt")
        async with await engine(config) as made:
            flag.write_text("halt")
            await made.advance(1)
            with pytest.raises(OrderDenied, match="HALT"):
                await made.submit_cross_system_order(order("alder"))
            await made.resume_trading("the test is over")
            assert not flag.exists()
            await made.submit_cross_system_order(order("alder"))

    run(main())


@pytest.mark.parametrize("realtime", [False, True])
def test_where_the_journal_fails_entries_are_called_back_and_the_flag_is_put_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], realtime: bool
) -> None:
    config, append = config_file(tmp_path, ""), Journal.append
    resting = OrderParams("SHARE", OrderSide.BUY, 5, OrderType.LIMIT, limit_price=99, account_id="alder")

    def full(self: Journal, bodies: Any) -> None:
        raise JournalFailed(self.path, "the disk is full")

    async def main() -> None:
        made = await engine(config, realtime=realtime)
        await made.submit_cross_system_order(resting)
        with monkeypatch.context() as disk:
            disk.setattr(Journal, "append", full)
            with pytest.raises(SystemFault, match="the disk is full"):
                await made.submit_cross_system_order(order("alder"))
        await made.shutdown()
        async with await engine(config) as again:
            assert (await again.get_comprehensive_status())["engine_status"] == "stopped"
            await again.settle()
            assert again.order_manager.get_open_orders() == []

    run(main())
    assert (tmp_path / "j.stop").exists()
    assert "entry orders called back: 1 (" in capsys.readouterr().err
    assert append is Journal.append


def test_where_the_journal_hangs_who_waits_is_told_and_the_program_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, append, hangs = config_file(tmp_path, ""), Journal.append, threading.Event()

    def hang(self: Journal, bodies: Any) -> None:
        hangs.wait()
        append(self, bodies)

    async def main() -> None:
        monkeypatch.setattr(loop, "Watch", partial(Watch, within_s=0.2))
        made = await engine(config, realtime=True)
        monkeypatch.setattr(Journal, "append", hang)
        with pytest.raises(SystemFault, match="a write to the journal hangs"):
            await made.submit_cross_system_order(order("alder"))
        assert (await made.get_comprehensive_status())["engine_status"] == "failed"
        hangs.set()
        await made.shutdown()

    run(main())
    assert (tmp_path / "j.stop").exists()


# --- correlations -----------------------------------------------------------------------------------------------------


def days(count: int) -> Iterator[Quote]:
    """A price an hour that goes up and down."""
    begins_ns = int(START.timestamp()) * 10**9
    for hour in range(24 * count):
        bid = Decimal(100) + Decimal((hour * 7) % 11) / 10
        yield Quote(SHARE.symbol, bid, bid + Decimal("0.02"), begins_ns + hour * 3600 * 10**9)


def test_correlations_are_refreshed_daily_where_the_file_says_so_and_stay_when_an_account_comes(tmp_path: Path) -> None:
    pytest.importorskip("numpy")
    refresh = "correlation: {refresh: {at: '00:10', days_min: 3, method: ewma}}"
    given = "correlations: [{accounts: [alder, birch], rho: 0}]\nsettings: {position_sync_s: 86400}"
    config = config_file(tmp_path, f"{refresh}\n{given}")

    async def main() -> None:
        async with TradeExecutionOrchestrator(config=load_config(config), feed=days(10)) as made:
            for account in ("alder", "birch"):
                await made.register_account(account, "north")
            await made.advance(1)
            assert not (await made.process_signal(buy("before"))).warnings
            for account in ("alder", "birch"):
                filled = await made.venues["north"].submit_order(order(account))
                assert filled.status is OrderStatus.FILLED
            await made.advance(8 * 86_400)
            await made.update_price("SHARE", 100.00, 100.02)
            assert (await made.process_signal(buy("after"))).warnings, "both have moved as one"
            await made.register_account("own", paper("mine"), 100_000, limits=LIMITS)
            assert (await made.process_signal(buy("later"))).warnings, "what was said since the start counts"

    run(main())


# --- as the command line ----------------------------------------------------------------------------------------------


def test_an_old_copy_of_a_programs_journal_is_refused(tmp_path: Path) -> None:
    config = config_file(tmp_path, "")

    async def main() -> None:
        await traded(config, 1)
        backup = copied(tmp_path / "j", tmp_path / "backup")
        await traded(config, 1)
        for name in ("j", "j.head"):
            (tmp_path / name).write_bytes((backup.parent / name).read_bytes())
        with pytest.raises(JournalBehind, match="it is an old copy"):
            await engine(config)

    run(main())


# --- what a program says wrongly --------------------------------------------------------------------------------------


def test_a_journal_in_a_folder_that_is_not_there_is_refused_and_the_engine_may_be_made_again(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(ValidationError, match=r"journal: .*/no/j, wanted a file in a folder that is there"):
            await create_execution_engine({"brokers": {"east": paper()}}, journal=tmp_path / "no" / "j")
        async with await create_execution_engine({"brokers": {"east": paper()}}, journal=tmp_path / "j"):
            pass

    run(main())


@pytest.mark.parametrize("side", ["BUY", "buy"])
def test_a_side_in_words_is_that_side(side: Any) -> None:
    """Found by trying: in lower case the engine failed, and nothing but a restart let it go on."""

    async def main() -> None:
        made = await create_execution_engine({"brokers": {"east": paper()}}, start=START)
        async with made:
            await made.start_trading()
            await made.update_price("SHARE", 100.00, 100.02)
            await made.submit_cross_system_order(OrderParams("SHARE", side, 5, stop_loss=95))
            (position,) = made.position_manager.get_positions()
            assert (position.direction, position.entry_price) == ("long", Decimal("100.02"))
            (stop,) = made.order_manager.get_open_orders()
            assert (stop.side, stop.order_type) == (OrderSide.SELL, OrderType.STOP)

    run(main())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"side": "LONG"}, "side: 'LONG', wanted one of BUY, SELL"),
        ({"side": None}, "side: None, wanted one of BUY, SELL"),
        ({"order_type": "LIMITED"}, "order_type: 'LIMITED', wanted one of MARKET, LIMIT"),
        ({"time_in_force": "forever"}, "time_in_force: 'forever', wanted one of DAY"),
    ],
)
def test_a_word_that_is_none_of_the_known_is_refused_and_the_engine_goes_on(
    fields: dict[str, Any], sentence: str
) -> None:
    async def main() -> None:
        made = await create_execution_engine({"brokers": {"east": paper()}}, start=START)
        async with made:
            await made.start_trading()
            await made.update_price("SHARE", 100.00, 100.02)
            with pytest.raises(ValidationError, match=sentence):
                await made.submit_cross_system_order(
                    OrderParams(**{"symbol": "SHARE", "quantity": 5, "side": "BUY", **fields})
                )
            with pytest.raises(ValidationError, match="mode: 'FAST', wanted one of FULL_AUTO"):
                await made.set_execution_mode("FAST")  # type: ignore[arg-type]  # as a program without types may
            order_id = await made.submit_cross_system_order(OrderParams("SHARE", OrderSide.SELL, 5))
            assert made.order_manager.get_order(order_id).status is OrderStatus.FILLED

    run(main())


def test_floats_in_a_feed_become_exact_and_what_is_no_number_is_refused() -> None:
    def feed(second: Any) -> Iterator[Quote]:
        begins_ns = int(START.timestamp()) * 10**9
        yield Quote(SHARE.symbol, 100.1, 100.12, begins_ns)  # type: ignore[arg-type]  # as a program without types may
        yield Quote(SHARE.symbol, second, Decimal("100.2"), begins_ns + 10**9)

    async def main() -> None:
        async with TradeExecutionOrchestrator(feed=feed(100.18)) as made:
            await made.register_account("a", paper(), 100_000, limits=LIMITS)
            await made.advance(1)
            (result,) = await made.execute_plan(await made.process_signal(buy()))
            assert result.actual_entry_price == Decimal("100.2")
        async with TradeExecutionOrchestrator(feed=feed("much")) as made:
            await made.register_account("a", paper(), 100_000, limits=LIMITS)
            with pytest.raises(ValidationError, match=r"feed\.bid: 'much', wanted a finite number"):
                await made.advance(1)

    run(main())
