"""How JSON text is read and written where memoryd must give back what it was given.

Standard parsers are lenient where a memory service must not be: they take NaN, keep the last of two equal
keys, and turn long decimals into the nearest double. Here such text is refused, or kept to the digit:
integers have any length, other numbers become `decimal.Decimal`, key order stays.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NoReturn

import simplejson

MAX_DEPTH = 64
"""How deeply arrays and objects may be nested."""

EXPONENTS = range(-324, 309)
"""The powers of ten of the doubles that clients read decimal numbers into."""


class _Literal(Decimal):
    """A number that is written as it was read: 1e2 is not 1E+2, and 1.0e1 never the integer 10."""

    __slots__ = ("literal",)
    literal: str

    def __new__(cls, literal: str) -> _Literal:
        number = super().__new__(cls, literal)
        number.literal = literal
        return number

    def __str__(self) -> str:
        return self.literal


class ExactJsonError(ValueError):
    """The text is not JSON, or is JSON that cannot be kept exactly. The message says why."""


def loads(text: str | bytes, *, max_depth: int = MAX_DEPTH) -> object:
    """Reads JSON text: dict, list, str, int, Decimal, bool or None.

    Raises:
        ExactJsonError: malformed text, NaN or Infinity, duplicate keys, lone surrogates, numbers out of
            range, or nesting beyond `max_depth`.
    """
    try:
        value: object = simplejson.loads(
            text, parse_float=_Literal, object_pairs_hook=_object, parse_constant=_refuse_constant
        )
    except ExactJsonError:
        raise
    except simplejson.JSONDecodeError as error:
        raise ExactJsonError(
            f"malformed JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    except UnicodeDecodeError:
        raise ExactJsonError("malformed JSON: not UTF-8") from None
    except RecursionError:
        raise ExactJsonError(f"nested more than {max_depth} levels deep") from None
    except ValueError:
        raise ExactJsonError("a number has too many digits") from None
    _check(value, max_depth)
    return value


def dumps(value: object) -> str:
    """Writes JSON text: compact, in the order of the keys, not escaped beyond what JSON demands."""
    return simplejson.dumps(value, use_decimal=True, ensure_ascii=False, separators=(",", ":"))


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ExactJsonError("an object has the same key twice")
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise ExactJsonError(f"{name} is not a JSON number")


def _check(value: object, max_depth: int) -> None:
    """Walks without recursion, so that no nesting can exhaust the stack."""
    level: list[object] = [value]
    depth = 0
    while level:
        if depth > max_depth:
            raise ExactJsonError(f"nested more than {max_depth} levels deep")
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.keys())
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
            elif isinstance(item, str):
                _check_text(item)
            elif isinstance(item, Decimal) and item and item.adjusted() not in EXPONENTS:
                raise ExactJsonError("a number is out of range")
        level = below
        depth += 1


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ExactJsonError("a string holds a lone surrogate, which is no Unicode text") from None
