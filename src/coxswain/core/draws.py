"""Draws that look random and can be replayed: integers from a hash of what they are for.

They spread market impact, crowding and rate limits over time and size. The plan discloses each one.
"""

import hashlib
from decimal import Decimal

from coxswain.model.decimals import plain
from coxswain.model.vocabulary import AccountId, SignalId


def draw(seed: int, signal_id: SignalId, account: AccountId, purpose: str, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`, both included, the same on every machine."""
    source = f"{seed}|{signal_id}|{account}|{purpose}".encode()
    return low + int.from_bytes(hashlib.sha256(source).digest()[:8], "big") % (high - low + 1)


def draw_pct(seed: int, signal_id: SignalId, account: AccountId, purpose: str, low: Decimal, high: Decimal) -> Decimal:
    """Return a percentage from `low` to `high` in steps of a hundredth."""
    hundredths = draw(seed, signal_id, account, purpose, int(low * 100), int(high * 100))
    return plain(Decimal(hundredths) / 100)
