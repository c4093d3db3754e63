"""How your invoices look, and what tax is on them."""

from fastapi import APIRouter

from contracts.billing import BillingSettings
from gateway.features.billing_settings import actions as billing_settings
from gateway.features.billing_settings.schemas import BillingSettingsPatch
from gateway.features.billing_settings.shared_api import add_settings_routes
from gateway.identity.operations import Operation
from gateway.identity.whole_checks import WholeBodyRoute

router = APIRouter(prefix="/v1/billing-settings", tags=["invoices"], route_class=WholeBodyRoute)

add_settings_routes(
    router,
    BillingSettings,
    BillingSettingsPatch,
    Operation(
        "find_billing_settings",
        billing_settings.find_billing_settings,
        "Show how your invoices look; an operator sees the platform's.",
    ),
    Operation(
        "change_billing_settings",
        billing_settings.change_billing_settings,
        "Change how the invoices look that are issued from now on; what is left out stays.",
    ),
)
