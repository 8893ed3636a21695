"""Tell a person that a firm's rule keeps a position from being closed. Decides nothing."""

from coxswain.core.tx import Tx
from coxswain.messages import events as ev
from coxswain.risk.gate import Refused


def tell_refused_closing(tx: Tx, refused: Refused) -> None:
    """A refused closing is an alert, where the rules of the firm are why."""
    intent = refused.intent
    why = [reason for reason in refused.reasons if reason.startswith("FIRM_")]
    if intent.reduce_only and why:
        rules = tx.account(intent.account).spec.firm
        detail = f"closing {intent.symbol} is refused: {'; '.join(why)}"
        tx.apply(ev.FirmNoticed(intent.account, rules, why[0].partition(":")[0], detail))
