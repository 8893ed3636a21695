"""Which soft controls the orders of a plan would fail, told while it is planned: a person may have to be asked.

Each share is put to them as it would leave, at the time of its release. The gate judges again then, and only an
override by two persons lets an order pass; an approved plan is none. What an algorithm works in parts is not foreseen
here: no part of it is as large as the share, and each meets the gate alone.
"""

from collections.abc import Iterator, Sequence

import msgspec

from coxswain.core.emulation import as_sent
from coxswain.core.entries import intent_of
from coxswain.core.gate_view import view_of
from coxswain.core.params import NS_PER_MS
from coxswain.core.second import second_signal
from coxswain.core.spreads import leg_signal
from coxswain.core.tx import Tx
from coxswain.model.checks import each_of, reason
from coxswain.model.orders import OrderIntent
from coxswain.model.plan import Assignment, Plan
from coxswain.model.signal import Signal, dies_ns
from coxswain.model.vocabulary import Role, SignalKind
from coxswain.risk.kinds import Kind

NAMED_MAX = 3
"""Accounts that are named for one control; of more, their number is."""


def soft_failures(tx: Tx, signal: Signal, plan: Plan, sends: Sequence[Assignment]) -> list[str]:
    """Say for each soft control which of these shares it would refuse, unless an override lets it pass."""
    if plan.kind is not SignalKind.ENTRY or signal.algo is not None:
        return []
    found: dict[int, dict[str, str]] = {}
    for send in sends:
        account = tx.account(send.account)
        overridden = {each.control for each in account.overrides.get(signal.id, {}).values()}
        soft = [
            rule
            for rule in tx.gates[send.account].entering.rules
            if rule.kind is Kind.SOFT and rule.control not in overridden
        ]
        for order in _orders(tx, signal, plan, send):
            intent = as_sent(tx.state, account, order)
            view = view_of(tx.state, intent, signal.signal_time_ns, dies_ns(signal))
            view = msgspec.structs.replace(view, now_ns=tx.state.now_ns + send.delay_ms * NS_PER_MS)
            for rule in soft:
                answer = rule.check(intent, view, rule.params)
                if answer is not None and not answer.passed:
                    found.setdefault(rule.control, {}).setdefault(send.account, "; ".join(map(reason, each_of(answer))))
    return [_told(control, accounts) for control, accounts in sorted(found.items())]


def _orders(tx: Tx, signal: Signal, plan: Plan, send: Assignment) -> Iterator[OrderIntent]:
    if not signal.legs:
        yield intent_of(signal, plan, send.account, send.qty, Role.ENTRY)
    other = second_signal(tx.state, signal, plan.decision_px) if signal.oco is not None else None
    if other is not None:  # one that follows another meets the gate at a time and a price that nobody knows yet
        yield intent_of(other, plan, send.account, send.qty, Role.ENTRY)
    for number, leg in enumerate(send.legs, start=1):
        yield intent_of(leg_signal(signal, number), plan, send.account, leg.qty, Role.ENTRY)


def _told(control: int, accounts: dict[str, str]) -> str:
    named = "; ".join(f"{account}: {why}" for account, why in list(accounts.items())[:NAMED_MAX])
    more = f" and {len(accounts) - NAMED_MAX} more" if len(accounts) > NAMED_MAX else ""
    return f"soft control {control} would refuse {named}{more}; its order needs an override as well"
