"""Reads fields of a request and collects what is wrong with them, so that a caller learns all at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import cast

from google.protobuf.timestamp_pb2 import Timestamp
from memoryd.exact_json import ExactJsonError, loads

from service.memory.accounts import is_uuid
from service.memory.errors import InvalidRequest, Violation

LONGEST_ID = 255
MOST_METADATA_BYTES = 64 * 1024
MOST_METADATA_KEYS = 1000


class Fields:
    """Checks one request. Every method gives a usable value or notes a violation and gives None."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []

    def wrong(self, field: str, description: str) -> None:
        """Notes a violation."""
        self.violations.append(Violation(field, description))

    def raise_if_wrong(self) -> None:
        """Ends the request when anything was noted.

        Raises:
            InvalidRequest: with every violation.
        """
        if self.violations:
            raise InvalidRequest(self.violations)

    def identifier(self, field: str, value: str) -> str | None:
        """An id that a client chose: 1 to 255 characters, none of them a control character."""
        if not value.strip():
            self.wrong(field, f"{field} must not be empty")
        elif len(value) > LONGEST_ID:
            self.wrong(field, f"{field} must have at most {LONGEST_ID} characters")
        elif any(unicodedata.category(letter) == "Cc" for letter in value):
            self.wrong(field, f"{field} must not contain control characters")
        else:
            return value
        return None

    def text(self, field: str, value: str, longest: int) -> str | None:
        """Free text: not blank, without NUL."""
        if not value.strip():
            self.wrong(field, f"{field} must have at least 1 character")
        elif len(value) > longest:
            self.wrong(field, f"{field} must have at most {longest} characters")
        elif "\0" in value:
            self.wrong(field, f"{field} must not contain NUL")
        else:
            return value
        return None

    def choice(self, field: str, value: str, choices: tuple[str, ...]) -> str | None:
        """One of a few words."""
        if value in choices:
            return value
        self.wrong(field, f"{field} must be one of: {', '.join(choices)}")
        return None

    def json_object(self, field: str, text: str) -> Mapping[str, object] | None:
        """A JSON object of at most 64 KiB and 1,000 keys, without NUL in any string."""
        if len(text.encode()) > MOST_METADATA_BYTES:
            self.wrong(field, f"{field} must have at most {MOST_METADATA_BYTES} bytes of JSON")
            return None
        try:
            value = loads(text)
        except ExactJsonError as error:
            self.wrong(field, f"{field}: {error}")
            return None
        if not isinstance(value, dict):
            self.wrong(field, f"{field} must be a JSON object")
        elif _count_keys(value) > MOST_METADATA_KEYS:
            self.wrong(field, f"{field} must have at most {MOST_METADATA_KEYS} keys in all")
        elif _holds_nul(value):
            self.wrong(field, f"{field} must not contain NUL")
        else:
            return cast("Mapping[str, object]", value)
        return None

    def day(self, field: str, value: str) -> date | None:
        """A date, YYYY-MM-DD."""
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        # Python reads other spellings of ISO 8601 too.
        if day is None or day.isoformat() != value:
            self.wrong(field, f"{field} must be a date, YYYY-MM-DD")
            return None
        return day

    def uuid(self, field: str, value: str, path: str | None = None) -> str | None:
        """An id of ours, in lower case. The text is the contract's; `path` says where the field stands."""
        if is_uuid(value):
            return value.lower()
        self.wrong(path or field, f"{field} should be a valid UUID")
        return None

    def moment(self, field: str, value: Timestamp) -> datetime | None:
        """A time."""
        try:
            return value.ToDatetime(UTC)
        except ValueError:
            self.wrong(field, f"{field} must be a time between the years 1 and 9999")
            return None

    def unix_time(self, field: str, seconds: int) -> datetime | None:
        """A time in Unix seconds."""
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            self.wrong(field, f"{field} must be a time in Unix seconds")
            return None


def _count_keys(value: object) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_count_keys(item) for item in value.values())
    return sum(_count_keys(item) for item in value) if isinstance(value, list) else 0


def _holds_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return any(_holds_nul(item) for item in value)
    return isinstance(value, str) and "\0" in value
