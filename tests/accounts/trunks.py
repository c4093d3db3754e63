"""Orders of trunks, and what becomes of them, as the tests of trunks write and read them."""

from contracts.accounts import (
    Account,
    AddTrunk,
    ChangeTrunk,
    DigestPassword,
    ListSwitchTrunks,
    ListTrunks,
    Trunk,
)
from services.accounts.handlers.trunks import no_address_has_two_trunks
from services.chassis.principal import Principal
from services.chassis.service import Running
from services.chassis.settings import Settings
from tests.harness import Harness

PASSWORD = DigestPassword(id="pw_1", ha1_md5="1" * 32, ha1_sha256="2" * 64)
NEW_PASSWORD = DigestPassword(id="pw_2", ha1_md5="3" * 32, ha1_sha256="4" * 64)


def added(account: Account, **changes: object) -> AddTrunk:
    given = {"account_id": account.id, "name": "Office", "networks": ("192.0.2.16/28",), **changes}
    return AddTrunk.model_validate(given)


def changed(trunk: Trunk, **changes: object) -> ChangeTrunk:
    kept = {name: getattr(trunk, name) for name in ("account_id", "version", "name", "networks")}
    more = {name: getattr(trunk, name) for name in ("digest_user", "channels", "enabled")}
    return ChangeTrunk.model_validate({"trunk_id": trunk.id, **kept, **more, **changes})


def switch_of(account_id: str) -> Principal:
    return Principal(id="key_1", account_id=account_id, parent_id="", role="switch")


async def listed(harness: Harness, account: Account, asker: Principal) -> list[str]:
    return [one.name for one in (await harness.ask(ListTrunks(account_id=account.id), asker)).data]


async def loaded(harness: Harness, switch_account_id: str) -> list[str]:
    page = await harness.ask(ListSwitchTrunks(), switch_of(switch_account_id))
    return [one.name for one in page.data]


async def wrong_fields(
    harness: Harness, reseller: Principal, account: Account, **changes: object
) -> list[tuple[str, str]]:
    problem = await harness.problem(added(account, **changes), reseller)
    return [(one.pointer, one.type) for one in problem.errors]


async def faults(harness: Harness) -> list[str]:
    running = Running("accounts", harness.database, None, Settings(), harness.clock)  # pyright: ignore[reportArgumentType] - the audit asks nobody
    return await no_address_has_two_trunks(running)
