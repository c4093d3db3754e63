"""Checking billing details: the postal address and the tax ID that invoices show (SPEC 7)."""

from typing import Final

import phonenumbers
from stdnum import get_cc_module

from contracts.accounts import (
    ADDRESS_LINE_CHARACTERS_MAX,
    LOCALITY_CHARACTERS_MAX,
    POSTAL_CODE_CHARACTERS_MAX,
    REGION_CHARACTERS_MAX,
    TAX_ID_CHARACTERS_MAX,
    BillingDetails,
    PostalAddress,
)
from contracts.base import FieldError
from contracts.names import trimmed
from contracts.values import is_blank, is_readable
from services.accounts.model.checks import error
from services.accounts.model.countries import country_name

LIMITS: Final = {
    "line1": ("street address", ADDRESS_LINE_CHARACTERS_MAX),
    "line2": ("second line", ADDRESS_LINE_CHARACTERS_MAX),
    "locality": ("city", LOCALITY_CHARACTERS_MAX),
    "region": ("region", REGION_CHARACTERS_MAX),
    "postal_code": ("postal code", POSTAL_CODE_CHARACTERS_MAX),
}
REQUIRED: Final = {
    "line1": "Enter the street address.",
    "locality": "Enter the city or town.",
    "country": "Choose the country of the address.",
}
TAX_ID_KINDS: Final = ("vat", "tin")
"""The names under which python-stdnum keeps the number of a business, VAT first."""

OTHER_KINDS: Final = {
    "CH": ("uid",),
    "DE": ("stnr",),
    "FR": ("siren", "siret"),
    "GB": ("utr",),
    "IN": ("pan",),
    "IT": ("codicefiscale",),
}
"""What a business without a VAT number has there."""

GREECE: Final = ("GR", "EL")
"""VAT numbers write the country of Greece in their own way."""


def check_billing_details(
    details: BillingDetails, country: str
) -> tuple[BillingDetails, list[FieldError]]:
    """Return billing details as they are stored, and every field that needs correcting.

    An address without any text counts as none. The tax ID is one of the address's country, or of
    `country` without an address; the formats and check digits are those of python-stdnum. Of
    countries that it does not know, and without a country, any ID is taken.
    """
    address, errors = _checked_address(details.address)
    tax_id, wrong = _checked_tax_id(details.tax_id, address.country if address else country)
    return BillingDetails(address=address, tax_id=tax_id), [*errors, *wrong]


def described(details: BillingDetails) -> dict[str, str]:
    """Return billing details by what they are called, as the audit trail tells them."""
    return {"billing_address": address_text(details.address), "tax_id": details.tax_id}


def address_text(address: PostalAddress | None) -> str:
    """Return an address in one line, the country's English name last; empty for none."""
    return ", ".join(address.lines(country_name(address.country))) if address else ""


def _checked_address(
    typed: PostalAddress | None,
) -> tuple[PostalAddress | None, list[FieldError]]:
    fields = {name: trimmed(text) for name, text in (typed or PostalAddress()).model_dump().items()}
    if not any(fields.values()):
        return None, []
    errors: list[FieldError] = []
    fields["country"] = fields["country"].upper()
    for name, text in fields.items():
        pointer = f"/billing_address/{name}"
        words, most = LIMITS.get(name, (name, ADDRESS_LINE_CHARACTERS_MAX))
        if is_blank(text) and name in REQUIRED:
            errors.append(error(pointer, "required", REQUIRED[name]))
        elif len(text) > most:
            errors.append(error(pointer, "too-long", f"Shorten the {words} to {most} characters."))
        elif not is_readable(text):
            detail = f"Retype the {words}. It has characters that can't be shown."
            errors.append(error(pointer, "invalid-characters", detail))
        elif name == "country" and text and text not in phonenumbers.SUPPORTED_REGIONS:
            errors.append(error(pointer, "unknown-country", REQUIRED[name]))
    return PostalAddress(**fields), errors


def _checked_tax_id(typed: str, country: str) -> tuple[str, list[FieldError]]:
    text = trimmed(typed)
    pointer = "/tax_id"
    if not text:
        return "", []
    if len(text) > TAX_ID_CHARACTERS_MAX or not is_readable(text):
        detail = f"Enter a tax ID of at most {TAX_ID_CHARACTERS_MAX} letters and digits."
        return text, [error(pointer, "invalid-tax-id", detail)]
    kinds = (*TAX_ID_KINDS, *OTHER_KINDS.get(country, ()))
    modules = [module for kind in kinds if country and (module := get_cc_module(country, kind))]
    valid = next((module for module in modules if module.is_valid(text)), None)
    if valid is not None:
        return _with_country(valid.validate(text), text, country), []
    if not modules:
        return text, []
    detail = f"This tax ID isn't valid for {country_name(country)}. Check it for typing errors."
    return text, [error(pointer, "invalid-tax-id", detail)]


def _with_country(number: str, typed: str, country: str) -> str:
    """Return the compact number with its country's letters, if it was typed with them."""
    begun = "".join(filter(str.isalnum, typed)).upper()
    letters = GREECE if country in GREECE else (country,)
    for prefix in letters:
        if begun.startswith(prefix) and not number.startswith(prefix):
            return f"{prefix}{number}"
    return number
