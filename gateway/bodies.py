"""Bodies of requests: what a person or a program sends, strictly typed.

What the fields may hold is decided by the services, which say it in the person's words; here is
only decided what can be understood at all.
"""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contracts.accounts import (
    DOMAIN_CHARACTERS_MAX,
    AdministratorOrder,
    BillingDetails,
    PostalAddress,
    ResellerProfile,
)
from contracts.billing import (
    CALL_SECONDS_MAX,
    COUNTRIES_PER_PLAN_MAX,
    NUMBERS_PER_PLAN_MAX,
    CreditOrder,
    DomesticPolicy,
    PlanOrder,
    Rate,
)
from contracts.exact_rates import ExactRateInput, split_exact
from contracts.values import AmountInput, Country, Currency, SumInput, realm_key
from gateway.times import Time

WHOLE_NUMBER_MAX: Final = 2**31 - 1
NUMBER_CHARACTERS_MAX: Final = 64
REALM_CHARACTERS_MAX: Final = 255

WholeNumber = Annotated[int, Field(strict=True, ge=-WHOLE_NUMBER_MAX, le=WHOLE_NUMBER_MAX)]
Yes = Annotated[bool, Field(strict=True)]
NumberText = Annotated[str, Field(max_length=NUMBER_CHARACTERS_MAX, examples=["+14155550142"])]
Email = Annotated[str, Field(max_length=320, examples=["ann@example.com"])]


def _named_realm(realm: str) -> str:
    key = realm_key(realm)
    # lower case may be longer than what was sent
    if not 1 <= len(key) <= REALM_CHARACTERS_MAX:
        message = f"a realm has 1 to {REALM_CHARACTERS_MAX} characters"
        raise ValueError(message)
    return key


def _ascii(domain: str) -> str:
    # others may have a longer lower case
    if not domain.isascii():
        message = "a domain has letters from a to z, digits, hyphens and dots"
        raise ValueError(message)
    return domain


RealmText = Annotated[
    str,
    Field(min_length=1, max_length=REALM_CHARACTERS_MAX),
    AfterValidator(_named_realm),
]
"""An account's realm, as it is compared."""


class Body(BaseModel):
    """A body; fields that are not known are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


# --- accounts ---------------------------------------------------------------------------


class AddressBody(Body):
    """A postal address. Street address, city and country are required."""

    line1: Annotated[str, Field(max_length=200, examples=["1 High Street"])] = ""
    line2: Annotated[str, Field(max_length=200)] = ""
    locality: Annotated[str, Field(max_length=200, examples=["London"])] = ""
    """City or town."""

    region: Annotated[str, Field(max_length=200)] = ""
    """State, province or county."""

    postal_code: Annotated[str, Field(max_length=200, examples=["SW1A 1AA"])] = ""
    country: Annotated[str, Field(max_length=200, examples=["GB"])] = ""
    """ISO 3166-1 alpha-2."""

    def order(self) -> PostalAddress:
        """Return it as the services take it."""
        return PostalAddress.model_validate(self.model_dump())


TaxId = Annotated[str, Field(max_length=200, examples=["GB123456782"])]


class AdministratorBody(Body):
    """An account's administrator."""

    email: Email
    """All communication about the account goes there."""

    first_name: Annotated[str, Field(max_length=200, examples=["Ann"])]
    last_name: Annotated[str, Field(max_length=200, examples=["Archer"])]
    phone: NumberText
    """With its country code, or as it is dialled in the reseller's country."""

    def order(self) -> AdministratorOrder:
        """Return it as the services take it."""
        return AdministratorOrder.model_validate(self.model_dump())


class CountryMinutesBody(Body):
    """A country that may be called, with its bundled minutes per billing period."""

    country: Annotated[Country, Field(examples=["IN"])]
    minutes: WholeNumber = 0
    """0: none, every call is charged by the rate sheet."""


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

    def order(self) -> PlanOrder:
        """Return it as the services take it."""
        return PlanOrder.model_validate(self.model_dump())


class CreditBody(Body):
    """Prepaid credit to add."""

    amount: AmountInput
    """More than 0, with no more decimals than the currency has."""

    note: Annotated[str, Field(max_length=500)] = ""

    def order(self) -> CreditOrder:
        """Return it as the services take it."""
        return CreditOrder(amount=self.amount, note=self.note)


class AccountBody(Body):
    """A new account of a reseller."""

    name: Annotated[str, Field(max_length=500, examples=["Archer & Sons"])]
    administrator: AdministratorBody
    plan: PlanBody
    credit: CreditBody | None = None
    hold_id: Annotated[str, Field(max_length=64)] | None = None
    """The number hold under which the plan's numbers are kept for this order."""

    billing_address: AddressBody | None = None
    """Shown on the account's invoices."""

    tax_id: TaxId = ""
    """Such as a VAT number, with or without the country's letters. Shown on invoices."""

    send_welcome: Yes = True
    """Whether the administrator gets the welcome e-mail with the link to set a password."""

    expected_total: Annotated[SumInput | None, Field(examples=["23.50"])] = None
    """The total of the quote you saw. If the charges have changed since, nothing is opened."""


class ResellerBody(Body):
    """A new reseller. Currency, country, time zone and domain are fixed once it is made."""

    name: Annotated[str, Field(max_length=500, examples=["Demo Telecom"])]
    administrator: AdministratorBody
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

    credit: CreditBody | None = None
    hold_id: Annotated[str, Field(max_length=64)] | None = None
    billing_address: AddressBody | None = None
    """Shown on the invoices that it sends and receives."""

    tax_id: TaxId = ""
    send_welcome: Yes = True

    expected_total: Annotated[SumInput | None, Field(examples=["23.50"])] = None
    """The total of the quote you saw. If the charges have changed since, nothing is opened."""

    def profile(self) -> ResellerProfile:
        """Return what makes it a reseller."""
        return ResellerProfile(
            currency=self.currency,
            country=self.country,
            time_zone=self.time_zone,
            domain=self.domain,
        )


