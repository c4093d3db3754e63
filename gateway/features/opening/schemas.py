"""Bodies of requests that open accounts and resellers."""

from typing import Annotated

from pydantic import AfterValidator, Field

from contracts.accounts import (
    DOMAIN_CHARACTERS_MAX,
    AdministratorOrder,
    BillingDetails,
    ResellerProfile,
)
from contracts.billing import (
    COUNTRIES_PER_PLAN_MAX,
    NUMBERS_PER_PLAN_MAX,
    DomesticPolicy,
    PlanOrder,
)
from contracts.values import AmountInput, Country, Currency, SumInput
from gateway.features.accounts.schemas import AddressBody, CreditBody, TaxId
from gateway.features.plans.schemas import CountryMinutesBody
from gateway.http.schemas import Body, Email, NumberText, WholeNumber, Yes


def _ascii(domain: str) -> str:
    # others may have a longer lower case
    if not domain.isascii():
        message = "a domain has letters from a to z, digits, hyphens and dots"
        raise ValueError(message)
    return domain


class AdministratorBody(Body):
    """An account's administrator."""

    email: Email
    """All communication about the account goes there."""

    first_name: Annotated[str, Field(max_length=200, examples=["Ann"])]
    last_name: Annotated[str, Field(max_length=200, examples=["Archer"])]
    phone: NumberText
    """With its country code, or as it is dialled in the reseller's country."""

    def to_contract(self) -> AdministratorOrder:
        """Return it as the services take it."""
        return AdministratorOrder.model_validate(self.model_dump())


class PlanBody(Body):
    """The service plan of the new account."""

    name: Annotated[str, Field(max_length=200, examples=["Archer Team"])]
    users: WholeNumber = 1
    cost_per_user: AmountInput
    """Per user and month, up to 4 decimals."""

    rate_sheet_id: Annotated[str, Field(max_length=64)] = ""
    """Empty: no international calls."""

    numbers: Annotated[tuple[NumberText, ...], Field(max_length=NUMBERS_PER_PLAN_MAX)] = ()
    countries: Annotated[
        tuple[CountryMinutesBody, ...], Field(max_length=COUNTRIES_PER_PLAN_MAX)
    ] = ()
    domestic_policy: DomesticPolicy = "included"
    """Whether calls within the account's own country are free or charged by the rate sheet."""

    premium_allowed: Yes = False
    """Whether premium-rate, shared-cost and personal numbers may be called. They are always charged
    by the rate sheet, also within the account's own country."""

    def to_contract(self) -> PlanOrder:
        """Return it as the services take it."""
        return PlanOrder.model_validate(self.model_dump())


class BasicInfoBody(Body):
    """Whose account a new one is: what page 1 of the wizard asks for."""

    name: Annotated[str, Field(max_length=500, examples=["Archer & Sons"])]
    administrator: AdministratorBody
    billing_address: AddressBody | None = None
    """Shown on invoices."""

    tax_id: TaxId = ""
    """Such as a VAT number, with or without the country's letters. Shown on invoices."""

    @property
    def billing_details(self) -> BillingDetails:
        """The billing details as the services take them."""
        address = self.billing_address.to_contract() if self.billing_address else None
        return BillingDetails(address=address, tax_id=self.tax_id)


class NewAccountBody(BasicInfoBody):
    """What accounts of customers and of resellers are opened with."""

    credit: CreditBody | None = None
    reservation_id: Annotated[str, Field(max_length=64)] | None = None
    """The number hold under which the plan's numbers are kept for this order."""

    send_welcome: Yes = True
    """Whether the administrator gets the welcome e-mail with the link to set a password."""

    expected_total: Annotated[SumInput | None, Field(examples=["23.50"])] = None
    """The total of the quote you saw. If the charges have changed since, nothing is opened."""


class AccountBody(NewAccountBody):
    """A new account of a reseller."""

    plan: PlanBody


class ResellerBody(NewAccountBody):
    """A new reseller. Currency, country, time zone and domain are fixed once it is made."""

    currency: Annotated[Currency, Field(examples=["USD"])]
    country: Annotated[Country, Field(examples=["US"])]
    time_zone: Annotated[str, Field(max_length=64, examples=["America/New_York"])]
    """IANA name."""

    domain: Annotated[
        str,
        Field(max_length=DOMAIN_CHARACTERS_MAX, examples=["demo-telecom.example"]),
        AfterValidator(_ascii),
    ]
    """The realms of its accounts end with it."""

    plan: PlanBody | None = None
    """None: the platform charges it nothing."""

    def profile(self) -> ResellerProfile:
        """Return what makes it a reseller."""
        return ResellerProfile(
            currency=self.currency,
            country=self.country,
            time_zone=self.time_zone,
            domain=self.domain,
        )
