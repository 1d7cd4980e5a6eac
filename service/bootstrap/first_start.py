"""What must be there before anybody can call: an organization, a project, a key."""

from __future__ import annotations

from service.config import Settings, StartError
from service.ledger.accounts import SqlAccounts
from service.memory.accounts import new_secret
from service.memory.errors import PermissionDenied
from service.opening import now

BOOTSTRAP_KEY_NAME = "bootstrap"
FIRST_KEY_NAME = "first start"


async def ensure_account(accounts: SqlAccounts, settings: Settings, *, make_first_key: bool) -> str | None:
    """Sees to an organization, a project and, if wanted, a key; gives the key that was made just now.

    Raises:
        StartError: the key of the settings was revoked.
    """
    project_id, _ = await accounts.ensure_default_project(now())
    if settings.bootstrap_api_key is not None:
        secret = settings.bootstrap_api_key.get_secret_value()
        try:
            await accounts.ensure_key(secret, project_id, BOOTSTRAP_KEY_NAME, now())
        except PermissionDenied:
            raise StartError("MEMORYD_BOOTSTRAP_API_KEY holds a revoked key: set another, or none") from None
        return None
    if not make_first_key or await accounts.keys():
        return None
    secret = new_secret()
    await accounts.ensure_key(secret, project_id, FIRST_KEY_NAME, now())
    return secret