def _not_null(value: object) -> object:
    if value is None:
        message = "this cannot be taken away; leave the field out to keep it as it is"
        raise ValueError(message)
    return value


kept_if_absent: Final = AfterValidator(_not_null)
"""For a field that may be left out, but not be taken away by null."""


class AdministratorPatch(Body):
    """What of the administrator changes (RFC 7396: what is left out stays)."""

    email: Annotated[Email | None, kept_if_absent] = None
    first_name: Annotated[str | None, Field(max_length=200), kept_if_absent] = None
    last_name: Annotated[str | None, Field(max_length=200), kept_if_absent] = None
    phone: Annotated[NumberText | None, kept_if_absent] = None


class AddressPatch(Body):
    """JSON merge patch of a billing address; omitted fields stay unchanged, null empties one."""

    line1: Annotated[str, Field(max_length=200)] | None = None
    line2: Annotated[str, Field(max_length=200)] | None = None
    locality: Annotated[str, Field(max_length=200)] | None = None
    region: Annotated[str, Field(max_length=200)] | None = None
    postal_code: Annotated[str, Field(max_length=200)] | None = None
    country: Annotated[str, Field(max_length=200)] | None = None

    def merged(self, address: PostalAddress | None) -> PostalAddress:
        """Return a stored address with what changes."""
        sent = self.model_dump(exclude_unset=True).items()
        changes = {name: text or "" for name, text in sent}
        return (address or PostalAddress()).model_copy(update=changes)


class BillingDetailsPatch(Body):
    """What of a billing address and a tax ID changes (RFC 7396: what is left out stays)."""

    billing_address: AddressPatch | None = None
    """Null removes it."""

    tax_id: TaxId | None = None
    """Null or empty removes it."""

    def billing_details(self, address: PostalAddress | None, tax_id: str) -> BillingDetails:
        """Return what these stored billing details become."""
        sent = self.model_fields_set
        if "billing_address" in sent:
            address = self.billing_address.merged(address) if self.billing_address else None
        return BillingDetails(
            address=address, tax_id=(self.tax_id or "") if "tax_id" in sent else tax_id
        )


class AccountPatch(BillingDetailsPatch):
    """What of an account changes (RFC 7396: what is left out stays)."""

    name: Annotated[str | None, Field(max_length=500), kept_if_absent] = None
    administrator: Annotated[AdministratorPatch | None, kept_if_absent] = None


class DisableBody(Body):
    """Why an account is disabled."""

    reason: Annotated[str, Field(max_length=500)] = ""


# --- numbers and rates --------------------------------------------------------------------


class NewNumberBody(Body):
    """A number for a reseller's stock."""

    number: NumberText
    setup_fee: Annotated[str, Field(max_length=32, examples=["1.00"])] | None = None
    """Without it, a spare number that is in the stock keeps its fee, and a new one has none."""

    monthly_fee: Annotated[str, Field(max_length=32, examples=["2.50"])] | None = None


class NumberPatch(Body):
    """The fees of a spare number; those that are left out stay as they are."""

    setup_fee: AmountInput | None = None
    monthly_fee: AmountInput | None = None


class HoldBody(Body):
    """Numbers to keep for an order that is being filled in."""

    numbers: Annotated[tuple[NumberText, ...], Field(max_length=NUMBERS_PER_PLAN_MAX)]
    hold_id: Annotated[str, Field(max_length=64)] | None = None
    """An earlier hold, which becomes exactly these numbers."""


class RateSheetBody(Body):
    """A new rate sheet."""

    name: Annotated[str, Field(max_length=200, examples=["Standard 2026"])]
    currency: Annotated[Currency | None, Field(examples=["USD"])] = None
    """For operators only; a reseller's sheets have the reseller's currency."""


class PriceBody(Body):
    """A call to be priced."""

    destination: NumberText
    """With its country code, or as it is dialled in the reseller's country."""

    seconds: Annotated[int, Field(strict=True, ge=0, le=CALL_SECONDS_MAX, examples=[130])]
    at: Time | None = None
    """When the call is answered; without it: now."""


class RateSheetPatch(Body):
    """What of a rate sheet changes."""

    name: Annotated[str, Field(max_length=200)]


class CopyBody(Body):
    """A new rate sheet like another one."""

    name: Annotated[str, Field(max_length=200, examples=["Retail 2027"])]
    margin_percent: Annotated[str, Field(max_length=16, examples=["12.5"])] = "0"
    """Added to every rate and connect fee: above -100, up to 1000, with up to 4 decimals."""


class RollbackBody(Body):
    """Which content a rate sheet goes back to."""

    content: WholeNumber


class RateBody(Body):
    """What calls to a prefix cost."""

    rate: ExactRateInput
    """Per 60 seconds, up to 8 decimals."""

    country: Annotated[Country | None, Field(examples=["IN"])] = None
    """Without it: that of the prefix."""

    name: Annotated[str, Field(max_length=200)] = ""
    connect_fee: AmountInput = 0
    min_duration: WholeNumber = 60
    """Seconds."""

    increment: WholeNumber = 60
    """Seconds."""

    grace: WholeNumber = 0
    """Seconds that cost nothing."""

    blocked: Yes = False

    def order(self, prefix: str, effective_from: datetime | None) -> Rate:
        """Return it as the services take it."""
        rate, exact = split_exact(self.rate)
        fields = self.model_dump(exclude={"rate"})
        return Rate(
            prefix=prefix, effective_from=effective_from, rate=rate, rate_exact=exact, **fields
        )
