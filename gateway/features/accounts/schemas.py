"""Bodies of requests about accounts: their details, their state, their credit."""

from typing import Annotated

from pydantic import Field

from contracts.accounts import (
    BillingDetails,
    PostalAddress,
)
from contracts.billing import (
    ENTRY_SEQ_MAX,
    CreditOrder,
)
from contracts.values import AmountInput
from gateway.http.schemas import Body, Email, NumberText, kept_if_absent


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

    def to_contract(self) -> PostalAddress:
        """Return it as the services take it."""
        return PostalAddress.model_validate(self.model_dump())


TaxId = Annotated[str, Field(max_length=200, examples=["GB123456782"])]


class CreditBody(Body):
    """Prepaid credit to add."""

    amount: AmountInput
    """More than 0, with no more decimals than the currency has."""

    note: Annotated[str, Field(max_length=500)] = ""

    def to_contract(self) -> CreditOrder:
        """Return it as the services take it."""
        return CreditOrder(amount=self.amount, note=self.note)


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

    def merged(self, stored: BillingDetails) -> BillingDetails:
        """Return what stored billing details become."""
        sent = self.model_fields_set
        address, tax_id = stored.address, stored.tax_id
        if "billing_address" in sent:
            address = self.billing_address.merged(address) if self.billing_address else None
        if "tax_id" in sent:
            tax_id = self.tax_id or ""
        return BillingDetails(address=address, tax_id=tax_id)


class AccountPatch(BillingDetailsPatch):
    """What of an account changes (RFC 7396: what is left out stays)."""

    name: Annotated[str | None, Field(max_length=500), kept_if_absent] = None
    administrator: Annotated[AdministratorPatch | None, kept_if_absent] = None


class DisableBody(Body):
    """Why an account is disabled."""

    reason: Annotated[str, Field(max_length=500)] = ""


class AdjustmentBody(Body):
    """A correction of a balance, up or down."""

    amount: Annotated[AmountInput, Field(examples=["-40.00"])]
    """Above zero adds to the balance, below zero takes from it."""

    reason: Annotated[str, Field(max_length=500, examples=["Typed 400.00 instead of 360.00"])]
    """The customer reads it in the transactions."""

    entry_seq: Annotated[int | None, Field(strict=True, ge=1, le=ENTRY_SEQ_MAX, examples=[3])] = (
        None
    )
    """The number of the transaction that it corrects, if it corrects one."""


class CreditLimitBody(Body):
    """How far below zero calls and purchases may take a balance."""

    credit_limit: Annotated[AmountInput, Field(examples=["50.00"])]
    """Zero or more; zero: prepaid money only."""
