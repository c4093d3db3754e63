"""The platform as a seller: the address and tax ID on its invoices to resellers."""

from contracts.accounts import ChangePlatformDetails, FindPlatformDetails, PlatformDetails
from gateway.features.accounts.schemas import BillingDetailsPatch
from gateway.identity.caller import Caller, RequestKey, action


@action("operator")
async def find_platform_details(caller: Caller) -> PlatformDetails:
    """Return the platform's billing address and tax ID."""
    return await caller.ask(FindPlatformDetails())


@action("operator", changes=True)
async def change_platform_details(
    caller: Caller,
    version: int,
    patch: BillingDetailsPatch,
    request_key: RequestKey | None = None,
) -> PlatformDetails:
    """Change them unless someone else has since that version; issued invoices stay the same."""
    stored = await caller.ask(FindPlatformDetails())
    details = patch.merged(stored.billing_details)
    command = ChangePlatformDetails(version=version, billing_details=details)
    return await caller.ask(command, request_key=request_key)
