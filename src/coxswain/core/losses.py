"""What follows from losses: the ladder of each limit on them, and the end of new risk where a day's limit is reached.

Losses are live: balance and open profit at the last quotes, commission included as it is booked. A step is said once
when it is reached, and once more only after losses have gone back below it by more than the hysteresis. No step closes
anything, unless the configuration says that the last one does.
"""

from decimal import Decimal

from coxswain.core import breakers, stops
from coxswain.core.eligibility import LossLimit, loss_limits
from coxswain.core.params import AccountParams
from coxswain.core.state import Account, day_is_lost, equity, nearly_used_up
from coxswain.core.trust import release, restrict
from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.messages.inputs import StopTrading
from coxswain.model.control import Scope, ScopeKind, StopLevel
from coxswain.model.decimals import HUNDRED, limit_of, plain, round_down
from coxswain.model.vocabulary import AccountId, DayLossRelease, LadderStep

STEPS = tuple(LadderStep)
"""Each stricter than the one before it."""
DAY_LOST = "DAILY_LOSS"
NEARLY = "LOSS_LADDER"
"""The cause of an account that takes no new risk because a limit is nearly used up."""


def watch(tx: Tx, account_id: AccountId) -> None:
    """Look at an account's losses after its equity, its day or its limits have changed."""
    account = tx.account(account_id)
    breakers.watch_money(tx, account_id)
    highest = max(account.anchor, account.peak, account.initial_balance or account.peak)
    if account.anchor <= 0 or (not account.ladder and highest <= equity(account)):
        return
    for limit in loss_limits(account):
        if limit.breaks:
            _climb(tx, account, limit)
    _heed(tx, account)
    if DAY_LOST not in account.causes and day_is_lost(account):
        restrict(tx, account_id, DAY_LOST, "the day's loss has reached its limit")


def are_far(account: Account) -> bool:
    """Say whether losses are far from every step of every limit, drawdown's too, and nothing restricts the account."""
    if account.ladder or account.causes:
        return False
    params, first = account.params, account.initial_balance or account.peak
    lost = max(account.anchor, account.peak, first) - equity(account)  # of no limit more than this is used
    tightest = min(
        limit_of(params.max_daily_loss_pct, account.anchor),
        limit_of(params.max_drawdown_pct, account.peak),
        limit_of(params.max_static_drawdown_pct, first),
    )
    return lost * HUNDRED < tightest * min(params.ladder_warn_pct, HUNDRED)


def begin_day(tx: Tx, account_id: AccountId) -> None:
    """A new day has its own losses. Whether it also ends yesterday's stop is the account's choice."""
    account = tx.account(account_id)
    if account.spec.day_loss_release is DayLossRelease.RESET and not day_is_lost(account):
        release(tx, account_id, DAY_LOST, "a new trading day began")
    watch(tx, account_id)


def _climb(tx: Tx, account: Account, limit: LossLimit) -> None:
    """Say every step that losses have reached, and that they have left."""
    if limit.limit <= 0:
        return
    share = limit.used * HUNDRED / limit.limit
    if limit.name not in account.ladder and share < account.params.ladder_warn_pct:
        return
    account_id, value, of, used_pct = account.spec.id, plain(limit.used), plain(limit.limit), round_down(share)
    while (step := _next(account, limit)) is not None and used_pct >= _share(account.params, step):
        tx.apply(ev.LadderStepReached(account_id, limit.name, step, value, of, used_pct))
        if step is LadderStep.FLATTEN and account.params.ladder_flatten:
            _flatten(tx, account_id)
    while (now := account.ladder.get(limit.name)) is not None:
        if used_pct > _share(account.params, now) - account.params.ladder_hysteresis_pct:
            return
        below = STEPS[STEPS.index(now) - 1] if now is not STEPS[0] else None
        tx.apply(ev.LadderStepLeft(account_id, limit.name, below, value, of, used_pct))


def _next(account: Account, limit: LossLimit) -> LadderStep | None:
    now = account.ladder.get(limit.name)
    after = 0 if now is None else STEPS.index(now) + 1
    return STEPS[after] if after < len(STEPS) else None


def _share(params: AccountParams, step: LadderStep) -> Decimal:
    return {
        LadderStep.WARN: params.ladder_warn_pct,
        LadderStep.REDUCE: params.ladder_reduce_pct,
        LadderStep.NO_NEW_RISK: params.ladder_no_new_risk_pct,
        LadderStep.FLATTEN: params.ladder_flatten_pct,
    }[step]


def _heed(tx: Tx, account: Account) -> None:
    """Let an account take no new risk while any limit stands at such a step, and again when none does."""
    account_id = account.spec.id
    strict = nearly_used_up(account)
    if strict:
        restrict(tx, account_id, NEARLY, f"nearly used up: {', '.join(strict)}")
    else:
        release(tx, account_id, NEARLY, "less of its limits on losses is used")


def _flatten(tx: Tx, account_id: AccountId) -> None:
    """Close everything, because the configuration says that the last step does. A person releases the stop."""
    why = "losses have nearly used up a limit, and ladder_flatten is 1"
    stops.on_stop(tx, StopTrading(StopLevel.FLATTEN, Scope(ScopeKind.ACCOUNT, account_id), why, "engine"))
