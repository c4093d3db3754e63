"""Reads and writes of accounts, users and one-time links."""

from services.accounts.store import accounts, trunks, users
from services.accounts.store.accounts import (
    add_accounts,
    find_account,
    find_account_below,
    find_account_seen_by,
    has_open_accounts_below,
    meet_closing,
    meet_openings,
    name_is_taken,
    openings_unmoved_since,
    parent_name,
    save_account,
    states_of,
)
from services.accounts.store.lists import (
    count_accounts,
    list_accounts,
    pick_accounts,
)
from services.accounts.store.users import (
    add_link,
    add_user,
    find_link,
    find_user,
    operator_of_email,
    save_user,
    use_up_links,
    users_of_email,
)
from services.chassis.database import Database

__all__ = [
    "add_accounts",
    "add_link",
    "add_user",
    "count_accounts",
    "find_account",
    "find_account_below",
    "find_account_seen_by",
    "find_link",
    "find_user",
    "has_open_accounts_below",
    "list_accounts",
    "meet_closing",
    "meet_openings",
    "name_is_taken",
    "openings_unmoved_since",
    "operator_of_email",
    "parent_name",
    "pick_accounts",
    "prepare",
    "save_account",
    "save_user",
    "states_of",
    "use_up_links",
    "users_of_email",
]


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await accounts.prepare(database)
    await users.prepare(database)
    await trunks.prepare(database)
