"""The platform as a seller: what its invoices to resellers show of it."""

from contracts.accounts.billing_details import BillingDetails, HasBillingDetails
from contracts.base import Answer, Command, Event, Query


class PlatformDetails(HasBillingDetails, Answer):
    """The platform's billing address and tax ID; none until an operator enters them."""

    version: int = 1


class FindPlatformDetails(Query[PlatformDetails], topic="accounts.find-platform-details.v1"):
    """The platform's billing address and tax ID, for an operator."""


class ChangePlatformDetails(Command[PlatformDetails], topic="accounts.change-platform-details.v1"):
    """Change the platform's billing address and tax ID, if they are still at `version`.

    Issued invoices stay as they are.
    """

    version: int
    billing_details: BillingDetails
    """Replaces the address and the tax ID as a whole."""


class PlatformDetailsChanged(
    HasBillingDetails, Event, topic="accounts.platform-details-changed.v1"
):
    """The billing address or the tax ID of the platform changed."""

    version: int
