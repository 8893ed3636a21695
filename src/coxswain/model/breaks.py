"""What may become of a difference to a venue's books, by its kind. What is done about it is the core's."""

from coxswain.model.vocabulary import Resolution

ADOPT, FLATTEN, IGNORE, WRITE_OFF = Resolution.ADOPT, Resolution.FLATTEN, Resolution.IGNORE, Resolution.WRITE_OFF
POSITIONS = ("UNKNOWN_TO_US", "QUANTITY_DIFFERS", "MISSING_AT_VENUE")
CHOICES: dict[str, tuple[Resolution, ...]] = {
    "UNKNOWN_TO_US": (ADOPT, FLATTEN, IGNORE),
    "QUANTITY_DIFFERS": (ADOPT, FLATTEN, IGNORE, WRITE_OFF),
    "MISSING_AT_VENUE": (ADOPT, IGNORE, WRITE_OFF),
    "BALANCE_DIFFERS": (ADOPT, IGNORE, WRITE_OFF),
    "ORDER_UNKNOWN_TO_US": (ADOPT, FLATTEN, IGNORE),
    "ORDER_MISSING_AT_VENUE": (ADOPT,),
    "WORKS_AFTER_END": (),  # it is called back at each comparison until it is gone
}
"""What may become of a break, by its kind."""
