"""The platform as a seller: its billing address and tax ID, which operators enter."""

from contracts.accounts import (
    PLATFORM_ID,
    ChangePlatformDetails,
    FindPlatformDetails,
    PlatformDetails,
    PlatformDetailsChanged,
    billing_fields,
)
from contracts.base import Refused
from services.accounts.handlers.service import accounts, router
from services.accounts.model import checks
from services.accounts.model.accounts import PLATFORM_NAME
from services.accounts.model.billing_details import check_billing_details, described
from services.accounts.store import platform
from services.chassis import changes
from services.chassis.annotations import Transaction
from services.chassis.database import Reader


@accounts.replies(FindPlatformDetails)
async def find_platform_details(_: FindPlatformDetails, db: Reader) -> PlatformDetails:
    """Answer an operator with the platform's billing address and tax ID."""
    _refuse_all_but_operators(db)
    return await platform.find(db)


@router.answers(ChangePlatformDetails)
async def change_platform_details(
    command: ChangePlatformDetails, tx: Transaction
) -> PlatformDetails:
    """Change them, unless they changed in the meantime; later invoices to resellers show them."""
    _refuse_all_but_operators(tx)
    stored = await platform.find(tx)
    if stored.version != command.version:
        raise Refused("version-conflict", "Load the details again and repeat your change.")
    # the platform is in no country until it has an address: then any tax ID is taken
    details, errors = check_billing_details(command.billing_details, "")
    if errors:
        raise checks.refusal(errors)
    if stored.billing_details == details:
        return stored
    changed = stored.model_copy(update={**billing_fields(details), "version": stored.version + 1})
    await platform.save(tx, changed)
    tx.announce(PlatformDetailsChanged.model_validate(changed.model_dump()))
    await changes.record(
        tx,
        "platform.changed",
        account_id=PLATFORM_ID,
        parent_id="",
        subject=PLATFORM_NAME,
        before=described(stored.billing_details),
        after=described(changed.billing_details),
    )
    return changed


def _refuse_all_but_operators(db: Reader) -> None:
    if db.principal.role != "operator":
        raise Refused("forbidden", "Only operators can do this.")
