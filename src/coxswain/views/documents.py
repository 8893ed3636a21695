"""Rows as JSON has them: decimals as strings in full, never with an exponent; absent as null; checks with their names.

Nothing is left out here and nothing is worked out.
"""

from decimal import Decimal

import msgspec

from coxswain.model.checks import Check
from coxswain.model.decimals import text


def document(value: object) -> object:
    """Turn rows, and anything made of them, into dicts, lists, strings, integers, booleans and None."""
    match value:
        case Decimal():
            return text(value)
        case Check():  # its numbers are strings, counts as well
            named = {name: getattr(value, name) for name in value.__struct_fields__}
            return {name: text(item) if type(item) in (Decimal, int) else item for name, item in named.items()}
        case msgspec.Struct():
            return {name: document(getattr(value, name)) for name in value.__struct_fields__}
        case dict():
            return {str(key): document(item) for key, item in value.items()}
        case list() | tuple():
            return [document(item) for item in value]
        case _:
            return value
