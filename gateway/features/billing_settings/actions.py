"""How a reseller's invoices look: prefix, tax, address, footer."""

from contracts.billing import BillingSettings, ChangeBillingSettings, FindBillingSettings
from gateway.features.billing_settings.schemas import BillingSettingsPatch
from gateway.identity.caller import Caller, RequestKey, action


@action("operator", "reseller")
async def find_billing_settings(caller: Caller) -> BillingSettings:
    """Return the caller's settings; an operator's are the platform's."""
    return await caller.ask(FindBillingSettings())


@action("operator", "reseller", changes=True)
async def change_billing_settings(
    caller: Caller,
    version: int,
    patch: BillingSettingsPatch,
    request_key: RequestKey | None = None,
) -> BillingSettings:
    """Change settings unless someone else has since that version; issued invoices stay the same."""
    command = ChangeBillingSettings(version=version, **patch.model_dump())
    return await caller.ask(command, request_key=request_key)
