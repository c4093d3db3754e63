"""Checking what was typed: every wrong field at once, each with what to do (SPEC 1, rows 4-7)."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from zoneinfo import available_timezones

import phonenumbers
from babel.numbers import list_currencies
from email_validator import EmailNotValidError, validate_email

from contracts.accounts import (
    ACCOUNT_NAME_CHARACTERS_MAX,
    PERSON_NAME_CHARACTERS_MAX,
    Administrator,
    AdministratorChange,
    AdministratorOrder,
    ResellerProfile,
)
from contracts.base import FieldError, Refused
from contracts.names import trimmed
from contracts.values import FILLERS, is_blank, is_readable

EXAMPLE_PHONE: Final = "+14155550142"

_DOMAIN = re.compile(r"(?=.{4,200}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


def check_name(name: str) -> tuple[str, list[FieldError]]:
    """Return the account name as it is kept, and what is wrong with it (SPEC 1, row 4)."""
    kept = trimmed(name)
    if not kept:
        return kept, [error("/name", "required", "Enter the account name.")]
    if len(kept) > ACCOUNT_NAME_CHARACTERS_MAX:
        detail = f"Shorten the account name to {ACCOUNT_NAME_CHARACTERS_MAX} characters."
        return kept, [error("/name", "too-long", detail)]
    strange = sorted({c for c in kept if not _is_letter_or_digit(c) and c not in " .,&'-"})
    if strange:
        shown = " ".join(strange[:5])
        detail = f"Use letters, digits, spaces and . , & ' - in the account name, not {shown}"
        return kept, [error("/name", "invalid-characters", detail)]
    if not any(c.isalnum() for c in kept):
        detail = "Use at least one letter or digit in the account name."
        return kept, [error("/name", "invalid-characters", detail)]
    return kept, []


def _is_letter_or_digit(character: str) -> bool:
    """Letters of any script, with the marks that belong to them, and digits."""
    category = unicodedata.category(character)
    return character not in FILLERS and (category[0] in "LM" or category == "Nd")


def check_administrator(
    order: AdministratorOrder, country: str
) -> tuple[Administrator | None, list[FieldError]]:
    """Return the administrator as it is kept, or every field that needs correcting.

    `country` is the region of a phone number that comes without a country code.
    """
    errors: list[FieldError] = []
    email = _checked_email(order.email, errors)
    first_name = _checked_person_name(order.first_name, "first_name", "first name", errors)
    last_name = _checked_person_name(order.last_name, "last_name", "last name", errors)
    phone = _checked_phone(order.phone, country, errors)
    if errors:
        return None, errors
    return Administrator(email=email, first_name=first_name, last_name=last_name, phone=phone), []


def _checked_email(text: str, errors: list[FieldError]) -> str:
    try:
        valid = validate_email(text.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        valid = None
    if valid is None or "." not in valid.domain:
        detail = "Enter an e-mail address such as name@company.com."
        errors.append(error("/administrator/email", "invalid-email", detail))
        return ""
    return f"{valid.local_part}@{valid.domain.lower()}"


def _checked_person_name(text: str, field: str, words: str, errors: list[FieldError]) -> str:
    kept = trimmed(text)
    pointer = f"/administrator/{field}"
    if is_blank(kept):
        errors.append(error(pointer, "required", f"Enter the administrator’s {words}."))
    elif len(kept) > PERSON_NAME_CHARACTERS_MAX:
        detail = f"Shorten the {words} to {PERSON_NAME_CHARACTERS_MAX} characters."
        errors.append(error(pointer, "too-long", detail))
    elif not is_readable(kept):
        errors.append(error(pointer, "invalid-characters", f"Retype the {words}."))
    return kept


def _checked_phone(text: str, country: str, errors: list[FieldError]) -> str:
    try:
        number = phonenumbers.parse(text.strip(), country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number) or number.extension:
        detail = "Enter a phone number with its country code, such as +1 415 555 0142."
        errors.append(error("/administrator/phone", "invalid-phone", detail))
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def check_profile(profile: ResellerProfile) -> list[FieldError]:
    """Return every field of a reseller's profile that needs correcting."""
    errors: list[FieldError] = []
    if profile.currency not in list_currencies():
        errors.append(error("/currency", "unknown-currency", "Enter an ISO 4217 currency code."))
    if profile.country not in phonenumbers.SUPPORTED_REGIONS:
        errors.append(error("/country", "unknown-country", "Enter an ISO 3166 country code."))
    if profile.time_zone not in available_timezones():
        detail = "Enter a time zone such as Europe/London."
        errors.append(error("/time_zone", "unknown-time-zone", detail))
    if _DOMAIN.fullmatch(profile.domain) is None:
        detail = "Enter a domain such as voice.example."
        errors.append(error("/domain", "invalid-domain", detail))
    return errors


def name_taken(pointer: str = "/name") -> FieldError:
    """Return the error of a name that another account has."""
    detail = "Another account has this name. Choose a different one."
    return error(pointer, "account-name-taken", detail)


def error(pointer: str, kind: str, detail: str) -> FieldError:
    """Return what is wrong with a field."""
    return FieldError(pointer=pointer, type=kind, detail=detail)


def refusal(errors: Sequence[FieldError]) -> Refused:
    """Return the refusal of a command with these wrong fields."""
    only_taken = [error.type for error in errors] == ["account-name-taken"]
    code = "account-name-taken" if only_taken else "invalid-fields"
    return Refused(code, " ".join(error.detail for error in errors), tuple(errors))


def merged(administrator: Administrator, change: AdministratorChange) -> AdministratorOrder:
    """Return the administrator with what changes, to be checked as if it had been typed anew."""
    kept = administrator.model_dump()
    return AdministratorOrder.model_validate({**kept, **change.model_dump(exclude_none=True)})
