"""How your invoices look, and what tax is on them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from contracts.billing import BillingSettings
from gateway.features.billing_settings import actions as billing_settings
from gateway.features.billing_settings.schemas import BillingSettingsPatch
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import (
    JSON,
    MERGE_PATCH,
    IfMatch,
    OptionalKey,
    etag,
    may,
    version_to_change,
)
from gateway.identity.whole_checks import WholeBodyRoute

router = APIRouter(prefix="/v1/billing-settings", tags=["invoices"], route_class=WholeBodyRoute)


@router.get("", responses=refusals())
async def find_billing_settings(
    caller: Annotated[Caller, Depends(may(billing_settings.find_billing_settings))],
    response: Response,
) -> BillingSettings:
    """Show how your invoices look; an operator sees the platform's."""
    settings = await billing_settings.find_billing_settings(caller)
    response.headers["ETag"] = etag(settings.version)
    return settings


@router.patch(
    "",
    responses=refusals(
        "account-disabled",
        "changed-meanwhile",
        "if-match-required",
        "idempotency-key-reused",
        body=True,
    ),
)
async def change_billing_settings(
    *,
    caller: Annotated[
        Caller,
        Depends(may(billing_settings.change_billing_settings, takes=(JSON, MERGE_PATCH))),
    ],
    body: BillingSettingsPatch,
    versions: IfMatch,
    key: OptionalKey,
    response: Response,
) -> BillingSettings:
    """Change how the invoices look that are issued from now on; what is left out stays."""

    async def current() -> int:
        return (await billing_settings.find_billing_settings(caller)).version

    version = await version_to_change(versions, current)
    settings = await billing_settings.change_billing_settings(caller, version, body, key)
    response.headers["ETag"] = etag(settings.version)
    return settings
