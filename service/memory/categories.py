"""The categories that a memory may belong to."""

DEFAULT_CATEGORIES: dict[str, str] = {}
