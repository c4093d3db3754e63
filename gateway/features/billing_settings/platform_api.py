"""The platform as a seller: what its invoices to resellers show of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from contracts.accounts import PlatformDetails
from gateway.features.accounts.schemas import BillingDetailsPatch
from gateway.features.billing_settings import platform
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

router = APIRouter(prefix="/v1/platform", tags=["resellers"], route_class=WholeBodyRoute)


@router.get("", responses=refusals())
async def find_platform_details(
    caller: Annotated[Caller, Depends(may(platform.find_platform_details))], response: Response
) -> PlatformDetails:
    """Show the platform's billing address and tax ID."""
    details = await platform.find_platform_details(caller)
    response.headers["ETag"] = etag(details.version)
    return details


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
async def change_platform_details(
    *,
    caller: Annotated[
        Caller, Depends(may(platform.change_platform_details, takes=(JSON, MERGE_PATCH)))
    ],
    body: BillingDetailsPatch,
    versions: IfMatch,
    key: OptionalKey,
    response: Response,
) -> PlatformDetails:
    """Change the platform's billing address and tax ID; what is left out stays."""

    async def current() -> int:
        return (await platform.find_platform_details(caller)).version

    version = await version_to_change(versions, current)
    details = await platform.change_platform_details(caller, version, body, key)
    response.headers["ETag"] = etag(details.version)
    return details
