"""How a seller's invoices look, and what tax is on them."""

from contracts.base import Refused
from contracts.billing import BillingSettings, ChangeBillingSettings, FindBillingSettings
from contracts.values import decimal_text
from services.billing.base.handlers.changes import record_of_seller
from services.billing.base.handlers.router import router
from services.billing.base.handlers.service import billing, refuse_fields, seller_of
from services.billing.base.model.billing_settings import StoredSettings, check_settings
from services.billing.base.store import billing_settings
from services.chassis.annotations import Transaction
from services.chassis.database import Reader


@billing.replies(FindBillingSettings)
async def find_billing_settings(_: FindBillingSettings, db: Reader) -> BillingSettings:
    """Answer with the asker's settings, or the defaults."""
    return _answer_of(await billing_settings.find(db, seller_of(db)))


@router.answers(ChangeBillingSettings)
async def change_billing_settings(
    command: ChangeBillingSettings, tx: Transaction
) -> BillingSettings:
    """Change the asker's settings, if nobody else has; issued invoices stay as they are."""
    reseller_id = seller_of(tx)
    settings = await billing_settings.find(tx, reseller_id)
    if settings.version != command.version:
        raise Refused("version-conflict", "Load the settings again and repeat your change.")
    changed = settings.changed(command, tx.now)
    refuse_fields(check_settings(changed))
    if changed != settings:
        changed = await billing_settings.save(tx, reseller_id, changed)
        await record_of_seller(
            tx, "billing-settings.changed", "", before=_texts(settings), after=_texts(changed)
        )
    return _answer_of(changed)


def _texts(settings: StoredSettings) -> dict[str, str]:
    numbers = {"version", "tax_percent", "earlier_taxes", "slice_seconds"}
    return {
        **settings.model_dump(exclude=numbers),
        "tax_percent": decimal_text(settings.tax_percent),
        "slice_seconds": str(settings.slice_seconds),
    }


def _answer_of(settings: StoredSettings) -> BillingSettings:
    return BillingSettings.model_validate(settings.model_dump())
