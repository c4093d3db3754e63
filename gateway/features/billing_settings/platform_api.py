"""The platform as a seller: what its invoices to resellers show of it."""

from fastapi import APIRouter

from contracts.accounts import PlatformDetails
from gateway.features.accounts.schemas import BillingDetailsPatch
from gateway.features.billing_settings import platform
from gateway.features.billing_settings.shared_api import add_settings_routes
from gateway.identity.operations import Operation
from gateway.identity.whole_checks import WholeBodyRoute

router = APIRouter(prefix="/v1/platform", tags=["resellers"], route_class=WholeBodyRoute)

add_settings_routes(
    router,
    PlatformDetails,
    BillingDetailsPatch,
    Operation(
        "find_platform_details",
        platform.find_platform_details,
        "Show the platform's billing address and tax ID.",
    ),
    Operation(
        "change_platform_details",
        platform.change_platform_details,
        "Change the platform's billing address and tax ID; what is left out stays.",
    ),
)
