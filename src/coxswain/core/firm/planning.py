"""Firms' rules while a signal is planned: who may take part, and how much smaller. Sends nothing."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from coxswain.core.firm.view import facts_of
from coxswain.core.sizing import Sized
from coxswain.core.state import Account, State
from coxswain.model.checks import Check
from coxswain.model.decimals import ZERO
from coxswain.model.firm_facts import Reduce
from coxswain.model.market import Instrument
from coxswain.model.orders import OrderIntent
from coxswain.model.setup import AccountSpec
from coxswain.model.signal import Signal
from coxswain.model.vocabulary import Role
from coxswain.risk.firm.evaluate import as_check, evaluate


def under_rules(
    state: State,
    account: Account,
    signal: Signal,
    instrument: Instrument,
    sized: Sized,
    lot_value: Decimal,
    beside: Iterable[AccountSpec] = (),
    role: Role = Role.ENTRY,
) -> tuple[list[Check], Sized]:
    """Judge the account's own size by its firm's rules; what they would have smaller is made smaller, and says so."""
    if not state.firms.books or signal.side is None:
        return [], sized
    order = OrderIntent(
        account.spec.id,
        signal.symbol,
        signal.side,
        signal.order_type,
        signal.time_in_force,
        sized.qty,
        role,
        signal.id,
        stop_loss=signal.stop_loss,
    )
    margin_per_lot = lot_value * instrument.margin_rate
    facts = facts_of(
        state,
        order,
        reducing=False,
        risk_per_lot=sized.lot_risk,
        margin_per_lot=margin_per_lot,
        planned=signal,
        beside=beside,
    )
    if facts is None:
        return [], sized
    verdicts = evaluate(order, facts)
    checks = [as_check(verdict, facts, smaller_is_taken=True) for verdict in verdicts]
    reduced = [verdict for verdict in verdicts if isinstance(verdict, Reduce)]
    if reduced:
        tightest = min(reduced, key=lambda verdict: verdict.qty)
        why = f"{tightest.name} of {account.spec.firm}"
        sized = msgspec.structs.replace(sized, qty=max(tightest.qty, ZERO), why=why, factors=())
    return checks, sized
