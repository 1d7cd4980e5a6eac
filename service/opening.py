"""What the service and the command line both open. It loads the ledger and no other store."""

from __future__ import annotations

from datetime import UTC, datetime

from service import data_dir
from service.config import Settings
from service.ledger.database import Database, sqlite_url


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def open_database(settings: Settings) -> Database:
    """The ledger's database, with its schema up to date.

    Raises:
        StartError: MEMORYD_DATA_DIR cannot be made.
        Unavailable: the database does not answer.
    """
    if settings.database_url is not None:
        url = settings.database_url.get_secret_value()
    else:
        data_dir.make(settings.data_dir)
        url = sqlite_url(settings.data_dir.absolute() / "ledger.sqlite3")
    database = Database(url)
    database.migrate()
    return database
