"""An engine for a program, from whatever describes it. What it is and does belongs to `api.python`."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from coxswain.api.python.engine import Config, ExecutionEngine
from coxswain.api.python.types import ExecutionMode, TradingMode
from coxswain.model.market import Quote


async def create_execution_engine(
    config: Config | None = None,
    trading_mode: TradingMode = TradingMode.PAPER,
    execution_mode: ExecutionMode | None = None,
    *,
    journal: str | Path | None = None,
    feed: Iterable[Quote] | None = None,
    start: datetime | None = None,
    realtime: bool = False,
    seed: int | None = None,
    adopt_lease: str | None = None,
) -> ExecutionEngine:
    """Make an engine, open it and have its books compared. It trades after `start_trading`.

    Without `config` it is `coxswain.yaml` in the working directory. Without `execution_mode` it is the configuration's;
    of a mapping, SEMI_AUTO. Raises `EngineElsewhere` where another engine trades one of the accounts, and
    `JournalBehind` where the journal has missed something; `adopt_lease` is a person's reason to go on all the same.
    """
    if config is None:
        # Reading files takes libraries that nothing else here needs.
        from coxswain.app.config.programs import load_config

        config = load_config()
    engine = ExecutionEngine(
        config,
        trading_mode,
        execution_mode,
        journal=journal,
        feed=feed,
        start=start,
        realtime=realtime,
        seed=seed,
        adopt_lease=adopt_lease,
    )
    await engine.initialize()
    return engine
