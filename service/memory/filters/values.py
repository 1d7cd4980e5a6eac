"""When two values are the same: for readers of filters, and for what the ledger keeps to answer them."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from memoryd.exact_json import dumps


def folded(text: str) -> str:
    """The text without differences of case and of Unicode compatibility form.

    Folding case can undo the normal form and the other way round, so the form is made before and after.
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def canonical(value: object) -> str:
    """A text that two JSON values share exactly when they are equal.

    Numbers are equal by value (1, 1.0 and 1e0), objects whatever the order of their keys, texts by their code
    points; a number is never equal to a boolean or to a text.

    Raises:
        TypeError: the value is not what `memoryd.exact_json.loads` gives.
    """
    match value:
        case None | bool() | str():
            return dumps(value)
        case int() | Decimal():
            return _number(Decimal(value))
        case list():
            return "[" + ",".join(canonical(item) for item in value) + "]"
        case Mapping():
            items = sorted(cast("Mapping[str, object]", value).items())
            return "{" + ",".join(f"{dumps(key)}:{canonical(item)}" for key, item in items) + "}"
        case _:
            raise TypeError(f"{type(value).__name__} is no JSON value")


def digest(text: str) -> str:
    """SHA-256 in hexadecimal: stands for a text of any length in an index."""
    return hashlib.sha256(text.encode()).hexdigest()


def _number(number: Decimal) -> str:
    """The digits without leading or trailing zeros, and the power of ten that they are multiplied by.

    Decimal's own `normalize` would round to the precision of the context.
    """
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    stripped = text.rstrip("0")
    if not stripped:
        return "0"
    power = cast("int", exponent) + len(text) - len(stripped)
    return f"{'-' if sign else ''}{stripped}e{power}"
